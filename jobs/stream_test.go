package jobs_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// recordsVariable names the environment variable that makes the long file as long as one likes: 10000000 in
// the nightly run, which also holds what the load may take of memory.
const recordsVariable = "SEKISHO_CLEARING_RECORDS"

// loadMemoryMax is how much a load may have resident, with the store and the book under it.
const loadMemoryMax = 200 << 20

// Half of a long file only tells something, nearly all others are about cards of nobody, and a few are sales
// of a few wallets: what wallets remember of their last hours is the book's, and grows with the sales.
func TestALoadDoesNotNeedMoreMemoryForALongerFile(t *testing.T) {
	records := 6_000
	text, long := os.LookupEnv(recordsVariable)
	if long {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q, expected a number of records", recordsVariable, text)
		}
		records = n
	}
	s := newShop(t, "embedded")
	const wallets = 100
	for i := range wallets {
		s.begin(string(rune('A'+i/26))+string(rune('a'+i%26)), 100_000_000, ownFrom+i)
	}
	file, sales := s.longFile(records, max(100, records/salesMax), wallets)
	before := s.clearPeak()
	began := time.Now()
	report, err := s.loader().Load(t.Context(), jobs.FileAt(file))
	if err != nil {
		t.Fatal(err)
	}
	took, most := time.Since(began), s.resident("VmHWM:")
	s.adds(&report)
	told := uint64(records+1) / 2                                                                         //nolint:gosec // positive
	if report.Other != told || report.Forced != sales || report.Suspended != uint64(records)-told-sales { //nolint:gosec // as above
		t.Errorf("of %d records %d tell something and %d are of wallets, found %+v", records, told, sales, report)
	}
	t.Logf("%d records in %v, %.0f a second; resident %d MB before, %d MB at most", records, took.Round(time.Millisecond),
		float64(records)/took.Seconds(), before>>20, most>>20)
	if long && most > loadMemoryMax {
		t.Errorf("%d MB were resident, at most %d MB are allowed", most>>20, loadMemoryMax>>20)
	}
	s.verify()
}

// How many records of a long file are sales of wallets at most, and the first cards of those and of nobody.
const (
	salesMax    = 1_000
	ownFrom     = 2_000
	strangeFrom = 100_000_000
)

// longFile is a file on disk, and how many of its records are sales of the wallets: one in so many, an even
// number.
func (s *shop) longFile(records, one, wallets int) (name string, sales uint64) {
	s.Helper()
	name = filepath.Join(s.TempDir(), "long.clr")
	f, err := os.Create(name)
	if err != nil {
		s.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			s.Fatal(err)
		}
	}()
	id, err := clearing.MakeFileID(clearing.ToMember, time.Now(), "88791000", 1)
	if err != nil {
		s.Fatal(err)
	}
	out := bufio.NewWriter(f)
	w := clearing.NewWriter(out, clearing.Options{})
	err = w.Header(id, network, own)
	information := told(603, 0)
	for i := 0; i < records && err == nil; i++ {
		d := information
		switch {
		case i%one == 1:
			sales++
			d = s.offline(ownFrom+i/one%wallets, spec.Money(100+i%1000))
		case i%2 == 1:
			d = s.offline(strangeFrom+i, spec.Money(100+i%1000))
		}
		err = w.Write(d)
	}
	if err := errors.Join(err, w.Close(), out.Flush()); err != nil {
		s.Fatal(err)
	}
	return name, sales
}

// clearPeak forgets the most that was resident so far, and returns what is now: bytes, 0 where the system
// does not say.
func (s *shop) clearPeak() int64 {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		s.Logf("memory is not measured: %v", err)
		return 0
	}
	return s.resident("VmRSS:")
}

// resident is a line of /proc/self/status in bytes, 0 where there is none.
func (s *shop) resident(field string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == field {
			kilobytes, _ := strconv.ParseInt(string(f[1]), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}
