package balance

import (
	"fmt"

	"sekisho/spec"
)

// Clearing is what an event keeps of the clearing record that caused it.
type Clearing struct {
	Placement Placement
	Reference Key        // what later records name it by; none for those that nobody can name
	Standing  Standing   // of the reference afterwards
	Amount    spec.Money // DE4; FileClosed: the sum of DE4
	Currency  spec.Currency
	Moved     spec.Money // what the record that the reference names did to posted
	MovedCard spec.Money // and to what is allocated to the card
	Instead   spec.Money // how much of it had been posted by an online message before, and was not posted again
	Count     uint64     // FileTaken: DE71 up to which all is done; FileClosed: records
}

// Placement is what became of a record of a clearing file. Each detail record is in exactly one.
type Placement uint8

// The placements.
const (
	PlacementNone   Placement = iota
	PlacedMatched             // posted to the one purchase it is about
	PlacedForced              // posted without an authorization
	PlacedOver                // posted, above what was held by more than its class may
	PlacedAmbiguous           // two purchases fit: a person decides
	PlacedSuspended           // cannot be placed yet
	PlacedOther               // refund, reversal, dispute, fee, information
	PlacementEnd
)

var placementNames = [PlacementEnd]string{"none", "matched", "forced", "over", "ambiguous", "suspended", "other"}

// String is the name used in reports.
func (p Placement) String() string {
	if p >= PlacementEnd {
		return "unknown"
	}
	return placementNames[p]
}

// Standing is where a reference stands.
type Standing uint8

// The standings.
const (
	StandingNone    Standing = iota
	StandingDone             // the record is posted
	StandingUndone           // and taken back
	StandingWaiting          // its reversal came first and is in suspense
	StandingParked           // it is in suspense
	standingEnd
)

var standingNames = [standingEnd]string{"none", "done", "undone", "waiting", "parked"}

// String is the name of the standing.
func (s Standing) String() string {
	if s >= standingEnd {
		return "unknown"
	}
	return standingNames[s]
}

// Posting is what a clearing record did, by its reference.
type Posting struct {
	Clearing
	Card     spec.CardID
	Purchase Key
}

// movePosting brings the reference of the event to where it stands afterwards.
func (w *Wallet) movePosting(e *Event, at int64) {
	if e.Key.Kind() == KeyClearing {
		w.markFile(e.Key)
	}
	k := e.Clearing.Reference
	if k == (Key{}) {
		return
	}
	w.notePosting(k)
	if _, ok := w.postings[k]; !ok {
		w.memory.keep(k, at)
	}
	w.postings[k] = postingOf(e)
	w.index.reference(k)
}

func postingOf(e *Event) Posting {
	p := Posting{Clearing: e.Clearing, Card: e.Card, Purchase: e.Purchase}
	p.Placement, p.Count = PlacementNone, 0
	return p
}

// clears says whether the event's money is moved by clearing, and not by an online message.
func (e *Event) clears() bool {
	return e.Kind == Presented || e.Kind == Credited || e.Kind == PostingUndone || e.Kind == Resolved
}

// online is by how much the event changes what online messages have posted for its purchase and no
// clearing has stood for yet.
func (e *Event) online() spec.Money {
	switch {
	case !e.clears():
		return -e.Posted
	case e.Clearing.Standing == StandingUndone:
		return e.Clearing.Instead
	}
	return -e.Clearing.Instead
}

// fileMark is the highest DE71 of a file of which the log has an event. The records of a file come to
// a wallet in the order of their numbers: one above the mark is new, without looking.
type fileMark struct {
	file   [keyNumber - keyFile]byte
	number uint32
}

// fileMarksMax bounds the marks of a wallet: the last files that it had records of, not all that ever were. When it
// has so many, that of a file which goes on may have been lost, and made anew for less than the log has of it.
const fileMarksMax = 16

func (w *Wallet) markFile(k Key) {
	file := [keyNumber - keyFile]byte(k[keyFile:keyNumber])
	for i := range w.files {
		if w.files[i].file == file {
			w.files[i].number = max(w.files[i].number, k.Number())
			return
		}
	}
	if len(w.files) == fileMarksMax {
		w.files = append(w.files[:0:0], w.files[1:]...)
	}
	w.files = append(w.files, fileMark{file, k.Number()})
}

// Passed says whether the log has a record of the same clearing file with a higher number.
func (w *Wallet) Passed(k Key) bool {
	file := [keyNumber - keyFile]byte(k[keyFile:keyNumber])
	for i := range w.files {
		if w.files[i].file == file {
			return k.Number() < w.files[i].number
		}
	}
	return false
}

// ClearedSince is what [View.RecordSince] is, for a record of a clearing file. resumed says that an earlier load of
// the file may have placed it: then its mark counts only while none can have been lost.
func (v *View) ClearedSince(k Key, since int64, resumed bool) (record *Record, ready bool) {
	if _, ok := v.records[k]; !ok && (!resumed || len(v.files) < fileMarksMax) && v.aboveMark(k) {
		return nil, true
	}
	return v.RecordSince(k, since)
}

// aboveMark says whether the record is certainly not in the log: one of its file with a lower number is,
// and none with a higher.
func (w *Wallet) aboveMark(k Key) bool {
	file := [keyNumber - keyFile]byte(k[keyFile:keyNumber])
	for i := range w.files {
		if w.files[i].file == file {
			return k.Number() > w.files[i].number
		}
	}
	return false
}

func appendClearing(dst []byte, c *Clearing) []byte {
	dst = appendShort(append(dst, byte(c.Placement)), c.Reference[:])
	dst = appendInt(append(dst, byte(c.Standing)), c.Amount)
	return appendInt(appendInt(appendInt(appendUint(dst, c.Currency), c.Moved), c.MovedCard), c.Instead)
}

func (d *decoder) clearing(c *Clearing) {
	c.Placement = Placement(d.byte())
	d.short(c.Reference[:])
	c.Standing, c.Amount = Standing(d.byte()), spec.Money(d.int())
	c.Currency = spec.Currency(d.uint()) //nolint:gosec // written from a Currency
	c.Moved, c.MovedCard, c.Instead = spec.Money(d.int()), spec.Money(d.int()), spec.Money(d.int())
	if c.Placement >= PlacementEnd || c.Standing >= standingEnd {
		d.fail(fmt.Errorf("clearing record of unknown placement %d or standing %d", c.Placement, c.Standing))
	}
}
