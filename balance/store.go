package balance

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"sekisho/spec"
)

// Store is where logs are durable. A log is the append-only history of one wallet (or of one
// house account): entries 1, 2, 3 … without a gap. The one promise everything rests on:
// entry n is appended only if the log's last entry is n-1, whoever else is appending.
//
// No call blocks: each hands its outcome to done, exactly once, from a goroutine of the store
// or before it returns. done must not block and must not call back into the store's Close.
// The store may keep every slice it is given; the caller leaves them alone afterwards.
type Store interface {
	// Ordered says how the store is driven. True: appends become durable in the order in
	// which they were made, so the next entry of a log may follow before the first is
	// durable; a failure ends the process. False: one append a log is in flight.
	Ordered() bool
	// Append appends each element, all of it or nothing of it; elements are independent of
	// each other. done is called once for each, when its outcome is known to be durable. An
	// element without entries and rows is a barrier: it is In once everything that was
	// appended before it has its outcome.
	Append(batch []Append, done func(i int, r Result))
	// Load reads what is needed to know a log's state: its newest snapshot and the entries
	// after it, among them every entry appended before, answered or not. A log that does not
	// exist loads as the zero Loaded.
	Load(log string, done func(Loaded, error))
	// Scan visits the entries of a log one by one, from version from upwards or downwards
	// (from 0 with Backward: from the last), until visit returns false or there are no more.
	// visit is called from one goroutine at a time and not after done.
	Scan(log string, from uint64, d Direction, visit func(Sealed) bool, done func(error))
	// Logs visits every log with the version of its last entry, in no order.
	Logs(visit func(log string, last uint64) bool, done func(error))
	// Peek finds a card in what is in memory. found false says nothing about the store, found
	// true not yet that the row is durable; whatever is appended on its strength is later.
	Peek(hash spec.CardHash) (row Row, found bool)
	// Card finds a card for certain: a row whose append was answered is found.
	Card(hash spec.CardHash, done func(row Row, found bool, err error))
	// Close waits for what was appended. Nothing may be called after it.
	Close() error
}

// Sealed is an entry as a store keeps it: bytes and what it needs to place them.
type Sealed struct {
	Log      string  // at most LogNameMax bytes
	Version  uint64  // 1, 2, 3 …
	Attempt  Attempt // tells our entry from another's with the same version
	At       int64   // Unix milliseconds, never less than the previous entry's
	Body     []byte  // the encoded [Entry]
	Snapshot []byte  // the encoded wallet after this entry, or nil
}

// Attempt is random and names one try to append: the same entry sent again keeps it.
type Attempt uint64

// LogNameMax bounds the name of a log, in bytes.
const LogNameMax = 128

// Append is what goes into the store together or not at all.
type Append struct {
	Entries []Sealed // one, or two of different logs
	Rows    []Row    // directory rows that must not exist yet
}

// Row leads from one number of a card (the number itself, a device token, an old number), or from its
// id, to the card and to the log of its wallet.
type Row struct {
	Hash spec.CardHash
	Card spec.CardID
	Log  string
	Kind RowKind
}

// RowKind says what a number is to its card.
type RowKind uint8

// The kinds of numbers that lead to a card.
const (
	RowNumber RowKind = 1 + iota
	RowToken
	RowOldNumber
	RowID // the card's own id, see [CardIDHash]
)

// CardIDHash is under what the directory has a card's id: a hash without a key, of what is no number.
func CardIDHash(id spec.CardID) spec.CardHash {
	return sha256.Sum256(append([]byte("card id"), id[:]...))
}

// Direction of a Scan.
type Direction bool

// Both directions.
const (
	Forward  Direction = false
	Backward Direction = true
)

// Result is what became of one Append.
type Result struct {
	Outcome Outcome
	Theirs  *Sealed // with Conflict, when an entry was in the way: that entry
	Err     error   // with Out and Unknown: why
}

// Outcome of an append. A store that has failed, or that could not find out whose entry is in
// the way, answers Unknown and never Out: Out promises that the version is still free. Only In and Conflict are final words about the entry's version.
type Outcome uint8

// The outcomes.
const (
	In       Outcome = 1 + iota // durable
	Conflict                    // another entry has that version, or a row exists already
	Out                         // for certain not written by this try: may be tried again
	Unknown                     // may or may not have been written: send the same again
)

// Loaded is the state of a log: the newest entry that carries a snapshot, when there is one, and
// the entries after it, oldest first.
type Loaded struct {
	Snapshot *Sealed
	Entries  []Sealed
}

// Errors of a store that callers tell apart.
var (
	ErrClosed    = errors.New("store is closed")
	ErrDamaged   = errors.New("store is damaged")
	ErrGap       = errors.New("the entry before is not in the log")
	ErrShape     = errors.New("not an append a store can take")
	ErrStoreBusy = errors.New("store has too much waiting")
)

// Barrier says whether the append adds nothing: it is answered after what came before it.
func (a *Append) Barrier() bool { return len(a.Entries) == 0 && len(a.Rows) == 0 }

// Check says what is wrong with the shape of an append, whatever the store: the number of its
// entries, names, versions, a log or a number named twice. The error is an [ErrShape]. A barrier
// is in shape.
func (a *Append) Check() error {
	if a.Barrier() {
		return nil
	}
	if len(a.Entries) < 1 || len(a.Entries) > 2 {
		return fmt.Errorf("%w: it has %d entries, want one or two", ErrShape, len(a.Entries))
	}
	for i := range a.Entries {
		e := &a.Entries[i]
		if err := checkLogName(e.Log); err != nil {
			return err
		}
		if e.Version == 0 {
			return fmt.Errorf("%w: log %q has no version 0, the first is 1", ErrShape, e.Log)
		}
	}
	if len(a.Entries) == 2 && a.Entries[0].Log == a.Entries[1].Log {
		return fmt.Errorf("%w: both entries are of log %q", ErrShape, a.Entries[0].Log)
	}
	if len(a.Rows) > RowsMax {
		return fmt.Errorf("%w: it has %d rows, at most %d go in together", ErrShape, len(a.Rows), RowsMax)
	}
	for i := range a.Rows {
		if err := checkLogName(a.Rows[i].Log); err != nil {
			return err
		}
		for j := range i {
			if a.Rows[i].Hash == a.Rows[j].Hash {
				return fmt.Errorf("%w: rows %d and %d are of one number", ErrShape, j, i)
			}
		}
	}
	return nil
}

// RowsMax bounds the rows of one Append, so that they fit into one DynamoDB transaction.
const RowsMax = 90

func checkLogName(log string) error {
	if len(log) < 1 || len(log) > LogNameMax {
		return fmt.Errorf("%w: a log's name has 1 to %d bytes, this one %d", ErrShape, LogNameMax, len(log))
	}
	return nil
}
