package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/cardnet"
)

// TestAKilledSwitchLosesNothingItAnswered kills the real program under load, again and again. After
// each restart every approval that reached the peer is still there and is answered the same, what
// the cards have left agrees, and in the end the ledger adds up. Nothing the program wrote holds a
// card number.
func TestAKilledSwitchLosesNothingItAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	h := newKillHouse(t)
	for round := range 10 {
		h.round(round)
	}
	h.finish()
}

const (
	killCards   = 12
	killFunds   = 1_000_000
	killAtLeast = 150 // approvals before the kill
)

// killHouse is the program in a folder of its own, and what its peer knows.
type killHouse struct {
	t        *testing.T
	dir      string
	binary   string
	link     string
	admin    string
	digits   []string
	cards    []cardnet.Card
	approved map[cardnet.Card]int64 // certain
	unknown  map[cardnet.Card]int64 // asked for, no answer
	written  said                   // everything the program said
	process  *exec.Cmd
	ended    chan error
}

func newKillHouse(t *testing.T) *killHouse {
	h := &killHouse{t: t, dir: t.TempDir(), approved: map[cardnet.Card]int64{}, unknown: map[cardnet.Card]int64{}}
	h.binary = filepath.Join(h.dir, "sekisho")
	if out, err := exec.Command("go", "build", "-o", h.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	h.link, h.admin = freeAddress(t), freeAddress(t)
	h.write("sekisho.yaml", fmt.Sprintf(`
store: {embedded: {dir: %s, segment_size: 1MiB}}
admin: {listen: %q}
links:
  - {name: jcb, dialect: jcb, listen: %q, framing: length2-zero2}
programs:
  - {name: prepaid, ranges: ["354012"], currency: JPY}
`, filepath.Join(h.dir, "data"), h.admin, h.link))
	var wallets strings.Builder
	wallets.WriteString("wallets:\n")
	for i := range killCards {
		pan := withCheckDigit(fmt.Sprintf("354012%09d", 770_000_000+i))
		h.digits = append(h.digits, pan)
		card, err := cardnet.NewCard(pan, "3112")
		if err != nil {
			t.Fatal(err)
		}
		h.cards = append(h.cards, card)
		fmt.Fprintf(&wallets, "  - {id: w%d, posted: %d, cards: [{pan: %q, expiry: \"3112\", allocated: %d}]}\n", i, killFunds, pan, killFunds)
	}
	h.write("wallets.yaml", wallets.String())
	h.command("seed", "--config", "sekisho.yaml", "wallets.yaml")
	if err := os.Remove(filepath.Join(h.dir, "wallets.yaml")); err != nil { // the one file with numbers in it is ours
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.process != nil {
			h.kill()
		}
	})
	return h
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (h *killHouse) write(name, text string) {
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *killHouse) command(args ...string) string {
	h.t.Helper()
	cmd := exec.Command(h.binary, args...)
	cmd.Dir = h.dir
	out, err := cmd.CombinedOutput()
	_, _ = h.written.Write(out) // it takes all
	if err != nil {
		h.t.Fatalf("sekisho %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func (h *killHouse) start() {
	h.process = exec.Command(h.binary, "serve", "--config", "sekisho.yaml")
	h.process.Dir = h.dir
	h.process.Stdout, h.process.Stderr = &h.written, &h.written
	serving := h.written.await(`"msg":"serving"`)
	if err := h.process.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.ended = make(chan error, 1)
	go func() { h.ended <- h.process.Wait() }()
	select {
	case <-serving:
	case err := <-h.ended:
		h.t.Fatalf("the switch ended: %v\n%s", err, h.written.bytes())
	case <-time.After(30 * time.Second):
		h.t.Fatal("the switch does not serve")
	}
}

// said keeps what a process writes and tells when it has written something.
type said struct {
	mu    sync.Mutex
	text  []byte
	from  int
	words []byte
	heard chan struct{}
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b...)
	if s.heard != nil && bytes.Contains(s.text[s.from:], s.words) {
		close(s.heard)
		s.heard = nil
	}
	return len(b), nil
}

// await is closed when the words are written from now on.
func (s *said) await(words string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := make(chan struct{})
	s.from, s.words, s.heard = len(s.text), []byte(words), heard
	return heard
}

func (s *said) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.text)
}

func (h *killHouse) kill() {
	_ = h.process.Process.Kill() // it may have ended
	<-h.ended
	h.process = nil
}

func (h *killHouse) dial() *cardnet.Network {
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	n, err := cardnet.Dial(ctx, cardnet.Config{Addr: h.link, Connections: 3, Timeout: 3 * time.Second})
	if err != nil {
		h.t.Fatalf("no connection: %v", err)
	}
	return n
}

// round pays until the switch is killed, starts it again and asks about everything.
func (h *killHouse) round(round int) {
	h.start()
	n := h.dial()
	paid := h.pay(n, int64(killAtLeast+37*round))
	h.closeNetwork(n)
	h.start()
	n = h.dial()
	for _, p := range paid {
		first := p.Approval
		a, err := n.Repeat(h.t.Context(), p)
		if err != nil || !a.Approved() || a.Approval != first {
			h.t.Fatalf("round %d: an approval with code %s was answered %s %s when asked again: %v", round, first, a.ActionCode, a.Approval, err)
		}
	}
	for _, card := range h.cards {
		a, err := n.Balance(h.t.Context(), card)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, b := range a.Balances {
			most := killFunds - h.approved[card]
			if b.AmountType == "02" && (b.Amount > most || b.Amount < most-h.unknown[card]) {
				h.t.Fatalf("round %d: card %s has %d available, the peer was approved %d and does not know of %d", round, card, b.Amount, h.approved[card], h.unknown[card])
			}
		}
	}
	for what, times := range n.Figures().Unexpected {
		h.t.Errorf("round %d: %d times: %s", round, times, what)
	}
	if round == 9 {
		h.scrape()
	}
	h.closeNetwork(n)
	h.kill()
	if round == 0 && len(paid) < killAtLeast {
		h.t.Fatalf("only %d approvals before the kill", len(paid))
	}
}

func (h *killHouse) closeNetwork(n *cardnet.Network) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = n.Close(ctx) // a dead switch does not confirm the sign-off
}

// pay pays from many tills at once until so many are approved, kills the switch in the midst of it,
// and returns what was approved.
func (h *killHouse) pay(n *cardnet.Network, until int64) []*cardnet.Purchase {
	ctx, stop := context.WithCancel(h.t.Context())
	defer stop()
	var mu sync.Mutex
	var paid []*cardnet.Purchase
	var approvals, serial atomic.Int64
	var tills sync.WaitGroup
	enough := make(chan struct{}, 1)
	for range 24 {
		tills.Go(func() {
			for ctx.Err() == nil {
				p := &cardnet.Purchase{Card: h.cards[int(serial.Add(1))%len(h.cards)], Amount: 1 + serial.Load()%50}
				a, err := n.Authorize(ctx, p)
				mu.Lock()
				switch {
				case err != nil:
					h.unknown[p.Card] += p.Amount
				case a.Approved():
					h.approved[p.Card] += p.Amount
					paid = append(paid, p)
				}
				mu.Unlock()
				if err != nil {
					return
				}
				if approvals.Add(1) == until {
					enough <- struct{}{}
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		h.t.Error("the load does not get on")
	}
	h.kill()
	stop()
	tills.Wait()
	return paid
}

// scrape keeps what the admin port says.
func (h *killHouse) scrape() {
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
		resp, err := http.Get("http://" + h.admin + path)
		if err != nil {
			h.t.Fatal(err)
		}
		_, err = io.Copy(&h.written, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			h.t.Fatal(err)
		}
	}
	if !bytes.Contains(h.written.bytes(), []byte("sekisho_decisions_total")) {
		h.t.Error("no metrics were read, so none were searched")
	}
}

// finish adds the ledger up and looks for the numbers in everything that was written.
func (h *killHouse) finish() {
	out := h.command("verify", "--config", "sekisho.yaml")
	if !strings.Contains(out, "every yen explained") {
		h.t.Errorf("verify says %s", out)
	}
	h.search("what the program said", h.written.bytes())
	files := 0
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == h.binary || entry.Type() == fs.ModeSocket {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		h.search(filepath.Base(path), content)
		return err
	})
	if err != nil || files < 3 {
		h.t.Errorf("searched %d files: %v", files, err)
	}
	h.searchFindsNumbers()
}

// forms are the ways a number could be written down.
func forms(digits string) map[string][]byte {
	packed, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // 16 digits
	}
	ebcdic := make([]byte, len(digits))
	for i := range digits {
		ebcdic[i] = digits[i] | 0xF0
	}
	return map[string][]byte{
		"digits": []byte(digits), "packed digits": packed, "EBCDIC digits": ebcdic,
		"hexadecimal of EBCDIC": []byte(hex.EncodeToString(ebcdic)), "hexadecimal of digits": []byte(hex.EncodeToString([]byte(digits))),
		"digits apart": []byte(digits[:4] + " " + digits[4:8] + " " + digits[8:12] + " " + digits[12:]),
	}
}

func (h *killHouse) search(where string, content []byte) {
	content = lowered(content)
	for i, d := range h.digits {
		for form, b := range forms(d) {
			if bytes.Contains(content, lowered(b)) {
				h.t.Errorf("%s holds card number %d as %s", where, i, form)
			}
		}
	}
}

// lowered has the letters A to Z small, and nothing else changed: for bytes.ToLower all bytes that are no
// UTF-8 are the same, so that it finds digits in EBCDIC in anything encrypted.
func lowered(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// searchFindsNumbers sees that the search could have found something.
func (h *killHouse) searchFindsNumbers() {
	for form, b := range forms(h.digits[0]) {
		probe := &killHouse{t: &testing.T{}, digits: h.digits[:1]}
		probe.search("probe", append([]byte("x"), b...))
		if !probe.t.Failed() {
			h.t.Errorf("a number as %s is not found", form)
		}
	}
}
