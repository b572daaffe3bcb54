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
	at    position // where what is in buf begins
	n     int      // bytes of it
}

const (
	readerBuffer = 64 << 10 // kept from one read to the next, bytes
	readAhead    = 2048     // read at least: most records are not longer
	nearMax      = 8 << 10  // entries so far apart, in bytes, are read several at a time
)

func newReader(f *files) *reader { return &reader{files: f, buf: make([]byte, readerBuffer)} }

// record reads the record at p, which must be of that log and version: from what is in the buffer,
// or with n bytes from a place that is not behind it.
func (r *reader) record(p position, log string, version uint64, from position, n int) (entryRecord, error) {
	rec, ok := parseEntry(r.held(p))
	if !ok {
		b, err := r.fetch(p, from, n)
		if err != nil {
			return entryRecord{}, err
		}
		rec, ok = parseEntry(b)
	}
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

// held is what is in the buffer from p on.
func (r *reader) held(p position) []byte {
	if p < r.at || p >= r.at+position(r.n) { //nolint:gosec // at most readerBuffer
		return nil
	}
	return r.buf[p-r.at : r.n]
}

// fetch reads n bytes from a place into the buffer, and all of the record at p.
func (r *reader) fetch(p, from position, n int) ([]byte, error) {
	f, err := r.files.open(p.segment())
	if err != nil {
		return nil, err
	}
	defer r.files.release(f)
	r.n = 0
	if n, err = f.ReadAt(r.buf[:n], int64(from.offset())); ignoreEnd(err) != nil {
		return nil, err
	}
	r.at, r.n = from, n
	b := r.held(p)
	head, _, ok := parseEntryHead(b)
	if !ok || head.size <= len(b) {
		return b, nil
	}
	r.n = 0
	if b = r.buf; head.size > len(b) {
		b = make([]byte, head.size)
	}
	b = b[:head.size]
	if n, err = f.ReadAt(b, int64(p.offset())); n < len(b) {
		if errors.Is(err, io.EOF) {
			err = damageAt(p, "the entry's record of %d bytes goes beyond the segment", head.size)
		}
		return nil, err
	}
	return b, nil
}

// walk goes down a log from its head to version least, until visit returns false. While entries
// lie near each other it reads as far ahead as they have been near, up to the buffer's size.
func (r *reader) walk(log string, h head, least uint64, visit func(p position, rec *entryRecord) bool) error {
	r.n = 0 // what was behind the log's end may have been written since
	from, n := h.last, readAhead
	var rec entryRecord
	for p, v, run := h.last, h.version, h.last; v >= max(least, 1); v-- {
		var err error
		if rec, err = r.record(p, log, v, from, n); err != nil {
			return err
		}
		if !visit(p, &rec) {
			return nil
		}
		if p-rec.previous > nearMax {
			run, from, n = rec.previous, rec.previous, readAhead
		} else {
			n = min(max(int(run-rec.previous), readAhead), len(r.buf), int(p.offset())) //nolint:gosec // of one segment
			from = p - position(n)                                                      //nolint:gosec // as above
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
	var before, run position
	for version := h.version + 1 - uint64(len(at)); err == nil && len(at) > 0; version++ {
		p := at[len(at)-1]
		if p-before > nearMax {
			run = p
		}
		// Not much further than the log's end: what is behind may be being written.
		left := int(min(h.last-p, readerBuffer)) + readAhead   //nolint:gosec // as it says
		n := min(max(int(p-run), readAhead), left, len(r.buf)) //nolint:gosec // of one segment
		var rec entryRecord
		if rec, err = r.record(p, log, version, p, n); err == nil && !visit(rec.sealed(log)) {
			return nil
		}
		before, at = p, at[:len(at)-1]
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
