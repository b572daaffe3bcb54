package embedded

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

// countingDisk counts the reads of its files, and knows how far into a file they went.
type countingDisk struct {
	Disk
	reads, end *atomic.Int64
}

type countingFile struct {
	File
	disk countingDisk
}

func (d countingDisk) Open(name string) (File, error) {
	f, err := d.Disk.Open(name)
	return countingFile{f, d}, err
}

func (f countingFile) ReadAt(p []byte, off int64) (int, error) {
	f.disk.reads.Add(1)
	f.disk.end.Store(max(f.disk.end.Load(), off+int64(len(p))))
	return f.File.ReadAt(p, off)
}

// appendAll appends a batch and waits until all of it is in.
func appendAll(t testing.TB, s *Store, batch []balance.Append) {
	t.Helper()
	answers := make(chan balance.Result, len(batch))
	s.Append(batch, func(_ int, r balance.Result) { answers <- r })
	for range batch {
		if r := <-answers; r.Outcome != balance.In {
			t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
		}
	}
}

// scanAll is what a scan from a version visits.
func scanAll(t testing.TB, s *Store, log string, from uint64, d balance.Direction) (entries []balance.Sealed) {
	t.Helper()
	failed := make(chan error, 1)
	s.Scan(log, from, d, func(e balance.Sealed) bool { entries = append(entries, e); return true }, func(err error) { failed <- err })
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestEntriesNearEachOtherAreReadSeveralAtATime counts the reads of a scan over 256 entries of a log:
// alone, among others, among so many that reading ahead would not help, and each written by itself.
func TestEntriesNearEachOtherAreReadSeveralAtATime(t *testing.T) {
	const versions = 256
	for _, row := range []struct {
		logs, rounds       int
		down, up           int64 // reads at most
		leastDown, leastUp int64
	}{
		{logs: 1, rounds: versions, down: 8, up: 16},
		{logs: 8, rounds: versions, down: 16, up: 32},
		{logs: 64, rounds: versions, leastDown: versions, down: versions, leastUp: 2*versions - 1, up: 2 * versions},
		{logs: 1, rounds: 1, down: 40, up: 80},
	} {
		disk := countingDisk{vfsDisk{vfs.NewMem()}, new(atomic.Int64), new(atomic.Int64)}
		s, _ := mustOpen(t, disk, "/store", 16<<20)
		for v := 0; v < versions; v += row.rounds {
			appendAll(t, s, benchRounds(row.logs, v+1, row.rounds))
		}
		for d, want := range map[balance.Direction][2]int64{balance.Backward: {row.leastDown, row.down}, balance.Forward: {row.leastUp, row.up}} {
			disk.reads.Store(0)
			disk.end.Store(0)
			if n := len(scanAll(t, s, "wallet-00000000", 0, d)); n != versions {
				t.Fatalf("%d entries, want %d", n, versions)
			}
			if n := disk.reads.Load(); n < want[0] || n > want[1] {
				t.Errorf("%d logs, %d rounds a group, backward %v: %d reads for %d entries, want %d to %d", row.logs, row.rounds, d, n, versions, want[0], want[1])
			}
			if end, last := disk.end.Load(), s.heads.find("wallet-00000000").last.offset(); end > int64(last)+readAhead {
				t.Errorf("%d logs, backward %v: read up to %d, the last entry is at %d", row.logs, d, end, last)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAScanVisitsWhatWasAppendedWhereverItLies lays entries of three logs, from a few bytes to more
// than a reader's buffer, over several segments, and reads them both ways while there come more.
func TestAScanVisitsWhatWasAppendedWhereverItLies(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test's
		s, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{vfs.NewMem()}, CheckValue: testKey, SegmentSize: 256 << 10, Readers: 1})
		if err != nil {
			t.Fatal(err)
		}
		logs := []string{"a", "b", "c"}
		written := map[string][]balance.Sealed{}
		for range 12 {
			var batch []balance.Append
			for range 1 + random.IntN(40) {
				log := logs[min(random.IntN(8), 2)]
				size := []int{10, 200, 200, 200, 3000, 9000, 100_000}[random.IntN(7)]
				e := balance.Sealed{Log: log, Version: uint64(len(written[log]) + 1), Body: make([]byte, random.IntN(size))}
				for i := range e.Body {
					e.Body[i] = byte(random.Uint32())
				}
				written[log] = append(written[log], e)
				batch = append(batch, balance.Append{Entries: []balance.Sealed{e}})
			}
			appendAll(t, s, batch)
			for _, log := range logs {
				wantWritten(t, s, log, written[log])
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func wantWritten(t *testing.T, s *Store, log string, written []balance.Sealed) {
	t.Helper()
	up, down := scanAll(t, s, log, 1, balance.Forward), scanAll(t, s, log, 0, balance.Backward)
	if len(up) != len(written) || len(down) != len(written) {
		t.Fatalf("log %q: %d entries up and %d down, want %d", log, len(up), len(down), len(written))
	}
	for i, want := range written {
		for way, got := range map[string]balance.Sealed{"up": up[i], "down": down[len(down)-1-i]} {
			if got.Version != want.Version || !bytes.Equal(got.Body, want.Body) {
				t.Fatalf("log %q %s: version %d with %d bytes is there, want %d with %d", log, way, got.Version, len(got.Body), want.Version, len(want.Body))
			}
		}
	}
}

// TestWhatAReaderReadEarlierIsNotTakenForTheLog puts an entry into a reader's buffer that is not the
// one in the log, as half of one is that was being written when the buffer was filled.
func TestWhatAReaderReadEarlierIsNotTakenForTheLog(t *testing.T) {
	s, _ := mustOpen(t, vfsDisk{vfs.NewMem()}, "/store", SegmentSizeMin)
	appendAll(t, s, []balance.Append{oneEntry("w1", 1)})
	h := s.heads.find("w1").head
	r := newReader(&s.files)
	half := oneEntry("w1", 1).Entries[0]
	half.Body = []byte("bo\x00\x00")
	rest := putEntry(r.buf, &half, 0)
	r.at, r.n = h.last, len(r.buf)-len(rest)
	var got []byte
	err := r.scanDown("w1", h, 0, func(e balance.Sealed) bool { got = e.Body; return true })
	if err != nil || string(got) != "body" {
		t.Errorf("the body is %q (%v), want the one in the log", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
