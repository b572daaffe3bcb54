package balance

import (
	"time"

	"sekisho/spec"
)

// View is a wallet at one version together with what was looked up in its log for this request.
// A decision is made on a view and on nothing else.
type View struct {
	*Wallet
	Now   time.Time // when the request came in: the same each time it is decided
	Late  bool      // whether its deadline has passed: nothing may be approved any more
	Other *View     // the other log of the post
	Dated int64     // of the entry that its events will be in, Unix milliseconds
	Ahead int       // events that are in that entry before its own
	found map[Query]Found
	Needs []Query // what had to be known and was neither in memory nor looked up
}

// Query is one thing to look up in a log.
type Query struct {
	Kind     QueryKind
	Key      Key // QueryRecord, QueryPurchase
	Card     spec.CardID
	RRN      spec.RRN
	Approval spec.ApprovalCode
	Merchant spec.MerchantID
	Acquirer spec.Institution
	Amount   spec.Money
	Date     uint16 // QueryClearing: local date MMDD
	Time     uint32 // QueryClearing: local time hhmmss
	Wide     bool   // QueryClearing: also what shares nothing but merchant and time, or the local date
	AnyPrice bool   // QueryApproval: Amount does not matter
	Since    int64  // entries before this need not be read, Unix milliseconds
}

// QueryKind says what is looked up.
type QueryKind uint8

// The kinds of queries.
const (
	QueryRecord   QueryKind = 1 + iota // the record of a key
	QueryPurchase                      // a purchase by its key
	QueryRRN                           // purchases by DE37, card, DE32
	QueryApproval                      // purchases by DE38, card, DE4, DE42
	QueryClearing                      // purchases and references that a clearing record may mean
)

// Found is the answer to a query.
type Found struct {
	Record   *Record
	Purchase *Purchase
	Hits     []Key     // the purchases: two at most, QueryClearing hitsMax
	Postings []Posting // QueryClearing: those of the same DE31

	Purchases map[Key]*Purchase // QueryClearing: those of Hits that could be put together on the way

	authorized bool // QueryPurchase: the event that says what may be posted was seen
}

// hitsMax bounds the purchases that a clearing record may mean.
const hitsMax = 256

// MatchableFor is how long a purchase can be found by what it carries: a cancel can come 60 days
// after a tap, 6 months for cards.
const MatchableFor = 200 * 24 * time.Hour

// A message may be sent up to a day ahead of its arrival; one hour more is for clocks.
const sentAheadMax = 25 * time.Hour

// Record finds what is remembered of a key. ready is false when the log must be read first: the
// query is then in v.Needs.
func (v *View) Record(k Key) (record *Record, ready bool) { return v.RecordSince(k, 0) }

// RecordSince does the same for a key that cannot have been recorded before an instant (Unix
// milliseconds).
func (v *View) RecordSince(k Key, since int64) (record *Record, ready bool) {
	if r, ok := v.records[k]; ok {
		return &r, true
	}
	if v.memory.since(since) || v.At < since {
		return nil, true
	}
	sent, dated := k.Sent()
	if v.inMemory(sent, dated) && (!v.memory.left || v.Now.Unix()-sent <= int64(sentLongAgo.Seconds())) {
		return nil, true
	}
	if dated {
		since = time.Unix(sent, 0).Add(-sentAheadMax).UnixMilli()
	}
	f, ready := v.lookUp(Query{Kind: QueryRecord, Key: k, Since: since})
	return f.Record, ready
}

// Purchase finds a purchase by its key, whatever its state.
func (v *View) Purchase(k Key) (p *Purchase, ready bool) {
	if p, ok := v.purchases[k]; ok {
		return p, true
	}
	sent, dated := k.Sent()
	if v.inMemory(sent, dated) {
		return nil, true
	}
	since := v.Now.Add(-MatchableFor)
	if dated {
		since = time.Unix(sent, 0).Add(-sentAheadMax)
	}
	if v.memory.since(since.UnixMilli()) {
		return nil, true
	}
	f, ready := v.lookUp(Query{Kind: QueryPurchase, Key: k, Since: since.UnixMilli()})
	return f.Purchase, ready
}

// ByRRN finds the one purchase of a card with this DE37 and DE32; none when there are two.
func (v *View) ByRRN(card spec.CardID, rrn spec.RRN, acquirer spec.Institution) (p *Purchase, ready bool) {
	return v.only(Query{Kind: QueryRRN, Card: card, RRN: rrn, Acquirer: acquirer})
}

// ByApproval finds the one purchase of a card with this DE38, ours or the network's, DE4 and
// DE42; none when there are two.
func (v *View) ByApproval(card spec.CardID, code spec.ApprovalCode, amount spec.Money, merchant spec.MerchantID) (p *Purchase, ready bool) {
	return v.only(Query{Kind: QueryApproval, Card: card, Approval: code, Amount: amount, Merchant: merchant})
}

// ByCode finds the one purchase of a card with this DE38 and DE42, whatever its amount; none when
// there are two.
func (v *View) ByCode(card spec.CardID, code spec.ApprovalCode, merchant spec.MerchantID) (p *Purchase, ready bool) {
	return v.only(Query{Kind: QueryApproval, Card: card, Approval: code, Merchant: merchant, AnyPrice: true})
}

func (v *View) inMemory(sent int64, dated bool) bool {
	return !v.memory.left || (dated && sent > v.memory.watermark)
}

func (v *View) lookUp(q Query) (Found, bool) {
	f, ok := v.found[q]
	if !ok {
		v.Needs = append(v.Needs, q)
	}
	return f, ok
}

func (v *View) only(q Query) (*Purchase, bool) {
	var hits []Key
	for _, p := range v.purchases {
		if q.matchesPurchase(p) {
			hits = append(hits, p.Key)
		}
	}
	q.Since = v.Now.Add(-MatchableFor).UnixMilli()
	if !v.memory.since(q.Since) && len(hits) < 2 {
		f, ok := v.lookUp(q)
		if !ok {
			return nil, false
		}
		for _, k := range f.Hits {
			if len(hits) == 0 || hits[0] != k {
				hits = append(hits, k)
			}
		}
	}
	if len(hits) != 1 {
		return nil, true
	}
	return v.Purchase(hits[0])
}

// matchesPurchase says whether a purchase is one that the query looks for.
func (q *Query) matchesPurchase(p *Purchase) bool {
	if p.State == IncrementOf || p.Flags&FlagPartOf != 0 {
		return false // the purchase it is part of is
	}
	d := &p.Details
	return q.matches(p.Key, p.Card, d, d.OurCode, p.OurAmount) || q.matches(p.Key, p.Card, d, d.NetworkCode, p.NetworkAmount)
}

// matchesEvent says whether the event is of such a purchase.
func (q *Query) matchesEvent(e *Event) bool {
	if e.State == IncrementOf || e.Flags&FlagPartOf != 0 {
		return false
	}
	d := &e.Details
	return q.matches(e.Purchase, e.Card, d, d.OurCode, d.Amount) || q.matches(e.Purchase, e.Card, d, d.NetworkCode, d.Amount)
}

// matches compares with one of the approval codes and the amount that went with it.
func (q *Query) matches(k Key, card spec.CardID, d *Details, code spec.ApprovalCode, amount spec.Money) bool {
	if card != q.Card || k == (Key{}) {
		return false
	}
	switch q.Kind {
	case QueryRRN:
		return d.RRN == q.RRN && k.Acquirer() == q.Acquirer
	case QueryApproval:
		return code == q.Approval && (q.AnyPrice || amount == q.Amount) && d.Merchant == q.Merchant
	case QueryClearing:
		return q.mayMean(k, d, code)
	case QueryRecord, QueryPurchase:
	}
	return false
}
