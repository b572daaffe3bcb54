package embedded

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

// stuckDisk lets writes to segments wait until they are let go.
func stuckDisk(begun chan<- struct{}, letGo <-chan struct{}) Disk {
	return hookDisk{Disk: vfsDisk{vfs.NewMem()}, before: func(change, name string) error {
		if change == "write" && isSegment(name) {
			select {
			case begun <- struct{}{}:
			default:
			}
			<-letGo
		}
		return nil
	}}
}

func TestAnAppendLargerThanASegmentIsOut(t *testing.T) {
	s, _ := mustOpen(t, vfsDisk{vfs.NewMem()}, "/store", SegmentSizeMin)
	largest := SegmentSizeMin - PageSize - headerSize - chunkHead - entryHead - len("w1")
	for _, row := range []struct {
		body    int
		outcome balance.Outcome
		version uint64
	}{{largest + 1, balance.Out, 1}, {largest, balance.In, 1}, {largest, balance.In, 2}, {1, balance.In, 3}, {largest + 1, balance.Out, 4}, {largest, balance.In, 4}} {
		a := oneEntry("w1", row.version)
		a.Entries[0].Body = make([]byte, row.body)
		r := appendOne(s, a)
		if r.Outcome != row.outcome || (r.Outcome == balance.Out && !errors.Is(r.Err, ErrTooLarge)) {
			t.Errorf("a body of %d bytes: outcome %d (%v), want %d", row.body, r.Outcome, r.Err, row.outcome)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnAppendLargerThan16MiBIsOut(t *testing.T) {
	s, _ := mustOpen(t, nil, t.TempDir(), 32<<20)
	largest := chunkMax - chunkHead - entryHead - len("w1")
	for v, row := range []struct {
		body    int
		outcome balance.Outcome
	}{{largest, balance.In}, {largest + 1, balance.Out}} {
		a := oneEntry("w1", uint64(v+1)) //nolint:gosec // small
		a.Entries[0].Body = make([]byte, row.body)
		if r := appendOne(s, a); r.Outcome != row.outcome {
			t.Errorf("a body of %d bytes: outcome %d (%v), want %d", row.body, r.Outcome, r.Err, row.outcome)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWaitsForTheDiskIsBounded stops the disk: groups queue up behind one another, then
// appends are Out, and all that were taken are in once the disk goes on.
func TestWhatWaitsForTheDiskIsBounded(t *testing.T) {
	begun, letGo := make(chan struct{}, 1), make(chan struct{})
	s, _ := mustOpen(t, stuckDisk(begun, letGo), "/store", 1<<20)
	s.queuedMax = 8 << 20
	answers := make(chan balance.Result, 100)
	send := func(v uint64) {
		a := oneEntry("w1", v)
		a.Entries[0].Body = make([]byte, 400<<10)
		s.Append([]balance.Append{a}, func(_ int, r balance.Result) { answers <- r })
	}
	send(1)
	<-begun
	v := uint64(1)
	for len(answers) == 0 && v < 60 {
		v++
		send(v)
	}
	if r := <-answers; r.Outcome != balance.Out || !errors.Is(r.Err, balance.ErrStoreBusy) {
		t.Fatalf("version %d: outcome %d (%v), want Out with ErrStoreBusy", v, r.Outcome, r.Err)
	}
	if v < 20 {
		t.Errorf("busy after %d appends of 400 KiB, want 8 MiB to be taken", v)
	}
	send(1) // sent again: its version is not free, so it must not be Out
	close(letGo)
	for range v {
		if r := <-answers; r.Outcome != balance.In {
			t.Errorf("outcome %d (%v), want In", r.Outcome, r.Err)
		}
	}
	send(v)
	if r := <-answers; r.Outcome != balance.In {
		t.Errorf("tried again: outcome %d (%v), want In", r.Outcome, r.Err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReadsWaitInABoundedList keeps the only reader busy and the list full.
func TestReadsWaitInABoundedList(t *testing.T) {
	s, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{vfs.NewMem()}, CheckValue: testKey, SegmentSize: SegmentSizeMin, Readers: 1, ReadsMax: 3})
	if err != nil {
		t.Fatal(err)
	}
	appendOne(s, oneEntry("w1", 1))
	visiting, letGo := make(chan struct{}), make(chan struct{})
	answers := make(chan error, 10)
	s.Scan("w1", 1, balance.Forward, func(balance.Sealed) bool {
		close(visiting)
		<-letGo
		return true
	}, func(err error) { answers <- err })
	<-visiting
	load := func() { s.Load("w1", func(_ balance.Loaded, err error) { answers <- err }) }
	load()
	load()
	if len(answers) != 0 {
		t.Fatalf("a load is answered while the reader is busy: %v", <-answers)
	}
	load()
	if err := <-answers; !errors.Is(err, balance.ErrStoreBusy) {
		t.Errorf("one load too many gives %v, want ErrStoreBusy", err)
	}
	again := make(chan balance.Result, 1) // whose entry is there cannot be read: it must not be Out
	s.Append([]balance.Append{oneEntry("w1", 1)}, func(_ int, r balance.Result) { again <- r })
	if r := <-again; r.Outcome != balance.Unknown || !errors.Is(r.Err, balance.ErrStoreBusy) {
		t.Errorf("an entry sent again: outcome %d (%v), want Unknown with ErrStoreBusy", r.Outcome, r.Err)
	}
	close(letGo)
	for range 3 {
		if err := <-answers; err != nil {
			t.Errorf("a read that waited gives %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsToldBeforeItIsDurable looks at what is not durable yet, in every way there is.
func TestNothingIsToldBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, letGo := make(chan struct{}, 1), make(chan struct{})
		s, _ := mustOpen(t, stuckDisk(begun, letGo), "/store", SegmentSizeMin)
		a := oneEntry("w1", 1)
		a.Rows = []balance.Row{{Hash: storyHash(1), Log: "w1", Kind: balance.RowNumber}}
		answers := make(chan string, 10)
		s.Append([]balance.Append{a}, func(int, balance.Result) { answers <- "append" })
		<-begun
		lookAt(t, s, a, answers)
		synctest.Wait()
		if n := len(answers); n != 0 {
			t.Errorf("%d calls are answered before anything is durable, the first is %s", n, <-answers)
		}
		close(letGo)
		synctest.Wait()
		got := map[string]bool{}
		for range len(answers) {
			got[<-answers] = true
		}
		if len(got) != 8 {
			t.Errorf("answered: %v", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// lookAt asks for an append that is not durable yet, in seven ways.
func lookAt(t *testing.T, s *Store, a balance.Append, answers chan<- string) {
	s.Load("w1", func(l balance.Loaded, err error) {
		if err != nil || len(l.Entries) != 1 {
			t.Errorf("the load has %d entries (%v)", len(l.Entries), err)
		}
		answers <- "load"
	})
	s.Scan("w1", 0, balance.Backward, func(balance.Sealed) bool { return true }, func(error) { answers <- "scan" })
	s.Logs(func(string, uint64) bool { return true }, func(error) { answers <- "logs" })
	s.Card(storyHash(1), func(_ balance.Row, found bool, err error) {
		if !found || err != nil {
			t.Errorf("card: found %v (%v)", found, err)
		}
		answers <- "card"
	})
	s.Append([]balance.Append{{}}, func(int, balance.Result) { answers <- "barrier" })
	theirs := oneEntry("w1", 1)
	theirs.Entries[0].Attempt = 9
	s.Append([]balance.Append{theirs}, func(_ int, r balance.Result) {
		if r.Outcome != balance.Conflict || r.Theirs == nil || r.Theirs.Attempt != 0 {
			t.Errorf("outcome %d, want Conflict with the first entry", r.Outcome)
		}
		answers <- "conflict"
	})
	other := oneEntry("w2", 1)
	other.Rows = a.Rows
	s.Append([]balance.Append{other}, func(_ int, r balance.Result) {
		if r.Outcome != balance.Conflict || r.Theirs != nil {
			t.Errorf("outcome %d, want Conflict about the row", r.Outcome)
		}
		answers <- "row conflict"
	})
}
