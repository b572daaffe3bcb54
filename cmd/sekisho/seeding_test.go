package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/vault"
)

// bench is a book over a store in memory, and what reads files for it.
type bench struct {
	*testing.T
	seeder
	hasher   *spec.Hasher
	programs []router.Program
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store := balance.NewMemoryStore(balance.MemoryOptions{})
	book := balance.NewBook(store, balance.Options{})
	t.Cleanup(func() {
		if err := errors.Join(closeBook(t.Context(), book), store.Close()); err != nil {
			t.Error(err)
		}
	})
	hasher, err := throwawayHasher()
	if err != nil {
		t.Fatal(err)
	}
	yen := risk.Program{Currency: spec.JPY}
	return &bench{T: t, seeder: seeder{book: book, at: time.Now()}, hasher: hasher, programs: []router.Program{
		{Name: "prepaid", Ranges: []string{"354012"}, Rules: yen}, {Name: "gift", Ranges: []string{"354013"}, Rules: yen},
	}}
}

func (b *bench) file(text string) error {
	b.Helper()
	openings, src, err := readWallets(writeFile(b.T, b.TempDir(), "w.yaml", text), b.programs, b.hasher, nil)
	if err != nil {
		return err
	}
	b.source = src
	return b.seed(b.Context(), openings)
}

func (b *bench) audit() balance.Audit {
	b.Helper()
	audit, err := balance.Verify(b.Context(), b.book.Store(), nil)
	if err != nil || !audit.OK() {
		b.Fatalf("the ledger: %v %q", err, audit.Problems)
	}
	return audit
}

func TestAWalletWithMoreNumbersThanGoInAtOnceBeginsInParts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var text strings.Builder
	text.WriteString("wallets:\n  - id: crowd\n    posted: 500\n    cards:\n")
	for i := range 200 {
		fmt.Fprintf(&text, "      - {pan: %q, expiry: \"2912\", allocated: 2}\n", testNumber(i))
	}
	for range 2 { // a second time nothing happens
		if err := b.file(text.String()); err != nil {
			t.Fatal(err)
		}
		if a := b.audit(); a.Entries != 5 || a.Posted != 500 || a.Wallets != 1 {
			t.Errorf("after it: %d entries, posted %d, %d wallets", a.Entries, a.Posted, a.Wallets)
		}
	}
	if b.opened.Load() != 1 || b.unchanged.Load() != 1 {
		t.Errorf("%d begun, %d unchanged", b.opened.Load(), b.unchanged.Load())
	}
	for i := range 200 {
		if row, found := b.book.Store().Peek(b.hasher.Hash([]byte(testNumber(i)))); !found || row.Log != "crowd" {
			t.Fatalf("card %d is not found", i)
		}
	}
	// The last card's money belongs to the content of the first part as well.
	err := b.file(strings.Replace(text.String(), "posted: 500", "posted: 501", 1))
	if err == nil || !strings.Contains(err.Error(), "wallet crowd exists already with other content") {
		t.Errorf("other content: %v", err)
	}
	if a := b.audit(); a.Entries != 5 {
		t.Errorf("%d entries after a refused file", a.Entries)
	}
}

func TestAFileThatWasCutOffGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	openings, src, err := readWallets(writeFile(t, t.TempDir(), "w.yaml", manyCards(100)), b.programs, b.hasher, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.source = src
	cut := openings[0]
	cut.parts = cut.parts[:1]
	for _, o := range []opening{cut, openings[0], openings[0]} {
		if err := b.open(&o); err != nil {
			t.Fatal(err)
		}
	}
	if a := b.audit(); a.Entries != 3 || b.opened.Load() != 2 || b.unchanged.Load() != 1 {
		t.Errorf("%d entries, %d begun, %d unchanged", a.Entries, b.opened.Load(), b.unchanged.Load())
	}
}

func manyCards(n int) string {
	var text strings.Builder
	text.WriteString("wallets:\n  - id: crowd\n    posted: 0\n    cards:\n")
	for i := range n {
		fmt.Fprintf(&text, "      - {pan: %q, expiry: \"2912\"}\n", testNumber(i))
	}
	return text.String()
}

func TestAWrongFileOfWalletsSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	card := func(n int, more string) string {
		return fmt.Sprintf("{pan: %q, expiry: \"2912\"%s}", testNumber(n), more)
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing in it":                {"", "the file is empty"},
		"no wallets":                   {"wallets: []\n", "wallets: is missing or empty"},
		"no id":                        {"wallets: [{posted: 1}]\n", "wallets[0].id: expected an id"},
		"an id with a colon":           {"wallets: [{id: \"a:b\"}]\n", "wallets[0].id: expected an id"},
		"the same id twice":            {"wallets:\n- {id: a, program: gift}\n- {id: a, program: gift}\n", "w.yaml:3:8: wallets[1].id: expected an id of its own, this one is also that of wallets[0]"},
		"no program to tell it by":     {"wallets: [{id: a}]\n", "wallets[0]: expected the key program"},
		"a program nobody knows":       {"wallets: [{id: a, program: x}]\n", `wallets[0].program: "x" is not a program`},
		"a program that is not its":    {"wallets: [{id: a, program: gift, cards: [" + card(1, "") + "]}]\n", "its cards are of program prepaid"},
		"a number of nobody":           {"wallets: [{id: a, cards: [" + card(1, "") + "]}]\n", "is in no program's ranges"},
		"a month that is none":         {"wallets: [{id: a, cards: [{pan: \"" + testNumber(1) + "\", expiry: \"2913\"}]}]\n", `cards[0].expiry: expected year and month as "YYMM"`},
		"more allocated than there":    {"wallets: [{id: a, posted: 1, cards: [" + card(1, ", allocated: 2") + "]}]\n", "wallets[0]: the cards have 2, the wallet only 1"},
		"an amount with decimals":      {"wallets: [{id: a, posted: 10.5}]\n", "wallets[0].posted: expected a whole number of minor units"},
		"an amount below zero":         {"wallets: [{id: a, posted: -1}]\n", "wallets[0].posted: expected a whole number of minor units"},
		"an amount of thirteen digits": {"wallets: [{id: a, posted: 1000000000000}]\n", "from 0 to twelve digits"},
		"one number twice":             {"wallets: [{id: a, cards: [" + card(1, "") + ", " + card(1, "") + "]}]\n", "is also wallets[0].cards[0].pan: expected each number once"},
		"a token that is a number":     {"wallets: [{id: a, cards: [" + card(1, ", tokens: [\""+testNumber(1)+"\"]") + "]}]\n", "expected each number once"},
		"a wrong check digit":          {"wallets: [{id: a, cards: [{pan: \"" + testNumber(1)[:15] + "0\", expiry: \"2912\"}]}]\n", "expected a card number in quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if name == "a number of nobody" {
				b.programs[0].Ranges = []string{"354014"}
			}
			err := b.file(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "w.yaml") {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
			if err != nil && err.Error() != blank(err.Error()) {
				t.Error("the error shows digits")
			}
			if a := b.audit(); a.Entries != 0 {
				t.Errorf("%d entries were made all the same", a.Entries)
			}
		})
	}
}

func TestAWalletThatBeganOtherwiseIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	o := balance.Opening{Log: "crowd", Program: "prepaid", Currency: spec.JPY, Posted: 7}
	p := &planting{key: balance.CallKey("an app server's call"), first: true, done: make(chan error, 1)}
	p.events = o.Events(p.key, 0, balance.Actor{Kind: balance.ActorCaller, Name: "app"})
	b.book.Submit(balance.Post{Log: o.Log, At: b.at, Mover: p})
	if err := <-p.done; err != nil {
		t.Fatal(err)
	}
	if err := b.file(manyCards(1)); err == nil || !strings.Contains(err.Error(), "wallet crowd exists already with other content") {
		t.Errorf("got %v", err)
	}
	if a := b.audit(); a.Entries != 1 || a.Posted != 7 {
		t.Errorf("%d entries, posted %d", a.Entries, a.Posted)
	}
}

func TestNoPartHasMoreNumbersThanAStoreTakes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var text strings.Builder // 200 numbers, as cards with seven tokens each
	text.WriteString("wallets:\n  - id: crowd\n    posted: 25\n    cards:\n")
	for i := range 25 {
		tokens := make([]string, 0, 7)
		for k := range 7 {
			tokens = append(tokens, `"`+testNumber(8*i+k+1)+`"`)
		}
		fmt.Fprintf(&text, "      - {pan: %q, expiry: \"2912\", allocated: 1, tokens: [%s]}\n", testNumber(8*i), strings.Join(tokens, ", "))
	}
	openings, _, err := readWallets(writeFile(t, t.TempDir(), "w.yaml", text.String()), b.programs, b.hasher, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for i := range openings[0].parts {
		p := &openings[0].parts[i]
		if n := len(p.Rows()); n > rowsMax {
			t.Errorf("part %d has %d rows", i, n)
		}
		rows += len(p.Rows())
		events := part(p, i, partKey(p.Log, i), openings[0].print, balance.Actor{})
		if begins := events[0].Kind == balance.Opened; begins != (i == 0) || events[0].Key != partKey(p.Log, i) {
			t.Errorf("part %d begins with %s, key %s", i, events[0].Kind, events[0].Key)
		}
	}
	if rows != 225 { // and one for the id of each card
		t.Errorf("%d rows in all, want 225", rows)
	}
}

func TestANumberThatIsTakenLeavesNothingOfItsWallet(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.file("wallets: [{id: first, cards: [{pan: \"" + testNumber(99) + "\", expiry: \"2912\"}]}]\n"); err != nil {
		t.Fatal(err)
	}
	err := b.file(manyCards(100)) // the last of its cards is the first one's
	if err == nil || !strings.Contains(err.Error(), "(wallet crowd) leads to wallet first already") {
		t.Errorf("got %v", err)
	}
	if a := b.audit(); a.Entries != 1 {
		t.Errorf("%d entries", a.Entries)
	}
}

// readWallets reads a file as seed does.
func readWallets(path string, programs []router.Program, hasher *spec.Hasher, seals *vault.Vault) ([]opening, source, error) {
	src, err := readWalletsFile(path)
	if err != nil {
		return nil, src, err
	}
	return checkWallets(src, programs, hasher, seals)
}
