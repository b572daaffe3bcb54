package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/cardnet"
)

const onTable = `store: {dynamodb: {table: ledger, region: us-east-1, endpoint: %s, create: true}}
admin: {listen: %s}
links:
  - {name: jcb, dialect: jcb, listen: 127.0.0.1:0, framing: length2-zero2}
programs:
  - {name: prepaid, ranges: ["354012"], currency: JPY}
`

func tableSettings(t *testing.T, endpoint, admin string) *settings {
	t.Helper()
	s, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", fmt.Sprintf(onTable, endpoint, admin)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// freePort is an address of this machine where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// record is a log that a test may read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// served is serve in this process.
type served struct {
	admin   string
	log     record
	signals chan os.Signal
	ended   chan error
}

func serveHere(t *testing.T, s *settings) *served {
	t.Helper()
	v := &served{admin: s.Admin, signals: make(chan os.Signal, 2), ended: make(chan error, 1)}
	go func() { v.ended <- serve(t.Context(), s, slog.New(slog.NewJSONHandler(&v.log, nil)), v.signals) }()
	return v
}

// ready asks /readyz until it answers with this code, and gives what it says then.
func (v *served) ready(t *testing.T, code int, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	got, body := 0, ""
	for {
		if answer, err := http.Get("http://" + v.admin + "/readyz"); err == nil {
			text, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			got, body = answer.StatusCode, string(text)
		}
		if got == code && containsAll(body, words...) {
			return body
		}
		select {
		case <-ctx.Done():
			t.Fatalf("/readyz: %d %s, want %d with %q", got, body, code, words)
		case <-ticks.C:
		}
	}
}

func containsAll(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// end sends SIGTERM and wants a clean end.
func (v *served) end(t *testing.T) {
	t.Helper()
	v.signals <- syscall.SIGTERM
	select {
	case err := <-v.ended:
		if err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, v.log.String())
		}
	case <-time.After(10 * time.Second):
		t.Error("SIGTERM does not end it")
	}
}

func TestWithoutItsTableItWaitsAndSaysWhyAndServesOnceTheTableCanBeReached(t *testing.T) {
	t.Parallel()
	endpoint := freePort(t)
	v := serveHere(t, tableSettings(t, "http://"+endpoint, freePort(t)))
	body := v.ready(t, http.StatusServiceUnavailable, `"ready":false`, "waiting for the table", "ledger", "connection refused")
	if strings.Contains(body, `"name":"jcb"`) {
		t.Errorf("the link is open while the table is away: %s", body)
	}
	server := dynamotest.Start(t)
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &http.Server{Handler: httputil.NewSingleHostReverseProxy(target), ReadHeaderTimeout: time.Second}
	var proxying sync.WaitGroup
	proxying.Go(func() { _ = proxy.Serve(l) }) // until it is closed
	defer proxying.Wait()
	defer proxy.Close()
	v.ready(t, http.StatusOK, `"state":"serving"`, `"name":"jcb"`)
	v.end(t)
	if said := v.log.String(); !containsAll(said, `"level":"WARN","msg":"no card key is configured`, `"level":"WARN","msg":"waiting for the table"`) {
		t.Errorf("the log does not warn of the fixed key and of the wait:\n%s", said)
	}
}

func TestASignalEndsTheWaitForATable(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]func() string{
		"nobody listens": func() string { return "http://" + freePort(t) },
		"no answers": func() string {
			server := dynamotest.Start(t)
			server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Dropped() })
			return server.URL()
		},
		"answers that do not come": func() string {
			server := dynamotest.Start(t)
			server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Slow(time.Hour) })
			return server.URL()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := serveHere(t, tableSettings(t, endpoint(), freePort(t)))
			v.ready(t, http.StatusServiceUnavailable)
			v.end(t)
		})
	}
}

func TestATableElsewhereWantsACardKey(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{"an address elsewhere": "https://dynamodb.example.invalid", "AWS": `""`} {
		config := writeFile(t, t.TempDir(), "c.yaml", strings.ReplaceAll(fmt.Sprintf(onTable, endpoint, "127.0.0.1:0"), "create: true", "create: false"))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, err := exec.CommandContext(ctx, "sekisho", "serve", "--config", config).CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !containsAll(string(out), "card key", "SEKISHO_CARD_KEY") {
			t.Errorf("%s: %v, %s; want exit 1 and what to set", name, err, out)
		}
	}
}

func TestTwoStoresAreOneTooMany(t *testing.T) {
	t.Parallel()
	text := strings.Replace(fmt.Sprintf(onTable, "http://127.0.0.1:1", "127.0.0.1:0"), "store: {", "store: {embedded: {dir: ./data}, ", 1)
	_, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil)
	if err == nil || !containsAll(err.Error(), "store.dynamodb", "one store") {
		t.Errorf("got %v, want an error that names the key", err)
	}
}

// outage is a switch on a table that goes away and returns.
type outage struct {
	*testing.T
	server  *dynamotest.Server
	e       *engine
	network *cardnet.Network
	log     record
	warm    cardnet.Card // its wallet is in memory
	cold    cardnet.Card // its is not
	nobody  cardnet.Card // of no wallet
}

func newOutage(t *testing.T, late string) *outage {
	t.Helper()
	o := &outage{T: t, server: dynamotest.Start(t)}
	s := tableSettings(t, o.server.URL(), "127.0.0.1:0")
	s.Links[0].Profile = []byte("timer: 1s\nbudget: 60%\nlate: " + late + "\n")
	wallets := "wallets:\n"
	for i, name := range []string{"alice", "bob"} {
		wallets += fmt.Sprintf("  - id: %s\n    posted: 9000\n    cards:\n      - {pan: %q, expiry: \"2912\", allocated: 9000}\n", name, testNumber(i+1))
	}
	if err := seed(t.Context(), s, writeFile(t, t.TempDir(), "w.yaml", wallets), io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	var err error
	if o.e, err = assemble(t.Context(), s, slog.New(slog.NewTextHandler(&o.log, nil))); err != nil {
		t.Fatal(err)
	}
	for i, card := range []*cardnet.Card{&o.warm, &o.cold, &o.nobody} {
		if *card, err = cardnet.NewCard(testNumber(i+1), "2912"); err != nil {
			t.Fatal(err)
		}
	}
	if o.network, err = cardnet.Dial(t.Context(), cardnet.Config{Addr: o.e.Addr("jcb").String(), Timeout: 1500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	return o
}

// code is DE39, or silence.
func (o *outage) code(a cardnet.Answer, err error) string {
	switch {
	case errors.Is(err, cardnet.ErrNoAnswer):
		return "silence"
	case err != nil:
		return err.Error()
	case len(a.Balances) > 0:
		return "a balance"
	}
	return a.ActionCode
}

func (o *outage) approved(what string, p *cardnet.Purchase) {
	o.Helper()
	if code := o.code(o.network.Authorize(o.Context(), p)); code != "00" {
		o.Errorf("%s: %s, want an approval", what, code)
	}
}

func TestWhileTheTableIsAwayNothingIsAnsweredFromMemoryAndItIsBackWithinASecond(t *testing.T) {
	t.Parallel()
	for late, want := range map[string]string{"silence": "silence", "answer": "91"} {
		t.Run(late, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, late)
			before := &cardnet.Purchase{Card: o.warm, Amount: 1000}
			o.approved("before", before)
			o.server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Dropped() })
			o.away(before, want)
			if _, err := o.network.Echo(t.Context()); err != nil {
				t.Errorf("echo while the table is away: %v", err)
			}
			o.server.SetFaults(nil)
			back := time.Now()
			o.approved("after, a wallet in memory", &cardnet.Purchase{Card: o.warm, Amount: 10})
			o.approved("after, another", &cardnet.Purchase{Card: o.cold, Amount: 20})
			took := time.Since(back)
			t.Logf("approvals again %v after the table's return", took)
			if took > time.Second {
				t.Errorf("it took %v until approvals came again, want at most a second", took)
			}
			unanswered := map[string]int64{"silence": 1, "answer": 0}[late] // decided, not answered: held until the network reverses it
			o.settle(1030, 1030+unanswered)
		})
	}
}

// away asks everything that might be answered from memory. Each in its own time: an answer, if there
// is one, comes when the budget is over.
func (o *outage) away(before *cardnet.Purchase, want string) {
	repeated := *before // a Purchase is one goroutine's
	var asking sync.WaitGroup
	for _, q := range []struct {
		what string
		want string
		ask  func() (cardnet.Answer, error)
	}{
		{"a purchase", want, func() (cardnet.Answer, error) {
			return o.network.Authorize(o.Context(), &cardnet.Purchase{Card: o.warm, Amount: 1})
		}},
		{"a purchase above the funds", want, func() (cardnet.Answer, error) {
			return o.network.Authorize(o.Context(), &cardnet.Purchase{Card: o.warm, Amount: 99_999})
		}},
		{"a purchase from a wallet not in memory", want, func() (cardnet.Answer, error) {
			return o.network.Authorize(o.Context(), &cardnet.Purchase{Card: o.cold, Amount: 1})
		}},
		{"a purchase with a card not known", want, func() (cardnet.Answer, error) {
			return o.network.Authorize(o.Context(), &cardnet.Purchase{Card: o.nobody, Amount: 1})
		}},
		{"a balance inquiry", want, func() (cardnet.Answer, error) { return o.network.Balance(o.Context(), o.warm) }},
		{"a repeat, whose first may have been approved", "silence", func() (cardnet.Answer, error) { return o.network.Repeat(o.Context(), &repeated) }},
	} {
		asking.Go(func() {
			if got := o.code(q.ask()); got != q.want {
				o.Errorf("%s while the table is away: %s, want %s", q.what, got, q.want)
			}
		})
	}
	asking.Wait()
}

// settle ends the switch and wants no connection closed by it and this much held. (The
// practice network hangs up on its own when an answer does not come.)
func (o *outage) settle(least, most int64) {
	o.Helper()
	for line := range strings.Lines(o.log.String()) {
		if strings.Contains(line, `msg="connection closed"`) && !strings.Contains(line, "cause=peer_closed") {
			o.Errorf("the switch closed a connection: %s", line)
		}
	}
	for _, cause := range []error{o.network.Close(o.Context()), closeBook(o.Context(), o.e.book)} {
		if cause != nil {
			o.Error(cause)
		}
	}
	audit, err := balance.Verify(o.Context(), o.e.store, nil)
	if err != nil || !audit.OK() || int64(audit.Held) < least || int64(audit.Held) > most {
		o.Errorf("verify: %v, %d held, %q; want %d to %d held", err, audit.Held, audit.Problems, least, most)
	}
	if err := o.e.Close(); err != nil {
		o.Error(err)
	}
}
