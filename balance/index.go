package balance

import "sekisho/spec"

// index leads from what a clearing record says to the purchases and references in a wallet's memory that
// it may mean. It is made when a wallet with many of them is first asked, and only ever added to: what it
// leads to is looked at again, so what has changed or left since does no harm. When more of it is old than
// new it is made again.
type index struct {
	purchases  map[indexed][]Key
	references map[[12]byte][]Key
	added      int
}

// indexed is one thing by which purchases of a card are found; the fields that do not matter are zero.
type indexed struct {
	card     spec.CardID
	code     spec.ApprovalCode
	rrn      spec.RRN
	acquirer spec.Institution
	merchant spec.MerchantID
	slice    uint16 // of the day, 1 more than which slice of LocalTimeApart seconds; with merchant
	date     uint16
}

// indexFrom is how many purchases and references make an index worth while.
const indexFrom = 64

// slicesOfDay is how many slices of LocalTimeApart seconds a day has.
const slicesOfDay = 86400 / LocalTimeApart

// indexed makes sure of an index, where it is worth while; nil where it is not.
func (w *Wallet) indexed() *index {
	n := len(w.purchases) + len(w.postings)
	if n < indexFrom {
		return nil
	}
	if w.index == nil || w.index.added > 4*n+indexFrom {
		w.index = &index{purchases: map[indexed][]Key{}, references: map[[12]byte][]Key{}}
		for _, p := range w.purchases {
			w.index.purchase(p)
		}
		for k := range w.postings {
			w.index.reference(k)
		}
	}
	return w.index
}

// purchase adds what a purchase can be found by. x may be nil.
func (x *index) purchase(p *Purchase) {
	if x == nil || p.Key.Kind() != KeyMessage {
		return
	}
	d := &p.Details
	if d.OurCode.Real() {
		x.add(indexed{card: p.Card, code: d.OurCode}, p.Key)
	}
	if d.NetworkCode.Real() {
		x.add(indexed{card: p.Card, code: d.NetworkCode}, p.Key)
	}
	if d.RRN != (spec.RRN{}) {
		x.add(indexed{card: p.Card, rrn: d.RRN, acquirer: p.Key.Acquirer()}, p.Key)
	}
	if d.LocalDate != 0 {
		x.add(indexed{card: p.Card, date: d.LocalDate}, p.Key)
		x.add(indexed{card: p.Card, merchant: d.Merchant, slice: sliceOf(d.LocalTime, 0)}, p.Key)
	}
}

func (x *index) add(by indexed, k Key) {
	keys := x.purchases[by]
	if n := len(keys); n > 0 && keys[n-1] == k {
		return
	}
	x.purchases[by] = append(keys, k)
	x.added++
}

// reference adds the reference of a clearing record. x may be nil.
func (x *index) reference(k Key) {
	if x == nil {
		return
	}
	de31 := [12]byte(k[keyDE31:keyFunction])
	x.references[de31] = append(x.references[de31], k)
	x.added++
}

// sliceOf is the slice of the day that a local time (hhmmss) is in, moved by some; never zero.
func sliceOf(clock uint32, by int) uint16 {
	return uint16((secondOfDay(clock)/LocalTimeApart+by+slicesOfDay)%slicesOfDay) + 1 //nolint:gosec // below 500
}

// leads are the keys that a query may mean, some of them twice.
func (x *index) leads(q *Query) []Key {
	var keys []Key
	if q.Approval.Real() {
		keys = append(keys, x.purchases[indexed{card: q.Card, code: q.Approval}]...)
	}
	if q.RRN != (spec.RRN{}) {
		keys = append(keys, x.purchases[indexed{card: q.Card, rrn: q.RRN, acquirer: q.Acquirer}]...)
	}
	if !q.Wide {
		return keys
	}
	if q.Merchant != (spec.MerchantID{}) {
		for by := -1; by <= 1; by++ {
			keys = append(keys, x.purchases[indexed{card: q.Card, merchant: q.Merchant, slice: sliceOf(q.Time, by)}]...)
		}
	}
	return append(keys, x.purchases[indexed{card: q.Card, date: q.Date}]...)
}
