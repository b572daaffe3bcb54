package balance

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sekisho/spec"
)

// ledger is a store in memory whose entries a test can change.
func ledger(t *testing.T) *MemoryStore {
	s := NewMemoryStore(MemoryOptions{})
	w := NewWallet("w")
	card := spec.CardID{7}
	buy := MessageKey(spec.Authorization, card, 1_790_000_000, 1, 8871)
	steps := [][]Event{
		{
			{Kind: Opened, Key: CallKey("open"), Program: "p", Currency: 392},
			{Kind: Funded, Posted: 100, Counter: Account{AccountTopUp, "p"}},
			{Kind: CardIssued, Card: card, Status: CardActive},
			{Kind: Allocated, Card: card, Allocated: 80},
		},
		{{Kind: Authorized, Key: buy, Card: card, Purchase: buy.Purchase(), State: Open, Hold: 30, Counter: Account{AccountSettlement, "jcb"}, Details: Details{Amount: 30}}},
		{{Kind: Reduced, Key: CallKey("part"), Card: card, Purchase: buy.Purchase(), State: Open, Hold: 10, Counter: Account{AccountSettlement, "jcb"}}},
	}
	for i, events := range steps {
		d := w.Draft(int64(i + 1))
		d.Add(events...)
		keep(t, s, w, &d)
	}
	return s
}

func keep(t *testing.T, s *MemoryStore, w *Wallet, d *Draft) {
	t.Helper()
	attempt := Attempt(w.Version + 1)
	e, body := d.Seal(attempt)
	sealed := Sealed{Log: w.Log, Version: e.Version, Attempt: attempt, At: e.At, Body: body}
	if e.Version == 2 {
		sealed.Snapshot = AppendSnapshot(nil, w)
	}
	r := s.shared.append(Append{Entries: []Sealed{sealed}})
	if r.Outcome != In {
		t.Fatal(r.Err)
	}
}

func TestVerifyAddsUpALedgerThatIsRight(t *testing.T) {
	a, err := Verify(context.Background(), ledger(t), nil)
	if err != nil || !a.OK() || a.Entries != 3 || a.Posted != 100 || a.Held != 10 || a.Sum != 0 {
		t.Errorf("%v %+v", err, a)
	}
	if got := a.Accounts[Account{AccountSettlement, "jcb"}]; got != (AccountSums{Held: 10}) {
		t.Errorf("settlement: %+v", got)
	}
	if got := a.Accounts[Account{AccountTopUp, "p"}]; got != (AccountSums{Posted: -100}) {
		t.Errorf("top-up: %+v", got)
	}
}

func TestVerifyFindsWhatDoesNotAddUp(t *testing.T) {
	rewritten := func(n int, change func(*Entry)) func(*testing.T, []Sealed) []Sealed {
		return func(t *testing.T, log []Sealed) []Sealed {
			var e Entry
			if err := DecodeEntry(log[n].Body, &e); err != nil {
				t.Fatal(err)
			}
			change(&e)
			log[n].Body = AppendEntry(nil, &e)
			for i := n + 1; i < len(log); i++ { // the chain is mended, so that it is not what is found
				if err := DecodeEntry(log[i].Body, &e); err != nil {
					t.Fatal(err)
				}
				e.Previous = HashOf(log[i-1].Body)
				log[i].Body = AppendEntry(nil, &e)
			}
			return log
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, []Sealed) []Sealed
		says   string
	}{
		"an entry left out":            {func(_ *testing.T, l []Sealed) []Sealed { return append(l[:1], l[2]) }, "entry 3 follows entry 1"},
		"the last entry left out":      {func(_ *testing.T, l []Sealed) []Sealed { l[2].Body = l[1].Body; return l }, "is kept as"},
		"an entry changed":             {func(_ *testing.T, l []Sealed) []Sealed { l[0].Body[len(l[0].Body)-1] ^= 2; return l }, ""},
		"an entry that cannot be read": {func(_ *testing.T, l []Sealed) []Sealed { l[1].Body = l[1].Body[:20]; return l }, "cannot be read"},
		"another balance":              {rewritten(1, func(e *Entry) { e.After.Held = 31 }), "balances"},
		"another balance of the card":  {rewritten(1, func(e *Entry) { e.Events[0].After.Held = 31 }), "card has"},
		"another hold":                 {rewritten(1, func(e *Entry) { e.Events[0].Hold = 31 }), ""},
		"a key decided twice": {rewritten(2, func(e *Entry) {
			e.Events[0].Key = MessageKey(spec.Authorization, spec.CardID{7}, 1_790_000_000, 1, 8871)
		}), "second time"},
		"money from nowhere":        {rewritten(0, func(e *Entry) { e.Events[1].Counter = Account{} }), "no account"},
		"a hold that changes hands": {rewritten(2, func(e *Entry) { e.Events[0].Counter.Name = "other" }), "owed to"},
		"a snapshot that is not so": {func(_ *testing.T, l []Sealed) []Sealed { l[1].Snapshot[len(l[1].Snapshot)-1] ^= 1; return l }, "snapshot"},
		"time that runs backwards":  {rewritten(2, func(e *Entry) { e.At = 1 }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := ledger(t)
			s.shared.logs["w"] = c.change(t, s.shared.logs["w"])
			a, err := Verify(context.Background(), s, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a.OK() || !strings.Contains(strings.Join(a.Problems, "\n"), c.says) {
				t.Errorf("want %q, found %q", c.says, a.Problems)
			}
		})
	}
}

// begun adds a log to a store: one entry for each list of events.
func begun(t *testing.T, s *MemoryStore, log string, entries ...[]Event) {
	t.Helper()
	w := NewWallet(log)
	for i, events := range entries {
		d := w.Draft(int64(i + 1))
		d.Add(events...)
		keep(t, s, w, &d)
	}
}

// twoCurrencies is a ledger of three programs, one in yen, one in dollars, one in both, with a network and fees.
func twoCurrencies(t *testing.T) *MemoryStore {
	s := NewMemoryStore(MemoryOptions{})
	opened := func(program string, currency spec.Currency, posted spec.Money) []Event {
		return []Event{
			{Kind: Opened, Key: CallKey("open"), Program: program, Currency: currency},
			{Kind: Funded, Posted: posted, Counter: Account{AccountTopUp, program}},
		}
	}
	moved := func(posted spec.Money) []Event {
		return []Event{{Kind: FeePosted, Posted: posted, Counter: Account{AccountSettlement, "jcb"}}}
	}
	begun(t, s, "yen", opened("p", spec.JPY, 100), moved(-40))
	begun(t, s, "dollars", opened("travel", 840, 9_000), moved(40))
	begun(t, s, "both-1", opened("both", spec.JPY, 1))
	begun(t, s, "both-2", opened("both", 840, 2))
	begun(t, s, "both-3", opened("both", 840, 3))
	begun(t, s, "fees:p", moved(5))
	begun(t, s, "suspense:travel:2026-11-24", moved(7))
	begun(t, s, "fees:both", moved(11))
	begun(t, s, "fees:nobody", moved(13))
	begun(t, s, "calls:t1:00", []Event{{Kind: CallTaken, Key: CallKey("taken")}})
	return s
}

func TestVerifyAddsNoCurrencyToAnother(t *testing.T) {
	a, err := Verify(context.Background(), twoCurrencies(t), nil)
	if err != nil || !a.OK() || a.Wallets != 5 || a.Logs != 10 || len(a.Currencies) != 3 {
		t.Fatalf("%v %+v", err, a)
	}
	if a.Posted != 0 || a.Accounts != nil {
		t.Errorf("of all currencies together it says %+v", a.CurrencySums)
	}
	jcb, topUp := Account{AccountSettlement, "jcb"}, func(program string) Account { return Account{AccountTopUp, program} }
	for i, want := range []CurrencySums{
		{0, 11 + 13, 0, 0, map[Account]AccountSums{jcb: {Posted: -11 - 13}}},
		{spec.JPY, 60 + 1 + 5, 0, 0, map[Account]AccountSums{jcb: {Posted: 40 - 5}, topUp("p"): {Posted: -100}, topUp("both"): {Posted: -1}}},
		{840, 9_040 + 5 + 7, 0, 0, map[Account]AccountSums{jcb: {Posted: -40 - 7}, topUp("travel"): {Posted: -9_000}, topUp("both"): {Posted: -5}}},
	} {
		if !reflect.DeepEqual(a.Currencies[i], want) {
			t.Errorf("got %+v, want %+v", a.Currencies[i], want)
		}
	}
}

func TestVerifyFindsFaultsOfTwoCurrenciesThatWouldCancel(t *testing.T) {
	s := twoCurrencies(t)
	for _, log := range []string{"yen", "dollars"} {
		entries := s.shared.logs[log]
		var e Entry
		if err := DecodeEntry(entries[1].Body, &e); err != nil {
			t.Fatal(err)
		}
		e.Previous[0] ^= 1
		entries[1].Body = AppendEntry(nil, &e)
	}
	a, err := Verify(context.Background(), s, nil)
	if err != nil || a.OK() || a.Currencies[0].Sum != 0 || a.Currencies[1].Sum != 40 || a.Currencies[2].Sum != -40 {
		t.Fatalf("%v %+v", err, a)
	}
	for _, want := range []string{"the sum over all accounts is 40 JPY, not zero", "the sum over all accounts is -40 USD, not zero"} {
		if !slices.Contains(a.Problems, want) {
			t.Errorf("%q is not in %q", want, a.Problems)
		}
	}
}
