package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

func oneEntry(log string, v uint64) balance.Append {
	return balance.Append{Entries: []balance.Sealed{{Log: log, Version: v, Body: []byte("body")}}}
}

func TestASecondProcessIsToldWhoHoldsTheStore(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, nil, dir, SegmentSizeMin)
	_, _, err := Open(Options{Dir: dir, CheckValue: testKey, SegmentSize: SegmentSizeMin})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("the second open gives %v, want ErrLocked with this process's id", err)
	}
	if err := Free(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("it is called free: %v", err)
	}
	if r := appendOne(s, oneEntry("w1", 1)); r.Outcome != balance.In {
		t.Errorf("the holder's append is %d (%v)", r.Outcome, r.Err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, filepath.Join(dir, "nothing")} {
		if err := Free(dir); err != nil {
			t.Errorf("%s is not called free: %v", dir, err)
		}
	}
	s, _ = mustOpen(t, nil, dir, SegmentSizeMin)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAClosedStoreIsFreeThoughAChildHasItsLockFileOpen has the open lock file a second time, as a
// child has that was forked and runs no program of its own yet.
func TestAClosedStoreIsFreeThoughAChildHasItsLockFileOpen(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, nil, dir, SegmentSizeMin)
	childs, err := syscall.Dup(int(s.held.(heldLock).file.Fd())) //nolint:gosec // a descriptor fits
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = mustOpen(t, nil, dir, SegmentSizeMin)
	if err := errors.Join(s.Close(), syscall.Close(childs)); err != nil {
		t.Fatal(err)
	}
}

func TestTheLockFileIsClosedInAProgramThatIsStarted(t *testing.T) {
	held, err := (osDisk{}).Lock(filepath.Join(t.TempDir(), lockName))
	if err != nil {
		t.Fatal(err)
	}
	fd := held.(heldLock).file.Fd()
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
	if errno != 0 || flags&syscall.FD_CLOEXEC == 0 {
		t.Errorf("the lock's descriptor has flags %#x (%v), want it closed in a program that is started", flags, errno)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherCardKeyIsRefusedAndBothAreNamed(t *testing.T) {
	dir := t.TempDir()
	s, _ := mustOpen(t, nil, dir, SegmentSizeMin)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := [8]byte{0xff, 0xfe, 0xfd}
	_, _, err := Open(Options{Dir: dir, CheckValue: other, SegmentSize: SegmentSizeMin})
	if !errors.Is(err, ErrCardKey) {
		t.Fatalf("another key gives %v, want ErrCardKey", err)
	}
	for _, value := range [][8]byte{testKey, other} {
		if !strings.Contains(err.Error(), fmt.Sprintf("%x", value)) {
			t.Errorf("the error does not name %x: %v", value, err)
		}
	}
	s, _ = mustOpen(t, nil, dir, SegmentSizeMin) // the lock is free again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADirectoryIsEmptyUntilAStoreIsInIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "below", "data")
	empty := func() bool {
		t.Helper()
		is, err := Empty(nil, dir)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if !empty() {
		t.Error("a directory that is not there is not empty")
	}
	s, _ := mustOpen(t, nil, dir, SegmentSizeMin)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if empty() {
		t.Error("a store's directory is empty")
	}
	identity := filepath.Join(dir, identityName)
	if err := os.Remove(identity); err != nil {
		t.Fatal(err)
	}
	if !empty() {
		t.Error("a store that was never finished and holds nothing is not empty")
	}
	s, _ = mustOpen(t, nil, dir, SegmentSizeMin)
	appendOne(s, oneEntry("w1", 1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(identity); err != nil {
		t.Fatal(err)
	}
	if empty() {
		t.Error("a log with an entry is empty because its identity is not there")
	}
	if _, _, err := Open(Options{Dir: dir, CheckValue: testKey}); !errors.Is(err, balance.ErrDamaged) {
		t.Errorf("a log without an identity opens with %v, want ErrDamaged", err)
	}
}

func TestAnIdentityThatCannotBeReadIsRefused(t *testing.T) {
	w := write(t, someAppends()[:2])
	for text, want := range map[string]string{
		"":   "not JSON",
		"{}": "format 0",
		`{"format":2,"card_key_check":"0102030405060708"}`: "format 2",
		`{"format":1,"card_key_check":"01020304"}`:         "16 hexadecimal digits",
		`{"format":1,"card_key_check":"xx02030405060708"}`: "16 hexadecimal digits",
	} {
		fs := w.copy(t, "/store/identity.json", func([]byte) []byte { return []byte(text) })
		if _, _, err := Open(Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("identity %q gives %v, want %q", text, err, want)
		}
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for want, o := range map[string]Options{
		"directory":                 {},
		"a segment of 4096 bytes":   {Dir: "x", SegmentSize: 4096},
		"a segment of 1000000 byte": {Dir: "x", SegmentSize: 1000000},
		"a segment of 2147483648":   {Dir: "x", SegmentSize: 2 << 30},
	} {
		if _, _, err := Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

func TestTheSegmentSizeMayChangeFromOneOpenToTheNext(t *testing.T) {
	fs := vfs.NewMem()
	segments := segmentDir{vfsDisk{fs}, "/store/log"}
	of := map[uint32]int64{}
	v := uint64(0)
	for _, size := range []int64{64 << 10, 128 << 10, 64 << 10, 256 << 10, 64 << 10} {
		s, report := mustOpen(t, vfsDisk{fs}, "/store", size)
		if report.Entries != v || report.TornTail != nil {
			t.Errorf("%d entries and torn tail %v, want %d and none", report.Entries, report.TornTail, v)
		}
		for range 12 {
			v++
			a := oneEntry("w1", v)
			a.Entries[0].Body = make([]byte, 20_000)
			if r := appendOne(s, a); r.Outcome != balance.In {
				t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		numbers, err := segments.list()
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range numbers {
			length, err := segments.length(number)
			if err != nil {
				t.Fatal(err)
			}
			if of[number] == 0 || length == size { // new, or not used and made again
				of[number] = length
			}
			if length != of[number] {
				t.Errorf("segment %d was made with %d bytes and has %d now", number, of[number], length)
			}
		}
	}
}

// TestTheLogIsWrittenPastThePageCacheOrNot holds either kind of file of this machine to the same.
func TestTheLogIsWrittenPastThePageCacheOrNot(t *testing.T) {
	for name, disk := range map[string]Disk{"as the file system likes": osDisk{}, "buffered": bufferedDisk{}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for round := range uint64(3) {
				s, report := mustOpen(t, disk, dir, SegmentSizeMin)
				t.Logf("direct %v", report.Direct)
				if _, buffered := disk.(bufferedDisk); buffered && report.Direct {
					t.Error("the report says that a buffered file is direct")
				}
				if report.Entries != round*40 {
					t.Fatalf("%d entries, want %d", report.Entries, round*40)
				}
				for v := round*40 + 1; v <= round*40+40; v++ {
					a := oneEntry("w1", v)
					a.Entries[0].Body = make([]byte, 100*v)
					if r := appendOne(s, a); r.Outcome != balance.In {
						t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// bufferedDisk is this machine's, on a file system that refuses direct files.
type bufferedDisk struct{ osDisk }

func (d bufferedDisk) OpenLog(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	return osFile{File: f}, err
}
