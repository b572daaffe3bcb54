package jobs

import (
	"strings"
	"time"

	"sekisho/balance"
)

// fileLogPrefix begins the names of the logs of clearing files.
const fileLogPrefix = "file:"

func isFileLog(log string) bool { return strings.HasPrefix(log, fileLogPrefix) }

// settlementPart is one log of a settlement.
type settlementPart struct {
	all      *settlements
	log      string
	program  programKey
	lines    map[lineKey]*SettlementLine
	files    map[[25]byte]*fileFold
	counters counters
}

// Entry implements [Part].
func (p *settlementPart) Entry(e *balance.Entry) {
	if isFileLog(p.log) {
		p.file(e)
		return
	}
	before := false // the clearing event before it in this entry is of the day
	online := time.UnixMilli(e.At).UTC().Format("060102") == p.all.date
	for i := range e.Events {
		event := &e.Events[i]
		if event.Kind == balance.Opened {
			p.program = programKey{event.Program, event.Currency}
		}
		p.counters.event(event)
		switch {
		case event.Key.Kind() == balance.KeyClearing:
			file := event.Key.File()
			if before = string(file[3:9]) == p.all.date; before {
				p.record(file, event)
			}
		case follows(event):
			if before {
				p.line(event).Undone.add(Flow{Posted: -event.Posted})
			}
		default:
			before = false
			if online {
				p.message(event)
			}
		}
	}
}

// file is an entry of the log of a clearing file.
func (p *settlementPart) file(e *balance.Entry) {
	id := strings.TrimPrefix(p.log, fileLogPrefix)
	if len(id) != 25 || id[3:9] != p.all.date {
		return
	}
	f := p.fold([25]byte([]byte(id)))
	for i := range e.Events {
		f.ownEvent(&e.Events[i])
	}
}

func (p *settlementPart) fold(id [25]byte) *fileFold {
	f := p.files[id]
	if f == nil {
		f = &fileFold{}
		p.files[id] = f
	}
	return f
}

// record is the event of a clearing record of the day.
func (p *settlementPart) record(file [25]byte, e *balance.Event) {
	if e.Clearing.Placement == balance.PlacementNone {
		return
	}
	p.fold(file).found[e.Clearing.Placement].add(1, e.Clearing.Amount)
	l := p.line(e)
	flow := &l.Presented
	switch {
	case e.Clearing.Placement == balance.PlacedAmbiguous:
		flow = &l.Ambiguous
	case e.Kind == balance.Suspended:
		flow = &l.Suspended
	case e.Kind == balance.FeePosted:
		flow = &l.Fees
	case e.Kind == balance.PostingUndone:
		flow = &l.Undone
	case e.Flags&balance.FlagDispute != 0:
		flow = &l.Disputes
	case e.Kind == balance.Credited:
		flow = &l.Credited
	}
	flow.add(Flow{1, e.Clearing.Amount, -e.Posted})
}

// message is an event of an online message, or of a person, on that day.
func (p *settlementPart) message(e *balance.Event) {
	if e.Counter.Kind != balance.AccountSettlement {
		return
	}
	switch {
	case e.Kind == balance.Completed:
		p.line(e).Completed.add(completed(e))
	case e.Kind == balance.Resolved:
		p.line(e).Resolved.add(Flow{1, e.Clearing.Amount, -e.Posted})
	case e.Posted != 0:
		p.line(e).Online.add(Flow{Count: 1, Posted: -e.Posted})
	}
}

// completed is what an event of a completion says. One of a purchase with another key has a second event, without a
// key: there is its DE4.
func completed(e *balance.Event) Flow {
	f := Flow{1, e.Details.Amount, -e.Posted}
	switch {
	case e.Key == (balance.Key{}):
		f.Count = 0
	case f.Amount != 0 || e.Purchase != e.Key.Purchase():
	case e.State == balance.RefundPaid:
		f.Amount = e.Hold
	default:
		f.Amount = -e.Posted
	}
	return f
}

// line is that of the network of an event: the account it is owed to, else the link it came by.
func (p *settlementPart) line(e *balance.Event) *SettlementLine {
	k := lineKey{e.Actor.Name, p.program}
	if e.Counter.Kind == balance.AccountSettlement {
		k.network = e.Counter.Name
	}
	l := p.lines[k]
	if l == nil {
		l = k.line()
		p.lines[k] = l
	}
	return l
}

func (k lineKey) line() *SettlementLine {
	return &SettlementLine{Network: k.network, Program: k.name, Currency: currencyName(k.currency, 0)}
}

// End implements [Part].
func (p *settlementPart) End() {
	p.all.accounts.add(&p.counters, p.program.currency, 0)
	for k, l := range p.lines {
		sum := p.all.lines[k]
		if sum == nil {
			sum = k.line()
			p.all.lines[k] = sum
		}
		sum.add(l)
	}
	for id, f := range p.files {
		sum := p.all.files[id]
		if sum == nil {
			sum = &fileFold{}
			p.all.files[id] = sum
		}
		sum.add(f)
	}
}
