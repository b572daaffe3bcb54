package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekisho/cardnet"
)

// process is "sekisho serve" as a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its log
	begun startLine
}

type startLine struct {
	Msg   string      `json:"msg"`
	Links []listening `json:"links"`
	Admin string      `json:"admin"`

	WalletAPI string `json:"wallet_api"`
}

// startServe seeds a store and serves it. Whatever happens, the process ends with the test.
func startServe(t *testing.T, environ ...string) *process {
	t.Helper()
	cmd := exec.Command("sekisho", "serve", "--config", seededAlice(t))
	cmd.Env = append(os.Environ(), environ...)
	return begin(t, cmd)
}

// seededAlice seeds a store, for which it returns the configuration.
func seededAlice(t *testing.T) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data")))
	wallets := writeFile(t, dir, "w.yaml", fmt.Sprintf("wallets:\n  - id: alice\n    posted: 5000\n    cards:\n      - {pan: %q, expiry: \"2912\", allocated: 3000}\n", testNumber(1)))
	if out, err := exec.Command("sekisho", "seed", "--config", config, wallets).CombinedOutput(); err != nil {
		t.Fatalf("seed: %v\n%s", err, out)
	}
	return config
}

// begin starts a process and reads the first line of its log.
func begin(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, lines: make(chan string, 1000)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // mostly it has ended
		_ = p.cmd.Wait()
	})
	go func() { // ends with the process
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.lines <- lines.Text()
		}
		close(p.lines)
	}()
	if err := json.Unmarshal([]byte(<-p.lines), &p.begun); err != nil {
		t.Fatalf("the first line of the log is not JSON: %v", err)
	}
	return p
}

const minimal = `store: {embedded: {dir: %s, segment_size: 256KiB}}
admin: {listen: 127.0.0.1:0}
links:
  - {name: jcb, dialect: jcb, listen: 127.0.0.1:0, framing: length2-zero2}
programs:
  - {name: prepaid, ranges: ["354012"], currency: JPY}
`

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// until waits for a message in the log.
func (p *process) until(message string) {
	p.t.Helper()
	for line := range p.lines {
		if strings.Contains(line, `"msg":"`+message+`"`) {
			return
		}
	}
	p.t.Fatalf("the log ended without %q", message)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) get(path string) (code int, body string) {
	p.t.Helper()
	answer, err := http.Get("http://" + p.begun.Admin + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// exitCode waits for the end of the process.
func (p *process) exitCode() int {
	_ = p.cmd.Wait() // the code says it
	return p.cmd.ProcessState.ExitCode()
}

func TestServeSaysWhereItListensAndAnswersThere(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	if p.begun.Msg != "serving" || len(p.begun.Links) != 1 || p.begun.Links[0].Name != "jcb" {
		t.Fatalf("the first line says %+v", p.begun)
	}
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": `"signed_on":"off","sign_on":"optional","serves":true`, "/metrics": "\nsekisho_"} {
		if code, body := p.get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, without %q", path, code, want)
		}
	}
	p.until("chip cryptograms, CVV2 and PINs are not checked (verify: none): whoever has a card's number and expiry can use it")
	card, err := cardnet.NewCard(testNumber(1), "2912")
	if err != nil {
		t.Fatal(err)
	}
	network, err := cardnet.Dial(t.Context(), cardnet.Config{Addr: p.begun.Links[0].Listen})
	if err != nil {
		t.Fatal(err)
	}
	for amount, code := range map[int64]string{3001: "51", 3000: "00"} {
		answer, err := network.Authorize(t.Context(), &cardnet.Purchase{Card: card, Amount: amount})
		if err != nil || answer.ActionCode != code || len(answer.Unexpected) > 0 {
			t.Errorf("%d yen: code %s, %v, error %v; want code %s", amount, answer.ActionCode, answer.Unexpected, err, code)
		}
	}
	if err := network.Close(t.Context()); err != nil {
		t.Error(err)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exitCode(); code != 0 {
		t.Errorf("after SIGTERM it exits with %d, want 0", code)
	}
	verified, err := exec.Command("sekisho", "verify", "--json", "--config", p.cmd.Args[3]).Output()
	if err != nil || !strings.Contains(string(verified), `"ok":true,"entries":3,"wallets":1,"sum":0,"posted":5000,"held":3000`) {
		t.Errorf("verify afterwards: %v, %s", err, verified)
	}
}

func TestWhileItDrainsItIsNotReadyAndASecondSignalEndsIt(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	// A peer that does not hang up keeps it draining for a while.
	peer, err := net.Dial("tcp", p.begun.Links[0].Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	keepAlive := make([]byte, 4)
	if _, err := peer.Write(keepAlive); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(peer, keepAlive); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGINT)
	p.until("draining")
	if code, body := p.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"state":"draining"`) {
		t.Errorf("/readyz: %d %s, want 503", code, body)
	}
	p.signal(syscall.SIGTERM)
	p.until("ended at once by a second signal")
	if code := p.exitCode(); code != 1 {
		t.Errorf("after a second signal it exits with %d, want 1", code)
	}
}

func TestAStoreInUseIsRefusedAndItsHolderNamed(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	wallets := writeFile(t, t.TempDir(), "w.yaml", "wallets: [{id: bob, posted: 1, program: prepaid}]\n")
	out, err := exec.Command("sekisho", "seed", "--config", p.cmd.Args[3], wallets).CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("held by another process (pid %d)", p.cmd.Process.Pid)) {
		t.Errorf("seed beside serve: %v, %s", err, out)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	config := writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data"))+"wallet_api: {listen: 127.0.0.1:0}\n")
	for key, name := range map[string]string{"admin.listen": "ADMIN", "links[0].listen": "LINKS_0", "wallet_api.listen": "WALLET_API"} {
		if out := refusedServe(t, config, "SEKISHO_"+name+"_LISTEN="+taken.Addr().String()); !strings.Contains(out, key+": "+taken.Addr().String()+" is in use: end the process") {
			t.Errorf("%s: %s", key, out)
		}
	}
}

func TestASecondServeIsToldWhoHasTheStoreBeforeAPortIsInItsWay(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	out := refusedServe(t, p.cmd.Args[3], "SEKISHO_ADMIN_LISTEN="+p.begun.Admin)
	if !strings.Contains(out, fmt.Sprintf("held by another process (pid %d)", p.cmd.Process.Pid)) {
		t.Error(out)
	}
}

// refusedServe is what serve says that cannot serve.
func refusedServe(t *testing.T, config string, environ ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // should it serve after all
	defer cancel()
	serve := exec.CommandContext(ctx, "sekisho", "serve", "--config", config)
	serve.Env = append(os.Environ(), environ...)
	out, err := serve.CombinedOutput()
	if err == nil {
		t.Errorf("it serves: %s", out)
	}
	return string(out)
}

func TestAnEnvironmentVariableThatIsNoKeyIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data")))
	s, err := loadConfig(config, []string{"SEKISHO_ADMIN_LISTN=127.0.0.1:1", "SEKISHO_SHARDS=3", "OTHER=1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Unknown) != 1 || s.Unknown[0] != "SEKISHO_ADMIN_LISTN" || s.Shards != 3 {
		t.Errorf("unknown %q, shards %d", s.Unknown, s.Shards)
	}
}
