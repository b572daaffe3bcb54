package jobs

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Unused is the unused balance of prepaid money at an instant, as the law on its base dates (31 March and
// 30 September) asks for it. Amounts are minor units.
type Unused struct {
	Report   string          `json:"report"`
	At       time.Time       `json:"at"`
	Programs []UnusedProgram `json:"programs"`
	Wallets  *spec.Money     `json:"wallets,omitempty"` // as in Sums, where there is one currency
	Others   *spec.Money     `json:"others,omitempty"`
	Sum      *spec.Money     `json:"sum,omitempty"`
	Sums     []UnusedSum     `json:"sums"` // by currency
	Check
}

// UnusedSum is everything in one currency.
type UnusedSum struct {
	Currency string     `json:"currency"`
	Wallets  spec.Money `json:"wallets"` // posted over all wallets, at that instant
	Others   spec.Money `json:"others"`  // house logs and the accounts on the other side
	Sum      spec.Money `json:"sum"`     // of both: zero
}

// UnusedProgram is the part of one program. A wallet below zero does not count as unused.
type UnusedProgram struct {
	Program      string     `json:"program"`
	Currency     string     `json:"currency"`
	Wallets      int        `json:"wallets"` // above zero
	Unused       spec.Money `json:"unused"`
	BelowWallets int        `json:"below_zero_wallets"`
	Below        spec.Money `json:"below_zero"`
	Empty        int        `json:"empty_wallets"`
	Deposit      spec.Money `json:"deposit"` // the least that is to be deposited: half of unused above depositAbove
}

// depositAbove is the unused balance in yen above which at least half is to be deposited.
const depositAbove = 10_000_000

// unused is an [Unused] while it is added up.
type unused struct {
	at         int64
	currencies Currencies
	programs   map[programKey]*UnusedProgram
	wallets    byCurrency
	others     byCurrency // of the same currencies
	check      Check
}

// ReportUnused adds up what wallets had at an instant: after their last entry at or before it.
func ReportUnused(ctx context.Context, store balance.Store, at time.Time, currencies Currencies, progress func(done, total int)) (Unused, error) {
	u := &unused{
		at: at.UnixMilli(), currencies: currencies, programs: map[programKey]*UnusedProgram{},
		wallets: byCurrency{}, others: byCurrency{}, check: Check{OK: true},
	}
	err := Fold(ctx, store, func(log string) Part { return &unusedPart{all: u, log: log} }, progress)
	if err != nil {
		return Unused{}, err
	}
	r := Unused{Report: "unused", At: at.UTC(), Programs: []UnusedProgram{}, Sums: []UnusedSum{}, Check: u.check}
	for _, p := range u.programs {
		if p.Currency == spec.JPY.String() && p.Unused > depositAbove {
			p.Deposit = (p.Unused + 1) / 2
		}
		r.Programs = append(r.Programs, *p)
	}
	slices.SortFunc(r.Programs, func(a, b UnusedProgram) int {
		return cmp.Or(strings.Compare(a.Program, b.Program), strings.Compare(a.Currency, b.Currency))
	})
	u.sums(&r)
	return r, nil
}

// sums adds up everything, by currency.
func (u *unused) sums(r *Unused) {
	all := byCurrency{}
	for c, wallets := range u.wallets {
		all[c] = wallets + u.others[c]
		r.Sums = append(r.Sums, UnusedSum{currencyName(c, 0), wallets, u.others[c], all[c]})
	}
	slices.SortFunc(r.Sums, func(a, b UnusedSum) int { return strings.Compare(a.Currency, b.Currency) })
	r.Wallets, r.Others, r.Sum = u.wallets.only(), u.others.only(), all.only()
	for _, s := range all.amounts() {
		if s.Amount != 0 {
			r.problem("the sum over everything at that instant is %s, not zero", AmountsText([]Amount{s}))
		}
	}
}

// unusedPart is one log of it.
type unusedPart struct {
	all      *unused
	log      string
	program  string
	currency spec.Currency
	posted   spec.Money // after the last entry that counts
	events   spec.Money // posted by events that count
}

// Entry implements [Part].
func (p *unusedPart) Entry(e *balance.Entry) {
	if e.At > p.all.at {
		return
	}
	for i := range e.Events {
		if event := &e.Events[i]; event.Kind == balance.Opened {
			p.program, p.currency = event.Program, event.Currency
		}
		p.events += e.Events[i].Posted
	}
	p.posted = e.After.Posted
}

// End implements [Part].
func (p *unusedPart) End() {
	u := p.all
	if p.posted != p.events {
		u.check.problem("%s: posted was %d, its events add up to %d", p.log, p.posted, p.events)
	}
	currency := u.currencies.of(p.log, p.currency)
	if p.program == "" {
		if p.posted != 0 || p.events != 0 {
			u.wallets[currency] += 0
			u.others[currency] += p.posted - p.events
		}
		return
	}
	u.wallets[currency] += p.posted
	u.others[currency] -= p.events
	k := programKey{p.program, currency}
	sum := u.programs[k]
	if sum == nil {
		sum = &UnusedProgram{Program: p.program, Currency: currencyName(currency, 0)}
		u.programs[k] = sum
	}
	switch {
	case p.posted > 0:
		sum.Wallets++
		sum.Unused += p.posted
	case p.posted < 0:
		sum.BelowWallets++
		sum.Below += p.posted
	default:
		sum.Empty++
	}
}

// Table shows it to a person.
func (r *Unused) Table() Table {
	t := Table{
		Title: "Unused balance at " + r.At.Format(time.RFC3339), OK: r.OK, Problems: r.Problems,
		Columns: []Column{{Name: "program"}, {Name: "currency"}, {Name: "wallets", Right: true}, {Name: "unused", Right: true}, {Name: "below zero", Right: true}, {Name: "sum below zero", Right: true}, {Name: "empty", Right: true}, {Name: "to deposit", Right: true}},
	}
	for _, p := range r.Programs {
		t.row(p.Program, p.Currency, p.Wallets, in(p.Unused, p.Currency), p.BelowWallets, in(p.Below, p.Currency), p.Empty, in(p.Deposit, p.Currency))
		if p.Deposit > 0 {
			t.note("%s: %s unused is above %s: at least half, %s, is to be deposited", p.Program, MoneyText(p.Unused, p.Currency), MoneyText(depositAbove, p.Currency), MoneyText(p.Deposit, p.Currency))
		}
	}
	for _, s := range r.Sums {
		t.note("%s: all wallets %s, others %s, sum %s", cmp.Or(s.Currency, "of no program"), MoneyText(s.Wallets, s.Currency), MoneyText(s.Others, s.Currency), MoneyText(s.Sum, s.Currency))
	}
	return t
}
