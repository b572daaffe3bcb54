package balance

import (
	"fmt"

	"sekisho/spec"
)

// snapshotFormat is the first byte of every snapshot.
const snapshotFormat = 2

// weight is about how many bytes a snapshot of the wallet takes.
func (w *Wallet) weight() int {
	return 256 + 64*len(w.cards) + 116*len(w.purchases) + 60*len(w.records) + 70*len(w.postings)
}

// AppendSnapshot appends the whole state of a wallet, so that reading it need not begin with
// its first entry. It is a cache: verify adds up the log without it and compares.
func AppendSnapshot(dst []byte, w *Wallet) []byte {
	dst = appendText(append(dst, snapshotFormat), w.Log)
	dst = appendInt(appendUint(dst, w.Version), w.At)
	dst = append(dst, w.Hash[:]...)
	dst = appendUint(appendText(dst, w.Program), w.Currency)
	dst = appendInt(appendInt(appendInt(dst, w.Posted), w.Held), w.Allocated)
	dst = appendUint(dst, uint64(len(w.cards)))
	for i := range w.cards {
		dst = appendCard(dst, &w.cards[i])
	}
	dst = appendUint(appendPeople(dst, w), uint64(len(w.files)))
	for i := range w.files {
		dst = appendUint(append(dst, w.files[i].file[:]...), w.files[i].number)
	}
	left := byte(0)
	if w.memory.left {
		left = 1
	}
	dst = appendInt(append(appendInt(dst, w.memory.watermark), left), w.memory.leftAt)
	dst = appendUint(dst, uint64(w.memory.size())) //nolint:gosec // not negative
	for _, k := range w.memory.queue[w.memory.head:] {
		dst = w.appendKept(dst, k)
	}
	return dst
}

func appendCard(dst []byte, c *Card) []byte {
	status := byte(c.Status)
	if len(c.Removed) > 0 {
		status |= statusRemoved
	}
	if len(c.Tokens) > 0 {
		status |= statusTokens
	}
	dst = appendIssued(append(append(dst, c.ID[:]...), status), c.Issued)
	dst = appendUint(appendInt(appendInt(dst, c.Allocated), c.Held), c.Codes)
	dst = appendText(appendText(dst, c.Sealed), c.Name)
	dst = appendRules(appendShort(appendShort(dst, c.Holder[:]), c.Number[:]), c.Rules)
	if len(c.Removed) > 0 {
		dst = appendUint(dst, uint64(len(c.Removed)))
		for i := range c.Removed {
			dst = append(dst, c.Removed[i][:]...)
		}
	}
	if len(c.Tokens) > 0 {
		dst = appendUint(dst, uint64(len(c.Tokens)))
		for _, version := range c.Tokens {
			dst = appendUint(dst, version)
		}
	}
	return dst
}

// What a kept key stands for in a snapshot.
const (
	keptNothing = iota
	keptPurchase
	keptRecord
	keptPosting
)

func (w *Wallet) appendKept(dst []byte, k kept) []byte {
	dst = appendInt(appendShort(dst, k.key[:]), k.at)
	if p, ok := w.purchases[k.key]; ok {
		dst = append(dst, keptPurchase)
		dst = append(dst, p.Card[:]...)
		dst = appendInt(append(dst, byte(p.State)), p.Hold)
		dst = appendUint(appendText(append(dst, byte(p.Counter.Kind)), p.Counter.Name), p.Flags)
		dst = appendInt(appendInt(appendDetails(dst, &p.Details), p.OurAmount), p.NetworkAmount)
		dst = appendInt(appendInt(appendInt(dst, p.Authorized), p.Posted), p.Online)
		if p.Flags&FlagPartOf != 0 {
			dst = appendShort(dst, p.Of[:])
		}
		return dst
	}
	if r, ok := w.records[k.key]; ok {
		dst = appendUint(append(dst, keptRecord), r.Fingerprint)
		dst = appendShort(append(dst, byte(r.Answer.Reason)), r.Answer.Approval[:])
		return appendUint(append(appendInt(dst, r.Answer.Amount), byte(r.Placement)), r.Version)
	}
	if p, ok := w.postings[k.key]; ok {
		dst = append(append(dst, keptPosting), p.Card[:]...)
		return appendClearing(appendShort(dst, p.Purchase[:]), &p.Clearing)
	}
	return append(dst, keptNothing)
}

// DecodeSnapshot reads the snapshot that an entry carries. It must be of that entry's log and
// version.
func DecodeSnapshot(s *Sealed) (*Wallet, error) {
	d := decoder{rest: s.Snapshot}
	if f := d.byte(); f != snapshotFormat && d.err == nil {
		return nil, fmt.Errorf("snapshot of format %d, want %d", f, snapshotFormat)
	}
	w := NewWallet(d.text(LogNameMax))
	w.Version, w.At = d.uint(), d.int()
	d.fixed(w.Hash[:])
	w.Program, w.Currency = d.text(LogNameMax), spec.Currency(d.uint()) //nolint:gosec // written from a Currency
	w.Posted, w.Held, w.Allocated = spec.Money(d.int()), spec.Money(d.int()), spec.Money(d.int())
	for range d.count() {
		w.cards = append(w.cards, d.card())
	}
	d.people(w)
	for range d.count() {
		var f fileMark
		d.fixed(f.file[:])
		f.number = uint32(d.uint()) //nolint:gosec // written from a uint32
		w.files = append(w.files, f)
	}
	w.memory.watermark, w.memory.left, w.memory.leftAt = d.int(), d.byte() == 1, d.int()
	for range d.count() {
		d.kept(w)
	}
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("snapshot of %s: %w", s.Log, err)
	}
	if w.Log != s.Log || w.Version != s.Version || w.Hash != HashOf(s.Body) {
		return nil, fmt.Errorf("snapshot of %s version %d stands at entry %d of %s", w.Log, w.Version, s.Version, s.Log)
	}
	return w, nil
}

func (d *decoder) card() (c Card) {
	d.fixed(c.ID[:])
	status := d.byte()
	c.Status = CardStatus(status &^ (statusRemoved | statusTokens))
	d.issued(&c.Issued)
	c.Allocated, c.Held, c.Codes = spec.Money(d.int()), spec.Money(d.int()), uint32(d.uint()) //nolint:gosec // written from a uint32
	c.Sealed, c.Name = d.text(SealedMax), d.text(NameMax)
	d.short(c.Holder[:])
	d.short(c.Number[:])
	c.Rules = d.rules()
	if status&statusRemoved != 0 {
		c.Removed = make([][8]byte, d.count())
		for i := range c.Removed {
			d.fixed(c.Removed[i][:])
		}
	}
	if status&statusTokens != 0 {
		for range d.count() {
			c.Tokens = append(c.Tokens, d.uint())
		}
	}
	return c
}

func (d *decoder) kept(w *Wallet) {
	var k kept
	d.short(k.key[:])
	k.at = d.int()
	w.memory.queue = append(w.memory.queue, k)
	switch what := d.byte(); what {
	case keptNothing:
	case keptPurchase:
		p := &Purchase{Key: k.key}
		d.fixed(p.Card[:])
		p.State, p.Hold = State(d.byte()), spec.Money(d.int())
		p.Counter, p.Flags = d.account(), Flags(d.uint()) //nolint:gosec // written from Flags
		d.details(&p.Details)
		p.OurAmount, p.NetworkAmount = spec.Money(d.int()), spec.Money(d.int())
		p.Authorized, p.Posted, p.Online = spec.Money(d.int()), spec.Money(d.int()), spec.Money(d.int())
		if p.Flags&FlagPartOf != 0 {
			d.short(p.Of[:])
		}
		if p.State >= stateEnd {
			d.fail(fmt.Errorf("purchase in unknown state %d", p.State))
		}
		w.purchases[k.key] = p
		if p.State == Open {
			w.open++
		}
		if p.preAuthorized() {
			w.reserve(p.Key, true)
		}
		if p.State == Open && p.Details.Expires != 0 {
			w.expiry = min(w.expiry, p.Details.Expires)
		}
	case keptRecord:
		r := Record{Fingerprint: spec.Fingerprint(d.uint())}
		r.Answer.Reason = spec.Reason(d.byte())
		d.short(r.Answer.Approval[:])
		r.Answer.Amount, r.Placement = spec.Money(d.int()), Placement(d.byte())
		r.Version = d.uint()
		if r.Placement >= PlacementEnd {
			d.fail(fmt.Errorf("record of unknown placement %d", r.Placement))
		}
		w.records[k.key] = r
	case keptPosting:
		var p Posting
		d.fixed(p.Card[:])
		d.short(p.Purchase[:])
		d.clearing(&p.Clearing)
		w.postings[k.key] = p
	default:
		d.fail(fmt.Errorf("key that stands for an unknown thing %d", what))
	}
}
