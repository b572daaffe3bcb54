package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec/clearing"
)

// counter is a store that is served in this process, with a network that has sold on its cards.
type counter struct {
	*testing.T
	settings *settings
	engine   *engine
	network  *cardnet.Network
	cards    []cardnet.Card
}

const (
	counterCards = 4
	counterFunds = 900_000 // each
)

func newCounter(t *testing.T) *counter {
	t.Helper()
	dir := t.TempDir()
	s, err := loadConfig(writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data"))), nil)
	if err != nil {
		t.Fatal(err)
	}
	var wallets strings.Builder
	wallets.WriteString("wallets:\n")
	c := &counter{T: t, settings: s}
	for i := range counterCards {
		fmt.Fprintf(&wallets, "  - {id: w%d, posted: %d, cards: [{pan: %q, expiry: \"2912\", allocated: %d}]}\n", i, counterFunds, testNumber(i), counterFunds)
		card, err := cardnet.NewCard(testNumber(i), "2912")
		if err != nil {
			t.Fatal(err)
		}
		c.cards = append(c.cards, card)
	}
	if err := seed(t.Context(), s, writeFile(t, dir, "w.yaml", wallets.String()), &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if c.engine, err = assemble(context.Background(), s, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.engine.Close() })
	c.network, err = cardnet.Dial(t.Context(), cardnet.Config{Addr: c.engine.Addr("jcb").String(), Sales: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.network.Close(context.Background()) })
	return c
}

// buy authorizes; an answer other than code fails the test.
func (c *counter) buy(p *cardnet.Purchase, code string) *cardnet.Purchase {
	c.Helper()
	a, err := c.network.Authorize(c.Context(), p)
	if err != nil || a.ActionCode != code {
		c.Fatalf("%d yen: answered %q, %v, want %s", p.Amount, a.ActionCode, err, code)
	}
	return p
}

// sellAll sells something of everything that a case needs.
func (c *counter) sellAll() {
	c.Helper()
	shop := func(n int) string { return fmt.Sprintf("COUNTER%08d", n) }
	for i := range 20 {
		c.buy(&cardnet.Purchase{Card: c.cards[i%counterCards], Amount: int64(500 + 37*i), Merchant: shop(i)}, "00")
	}
	c.buy(&cardnet.Purchase{Card: c.cards[0], Amount: 4000, MCC: "5812", Merchant: shop(30)}, "00")
	c.buy(&cardnet.Purchase{Card: c.cards[0], Amount: 1, MCC: "5541", Merchant: shop(31)}, "00")
	c.buy(&cardnet.Purchase{Card: c.cards[1], Amount: 1, Merchant: shop(32)}, "00")
	c.buy(&cardnet.Purchase{Card: c.cards[1], Amount: 2 * counterFunds, Merchant: shop(33)}, "51")
	taken := c.buy(&cardnet.Purchase{Card: c.cards[2], Amount: 2600, Merchant: shop(34)}, "00")
	if _, err := c.network.Cancel(c.Context(), taken, 0); err != nil {
		c.Fatal(err)
	}
	if _, err := c.network.Refund(c.Context(), &cardnet.Purchase{Card: c.cards[3], Amount: 710, Merchant: shop(35)}); err != nil {
		c.Fatal(err)
	}
	if _, err := c.network.StandIn(c.Context(), &cardnet.Purchase{Card: c.cards[3], Amount: 820, Merchant: shop(36)}, "00"); err != nil {
		c.Fatal(err)
	}
	for i, pair := range [][2]int64{{1800, 2150}, {4400, 4400}, {760, 760}} {
		for _, amount := range pair {
			c.buy(&cardnet.Purchase{Card: c.cards[i], Amount: amount, Merchant: shop(40 + i)}, "00")
		}
	}
}

// comparable is what both a network and a store know of a sale.
func comparable(sales []cardnet.Sale) map[string]string {
	out := map[string]string{}
	for _, s := range sales {
		approval := s.Approval
		if s.Standing == cardnet.SaleDeclined {
			approval = "" // a refusal has none, or zeros
		}
		out[s.RRN] = fmt.Sprintf("%s %d %d %t %d %s %s %d %s %s %s", s.Number.String(), s.Amount, s.Currency, s.Refund, s.Standing,
			approval, s.Acquirer, s.MCC, s.Merchant, s.Entry, s.At.Format("060102150405"))
	}
	return out
}

func TestWhatAStoreAuthorizedIsWhatTheNetworkSold(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.sellAll()
	want := comparable(c.network.Sales())
	check := func(when string) {
		t.Helper()
		var said bytes.Buffer
		sales, err := storedSales(t.Context(), c.settings, salesMax, &said)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		got := comparable(sales)
		for rrn, sale := range want {
			if got[rrn] != sale {
				t.Errorf("%s: %s is stored as\n%s, sold was\n%s", when, rrn, got[rrn], sale)
			}
		}
		if len(got) != len(want) || len(sales) != len(want) {
			t.Errorf("%s: %d sales are stored, %d were made", when, len(sales), len(want))
		}
		if want := fmt.Sprintf("card numbers read for clearing: %d\n", counterCards); said.String() != want {
			t.Errorf("%s: it said %q, want %q", when, said.String(), want)
		}
	}
	check("while it is served")
	if err := c.network.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("when it is not")
}

// The placements that the cases promise are those of our own loader.
func TestTheLoaderPlacesEachCaseWhereItIsSaidToGo(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.sellAll()
	sales, err := storedSales(t.Context(), c.settings, salesMax, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	file := cardnet.Clearing{Sales: sales, Date: time.Now(), Sequence: 7, Seed: 7}
	for _, k := range cardnet.ClearingCases() {
		file.Cases = append(file.Cases, k.Name)
	}
	var b bytes.Buffer
	done, err := file.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	if len(done.LeftOut) > 0 {
		t.Fatalf("left out: %v", done.LeftOut)
	}
	path := filepath.Join(t.TempDir(), "all.clr")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := runJob[jobs.LoadReport](t.Context(), c.settings, &bytes.Buffer{}, clearingLoadJob, clearingLoadOptions{File: path, Link: "jcb"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[cardnet.Placement]uint64{cardnet.Other: 1} // the refund
	inCases := 0
	for _, k := range done.Cases {
		inCases += len(k.Numbers)
		for _, p := range k.Placements {
			want[p]++
		}
	}
	want[cardnet.Matched] += uint64(done.Records - inCases - 1) //nolint:gosec // above zero
	got := map[cardnet.Placement]uint64{
		cardnet.Matched: report.Matched, cardnet.Forced: report.Forced, cardnet.Over: report.Over,
		cardnet.Ambiguous: report.Ambiguous, cardnet.Suspended: report.Suspended, cardnet.Other: report.Other,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("placed %v, want %v", got, want)
	}
	placed := c.placements(clearing.FileID([]byte(done.ID.String())))
	for _, k := range done.Cases {
		for i, number := range k.Numbers {
			if p, known := placed[number]; known && p != string(k.Placements[i]) {
				t.Errorf("case %s, record %d: placed as %s, want %s", k.Name, number, p, k.Placements[i])
			}
		}
	}
	if audit, err := balance.Verify(t.Context(), c.engine.store, nil); err != nil || !audit.OK() {
		t.Errorf("verify: %v %v", err, audit.Problems)
	}
}

// placements are those of the records of a file that left an event, by DE71.
func (c *counter) placements(file clearing.FileID) map[uint32]string {
	c.Helper()
	logs := make(chan []string, 1)
	var names []string
	c.engine.store.Logs(func(log string, _ uint64) bool { names = append(names, log); return true }, func(error) { logs <- names })
	placed := map[uint32]string{}
	for _, log := range <-logs {
		done := make(chan error, 1)
		c.engine.store.Scan(log, 1, balance.Forward, func(s balance.Sealed) bool {
			var e balance.Entry
			if err := balance.DecodeEntry(s.Body, &e); err != nil {
				c.Error(err)
				return false
			}
			for i := range e.Events {
				if k := e.Events[i].Key; k.Kind() == balance.KeyClearing && k.File() == file && e.Events[i].Clearing.Placement != 0 {
					placed[k.Number()] = e.Events[i].Clearing.Placement.String()
				}
			}
			return true
		}, func(err error) { done <- err })
		if err := <-done; err != nil {
			c.Fatal(err)
		}
	}
	if len(placed) < 30 {
		c.Errorf("only %d records left an event", len(placed))
	}
	return placed
}

func TestASecondFileOfAStoreIsAboutWhatIsStillOpen(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.buy(&cardnet.Purchase{Card: c.cards[0], Amount: 500}, "00")
	for round, want := range []int{1, 0} {
		sales, err := storedSales(t.Context(), c.settings, salesMax, &bytes.Buffer{})
		if err != nil || len(sales) != want {
			t.Fatalf("round %d: %d sales, %v, want %d", round, len(sales), err, want)
		}
		path := filepath.Join(t.TempDir(), "one.clr")
		err = toFile(path, nil, func(w io.Writer) error {
			_, err := cardnet.Clearing{Sales: sales, Date: time.Now(), Sequence: round}.Write(w)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := runJob[jobs.LoadReport](t.Context(), c.settings, &bytes.Buffer{}, clearingLoadJob, clearingLoadOptions{File: path, Link: "jcb"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFileHasSoManyPurchasesAtMostAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for i := range c.cards {
		c.buy(&cardnet.Purchase{Card: c.cards[i], Amount: 500}, "00")
	}
	for most, want := range map[int64]int{3: 3, counterCards: counterCards, counterCards + 1: counterCards} {
		var said bytes.Buffer
		sales, err := storedSales(t.Context(), c.settings, most, &said)
		left := fmt.Sprintf("left out: 1 purchase above the %d of one file", most)
		if err != nil || len(sales) != want || strings.Contains(said.String(), left) != (want < counterCards) {
			t.Errorf("at most %d: %d sales, %v, %s", most, len(sales), err, said.String())
		}
	}
}

func TestCardsWithoutASealedNumberAreLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.buy(&cardnet.Purchase{Card: c.cards[0], Amount: 500}, "00")
	v, err := openVault(c.settings, false)
	if err != nil {
		t.Fatal(err)
	}
	found, err := runJob[authorized](t.Context(), c.settings, &bytes.Buffer{}, jobAuthorized, authorizedAsked{})
	if err != nil || len(found.Cards) != 1 {
		t.Fatalf("%d cards, %v", len(found.Cards), err)
	}
	sealed := found.Cards[0].Sealed
	found.Cards[0].Sealed = nil
	if sales, without, err := openSales(v, found.Cards); err != nil || len(sales) != 0 || without != (leftOut{sales: 1, cards: 1}) {
		t.Errorf("%d sales, %+v, %v", len(sales), without, err)
	}
	found.Cards[0].Sealed = sealed[1:]
	if _, _, err := openSales(v, found.Cards); err == nil {
		t.Error("a number that cannot be opened is passed over")
	}
	if err := os.Remove(numberKeyBeside(c.settings.Dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := storedSales(t.Context(), c.settings, salesMax, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "SEKISHO_NUMBER_KEY") {
		t.Errorf("without a key: %v", err)
	}
}

func TestTheAmountOfAPurchaseAbroadIsScaledWithItsHold(t *testing.T) {
	t.Parallel()
	p := balance.Purchase{State: balance.Open, Hold: 750, Details: balance.Details{Amount: 1000, Currency: 840, Billing: 1500, BillingCurrency: 392}}
	if s, ok := saleOf(&p, 392); !ok || s.Amount != 500 || s.Currency != 840 || s.Billing != 750 || s.BillingCurrency != 392 {
		t.Errorf("half of it is %+v", s)
	}
	p.Hold = 1500
	if s, _ := saleOf(&p, 392); s.Amount != 1000 || s.Billing != 1500 {
		t.Errorf("all of it is %+v", s)
	}
}

func TestTheYearOfAPurchaseIsThatOfItsMessage(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC) // already January in Japan
	p := balance.Purchase{Key: balance.MessageKey(0, [12]byte{}, sent.Unix(), 1, 1), Details: balance.Details{LocalDate: 101, LocalTime: 10000}}
	if got := localTimeOf(&p).Format(time.DateTime); got != "2027-01-01 01:00:00" {
		t.Errorf("it is %s", got)
	}
	p.Details.LocalDate = 0
	if got := localTimeOf(&p); !got.Equal(sent) {
		t.Errorf("without a date it is %s", got)
	}
}

func TestTheCommandWritesWholeFilesOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.clr")
	sekisho := func(args ...string) (code int, stdout, stderr string) {
		cmd := exec.Command("sekisho", append([]string{"cardnet", "clearing"}, args...)...)
		var out, messages bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &messages
		_ = cmd.Run() // the code says it
		return cmd.ProcessState.ExitCode(), out.String(), messages.String()
	}
	if code, out, said := sekisho("--out", path, "--case", "all", "--date", "2026-11-24", "--seed", "3", "--json"); code != 0 ||
		!strings.HasPrefix(out, `{"file_id":"0012611240008879100000003","records":`) || !strings.Contains(said, "clearing file 0012611240008879100000003") {
		t.Fatalf("exit code %d, %s%s", code, out, said)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v", i.Mode())
	}
	if _, out, _ := sekisho("--out", "-", "--case", "all", "--date", "2026-11-24", "--seed", "3"); out != string(first) {
		t.Error("standard output gets other bytes than a file")
	}
	for _, wrong := range []struct {
		code int
		want string
		args []string
	}{
		{1, "is a directory", []string{"--out", dir}},
		{1, "folder " + filepath.Join(dir, "not") + " is not there", []string{"--out", filepath.Join(dir, "not", "there")}},
		{1, "nowhere.yaml", []string{"--out", path, "--from", filepath.Join(dir, "nowhere.yaml")}},
		{2, "--case", []string{"--out", path, "--case", "misprint"}},
		{2, "--charset", []string{"--out", path, "--charset", "latin1"}},
		{2, "--date", []string{"--out", path, "--date", "24.11.2026"}},
		{2, "--sequence", []string{"--out", path, "--sequence", "100000"}},
		{2, "out", nil},
	} {
		if code, _, said := sekisho(wrong.args...); code != wrong.code || !strings.Contains(said, wrong.want) {
			t.Errorf("%v: exit code %d, %s", wrong.args, code, said)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(first, after) {
		t.Errorf("the file that was there is not: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
