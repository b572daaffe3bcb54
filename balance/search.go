package balance

import (
	"slices"

	"sekisho/spec"
)

// search answers queries from the entries of a log, read from the last one backwards.
type search struct {
	queries []Query
	found   []Found
	voided  map[Key]Answer // answers replaced by later entries, by purchase
	met     map[Key]*Found // the purchases met so far, where a query may turn out to mean any of them
	entry   Entry
	err     error
}

func newSearch(queries []Query) *search {
	s := &search{queries: queries, found: make([]Found, len(queries)), voided: map[Key]Answer{}}
	if slices.ContainsFunc(queries, func(q Query) bool { return q.Kind == QueryClearing }) {
		s.met = map[Key]*Found{}
	}
	return s
}

// visit looks at one entry and says whether older ones can still matter.
func (s *search) visit(sealed Sealed) bool {
	if s.err = DecodeEntry(sealed.Body, &s.entry); s.err != nil {
		return false
	}
	for _, e := range slices.Backward(s.entry.Events) {
		if e.Kind == Voided {
			if _, newer := s.voided[e.Purchase]; !newer {
				s.voided[e.Purchase] = e.Answer
			}
		}
		s.meet(&e)
		for i := range s.queries {
			s.event(&s.queries[i], &s.found[i], &e)
		}
	}
	return s.more(sealed.At)
}

func (s *search) event(q *Query, f *Found, e *Event) {
	switch q.Kind {
	case QueryRecord:
		stale := q.Key.Kind() == KeyCall && s.entry.At < q.Since // a call's key comes again
		if f.Record == nil && e.Key == q.Key && !stale {
			r := recordOf(e)
			r.Version = s.entry.Version
			f.Record = &r
			if a, ok := s.voided[e.Purchase]; ok && (e.Key == e.Purchase.Of(spec.Authorization) || e.Key == e.Purchase.Of(spec.Financial)) {
				f.Record.Answer = a
			}
		}
	case QueryPurchase:
		s.purchase(q, f, e)
	case QueryClearing:
		s.clearing(q, f, e)
	case QueryRRN, QueryApproval:
		if e.Details != (Details{}) && q.matchesEvent(e) && len(f.Hits) < 2 && !slices.Contains(f.Hits, e.Purchase) {
			f.Hits = append(f.Hits, e.Purchase)
		}
	}
}

// purchase puts a purchase together: its state is the newest event's, its details are those of
// all events that carry some, newest first.
func (s *search) purchase(q *Query, f *Found, e *Event) {
	if e.Purchase != q.Key {
		return
	}
	if f.Purchase == nil {
		f.Purchase = &Purchase{Key: e.Purchase, Card: e.Card, State: e.State, Hold: e.Hold, Counter: e.Counter}
	}
	p := f.Purchase
	if e.Details != (Details{}) {
		if e.Details.OurCode.Real() && !p.Details.OurCode.Real() {
			p.OurAmount = e.Details.Amount
		}
		if e.Details.NetworkCode.Real() && !p.Details.NetworkCode.Real() {
			p.NetworkAmount = e.Details.Amount
		}
		older := e.Details
		if p.Details != (Details{}) {
			older.merge(p.Details)
		}
		p.Details = older
	}
	p.Flags |= e.Flags
	if p.Of == (Key{}) {
		p.Of = e.Of
	}
	if f.authorized {
		p.Authorized -= e.Posted
	}
	p.Posted -= e.Posted
	p.Online += e.online()
	if e.authorizes() && !f.authorized { // what was posted up to then is found in this and older events
		f.authorized = true
		p.Authorized = e.Hold - e.Posted
	}
}

// metMax bounds the purchases that are put together on the way; those beyond are looked up by themselves.
const metMax = 8192

// meet puts every purchase together that an event is about: whether a query means it is known only when its
// oldest event comes.
func (s *search) meet(e *Event) {
	if s.met == nil || e.Purchase == (Key{}) {
		return
	}
	f := s.met[e.Purchase]
	if f == nil {
		if len(s.met) >= metMax {
			return
		}
		f = &Found{}
		s.met[e.Purchase] = f
	}
	s.purchase(&Query{Key: e.Purchase}, f, e)
}

func (s *search) purchases(hits []Key) map[Key]*Purchase {
	found := map[Key]*Purchase{}
	for _, k := range hits {
		if f := s.met[k]; f != nil {
			found[k] = f.Purchase
		}
	}
	return found
}

// clearing collects what a clearing record may mean. The newest event of a reference says where it
// stands.
func (s *search) clearing(q *Query, f *Found, e *Event) {
	r := e.Clearing.Reference
	if r != (Key{}) && r.SameReference(q.Key) && !slices.ContainsFunc(f.Postings, func(p Posting) bool { return p.Reference == r }) && len(f.Postings) < hitsMax {
		f.Postings = append(f.Postings, postingOf(e))
	}
	if e.Details != (Details{}) && q.matchesEvent(e) && len(f.Hits) < hitsMax && !slices.Contains(f.Hits, e.Purchase) {
		f.Hits = append(f.Hits, e.Purchase)
	}
}

// more says whether entries of this time and before could still answer a query.
func (s *search) more(at int64) bool {
	for i := range s.queries {
		q, f := &s.queries[i], &s.found[i]
		answered := (q.Kind == QueryRecord && f.Record != nil) || (q.Kind != QueryClearing && len(f.Hits) == 2)
		if !answered && q.Since <= at {
			return true
		}
	}
	return false
}

// answers are what was found, by query: a query without a match has an empty Found.
func (s *search) answers(into map[Query]Found) {
	for i, q := range s.queries {
		if q.Kind == QueryClearing {
			s.found[i].Purchases = s.purchases(s.found[i].Hits)
		}
		into[q] = s.found[i]
	}
}
