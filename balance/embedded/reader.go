package embedded

import (
	"errors"
	"io"
	"slices"

	"sekisho/balance"
)

// reader reads entries from the segments, into a buffer of its own: a record is good until the
// next is read. It is for one goroutine.
type reader struct {
	files *files
	buf   []byte
}

const (
	readerBuffer = 64 << 10 // kept from one read to the next, bytes
	readAhead    = 2048     // read at first: most records are not longer
)

func newReader(f *files) *reader { return &reader{files: f, buf: make([]byte, readerBuffer)} }

// record reads the record at p, which must be of that log and version.
func (r *reader) record(p position, log string, version uint64) (entryRecord, error) {
	f, err := r.files.open(p.segment())
	if err != nil {
		return entryRecord{}, err
	}
	defer r.files.release(f)
	b := r.buf[:readAhead]
	n, err := f.ReadAt(b, int64(p.offset()))
	if err != nil && !errors.Is(err, io.EOF) {
		return entryRecord{}, err
	}
	head, _, ok := parseEntryHead(b[:n])
	if ok && head.size > n {
		if head.size > len(r.buf) {
			b = make([]byte, head.size)
		} else {
			b = r.buf[:head.size]
		}
		if n, err = f.ReadAt(b, int64(p.offset())); err != nil && n < len(b) {
			if errors.Is(err, io.EOF) {
				err = damageAt(p, "the entry's record of %d bytes goes beyond the segment", head.size)
			}
			return entryRecord{}, err
		}
	}
	rec, ok := parseEntry(b[:n])
	switch {
	case !ok:
		return rec, damageAt(p, "no entry's record is there, but version %d of log %q should be", version, log)
	case string(rec.log) != log || rec.version != version:
		return rec, damageAt(p, "version %d of log %q is there, want version %d of %q", rec.version, rec.log, version, log)
	case rec.previous >= p || (rec.previous == 0) != (version == 1):
		return rec, damageAt(p, "the entry says that the one before is at %v", rec.previous)
	}
	return rec, nil
}

// walk goes down a log from its head to version least, until visit returns false.
func (r *reader) walk(log string, h head, least uint64, visit func(p position, rec *entryRecord) bool) error {
	for p, v := h.last, h.version; v >= max(least, 1); v-- {
		rec, err := r.record(p, log, v)
		if err != nil {
			return err
		}
		if !visit(p, &rec) {
			return nil
		}
		p = rec.previous
	}
	return nil
}

func (r *reader) load(log string, h head) (l balance.Loaded, err error) {
	err = r.walk(log, h, 1, func(_ position, rec *entryRecord) bool {
		e := rec.sealed(log)
		if len(e.Snapshot) > 0 {
			l.Snapshot = &e
			return false
		}
		l.Entries = append(l.Entries, e)
		return true
	})
	slices.Reverse(l.Entries)
	return l, err
}

func (r *reader) scanDown(log string, h head, from uint64, visit func(balance.Sealed) bool) error {
	return r.walk(log, h, 1, func(_ position, rec *entryRecord) bool {
		return (from > 0 && rec.version > from) || visit(rec.sealed(log))
	})
}

// scanUp goes down first to learn where the entries are.
func (r *reader) scanUp(log string, h head, from uint64, visit func(balance.Sealed) bool) error {
	var at []position
	err := r.walk(log, h, from, func(p position, _ *entryRecord) bool {
		at = append(at, p)
		return true
	})
	for version := h.version + 1 - uint64(len(at)); err == nil && len(at) > 0; version++ {
		var rec entryRecord
		if rec, err = r.record(at[len(at)-1], log, version); err == nil && !visit(rec.sealed(log)) {
			return nil
		}
		at = at[:len(at)-1]
	}
	return err
}

// settle says what is in the way of an append: the first entry there that is not its own. When
// there is none, and its own are there, it is In; when none are, a row was in the way.
func (r *reader) settle(entries []balance.Sealed, last [2]head) balance.Result {
	result := balance.Result{Outcome: balance.Conflict}
	for i := range entries {
		e := &entries[i]
		if e.Version > last[i].version {
			continue
		}
		var theirs balance.Sealed
		err := r.walk(e.Log, last[i], e.Version, func(_ position, rec *entryRecord) bool {
			if rec.version == e.Version {
				theirs = rec.sealed(e.Log)
			}
			return true
		})
		if err != nil {
			return balance.Result{Outcome: balance.Unknown, Err: err}
		}
		if theirs.Attempt != e.Attempt {
			return balance.Result{Outcome: balance.Conflict, Theirs: &theirs}
		}
		result.Outcome = balance.In
	}
	return result
}
