package balance

import "slices"

// journal remembers what a draft changes, so that a wallet can go back to the version it was at when
// the draft's entry turns out not to be the next. It is kept on stores where others append too.
type journal struct {
	was       Wallet // its plain fields; maps are shared
	purchases []wasPurchase
	records   []wasRecord
	postings  []wasPosting
}

type wasPurchase struct {
	key Key
	was *Purchase // a copy; nil: there was none
}

type wasRecord struct {
	key Key
	was Record
	had bool
}

type wasPosting struct {
	key Key
	was Posting
	had bool
}

// begin starts to remember.
func (w *Wallet) begin() {
	w.journal = nil
	j := &journal{was: *w}
	j.was.cards = slices.Clone(w.cards)
	j.was.files = slices.Clone(w.files)
	w.journal = j
}

// settle forgets what was remembered: the entry is in.
func (w *Wallet) settle() { w.journal = nil }

// undo takes back everything since begin.
func (w *Wallet) undo() {
	j := w.journal
	for _, p := range slices.Backward(j.purchases) {
		if p.was == nil {
			delete(w.purchases, p.key)
		} else {
			w.purchases[p.key] = p.was
		}
	}
	for _, r := range slices.Backward(j.records) {
		if r.had {
			w.records[r.key] = r.was
		} else {
			delete(w.records, r.key)
		}
	}
	for _, p := range slices.Backward(j.postings) {
		if p.had {
			w.postings[p.key] = p.was
		} else {
			delete(w.postings, p.key)
		}
	}
	*w = j.was
}

// notePurchase remembers a purchase that is about to change.
func (w *Wallet) notePurchase(k Key) {
	if w.journal == nil {
		return
	}
	var was *Purchase
	if p := w.purchases[k]; p != nil {
		c := *p
		was = &c
	}
	w.journal.purchases = append(w.journal.purchases, wasPurchase{k, was})
}

// noteRecord remembers a record that is about to change.
func (w *Wallet) noteRecord(k Key) {
	if w.journal == nil {
		return
	}
	was, had := w.records[k]
	w.journal.records = append(w.journal.records, wasRecord{k, was, had})
}

// notePosting remembers a reference that is about to change.
func (w *Wallet) notePosting(k Key) {
	if w.journal == nil {
		return
	}
	was, had := w.postings[k]
	w.journal.postings = append(w.journal.postings, wasPosting{k, was, had})
}
