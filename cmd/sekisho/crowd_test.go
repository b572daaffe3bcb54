package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sekisho/cardnet"
)

// crowd sends a request on each of so many connections and leaves them open. Those that the server does not take
// wait in the system's queue; where that is full there are enough.
func crowd(t *testing.T, address, path string, number int) {
	t.Helper()
	for range number {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer dev\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACrowdAtTheOtherPortsIsNotInTheWayOfALink(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `ulimit -n 200 && exec sekisho serve --config "$0"`, seededAlice(t))
	cmd.Env = append(os.Environ(), "SEKISHO_LINKS_0_CONNECTIONS_MAX=20", "SEKISHO_WALLET_API_LISTEN=127.0.0.1:0", "SEKISHO_WALLET_API_CONNECTIONS=30",
		"SEKISHO_WALLET_API_TOKENS_0_TOKEN=dev", "SEKISHO_WALLET_API_TOKENS_0_TENANT=t1", "SEKISHO_WALLET_API_TOKENS_0_PROGRAMS=prepaid", "SEKISHO_WALLET_API_TOKENS_0_SCOPES=*")
	p := begin(t, cmd)
	crowd(t, p.begun.WalletAPI, "/v1/wallets/alice/balance", 300)
	crowd(t, p.begun.Admin, "/healthz", 300)
	card, err := cardnet.NewCard(testNumber(1), "2912")
	if err != nil {
		t.Fatal(err)
	}
	for amount, code := range map[int64]string{3001: "51", 1000: "00"} { // each on a connection of its own
		network, err := cardnet.Dial(t.Context(), cardnet.Config{Addr: p.begun.Links[0].Listen})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := network.Authorize(t.Context(), &cardnet.Purchase{Card: card, Amount: amount})
		if err != nil || answer.ActionCode != code {
			t.Errorf("%d yen: code %s, error %v; want code %s", amount, answer.ActionCode, err, code)
		}
		if err := network.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if line := <-p.lines; !strings.Contains(line, `"level":"WARN"`) || !strings.Contains(line, "ulimit -n") || !strings.Contains(line, `"allowed":200,"wanted":370`) {
		t.Errorf("of the files that may be open it says %s", line)
	}
}
