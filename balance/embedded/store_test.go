package embedded

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
	"sekisho/balance/storetest"
)

var testKey = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}

// mustOpen opens a store with small segments.
func mustOpen(t testing.TB, disk Disk, dir string, size int64) (*Store, Report) {
	t.Helper()
	s, report, err := Open(Options{Dir: dir, Disk: disk, CheckValue: testKey, SegmentSize: size})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s, report
}

func TestTheStoreKeepsEveryPromiseOnThisMachinesDisk(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		dir := t.TempDir()
		return storetest.Harness{
			Reopens: true,
			Open: func(t testing.TB) balance.Store {
				s, _ := mustOpen(t, nil, dir, 3<<20)
				return s
			},
		}
	})
}

func TestTheStoreKeepsEveryPromiseInMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		fs := vfs.NewCrashableMem()
		return storetest.Harness{
			Reopens: true,
			Open: func(t testing.TB) balance.Store {
				s, _ := mustOpen(t, vfsDisk{fs}, "/store", 3<<20)
				return s
			},
			Crash: func(testing.TB) { fs = fs.CrashClone(vfs.CrashCloneCfg{}) },
		}
	})
}
