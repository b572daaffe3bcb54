package embedded

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"sekisho/balance"
)

// openFailing opens a store on a disk that gives errors as inject says, and notes the calls of Fatal.
func openFailing(t *testing.T, fs vfs.FS, inject errorfs.InjectorFunc, fatal func(error)) *Store {
	t.Helper()
	s, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{errorfs.Wrap(fs, inject)}, CheckValue: testKey, SegmentSize: SegmentSizeMin, Fatal: fatal})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAWriteThatFailsEndsTheStore lets the write or the sync of one group fail: nothing is
// acknowledged from then on, nothing is tried again, and what was acknowledged is there.
func TestAWriteThatFailsEndsTheStore(t *testing.T) {
	for name, kind := range map[string]errorfs.OpKind{"write": errorfs.OpFileWriteAt, "sync": errorfs.OpFileSync} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			var armed atomic.Bool
			var changes atomic.Int64
			var s *Store
			behind := make(chan balance.Result, 1)
			inject := func(op errorfs.Op) error {
				if !armed.Load() || !isSegment(op.Path) || op.Kind != kind {
					return nil
				}
				armed.Store(false)
				changes.Store(0)
				// A group forms behind the one that fails.
				s.Append([]balance.Append{oneEntry("w2", 1)}, func(_ int, r balance.Result) { behind <- r })
				return errorfs.ErrInjected
			}
			counted := func(op errorfs.Op) error {
				if isSegment(op.Path) && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose {
					changes.Add(1)
				}
				return inject(op)
			}
			var told atomic.Int64
			s = openFailing(t, fs, counted, func(err error) {
				if told.Add(1); !errors.Is(err, errorfs.ErrInjected) {
					t.Errorf("Fatal is told %v", err)
				}
			})
			for v := uint64(1); v <= 3; v++ {
				if r := appendOne(s, oneEntry("w1", v)); r.Outcome != balance.In {
					t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
				}
			}
			armed.Store(true)
			for v := uint64(4); v <= 6; v++ {
				r := appendOne(s, oneEntry("w1", v))
				if r.Outcome != balance.Unknown || !errors.Is(r.Err, errorfs.ErrInjected) {
					t.Errorf("version %d: outcome %d (%v), want Unknown with the disk's error", v, r.Outcome, r.Err)
				}
				if told.Load() != 1 {
					t.Errorf("Fatal is told %d times before the answer, want once", told.Load())
				}
			}
			if r := <-behind; r.Outcome != balance.Unknown {
				t.Errorf("what formed behind: outcome %d, want Unknown", r.Outcome)
			}
			if n := changes.Load(); n != 0 {
				t.Errorf("the log is changed %d times after the failure", n)
			}
			loaded := make(chan error, 4)
			s.Load("w1", func(_ balance.Loaded, err error) { loaded <- err })
			s.Scan("w1", 0, balance.Forward, func(balance.Sealed) bool { return true }, func(err error) { loaded <- err })
			s.Logs(func(string, uint64) bool { return true }, func(err error) { loaded <- err })
			s.Card(storyHash(1), func(_ balance.Row, _ bool, err error) { loaded <- err })
			for range 4 {
				if err := <-loaded; !errors.Is(err, errorfs.ErrInjected) {
					t.Errorf("a read from a failed store gives %v", err)
				}
			}
			if err := s.Close(); !errors.Is(err, errorfs.ErrInjected) {
				t.Errorf("Close gives %v, want the disk's error", err)
			}
			s, report := mustOpen(t, vfsDisk{fs.CrashClone(vfs.CrashCloneCfg{})}, "/store", SegmentSizeMin)
			if report.Entries != 3 {
				t.Errorf("%d entries are there, 3 were acknowledged", report.Entries)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestAFullDiskEndsTheStoreOnlyWhenItNeedsTheRoom lets the next segment find no room.
func TestAFullDiskEndsTheStoreOnlyWhenItNeedsTheRoom(t *testing.T) {
	for name, freed := range map[string]bool{"room is made in time": true, "no room is made": false} {
		t.Run(name, func(t *testing.T) {
			var full atomic.Bool
			full.Store(true)
			var segments atomic.Int64
			var once sync.Once
			failed := make(chan struct{})
			inject := func(op errorfs.Op) error {
				if op.Kind == errorfs.OpCreate && filepath.Base(op.Path) == segmentPrepare && segments.Add(1) > 2 && full.Load() {
					once.Do(func() { close(failed) })
					return fmt.Errorf("create: %w", syscall.ENOSPC)
				}
				return nil
			}
			fatal := make(chan error, 1)
			s := openFailing(t, vfs.NewMem(), inject, func(err error) { fatal <- err })
			var in, unknown int
			for v := uint64(1); v <= 40; v++ {
				a := oneEntry("w1", v)
				a.Entries[0].Body = make([]byte, 9000)
				switch r := appendOne(s, a); r.Outcome {
				case balance.In:
					in++
				case balance.Unknown:
					unknown++
				default:
					t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
				}
				if v == 6 { // the second segment has been taken, the third cannot be prepared
					<-failed
					full.Store(!freed)
				}
			}
			err := s.Close()
			if freed && (err != nil || in != 40) {
				t.Errorf("%d of 40 are in, and the store ends with %v", in, err)
			}
			if !freed {
				if told := <-fatal; !errors.Is(told, syscall.ENOSPC) || !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("the store ends with %v and %v, want ENOSPC", told, err)
				}
				if in < 6 || unknown == 0 {
					t.Errorf("%d are in and %d unknown: want what there is room for in", in, unknown)
				}
			}
		})
	}
}
