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

// Settlement is what the clearing files of one day, and the online postings of that day, moved between wallets
// and networks.
type Settlement struct {
	Report   string              `json:"report"`
	Date     string              `json:"date"` // of the files, and in UTC of online messages and resolutions
	Lines    []SettlementLine    `json:"lines"`
	Networks []SettlementNetwork `json:"networks"`
	Files    []SettlementFile    `json:"files"`
	Check
}

// SettlementLine is the part of one network and program.
type SettlementLine struct {
	Network   string `json:"network"`
	Program   string `json:"program"`
	Currency  string `json:"currency"`  // of what was posted; empty: of no program
	Presented Flow   `json:"presented"` // sales
	Credited  Flow   `json:"credited"`  // refunds
	Undone    Flow   `json:"undone"`    // reversals of records
	Disputes  Flow   `json:"disputes"`  // second presentments and chargebacks
	Fees      Flow   `json:"fees"`
	Suspended Flow   `json:"suspended"`
	Ambiguous Flow   `json:"ambiguous"`
	InFiles   Flow   `json:"in_files"`  // all of the above
	Completed Flow   `json:"completed"` // 0220 and 0200
	Online    Flow   `json:"online"`    // refunds credited at once, and what took them back
	Resolved  Flow   `json:"resolved"`  // from suspense, by a person
	Total     Flow   `json:"total"`
}

// Flow is a number of records or messages, what they say and what they moved.
type Flow struct {
	Count  int        `json:"count"`
	Amount spec.Money `json:"amount"` // DE4 added up, in whatever currency
	Posted spec.Money `json:"posted"` // to the network, minor units of the program; negative: from it
}

func (f *Flow) add(o Flow) {
	f.Count += o.Count
	f.Amount += o.Amount
	f.Posted += o.Posted
}

// SettlementNetwork is the account of a network in a currency: what the day moved, and all other days.
type SettlementNetwork struct {
	Network  string     `json:"network"`
	Currency string     `json:"currency"`
	Day      spec.Money `json:"day"`
	Others   spec.Money `json:"other_days"`
	Account  spec.Money `json:"account"` // all that went to it: over all currencies it is verify's settlement account
}

// SettlementFile is a clearing file of the day, by its own log.
type SettlementFile struct {
	File    string     `json:"file_id"`
	Closed  bool       `json:"closed"`
	Records uint64     `json:"records"`
	Sum     spec.Money `json:"sum_file"`
}

// settlements is a [Settlement] while it is added up.
type settlements struct {
	date       string // YYMMDD, as in a file's id
	currencies Currencies
	lines      map[lineKey]*SettlementLine
	files      map[[25]byte]*fileFold
	accounts   accountSums
}

type lineKey struct {
	network string
	programKey
}

// ReportSettlement adds up one day.
func ReportSettlement(ctx context.Context, store balance.Store, day time.Time, currencies Currencies, progress func(done, total int)) (Settlement, error) {
	s := &settlements{
		date: day.UTC().Format("060102"), currencies: currencies, lines: map[lineKey]*SettlementLine{}, files: map[[25]byte]*fileFold{},
		accounts: accountSums{},
	}
	err := Fold(ctx, store, func(log string) Part {
		return &settlementPart{all: s, log: log, program: programKey{balance.HouseProgram(log), currencies.of(log, 0)}, lines: map[lineKey]*SettlementLine{}, files: map[[25]byte]*fileFold{}, counters: newCounters()}
	}, progress)
	if err != nil {
		return Settlement{}, err
	}
	r := Settlement{Report: "settlement", Date: day.UTC().Format(time.DateOnly), Lines: []SettlementLine{}, Files: []SettlementFile{}, Check: Check{OK: true}}
	for _, l := range s.lines {
		l.total()
		r.Lines = append(r.Lines, *l)
	}
	slices.SortFunc(r.Lines, func(a, b SettlementLine) int {
		return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.Program, b.Program), strings.Compare(a.Currency, b.Currency))
	})
	s.networks(&r)
	s.closedFiles(&r)
	return r, nil
}

func (l *SettlementLine) total() {
	l.InFiles = Flow{}
	for _, f := range []Flow{l.Presented, l.Credited, l.Undone, l.Disputes, l.Fees, l.Suspended, l.Ambiguous} {
		l.InFiles.add(f)
	}
	l.Total = l.InFiles
	for _, f := range []Flow{l.Completed, l.Online, l.Resolved} {
		l.Total.add(f)
	}
}

func (l *SettlementLine) add(o *SettlementLine) {
	for _, f := range []struct{ to, from *Flow }{
		{&l.Presented, &o.Presented},
		{&l.Credited, &o.Credited},
		{&l.Undone, &o.Undone},
		{&l.Disputes, &o.Disputes},
		{&l.Fees, &o.Fees},
		{&l.Suspended, &o.Suspended},
		{&l.Ambiguous, &o.Ambiguous},
		{&l.Completed, &o.Completed},
		{&l.Online, &o.Online},
		{&l.Resolved, &o.Resolved},
	} {
		f.to.add(*f.from)
	}
}

// networks sets the day beside the accounts of the networks.
func (s *settlements) networks(r *Settlement) {
	r.Networks = []SettlementNetwork{}
	type network struct{ name, currency string }
	day := map[network]spec.Money{}
	for i := range r.Lines {
		l := &r.Lines[i]
		day[network{l.Network, l.Currency}] += l.Total.Posted
	}
	for a, sums := range s.accounts {
		if a.Kind == balance.AccountSettlement {
			n := network{a.Name, currencyName(a.currency, 0)}
			r.Networks = append(r.Networks, SettlementNetwork{n.name, n.currency, day[n], sums.posted - day[n], sums.posted})
			delete(day, n)
		}
	}
	slices.SortFunc(r.Networks, func(a, b SettlementNetwork) int {
		return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.Currency, b.Currency))
	})
	for n, posted := range day {
		if posted != 0 {
			r.problem("%s was posted to %s, which has no account", AmountsText([]Amount{{n.currency, posted}}), n.name)
		}
	}
}

// closedFiles compares the records found with what the files of the day say of themselves.
func (s *settlements) closedFiles(r *Settlement) {
	for id, f := range s.files {
		name := string(id[:])
		if f.closed {
			f.unlike(&r.Check, name)
		}
		if !f.taken && f.found != (Tally{}) {
			r.problem("records of file %s were found, and it was never taken", name)
		}
		total := f.own.all()
		r.Files = append(r.Files, SettlementFile{name, f.closed, total.Records, total.Amount})
	}
	slices.SortFunc(r.Files, func(a, b SettlementFile) int { return strings.Compare(a.File, b.File) })
}

// Table shows it to a person.
func (r *Settlement) Table() Table {
	t := Table{
		Title: "Settlement of " + r.Date, OK: r.OK, Problems: r.Problems,
		Columns: []Column{{Name: "network"}, {Name: "program"}, {Name: "what"}, {Name: "count", Right: true}, {Name: "DE4", Right: true}, {Name: "posted to network", Right: true}, {Name: "currency"}},
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		for _, f := range []struct {
			name string
			flow Flow
		}{
			{"presented", l.Presented},
			{"credited", l.Credited},
			{"undone", l.Undone},
			{"disputes", l.Disputes},
			{"fees", l.Fees},
			{"suspended", l.Suspended},
			{"ambiguous", l.Ambiguous},
			{"in files", l.InFiles},
			{"completed", l.Completed},
			{"online refunds", l.Online},
			{"resolved", l.Resolved},
			{"total", l.Total},
		} {
			if f.flow != (Flow{}) || f.name == "total" {
				t.row(l.Network, l.Program, f.name, f.flow.Count, f.flow.Amount, in(f.flow.Posted, l.Currency), l.Currency)
			}
		}
	}
	for _, n := range r.Networks {
		t.note("settlement:%s %s: this day %s, other days %s, account %s", n.Network, cmp.Or(n.Currency, "of no program"), MoneyText(n.Day, n.Currency), MoneyText(n.Others, n.Currency), MoneyText(n.Account, n.Currency))
	}
	for _, f := range r.Files {
		state := "closed, " + spec.Grouped(int64(f.Records)) + " records, DE4 " + spec.Grouped(int64(f.Sum)) //nolint:gosec // eight digits
		if !f.Closed {
			state = "not closed: load it again to its end"
		}
		t.note("file %s: %s", f.File, state)
	}
	return t
}
