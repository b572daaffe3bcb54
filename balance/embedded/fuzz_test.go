package embedded

import (
	"bytes"
	"testing"

	"sekisho/balance"
)

// encoder writes again what parseChunks tells it.
type encoder struct {
	group []byte
	out   []byte
}

func (e *encoder) entry(offset int, r *entryRecord) error {
	whole, ok := parseEntry(e.group[offset:])
	if !ok || whole.version != r.version || !bytes.Equal(whole.body, r.body) {
		panic("the entry is not where it is said to be")
	}
	b := make([]byte, r.size)
	s := balance.Sealed{Log: string(r.log), Version: r.version, Attempt: balance.Attempt(r.attempt), At: r.at, Body: r.body, Snapshot: r.snapshot}
	if rest := putEntry(b, &s, r.previous); len(rest) != 0 {
		panic("an entry is encoded shorter than it was")
	}
	e.out = append(e.out, b...)
	return nil
}

func (e *encoder) row(r *balance.Row, log []byte) error {
	b := make([]byte, rowHead+len(log))
	r.Log = string(log)
	putRow(b, r)
	e.out = append(e.out, b...)
	return nil
}

// FuzzChunks holds the decoder to reading nothing beyond its bytes, and to taking only what the
// encoder writes.
func FuzzChunks(f *testing.F) {
	for _, a := range someAppends()[:4] {
		g := newGroup()
		encodeInto(g, &a)
		f.Add(g.buf[headerSize:g.used], uint32(1), uint32(len(a.Entries))) //nolint:gosec // small
	}
	f.Add([]byte{}, uint32(0), uint32(0))
	f.Add([]byte{8, 0, 0, 0, 0, 0, 0, 0}, uint32(1), uint32(0))
	f.Fuzz(func(t *testing.T, payload []byte, chunks, entries uint32) {
		group := append(make([]byte, headerSize), payload...)
		h := groupHeader{payload: uint32(len(payload)), chunks: chunks, entries: entries} //nolint:gosec // small
		e := encoder{group: group}
		if parseChunks(group, &h, &e) != nil {
			return
		}
		var records []byte
		for rest := payload; len(rest) > 0; {
			size := int(rest[0]) | int(rest[1])<<8 | int(rest[2])<<16 | int(rest[3])<<24
			records = append(records, rest[chunkHead:size]...)
			rest = rest[size:]
		}
		if !bytes.Equal(records, e.out) {
			t.Errorf("what was taken is encoded as other bytes")
		}
	})
}

// encodeInto encodes an append as Append does, its entries being the first of their logs.
func encodeInto(g *group, a *balance.Append) {
	size := chunkSize(a)
	rest := putChunkHead(g.room(size), size, len(a.Entries), len(a.Rows))
	for i := range a.Entries {
		rest = putEntry(rest, &a.Entries[i], 0)
	}
	for i := range a.Rows {
		rest = putRow(rest, &a.Rows[i])
	}
}

// FuzzSegment opens a store whose first segment has been changed: at a place some bytes, and then,
// if asked, every hash made right again.
func FuzzSegment(f *testing.F) {
	w := write(f, someAppends()[:8])
	f.Add(uint16(0), []byte{}, false)
	f.Add(uint16(20), []byte{0xff, 0xff, 0xff, 0x7f}, true)
	f.Add(uint16(headerSize), []byte{0xff, 0xff, 0xff, 0xff}, true)
	f.Add(uint16(w.groups[2].offset), make([]byte, 64), false)
	f.Add(uint16(w.groups[3].offset+headerSize+chunkHead+40), []byte{1, 0, 0, 0x80}, true)
	f.Fuzz(func(t *testing.T, at uint16, change []byte, fix bool) {
		fs := w.copy(t, w.groups[0].name(), func(b []byte) []byte {
			copy(b[at:], change)
			for _, g := range w.groups {
				if fix && g.segment == 1 {
					if h, ok := parseHeader(b[g.offset:], int64(len(b)-g.offset)); ok {
						g.length = int(h.length)
						reseal(b, g)
					}
				}
			}
			return b
		})
		o := Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey, SegmentSize: SegmentSizeMin}
		s, report, err := Open(o)
		if err != nil {
			return
		}
		if r := appendOne(s, oneEntry("new", 1)); r.Outcome != balance.In && r.Outcome != balance.Conflict {
			t.Errorf("an append to what was opened: outcome %d (%v)", r.Outcome, r.Err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s, again, err := Open(o)
		if err != nil {
			t.Fatalf("what was opened does not open again: %v", err)
		}
		if again.Entries < report.Entries {
			t.Errorf("%d entries, there were %d", again.Entries, report.Entries)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
