package balance

import (
	"bytes"
	"slices"

	"sekisho/spec"
)

// Wanted is what a clearing record says of the purchase it is about.
type Wanted struct {
	Card      spec.CardID
	Reference Key // DE31; DE24 and part do not matter
	RRN       spec.RRN
	Acquirer  spec.Institution
	Approval  spec.ApprovalCode
	Merchant  spec.MerchantID
	Date      uint16 // DE12, MMDD
	Time      uint32 // DE12, hhmmss
	Wide      bool   // also purchases that share nothing but merchant and time, or the local date
}

// Candidates are the purchases that a clearing record may mean, of all states, and the references with
// its DE31. Which of them it means is for the caller's rules.
type Candidates struct {
	Purchases []*Purchase // in the order of their keys
	Postings  []Posting   // in the order of their references
}

// Candidates finds them, back to MatchableFor ago.
func (v *View) Candidates(w *Wanted) (c Candidates, ready bool) {
	q := Query{
		Kind: QueryClearing, Key: w.Reference, Card: w.Card, RRN: w.RRN, Acquirer: w.Acquirer, Approval: w.Approval,
		Merchant: w.Merchant, Date: w.Date, Time: w.Time, Wide: w.Wide, Since: v.Now.Add(-MatchableFor).UnixMilli(),
	}
	v.remembered(&q, &c)
	ready = true
	if !v.memory.since(q.Since) && v.At >= q.Since {
		ready = v.older(q, &c)
	}
	slices.SortFunc(c.Purchases, func(a, b *Purchase) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	slices.SortFunc(c.Postings, func(a, b Posting) int { return bytes.Compare(a.Reference[:], b.Reference[:]) })
	return c, ready
}

// remembered adds what is in the wallet's memory.
func (v *View) remembered(q *Query, c *Candidates) {
	x := v.indexed()
	if x == nil {
		for _, p := range v.purchases {
			if q.matchesPurchase(p) {
				c.Purchases = append(c.Purchases, p)
			}
		}
		for k, p := range v.postings {
			if k.SameReference(q.Key) {
				c.Postings = append(c.Postings, p)
			}
		}
		return
	}
	seen := map[Key]bool{}
	for _, k := range x.leads(q) {
		if p := v.purchases[k]; p != nil && !seen[k] && q.matchesPurchase(p) {
			c.Purchases = append(c.Purchases, p)
		}
		seen[k] = true
	}
	for _, k := range x.references[[12]byte(q.Key[keyDE31:keyFunction])] {
		if p, ok := v.postings[k]; ok && !seen[k] && k.SameReference(q.Key) {
			c.Postings = append(c.Postings, p)
		}
		seen[k] = true
	}
}

// older adds what has left the wallet's memory.
func (v *View) older(q Query, c *Candidates) bool {
	f, ready := v.lookUp(q)
	if !ready {
		return false
	}
	for _, k := range f.Hits {
		if slices.ContainsFunc(c.Purchases, func(p *Purchase) bool { return p.Key == k }) {
			continue
		}
		p, known := v.hit(k, &f)
		if known && p != nil {
			c.Purchases = append(c.Purchases, p)
		}
		ready = ready && known
	}
	for _, p := range f.Postings {
		if _, newer := v.postings[p.Reference]; !newer {
			c.Postings = append(c.Postings, p)
		}
	}
	return ready
}

// hit is a purchase that a look-up found: as it is in memory, as the look-up put it together, or by a look-up of
// its own.
func (v *View) hit(k Key, f *Found) (p *Purchase, ready bool) {
	if p, ok := v.purchases[k]; ok {
		return p, true
	}
	if p, ok := f.Purchases[k]; ok {
		return p, true
	}
	return v.Purchase(k)
}

// LocalTimeApart is how far a purchase and its clearing may say it was, for those that only the
// merchant and the time lead to. Seconds.
const LocalTimeApart = 180

// mayMean is a coarse sieve: what it lets through is judged by rules.
func (q *Query) mayMean(k Key, d *Details, code spec.ApprovalCode) bool {
	switch {
	case q.Approval.Real() && code == q.Approval:
		return true
	case q.RRN != (spec.RRN{}) && d.RRN == q.RRN && k.Acquirer() == q.Acquirer:
		return true
	case !q.Wide || !q.Approval.Real() || d.LocalDate == 0:
		return false
	case d.Merchant == q.Merchant && q.Merchant != (spec.MerchantID{}) && apart(d.LocalTime, q.Time) <= LocalTimeApart:
		return true
	}
	return d.LocalDate == q.Date
}

// apart is how many seconds lie between two times of day, hhmmss, on whatever days.
func apart(a, b uint32) int {
	n := secondOfDay(a) - secondOfDay(b)
	n = max(n, -n)
	return min(n, 86400-n)
}

// secondOfDay is which second of the day hhmmss is.
func secondOfDay(clock uint32) int {
	return int(clock/10000*3600+clock/100%100*60+clock%100) % 86400
}
