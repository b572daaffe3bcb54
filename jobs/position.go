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

// Position is where all money is now. Amounts are minor units.
type Position struct {
	Report   string            `json:"report"`
	At       time.Time         `json:"at"`
	Programs []ProgramPosition `json:"programs"`
	House    []HousePosition   `json:"house"`    // logs of no wallet that have money
	Accounts []Counter         `json:"accounts"` // on the other side
	Suspense int               `json:"suspense_open"`
	Sum      *spec.Money       `json:"sum,omitempty"` // over everything: zero; none where there are several currencies
	Sums     []Amount          `json:"sums"`          // the same by currency
	Check
}

// ProgramPosition is what the wallets of a program have.
type ProgramPosition struct {
	Program   string     `json:"program"`
	Currency  string     `json:"currency"`
	Wallets   int        `json:"wallets"`
	Posted    spec.Money `json:"posted"`
	Held      spec.Money `json:"held"`    // by open holds, as the logs have them
	RanOut    spec.Money `json:"ran_out"` // of that, what ran out already: decisions do not count it as held
	Allocated spec.Money `json:"allocated"`
	Available spec.Money `json:"available"` // posted less held
}

// HousePosition is what a log has that belongs to no wallet, such as fees:prepaid.
type HousePosition struct {
	Log      string     `json:"log"`
	Currency string     `json:"currency"`
	Posted   spec.Money `json:"posted"`
}

// positions is a [Position] while it is added up.
type positions struct {
	at         int64
	currencies Currencies
	programs   map[programKey]*ProgramPosition
	house      []HousePosition
	accounts   accountSums
	sums       byCurrency // of wallets and house logs
	held       byCurrency // by wallets
	suspense   suspense   // counted only
	check      Check
}

// ReportPosition adds up where all money is. at is now: what is held until then has run out.
func ReportPosition(ctx context.Context, store balance.Store, at time.Time, currencies Currencies, progress func(done, total int)) (Position, error) {
	p := &positions{
		at: at.UnixMilli(), currencies: currencies, programs: map[programKey]*ProgramPosition{}, accounts: accountSums{},
		sums: byCurrency{}, held: byCurrency{}, check: Check{OK: true},
	}
	err := Fold(ctx, store, func(log string) Part {
		return &positionPart{all: p, log: log, counters: newCounters(), suspense: newSuspensePart(&p.suspense, log)}
	}, progress)
	if err != nil {
		return Position{}, err
	}
	r := p.report()
	r.At = at.UTC()
	return r, nil
}

func (p *positions) report() Position {
	r := Position{
		Report: "position", Programs: []ProgramPosition{}, House: append([]HousePosition{}, p.house...),
		Accounts: p.accounts.counters(), Suspense: p.suspense.list().Open, Check: p.check,
	}
	for _, program := range p.programs {
		r.Programs = append(r.Programs, *program)
	}
	for a, s := range p.accounts {
		if s != (accountSum{}) {
			p.sums[a.currency] += s.posted
			p.held[a.currency] -= s.held
		}
	}
	r.Sum, r.Sums = p.sums.only(), p.sums.amounts()
	slices.SortFunc(r.Programs, func(a, b ProgramPosition) int {
		return cmp.Or(strings.Compare(a.Program, b.Program), strings.Compare(a.Currency, b.Currency))
	})
	slices.SortFunc(r.House, func(a, b HousePosition) int { return strings.Compare(a.Log, b.Log) })
	for _, s := range r.Sums {
		if s.Amount != 0 {
			r.problem("the sum over everything is %s, not zero", AmountsText([]Amount{s}))
		}
	}
	for _, h := range p.held.amounts() {
		if h.Amount != 0 {
			r.problem("what wallets hold is %s more than is held for others", AmountsText([]Amount{h}))
		}
	}
	return r
}

// positionPart is one log of a position.
type positionPart struct {
	all      *positions
	log      string
	program  string
	currency spec.Currency
	after    balance.Balances
	posted   spec.Money
	counters counters
	suspense *suspensePart
}

// Entry implements [Part].
func (p *positionPart) Entry(e *balance.Entry) {
	for i := range e.Events {
		event := &e.Events[i]
		if event.Kind == balance.Opened {
			p.program, p.currency = event.Program, event.Currency
		}
		p.posted += event.Posted
		p.counters.event(event)
	}
	p.suspense.Entry(e)
	p.after = e.After
}

// End implements [Part].
func (p *positionPart) End() {
	p.suspense.End()
	currency := p.all.currencies.of(p.log, p.currency)
	p.all.accounts.add(&p.counters, currency, p.all.at)
	if p.posted != p.after.Posted {
		p.all.check.problem("%s: posted is %d, its events add up to %d", p.log, p.after.Posted, p.posted)
	}
	if p.program == "" {
		if p.after.Posted != 0 {
			p.all.sums[currency] += p.after.Posted
			p.all.house = append(p.all.house, HousePosition{p.log, currencyName(currency, 0), p.after.Posted})
		}
		return
	}
	p.all.sums[currency] += p.after.Posted
	p.all.held[currency] += p.after.Held
	k := programKey{p.program, currency}
	sum := p.all.programs[k]
	if sum == nil {
		sum = &ProgramPosition{Program: p.program, Currency: currencyName(currency, 0)}
		p.all.programs[k] = sum
	}
	sum.Wallets++
	sum.Posted += p.after.Posted
	sum.Held += p.after.Held
	for _, m := range p.counters.ranOut(p.all.at) {
		sum.RanOut += m
	}
	sum.Allocated += p.after.Allocated
	sum.Available = sum.Posted - sum.Held
}

// Table shows it to a person.
func (r *Position) Table() Table {
	t := Table{
		Title: "Position at " + r.At.Format(time.RFC3339), OK: r.OK, Problems: r.Problems,
		Columns: []Column{{Name: "account"}, {Name: "currency"}, {Name: "wallets", Right: true}, {Name: "posted", Right: true}, {Name: "held", Right: true}, {Name: "ran out", Right: true}, {Name: "allocated", Right: true}, {Name: "available", Right: true}},
	}
	for _, p := range r.Programs {
		t.row("program "+p.Program, p.Currency, p.Wallets, in(p.Posted, p.Currency), in(p.Held, p.Currency), in(p.RanOut, p.Currency), in(p.Allocated, p.Currency), in(p.Available, p.Currency))
	}
	for _, h := range r.House {
		t.row("log "+h.Log, h.Currency, "", in(h.Posted, h.Currency), "", "", "", "")
	}
	for _, a := range r.Accounts {
		t.row(a.Account, a.Currency, "", in(a.Posted, a.Currency), in(a.Held, a.Currency), in(a.RanOut, a.Currency), "", "")
	}
	for _, s := range r.Sums {
		t.row("sum", s.Currency, "", in(s.Amount, s.Currency), "", "", "", "")
	}
	t.note("%s open in suspense", spec.Grouped(int64(r.Suspense)))
	return t
}
