package router

import (
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// suspend records an advice that cannot be placed: it is answered with 00, and somebody looks at
// it later. It is used for cards of a wallet (0220 where it is not served) and, in a house log,
// for cards that are not ours.
func (r *Router) suspend(p *passage, v *balance.View) balance.Decision {
	key := p.key(p.request.Class)
	record, ready := v.Record(key)
	if !ready {
		return balance.Decision{}
	}
	if record != nil && record.Fingerprint == p.request.Fingerprint() {
		return p.again(record, spec.Approved)
	}
	if record != nil {
		return p.suspendOther(v)
	}
	e := p.suspended(v.Program)
	e.Key = key
	return p.done(&e, spec.Approved)
}

// suspendOther records an advice that has the key of another and other content. Its own key is
// made of both, so that it is recorded once however often it comes.
func (p *passage) suspendOther(v *balance.View) balance.Decision {
	key := p.key(p.request.Class)
	print := p.request.Fingerprint()
	own := balance.CallKey("suspended", string(key[:]), string(fingerprintBytes(print)))
	record, ready := v.Record(own)
	if !ready {
		return balance.Decision{}
	}
	if record != nil {
		return p.again(record, spec.Approved)
	}
	e := p.suspended(v.Program)
	e.Key = own
	return p.done(&e, spec.Approved)
}

func (p *passage) suspended(program string) balance.Event {
	q := p.request
	if program == "" {
		program = p.router.houseName(q)
	}
	e := p.event(balance.Suspended, q.Class)
	e.Purchase, e.Details = balance.Key{}, advised(q, nil)
	e.Flags |= balance.FlagNotPlaceable
	if q.Class == spec.ReversalAdvice {
		e.Flags |= balance.FlagTakesBack
	}
	e.Counter = balance.Account{Kind: balance.AccountSuspense, Name: program}
	return e
}

// house is the row of a card that is nobody's: it leads to the suspense log of its program and
// day, under an id that only that log knows.
func (r *Router) house(q *spec.Request) balance.Row {
	day := time.Unix(q.Sent, 0).UTC().Format("2006-01-02")
	row := balance.Row{Hash: q.Card.Hash, Log: "suspense:" + r.houseName(q) + ":" + day}
	copy(row.Card[:], q.Card.Hash[:])
	return row
}

// houseName is the program of a number by its range, else the link it came by.
func (r *Router) houseName(q *spec.Request) string {
	if p := r.programOf(&q.Card); p != nil {
		return p.Name
	}
	return q.Link
}

func fingerprintBytes(f spec.Fingerprint) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(f >> (8 * i))
	}
	return b
}
