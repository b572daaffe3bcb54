package balance

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"sekisho/spec"
)

// Entry is one version of a log: when it was made, what happened, and the balances after it.
// Once appended it never changes.
type Entry struct {
	Log      string
	Version  uint64
	At       int64 // Unix milliseconds; never less than the previous entry's
	Previous Hash  // of the entry before; zero for version 1
	Attempt  Attempt
	Events   []Event
	After    Balances
}

// Hash chains the entries of a log: SHA-256 over an entry's bytes.
type Hash [sha256.Size]byte

// Balances are a wallet's money after an entry.
type Balances struct {
	Posted    spec.Money // what it has
	Held      spec.Money // open holds over all cards
	Allocated spec.Money // what its cards have of it
}

// entryFormat is the first byte of every entry.
const entryFormat = 1

// EventsMax bounds the events of one entry.
const EventsMax = 1024

// AppendEntry appends the bytes of an entry.
func AppendEntry(dst []byte, e *Entry) []byte {
	dst = appendText(append(dst, entryFormat), e.Log)
	dst = appendUint(dst, e.Version)
	dst = appendInt(dst, e.At)
	dst = append(dst, e.Previous[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.Attempt))
	dst = appendInt(appendInt(appendInt(dst, e.After.Posted), e.After.Held), e.After.Allocated)
	dst = appendUint(dst, uint64(len(e.Events)))
	for i := range e.Events {
		dst = appendEvent(dst, &e.Events[i])
	}
	return dst
}

// DecodeEntry reads the bytes of an entry. What this version does not know it refuses.
func DecodeEntry(b []byte, e *Entry) error {
	d := decoder{rest: b}
	if f := d.byte(); f != entryFormat && d.err == nil {
		return fmt.Errorf("entry of format %d, want %d", f, entryFormat)
	}
	*e = Entry{Log: d.text(LogNameMax), Version: d.uint(), At: d.int(), Events: e.Events[:0]}
	d.fixed(e.Previous[:])
	var attempt [8]byte
	d.fixed(attempt[:])
	e.Attempt = Attempt(binary.BigEndian.Uint64(attempt[:]))
	e.After = Balances{Posted: spec.Money(d.int()), Held: spec.Money(d.int()), Allocated: spec.Money(d.int())}
	n := d.count()
	if n > EventsMax {
		d.fail(fmt.Errorf("%d events, at most %d", n, EventsMax))
		n = 0
	}
	for range n {
		var ev Event
		d.event(&ev)
		e.Events = append(e.Events, ev)
	}
	if err := d.end(); err != nil {
		return fmt.Errorf("entry %d of %s: %w", e.Version, e.Log, err)
	}
	return nil
}

// HashOf is the hash that the next entry names.
func HashOf(body []byte) Hash { return sha256.Sum256(body) }
