package embedded

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

// region says what a byte of a group belongs to.
func (g writtenGroup) region(at int) string {
	switch {
	case at < headerHash:
		return "header"
	case at < headerSize:
		return "hash"
	case at < headerSize+g.payload:
		return "chunks"
	case at < g.length-PageSize:
		return "padding"
	}
	return "parity"
}

// TestAFlippedBitIsNeverASilentLoss flips one bit in every region of every group, in what is behind
// them and in the segment that was prepared and not used.
func TestAFlippedBitIsNeverASilentLoss(t *testing.T) {
	t.Parallel()
	w := write(t, someAppends())
	if segments := w.groups[len(w.groups)-1].segment; segments < 2 {
		t.Fatalf("the log has %d segment, the test wants several", segments)
	}
	counts := map[string]int{}
	flip := func(name string, at int, class string, last bool, g *writtenGroup) {
		fs := w.copy(t, name, func(b []byte) []byte { b[at] ^= 1 << (at % 8); return b })
		s, report, err := Open(Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey, SegmentSize: SegmentSizeMin})
		verdict := "refused"
		switch {
		case err == nil && report.Entries == w.entries && report.TornTail == nil && len(report.ParityDamaged) == 0:
			verdict = "not seen"
		case err == nil && report.Entries == w.entries:
			verdict = "harmless, told"
		case err == nil && g != nil && last && report.Entries == w.entries-g.entries && report.TornTail != nil &&
			report.TornTail.Segment == g.segment && int(report.TornTail.Offset) == g.offset && report.TornTail.Bytes == int64(g.length):
			verdict = "last group dropped, told as " + report.TornTail.Looks()
		case err == nil:
			t.Fatalf("%s byte %d (%s): %d of %d entries are there and nothing is said", name, at, class, report.Entries, w.entries)
		case !errors.Is(err, balance.ErrDamaged):
			t.Fatalf("%s byte %d (%s): %v", name, at, class, err)
		case g != nil && !strings.Contains(err.Error(), fmt.Sprintf("segment %d offset %d", g.segment, g.offset)):
			t.Fatalf("%s byte %d (%s): the error does not name segment and offset: %v", name, at, class, err)
		}
		if err == nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		which := ""
		if g != nil && last {
			which = " of the last group"
		}
		counts[class+which+": "+verdict]++
	}
	end := map[string]int{}
	for _, g := range w.groups {
		for at := 0; at < g.length; at += min(1+at%97*5*slower, max(7, at-headerSize)) {
			flip(g.name(), g.offset+at, g.region(at), g.lastOfAll, &g)
		}
		end[g.name()] = g.offset + g.length
	}
	for _, name := range w.names[1:] {
		for at := end[name]; at < SegmentSizeMin; at += 1 + at%997*3 {
			flip(name, at, "zeros", false, nil)
		}
	}
	t.Log(counts)
	for _, class := range []string{"header", "hash", "chunks", "padding"} {
		want(t, counts, class+": refused", class+" of the last group: last group dropped, told as damaged")
	}
	want(t, counts, "parity: harmless, told", "parity of the last group: harmless, told", "zeros: harmless, told", "zeros: not seen")
	if len(counts) != 12 {
		t.Errorf("%d classes, want 12: %v", len(counts), counts)
	}
}

func want(t *testing.T, counts map[string]int, classes ...string) {
	t.Helper()
	for _, class := range classes {
		if counts[class] == 0 {
			t.Errorf("no flip is %q", class)
		}
	}
}

func TestOneDamagedPageOfAGroupCouldBeMendedFromItsParity(t *testing.T) {
	w := write(t, someAppends())
	for _, g := range w.groups {
		b := append([]byte(nil), w.bytes(t, g.name())[g.offset:g.offset+g.length]...)
		for page := 0; page < len(b); page += PageSize {
			damaged := append([]byte(nil), b...)
			for i := range PageSize {
				damaged[page+i] ^= byte(i + 1)
			}
			if parityHolds(damaged) {
				t.Fatalf("parity does not see that page %d is damaged", page/PageSize)
			}
			clear(damaged[page : page+PageSize])
			var mended [PageSize]byte
			xorPages(mended[:], damaged)
			if string(mended[:]) != string(b[page:page+PageSize]) {
				t.Fatalf("page %d is not the XOR of the others", page/PageSize)
			}
		}
	}
}

// TestAWholeGroupThatDoesNotFitIsRefused changes groups and makes their hashes right again, as a
// fault of the program or a forger would.
func TestAWholeGroupThatDoesNotFitIsRefused(t *testing.T) {
	w := write(t, someAppends())
	g := w.groups[1] // entry 2 of w1 and entry 1 of w2
	record := g.offset + headerSize + chunkHead
	for name, change := range map[string]struct {
		do   func([]byte)
		want string
	}{
		"a version that is not the next":     {func(b []byte) { b[record+16]++ }, "version"},
		"a wrong position of the one before": {func(b []byte) { b[record+12]++ }, "the one before"},
		"another log's name":                 {func(b []byte) { b[record+entryHead]++ }, "version"},
		"another predecessor":                {func(b []byte) { b[g.offset+64]++ }, "follow"},
		"another number":                     {func(b []byte) { b[g.offset+40]++ }, "follow"},
		"another segment":                    {func(b []byte) { b[g.offset+12]++ }, "a whole one comes later"},
		"another offset":                     {func(b []byte) { b[g.offset+17]++ }, "a whole one comes later"},
		"a chunk too long":                   {func(b []byte) { put32(b, g.offset+headerSize, 1<<31) }, "chunk 0"},
		"a record too long":                  {func(b []byte) { put32(b, record, 1<<31) }, "lengths of entry 0"},
		"a body too long":                    {func(b []byte) { put32(b, record+40, 1<<32-1) }, "lengths of entry 0"},
		"a chunk too many":                   {func(b []byte) { b[g.offset+28]++ }, "chunk 1"},
		"a chunk too few":                    {func(b []byte) { b[g.offset+28]-- }, "left over"},
		"an entry too many":                  {func(b []byte) { b[g.offset+headerSize+4]++ }, "lengths of entry 2"},
		"a row too many":                     {func(b []byte) { b[g.offset+headerSize+6]++ }, "row 0"},
		"another count of entries":           {func(b []byte) { b[g.offset+32]++ }, "entries"},
		"a reserved byte of a chunk":         {func(b []byte) { b[g.offset+headerSize+5]++ }, "reserved"},
		"a reserved byte of the header":      {func(b []byte) { b[g.offset+10]++ }, "another program"},
		"another format":                     {func(b []byte) { b[g.offset+8]++ }, "format 2"},
	} {
		fs := w.copy(t, g.name(), func(b []byte) []byte { change.do(b); return reseal(b, g) })
		_, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey, SegmentSize: SegmentSizeMin})
		if err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: %v, want %q", name, err, change.want)
		}
	}
}

func TestASegmentThatIsNotThereIsRefused(t *testing.T) {
	w := write(t, someAppends())
	for _, row := range []struct {
		segment uint32
		want    string
	}{{1, "segment 1 is not there"}, {2, "a whole one comes later"}} {
		fs := w.copy(t, segmentDir{dir: "/store/log"}.name(row.segment), func([]byte) []byte { return nil })
		_, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey, SegmentSize: SegmentSizeMin})
		if !errors.Is(err, balance.ErrDamaged) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("without segment %d: %v, want %q", row.segment, err, row.want)
		}
	}
}

func TestATornTailIsToldUntilSomethingFollowsIt(t *testing.T) {
	w := write(t, someAppends())
	last := w.groups[len(w.groups)-1]
	for name, lost := range map[string][2]int{
		"all but its first page is lost": {PageSize, last.length},
		"its first page is lost":         {0, PageSize},
	} {
		t.Run(name, func(t *testing.T) {
			tornTail(t, w.copy(t, last.name(), func(b []byte) []byte {
				clear(b[last.offset+lost[0] : last.offset+lost[1]])
				return b
			}), last)
		})
	}
}

func tornTail(t *testing.T, fs *vfs.MemFS, last writtenGroup) {
	next := oneEntry("w3", 1)
	for i, tornAt := range []int{last.offset, last.offset, -1, -1} {
		s, report := mustOpen(t, vfsDisk{fs}, "/store", SegmentSizeMin)
		switch {
		case tornAt < 0 && report.TornTail != nil:
			t.Errorf("open %d: a torn tail at %v is told, something follows it", i+1, report.TornTail)
		case tornAt >= 0 && (report.TornTail == nil || int(report.TornTail.Offset) != tornAt):
			t.Errorf("open %d: the torn tail is %v, want offset %d", i+1, report.TornTail, tornAt)
		}
		if i > 0 { // nothing is written after the first
			if r := appendOne(s, next); r.Outcome != balance.In {
				t.Fatalf("open %d: outcome %d: %v", i+1, r.Outcome, r.Err)
			}
			next.Entries[0].Version++
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamageInAWrittenRecordIsSeenWhenItIsRead(t *testing.T) {
	w := write(t, someAppends())
	s, _ := mustOpen(t, vfsDisk{w.fs}, "/store", SegmentSizeMin)
	g := w.groups[3]
	w.bytes(t, g.name())[g.offset+headerSize+chunkHead+16]++ // the version of entry 4
	failed := make(chan error, 1)
	s.Scan("w1", 1, balance.Forward, func(balance.Sealed) bool { return true }, func(err error) { failed <- err })
	if err := <-failed; !errors.Is(err, balance.ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("segment %d offset %d", g.segment, g.offset+headerSize+chunkHead)) {
		t.Errorf("the scan ends with %v, want damage with segment and offset", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
