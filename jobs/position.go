package jobs

import (
	"context"
	"slices"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// Position is where all money is now. Amounts are minor units.
type Position struct {
	Report   string            `json:"report"`
	Programs []ProgramPosition `json:"programs"`
	House    []HousePosition   `json:"house"`    // logs of no wallet that have money
	Accounts []Counter         `json:"accounts"` // on the other side
	Suspense int               `json:"suspense_open"`
	Sum      spec.Money        `json:"sum"` // over everything: zero
	Check
}

// ProgramPosition is what the wallets of a program have.
type ProgramPosition struct {
	Program   string     `json:"program"`
	Currency  string     `json:"currency"`
	Wallets   int        `json:"wallets"`
	Posted    spec.Money `json:"posted"`
	Held      spec.Money `json:"held"`
	Allocated spec.Money `json:"allocated"`
	Available spec.Money `json:"available"` // posted less held
}

// HousePosition is what a log has that belongs to no wallet, such as fees:prepaid.
type HousePosition struct {
	Log    string     `json:"log"`
	Posted spec.Money `json:"posted"`
}

// positions is a [Position] while it is added up.
type positions struct {
	programs map[string]*ProgramPosition
	house    []HousePosition
	accounts map[balance.Account]balance.AccountSums
	suspense suspense // counted only
	check    Check
}

// ReportPosition adds up where all money is.
func ReportPosition(ctx context.Context, store balance.Store, progress func(done, total int)) (Position, error) {
	p := &positions{programs: map[string]*ProgramPosition{}, accounts: map[balance.Account]balance.AccountSums{}, check: Check{OK: true}}
	err := Fold(ctx, store, func(log string) Part {
		return &positionPart{all: p, log: log, counters: newCounters(), suspense: newSuspensePart(&p.suspense, log)}
	}, progress)
	if err != nil {
		return Position{}, err
	}
	return p.report(), nil
}

func (p *positions) report() Position {
	r := Position{Report: "position", Programs: []ProgramPosition{}, House: p.house, Accounts: countersOf(p.accounts), Suspense: p.suspense.list().Open, Check: p.check}
	var wallets, accounts spec.Money
	for _, program := range p.programs {
		r.Programs = append(r.Programs, *program)
		r.Sum += program.Posted
		wallets += program.Held
	}
	for i := range r.House {
		r.Sum += r.House[i].Posted
	}
	for i := range r.Accounts {
		r.Sum += r.Accounts[i].Posted
		accounts += r.Accounts[i].Held
	}
	if r.House == nil {
		r.House = []HousePosition{}
	}
	slices.SortFunc(r.Programs, func(a, b ProgramPosition) int { return strings.Compare(a.Program, b.Program) })
	slices.SortFunc(r.House, func(a, b HousePosition) int { return strings.Compare(a.Log, b.Log) })
	if r.Sum != 0 {
		r.problem("the sum over everything is %d, not zero", r.Sum)
	}
	if wallets != accounts {
		r.problem("wallets hold %d, for others %d is held", wallets, accounts)
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
	p.counters.addTo(p.all.accounts)
	if p.posted != p.after.Posted {
		p.all.check.problem("%s: posted is %d, its events add up to %d", p.log, p.after.Posted, p.posted)
	}
	if p.program == "" {
		if p.after.Posted != 0 {
			p.all.house = append(p.all.house, HousePosition{p.log, p.after.Posted})
		}
		return
	}
	sum := p.all.programs[p.program]
	if sum == nil {
		sum = &ProgramPosition{Program: p.program, Currency: p.currency.String()}
		p.all.programs[p.program] = sum
	}
	sum.Wallets++
	sum.Posted += p.after.Posted
	sum.Held += p.after.Held
	sum.Allocated += p.after.Allocated
	sum.Available = sum.Posted - sum.Held
}

// Table shows it to a person.
func (r *Position) Table() Table {
	t := Table{
		Title: "Position (minor units)", OK: r.OK, Problems: r.Problems,
		Columns: []Column{{Name: "account"}, {Name: "currency"}, {Name: "wallets", Right: true}, {Name: "posted", Right: true}, {Name: "held", Right: true}, {Name: "allocated", Right: true}, {Name: "available", Right: true}},
	}
	for _, p := range r.Programs {
		t.row("program "+p.Program, p.Currency, p.Wallets, p.Posted, p.Held, p.Allocated, p.Available)
	}
	for _, h := range r.House {
		t.row("log "+h.Log, "", "", h.Posted, "", "", "")
	}
	for _, a := range r.Accounts {
		t.row(a.Account, "", "", a.Posted, a.Held, "", "")
	}
	t.row("sum", "", "", r.Sum, "", "", "")
	t.note("%s open in suspense", grouped(int64(r.Suspense)))
	return t
}
