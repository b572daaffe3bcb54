package jobs

import (
	"context"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Placements is what became of the records of one clearing file, counted twice: from the logs that its
// records went into, and by the file's own log. Amounts are DE4 in whatever currency; Posted is minor units.
type Placements struct {
	Report     string          `json:"report"`
	File       string          `json:"file_id"`
	Standing   string          `json:"standing"` // unknown, taken or closed
	Lines      []PlacementLine `json:"placements"`
	Records    uint64          `json:"records"` // all, by the file's own log
	SumFile    spec.Money      `json:"sum_file"`
	Found      uint64          `json:"found"` // with an event in some log
	SumApplied spec.Money      `json:"sum_applied"`
	Without    uint64          `json:"informational"` // records that leave no event
	SumWithout spec.Money      `json:"sum_informational"`
	Posted     *spec.Money     `json:"posted,omitempty"` // to wallets and house logs by its records; none where there are several currencies
	PostedIn   []Amount        `json:"posted_by_currency"`
	Check
}

// PlacementLine is one of the six placements.
type PlacementLine struct {
	Placement string     `json:"placement"`
	Found     uint64     `json:"found"`
	Amount    spec.Money `json:"amount"`
	Records   uint64     `json:"records"` // by the file's own log
	Sum       spec.Money `json:"sum"`
}

// The standings of a file in a report.
const (
	fileUnknown = "unknown"
	fileTaken   = "taken"
	fileClosed  = "closed"
)

// fileFold is what a fold finds of one file.
type fileFold struct {
	found  Tally
	posted spec.Money // in one log, which has one currency
	closed bool
	taken  bool
	own    Tally
}

func (f *fileFold) add(o *fileFold) {
	f.found, f.own = f.found.plus(o.found), f.own.plus(o.own)
	f.closed, f.taken = f.closed || o.closed, f.taken || o.taken
}

// follows says whether an event belongs to the clearing record whose event is before it: it takes back what that
// posted, for a reversal that came first, and has no key.
func follows(e *balance.Event) bool {
	return e.Key == (balance.Key{}) && (e.Kind == balance.PostingUndone || e.Kind == balance.FeePosted)
}

// entry looks for records of the file in an entry of any log.
func (f *fileFold) entry(file [25]byte, own bool, e *balance.Entry) {
	mine := false
	for i := range e.Events {
		event := &e.Events[i]
		switch {
		case own:
			f.ownEvent(event)
			continue
		case event.Key.Kind() == balance.KeyClearing:
			mine = event.Key.File() == file
			if mine && event.Clearing.Placement != balance.PlacementNone {
				f.found[event.Clearing.Placement].add(1, event.Clearing.Amount)
			}
		case !follows(event):
			mine = false
		}
		if mine {
			f.posted += event.Posted
		}
	}
}

// ownEvent is an event of the file's own log.
func (f *fileFold) ownEvent(e *balance.Event) {
	f.taken = true
	if e.Kind == balance.FileClosed {
		f.closed = true
		f.own.take(e)
	}
}

// unlike says where the two counts of a closed file differ. Informational records have no event.
func (f *fileFold) unlike(check *Check, id string) (without Sums) {
	for p := balance.PlacementNone + 1; p < balance.PlacementEnd; p++ {
		found, own := f.found[p], f.own[p]
		if p == balance.PlacedOther && own.Records >= found.Records {
			without = Sums{own.Records - found.Records, own.Amount - found.Amount}
			if without.Records == 0 && without.Amount != 0 {
				check.problem("file %s: %s: the records found come to %d, its log says %d", id, p, found.Amount, own.Amount)
			}
			continue
		}
		if found != own {
			check.problem("file %s: %s: %d records of %d found, its log says %d of %d", id, p, found.Records, found.Amount, own.Records, own.Amount)
		}
	}
	return without
}

// placementsPart is one log of a report about a file.
type placementsPart struct {
	all      *placements
	file     [25]byte
	log      string
	own      bool
	currency spec.Currency
	sum      fileFold
}

// placements is a [Placements] while it is added up.
type placements struct {
	fileFold
	currencies Currencies
	posted     byCurrency
}

// Entry implements [Part].
func (p *placementsPart) Entry(e *balance.Entry) {
	for i := range e.Events {
		if e.Events[i].Kind == balance.Opened {
			p.currency = e.Events[i].Currency
		}
	}
	p.sum.entry(p.file, p.own, e)
}

// End implements [Part].
func (p *placementsPart) End() {
	p.all.add(&p.sum)
	if p.sum.posted != 0 {
		p.all.posted[p.all.currencies.of(p.log, p.currency)] += p.sum.posted
	}
}

// ReportFile counts the records of a clearing file.
func ReportFile(ctx context.Context, store balance.Store, id clearing.FileID, currencies Currencies, progress func(done, total int)) (Placements, error) {
	all := placements{currencies: currencies, posted: byCurrency{}}
	own := fileLogPrefix + id.String()
	err := Fold(ctx, store, func(log string) Part {
		if isFileLog(log) && log != own {
			return nil
		}
		return &placementsPart{all: &all, file: [25]byte([]byte(id.String())), log: log, own: log == own}
	}, progress)
	if err != nil {
		return Placements{}, err
	}
	r := Placements{Report: "file", File: id.String(), Standing: fileUnknown, Posted: all.posted.only(), PostedIn: all.posted.amounts(), Check: Check{OK: true}}
	for p := balance.PlacementNone + 1; p < balance.PlacementEnd; p++ {
		r.Lines = append(r.Lines, PlacementLine{p.String(), all.found[p].Records, all.found[p].Amount, all.own[p].Records, all.own[p].Amount})
	}
	found, total := all.found.all(), all.own.all()
	r.Found, r.SumApplied, r.Records, r.SumFile = found.Records, found.Amount, total.Records, total.Amount
	switch {
	case all.closed:
		r.Standing = fileClosed
		without := all.unlike(&r.Check, r.File)
		r.Without, r.SumWithout = without.Records, without.Amount
		r.SumApplied += without.Amount
	case all.taken:
		r.Standing = fileTaken
		r.problem("file %s is not closed: load it again to its end", r.File)
	default:
		r.problem("file %s was never taken", r.File)
	}
	return r, nil
}

// Missing is why there is nothing to show; empty where there is something.
func (r *Placements) Missing() string {
	if r.Standing != fileUnknown {
		return ""
	}
	return "file " + r.File + " was never taken"
}

// Table shows it to a person.
func (r *Placements) Table() Table {
	t := Table{
		Title: "Clearing file " + r.File + " (" + r.Standing + ")", OK: r.OK, Problems: r.Problems,
		Columns: []Column{{Name: "placement"}, {Name: "records in wallets", Right: true}, {Name: "their DE4", Right: true}, {Name: "records in the file's log", Right: true}, {Name: "their DE4 there", Right: true}},
	}
	for _, l := range r.Lines {
		t.row(l.Placement, int(l.Found), l.Amount, int(l.Records), l.Sum) //nolint:gosec // eight digits
	}
	t.row("all", int(r.Found), r.SumApplied-r.SumWithout, int(r.Records), r.SumFile) //nolint:gosec // as above
	if r.Without > 0 {
		t.note("%s with DE4 of %s in %q of the file's log: informational, nothing of that is in a wallet", Counted(int64(r.Without), "record", "records"), spec.Grouped(int64(r.SumWithout)), balance.PlacedOther)
	}
	t.note("posted to wallets and house logs: %s", AmountsText(r.PostedIn))
	return t
}
