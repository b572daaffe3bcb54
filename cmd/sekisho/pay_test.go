package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/balance/dynamo/dynamotest"
	"sekisho/cardnet"
	"sekisho/spec"
)

// till is a switch that serves in this process, its configuration, and how to reach it.
type till struct {
	engine     *engine
	config     string
	link, taps string   // addresses of the links of dialect jcb and quicpay
	flags      []string // that lead pay to the wallet API, where there is one
}

const tillConfig = `store: {embedded: {dir: %s, segment_size: 256KiB}}
admin: {listen: 127.0.0.1:0}
links:
  - {name: jcb, dialect: jcb, listen: 127.0.0.1:0}
  - {name: taps, dialect: quicpay, listen: 127.0.0.1:0}
programs:
  - {name: prepaid, ranges: ["354012"], currency: JPY, wallet: {tiers: [{name: verified, transfer_max: 999}]}}
`

// openTill seeds wallets w0 to w9 with 5,000 each, 3,000 of it on one card, and serves them.
func openTill(t *testing.T, more string) *till {
	t.Helper()
	dir := t.TempDir()
	p := &till{config: writeFile(t, dir, "c.yaml", fmt.Sprintf(tillConfig, filepath.Join(dir, "data"))+more)}
	var wallets strings.Builder
	wallets.WriteString("wallets:\n")
	for i := range 40 {
		fmt.Fprintf(&wallets, "  - {id: w%d, posted: 5000, cards: [{pan: %q, expiry: \"3112\", allocated: 3000}]}\n", i, testNumber(i))
	}
	if code, _, stderr := sekisho(t, "seed", "--config", p.config, writeFile(t, dir, "w.yaml", wallets.String())); code != exitOK {
		t.Fatalf("seed: %s", stderr)
	}
	s, err := loadConfig(p.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.engine, err = assemble(t.Context(), s, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	p.link, p.taps = p.engine.Addr("jcb").String(), p.engine.Addr("taps").String()
	if address := p.engine.wallet.Addr(); address != "" {
		p.flags = []string{"--api", "http://" + address}
	}
	return p
}

// sekisho runs the program in this process.
func sekisho(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	if regexp.MustCompile(`354012[ -]?[0-9]{4}`).MatchString(out.String() + errs.String()) {
		t.Errorf("%s shows more of a card number than its first six digits and its last four", args[0])
	}
	return code, out.String(), errs.String()
}

// pay runs pay at a till.
func (p *till) pay(t *testing.T, wallet int, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	address := p.link
	if strings.Contains(strings.Join(args, " "), "--entry device") {
		address = p.taps
	}
	all := append([]string{"pay", "--config", p.config, "--addr", address, "--wallet", fmt.Sprintf("w%d", wallet)}, args...)
	return sekisho(t, append(all, p.flags...)...)
}

// lineOf says in short what a line of pay --json says.
func lineOf(t *testing.T, text string) string {
	t.Helper()
	var l struct {
		payStep
		Note          string
		Approved      *bool
		Before, After cardMoney
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatalf("a line is not JSON: %v", err)
	}
	switch {
	case l.Note != "":
		return "not sent"
	case l.Approved != nil:
		return fmt.Sprintf("approved %t, allocated %d held %d available %d", *l.Approved, l.After.Allocated, l.After.Held, l.After.Available)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s%s%s held %d posted %d %s", l.Sent, l.Answer, l.Placed, strings.TrimSpace(" "+l.ActionCode), l.Held, l.Posted, l.State))
}

// paid is what pay is to show for a purchase of 800 on a card with 3,000. The end is the card's balance.
type paid struct {
	name, args string
	lines      []string
	end        string
}

func lives() []paid {
	const held = "0100 011000 held 800 posted 0 open"
	return []paid{
		{"nothing more", "", []string{held}, "approved true, allocated 3000 held 800 available 2200"},
		{"it is sent again: one hold", "--then duplicate", []string{held, "0101 011000 held 800 posted 0 open"}, "approved true, allocated 3000 held 800 available 2200"},
		{"more than the card has", "--amount 3001", []string{"0100 011051 held 0 posted 0 declined"}, "approved false, allocated 3000 held 0 available 3000"},
		{"all is taken back, twice", "--then reverse,reverse", []string{held, "0400 041000 held 0 posted 0 reversed", "0400 041000 held 0 posted 0 reversed"}, "approved true, allocated 3000 held 0 available 3000"},
		{"a part stays", "--then reverse:partial=300", []string{held, "0400 041000 held 300 posted 0 open"}, "approved true, allocated 3000 held 300 available 2700"},
		{"a part that is the whole", "--then reverse:partial=800", []string{held, "0400 041013 held 800 posted 0 open"}, "approved true, allocated 3000 held 800 available 2200"},
		{"the answer was not heard", "--then reverse:late", []string{held, "0420 043000 held 0 posted 0 reversed"}, "approved true, allocated 3000 held 0 available 3000"},
		{"taken back after it was cleared: no money moves", "--then clear,reverse:late", []string{held, "1240 matched held 0 posted 800 settled", "0420 043000 held 0 posted 800 settled"}, "approved true, allocated 2200 held 0 available 2200"},
		{"taken back before it was asked for", "--unasked --then reverse,ask", []string{"0400 041000 held 0 posted 0", "0100 011005 held 0 posted 0 tombstone"}, "approved false, allocated 3000 held 0 available 3000"},
		{"the network approved what we did", "--then stand-in", []string{held, "0120 013000 held 800 posted 0 open"}, "approved true, allocated 3000 held 800 available 2200"},
		{"the network approved another amount", "--then stand-in:900", []string{held, "0120 013000 held 900 posted 0 open"}, "approved true, allocated 3000 held 900 available 2100"},
		{"its amount is that of the advice only", "--then stand-in:900,duplicate", []string{held, "0120 013000 held 900 posted 0 open", "0101 011000 held 900 posted 0 open"}, "approved true, allocated 3000 held 900 available 2100"},
		{"the network approved what we refused", "--amount 3001 --then stand-in", []string{"0100 011051 held 0 posted 0 declined", "0120 013000 held 3001 posted 0 open"}, "approved true, allocated 3000 held 3001 available -1"},
		{"the network alone, then our 0100", "--unasked --then stand-in,ask", []string{"0120 013000 held 800 posted 0 open", "0100 011000 held 800 posted 0 open"}, "approved true, allocated 3000 held 800 available 2200"},
		{"cleared", "--then clear", []string{held, "1240 matched held 0 posted 800 settled"}, "approved true, allocated 2200 held 0 available 2200"},
		{"cleared what is left of it", "--then reverse:partial=300,clear", []string{held, "0400 041000 held 300 posted 0 open", "1240 matched held 0 posted 300 settled"}, "approved true, allocated 2700 held 0 available 2700"},
		{"cleared above the hold", "--then clear:over=1", []string{held, "1240 over held 0 posted 801 settled"}, "approved true, allocated 2199 held 0 available 2199"},
		{"cleared above the hold, with a tip", "--mcc 5812 --then clear:over=160", []string{held, "1240 matched held 0 posted 960 settled"}, "approved true, allocated 2040 held 0 available 2040"},
		{"cleared a tenth above the hold", "--then clear:over", []string{held, "1240 over held 0 posted 880 settled"}, "approved true, allocated 2120 held 0 available 2120"},
		{"cleared a tenth below the hold", "--then clear:under", []string{held, "1240 matched held 0 posted 720 settled"}, "approved true, allocated 2280 held 0 available 2280"},
		{"cleared a little above a hold of less than ten", "--amount 9 --then clear:over", []string{"0100 011000 held 9 posted 0 open", "1240 over held 0 posted 10 settled"}, "approved true, allocated 2990 held 0 available 2990"},
		{"cleared below the hold", "--then clear:under=100", []string{held, "1240 matched held 0 posted 700 settled"}, "approved true, allocated 2300 held 0 available 2300"},
		{"cleared twice", "--then clear:twice", []string{held, "1240 matched held 0 posted 800 settled", "1240 over held 0 posted 1600 settled"}, "approved true, allocated 1400 held 0 available 1400"},
		{"cleared though it was declined", "--amount 3001 --then clear", []string{"0100 011051 held 0 posted 0 declined", "1240 matched held 0 posted 3001 settled"}, "approved false, allocated -1 held 0 available -1"},
		{"cleared though it was taken back", "--then reverse,clear", []string{held, "0400 041000 held 0 posted 0 reversed", "1240 matched held 0 posted 800 settled"}, "approved true, allocated 2200 held 0 available 2200"},
		{"cleared though nobody asked", "--unasked --then clear", []string{"1240 forced held 0 posted 800 settled"}, "approved false, allocated 2200 held 0 available 2200"},
		{"fuel", "--amount 1 --mcc 5541 --then clear,clear:over=4999", []string{"0100 011000 held 1 posted 0 open", "not sent", "1240 matched held 0 posted 5000 settled"}, "approved true, allocated -2000 held 0 available -2000"},
		{"refunded", "--then clear,refund", []string{held, "1240 matched held 0 posted 800 settled", "0100 011000 held 0 posted 0 refund_due", "1240 other held 0 posted -800 settled"}, "approved true, allocated 3000 held 0 available 3000"},
		{"refunded in part", "--then clear,refund:300", []string{held, "1240 matched held 0 posted 800 settled", "0100 011000 held 0 posted 0 refund_due", "1240 other held 0 posted -300 settled"}, "approved true, allocated 2500 held 0 available 2500"},
		{"refunded by clearing alone", "--then clear,refund:unlinked", []string{held, "1240 matched held 0 posted 800 settled", "1240 other held 0 posted -800 settled"}, "approved true, allocated 3000 held 0 available 3000"},
		{"by phone", "--entry device --then clear", []string{held, "1240 matched held 0 posted 800 settled"}, "approved true, allocated 2200 held 0 available 2200"},
		{"in the net", "--entry ecommerce --then reverse", []string{held, "0400 041000 held 0 posted 0 reversed"}, "approved true, allocated 3000 held 0 available 3000"},
		{"held to the till", "--entry contactless", []string{held}, "approved true, allocated 3000 held 800 available 2200"},
	}
}

func TestAPurchaseComesToWhatItsWordsSay(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	for i, life := range lives() {
		t.Run(life.name, func(t *testing.T) {
			args := strings.Fields(life.args)
			if !strings.Contains(life.args, "--amount") {
				args = append(args, "--amount", "800")
			}
			code, stdout, stderr := p.pay(t, i, append(args, "--json")...)
			if code != exitOK || stderr != "" {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			var got []string
			for line := range strings.Lines(stdout) {
				got = append(got, lineOf(t, line))
			}
			if want := append(append([]string{}, life.lines...), life.end); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("it shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
	if code, stdout, stderr := sekisho(t, "verify", "--config", p.config); code != exitOK {
		t.Errorf("the ledger: %s%s", stdout, stderr)
	}
}

func TestAPersonReadsALineForEachStep(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	code, stdout, stderr := p.pay(t, 0, "--amount", "3,001", "--then", "stand-in,clear,refund:30")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	stdout = regexp.MustCompile(`crd_[0-9a-f]{24}`).ReplaceAllString(stdout, "CARD")
	stdout = regexp.MustCompile(`approved [0-9]{6}`).ReplaceAllString(stdout, "approved CODE12")
	stdout = strings.ReplaceAll(stdout, "******"+testNumber(0)[12:], "******LAST")
	const want = `0100 -> 0110 51 declined: not enough money      hold ¥0  declined
0120 -> 0130 00 noted                           hold ¥3,001  open
1240 -> matched at ¥3,001                       hold ¥0, charged ¥3,001  settled
0100 refund -> 0110 00 approved CODE12          hold ¥0, charged ¥3,001  settled; the refund: hold ¥0  refund due
1240 refund -> other at ¥30                     hold ¥0, charged ¥3,001  settled; the refund: hold ¥0, credited ¥30  settled
card CARD 354012******LAST
  before  allocated ¥3,000   held ¥0   available ¥3,000
  after   allocated ¥29   held ¥0   available ¥29
`
	if stdout != want {
		t.Errorf("it reads\n%swant\n%s", stdout, want)
	}
}

func TestWhatCannotBePaidSaysWhyAndExitsWithOneOrTwo(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	card := spec.CardID{1}.String()
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no card", []string{"pay", "--config", p.config, "--amount", "800"}, exitUsage, "expected --card with the id of a card"},
		{"a number for a card", []string{"pay", "--config", p.config, "--amount", "800", "--card", testNumber(1)}, exitUsage, "not its number"},
		{"no amount", []string{"pay", "--config", p.config, "--wallet", "w1"}, exitUsage, "--amount: the amount cannot be used"},
		{"a word that is not known", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--then", "clear:lots"}, exitUsage, `--then: "clear:lots" is not known`},
		{"a word with a slip", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--then", "clear,revers"}, exitUsage, `--then: "revers" is not known, did you mean "reverse"?`},
		{"a word without what is behind it", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--then", "reverse:partial"}, exitUsage, `did you mean "reverse:partial=N"?`},
		{"a word without its number", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--then", "refund:all"}, exitUsage, `"refund:N": the amount cannot be used`},
		{"nothing to do", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--unasked"}, exitUsage, "nothing is left to be done"},
		{"an entry that is not known", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--entry", "cheque"}, exitUsage, "--entry: expected chip"},
		{"a merchant that could be a number", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--merchant", testNumber(1)[:15]}, exitUsage, "--merchant: expected"},
		{"a link that is not there", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--link", "visa"}, exitUsage, `no link "visa"`},
		{"a phone over the other dialect", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--link", "jcb", "--entry", "device"}, exitUsage, "expected one of dialect quicpay"},
		{"a port of its own choice", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1"}, exitUsage, "expected --addr"},
		{"nobody listens", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "1", "--addr", "127.0.0.1:1"}, exitFail, "is serve running?"},
		{"a wallet that is not there", []string{"pay", "--config", p.config, "--wallet", "nobody", "--amount", "1", "--addr", p.link}, exitFail, "there is no wallet nobody"},
		{"a card that is not there", []string{"pay", "--config", p.config, "--card", card, "--amount", "1", "--addr", p.link}, exitFail, "there is no card"},
		{"a card of another wallet", []string{"pay", "--config", p.config, "--wallet", "w1", "--card", card, "--amount", "1", "--addr", p.link}, exitFail, "has no card"},
		{"nothing left to present", []string{"pay", "--config", p.config, "--wallet", "w1", "--amount", "10", "--then", "clear:under=10", "--addr", p.link}, exitFail, "clear:under=10: nothing would be left to present"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := sekisho(t, c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, want %d, and %q in: %s", code, c.code, c.want, stderr)
			}
		})
	}
}

func TestPayLeavesNoFileBehind(t *testing.T) {
	p := openTill(t, "")
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if code, _, stderr := p.pay(t, 0, "--amount", "10", "--then", "clear"); code != exitOK {
		t.Fatal(stderr)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %d files, %v", len(left), err)
	}
}

// tap is a line to a link on which everything that is sent is kept.
type tap struct {
	net.Listener
	mu   sync.Mutex
	sent []byte
}

// Write keeps what goes by.
func (p *tap) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, b...)
	return len(b), nil
}

// openTap leads to a link.
func openTap(t *testing.T, link string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{Listener: l}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		near, err := l.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", link)
		if err != nil {
			return
		}
		defer far.Close()
		go func() { _, _ = io.Copy(near, far) }() // ends when they are closed
		_, _ = io.Copy(far, io.TeeReader(near, p))
	}()
	t.Cleanup(func() {
		_ = l.Close() // ends the wait of the other
		<-ended
	})
	return p
}

func TestALateReversalSaysThatTheAnswerWasNotHeard(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	line := openTap(t, p.link)
	code, stdout, stderr := sekisho(t, "pay", "--config", p.config, "--addr", line.Addr().String(), "--wallet", "w0", "--amount", "10", "--then", "reverse:late", "--json")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var asked payStep
	if err := json.NewDecoder(strings.NewReader(stdout)).Decode(&asked); err != nil {
		t.Fatal(err)
	}
	text := func(s string) []byte { // digits in code page 037
		b := []byte(s)
		for i := range b {
			b[i] += 0xF0 - '0'
		}
		return b
	}
	line.mu.Lock()
	defer line.mu.Unlock()
	_, late, found := bytes.Cut(line.sent, text("0420"))
	if !found || asked.Approval == "" || bytes.Contains(late, text(asked.Approval)) {
		t.Errorf("a 0420 was sent: %t; it must not tell the approval code that nobody heard", found)
	}
}

func TestASaleTellsOfItsPurchaseAsItWasSent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)
	b := &buyer{before: cardStanding{Expiry: 3112}, purchase: &cardnet.Purchase{MCC: "5812"}}
	s := b.sale(&cardnet.Purchase{RRN: "1", Approval: "123456", At: at, Merchant: "M"}, 80)
	if s.Approval != "123456" || s.RRN != "1" || s.Acquirer != payAcquirer || s.MCC != 5812 || s.Amount != 80 || s.At.Hour() != 10 || s.Merchant != "M" {
		t.Errorf("the sale is %+v", s)
	}
	if s := b.sale(&cardnet.Purchase{At: at}, 80); s.Approval != noApprovalCode {
		t.Errorf("of what was not approved it says %q, want %s", s.Approval, noApprovalCode)
	}
}

func TestPeersOfTheSameLinkGoOnAfterPay(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	peer, err := cardnet.Dial(t.Context(), cardnet.Config{Addr: p.link})
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := p.pay(t, 0, "--amount", "10"); code != exitOK {
		t.Fatal(stderr)
	}
	card, err := cardnet.NewCard(testNumber(1), "3112")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := peer.Authorize(t.Context(), &cardnet.Purchase{Card: card, Amount: 10}); err != nil || a.ActionCode != "00" {
		t.Errorf("a peer that signed on before gets %s, %v; want 00", a.ActionCode, err)
	}
	if err := peer.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// With the wallet API on, the number comes by reveal, which leaves a record; without the scope only that.
func TestTheNumberComesFromTheWalletAPIWhereThatIsServed(t *testing.T) {
	t.Parallel()
	p := openTill(t, `wallet_api:
  listen: 127.0.0.1:0
  tokens:
    - {token: dev, tenant: t1, programs: [prepaid], scopes: ["*"]}
    - {token: app, tenant: t1, programs: [prepaid], scopes: ["wallets:read", "cards:read"]}
`)
	begun := time.Now()
	code, _, stderr := p.pay(t, 0, "--amount", "10", "--token", "app")
	if asked := showings(t, p.config, begun); code != exitFail || !strings.Contains(stderr, "[forbidden]") || len(asked) != 1 || asked[0].Result == "shown" {
		t.Errorf("without pan:read: exit %d, recorded %+v, %s", code, asked, stderr)
	}
	code, stdout, stderr := p.pay(t, 0, "--amount", "10", "--token", "dev")
	if asked := showings(t, p.config, begun); code != exitOK || !strings.Contains(stdout, "hold ¥10") || len(asked) != 2 || asked[1].Result != "shown" {
		t.Errorf("with it: exit %d, recorded %+v, %s%s", code, asked, stdout, stderr)
	}
}

func TestPayWorksOnATable(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	dir := t.TempDir()
	link, admin := freePort(t), freePort(t)
	text := strings.ReplaceAll(fmt.Sprintf(onTable, server.URL(), admin), "listen: 127.0.0.1:0, framing", "listen: "+link+", framing")
	config := writeFile(t, dir, "c.yaml", text)
	wallets := writeFile(t, dir, "w.yaml", fmt.Sprintf("wallets: [{id: w0, posted: 5000, cards: [{pan: %q, expiry: \"3112\", allocated: 3000}]}]\n", testNumber(0)))
	if code, _, stderr := sekisho(t, "seed", "--config", config, wallets); code != exitOK {
		t.Fatal(stderr)
	}
	s, err := loadConfig(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := serveHere(t, s)
	h.ready(t, http.StatusOK)
	code, stdout, stderr := sekisho(t, "pay", "--config", config, "--wallet", "w0", "--amount", "800", "--then", "clear,refund:300")
	if code != exitOK || !strings.Contains(stdout, "after   allocated ¥2,500   held ¥0   available ¥2,500") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	h.end(t)
}
