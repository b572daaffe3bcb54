package embedded

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

// TestALogOverMoreSegmentsThanAreKeptOpenIsRead reads entries all over, several at a time.
func TestALogOverMoreSegmentsThanAreKeptOpenIsRead(t *testing.T) {
	s, _ := mustOpen(t, vfsDisk{vfs.NewMem()}, "/store", SegmentSizeMin)
	const entries = 3 * filesMax
	for v := uint64(1); v <= entries; v++ {
		a := oneEntry("w1", v)
		a.Entries[0].Body = make([]byte, 40_000) // one a segment
		if r := appendOne(s, a); r.Outcome != balance.In {
			t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
		}
	}
	var all sync.WaitGroup
	for _, d := range []balance.Direction{balance.Forward, balance.Backward, balance.Forward} {
		all.Add(1)
		n := 0
		s.Scan("w1", 0, d, func(balance.Sealed) bool { n++; return true }, func(err error) {
			if err != nil || n != entries {
				t.Errorf("a scan visits %d entries (%v), want %d", n, err, entries)
			}
			all.Done()
		})
	}
	all.Wait()
	if n := len(s.files.kept); n > filesMax {
		t.Errorf("%d segments are kept open, at most %d should be", n, filesMax)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestASegmentThatIsBeingReadStaysOpen(t *testing.T) {
	fs := vfs.NewMem()
	d := segmentDir{vfsDisk{fs}, "/"}
	f := files{segments: d, kept: map[uint32]*openFile{}}
	for number := uint32(1); number <= filesMax+2; number++ {
		if err := d.prepare(number, PageSize, func() bool { return false }); err != nil {
			t.Fatal(err)
		}
		o, err := f.open(number)
		if err != nil {
			t.Fatal(err)
		}
		if number%2 == 0 && number <= filesMax {
			f.release(o)
		}
	}
	for number, o := range f.kept {
		if o.segment != number {
			t.Errorf("segment %d is kept as %d", o.segment, number)
		}
	}
	for number := uint32(1); number <= filesMax; number += 2 {
		if f.kept[number] == nil {
			t.Errorf("segment %d was closed while it was read", number)
		}
	}
	if n := len(f.kept); n != filesMax {
		t.Errorf("%d segments are kept open, want %d", n, filesMax)
	}
}
