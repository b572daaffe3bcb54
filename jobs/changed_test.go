package jobs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// onDisk is a file with these bytes.
func (s *shop) onDisk(file []byte) (path string) {
	s.Helper()
	path = filepath.Join(s.TempDir(), "test.clr")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// meanwhile loads a file, and does something once when a step has been told of.
func (s *shop) meanwhile(path string, step jobs.Step, do func() error) (jobs.LoadReport, error) {
	s.Helper()
	done := false
	l := s.loader()
	l.Tell = func(p jobs.Progress) {
		if p.Step != step || done {
			return
		}
		done = true
		if err := do(); err != nil {
			s.Error(err)
		}
	}
	report, err := l.Load(s.Context(), jobs.FileAt(path))
	if !done {
		s.Fatalf("the load told of no step %q: %v", step, err)
	}
	return report, err
}

// offlineSales is a file with so many sales of 100.
func (s *shop) offlineSales(n int) []byte {
	s.Helper()
	drafts := make([]*clearing.Draft, n)
	for i := range drafts {
		drafts[i] = s.offline(first, 100)
	}
	return s.filed(drafts...)
}

// overwrite puts bytes where a file has others, and leaves the rest.
func overwrite(path string, at int64, with []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // of this test
	if err != nil {
		return err
	}
	_, err = f.WriteAt(with, at)
	return errors.Join(err, f.Close())
}

func TestAFileThatIsReplacedAtItsPathIsLoadedAsItWasOpened(t *testing.T) {
	t.Parallel()
	for _, step := range []jobs.Step{jobs.StepCheck, jobs.StepPlace} {
		s := newShop(t, "ordered")
		v := s.buy(first, 1000)
		path := s.onDisk(s.filed(s.presented(v, takesBack), s.presented(v), s.offline(first, 1200)))
		other := s.onDisk(s.filed(s.offline(first, 7), s.offline(first, 70), s.offline(first, 700)))
		report, err := s.meanwhile(path, step, func() error { return os.Rename(other, path) })
		if err != nil || report.Forced != 1 || report.Matched != 1 || report.Other != 1 {
			t.Errorf("replaced when %s: loaded %+v, %v", step, report, err)
		}
		if posted, _ := s.money(first); posted != funds-1200 {
			t.Errorf("replaced when %s: posted is %d, want %d", step, posted, funds-1200)
		}
		report, err = s.loader().Load(t.Context(), jobs.FileAt(path))
		if err != nil || report.Forced != 3 || report.SumApplied != 777 {
			t.Errorf("then the other is loaded: %+v, %v", report, err)
		}
		s.verify()
	}
}

func TestAFileThatIsChangedInPlaceIsNotPlacedFromThereOn(t *testing.T) {
	t.Parallel()
	const sales = 3_000
	for _, c := range []struct {
		name   string
		step   jobs.Step
		change func(path string, file []byte) error
		none   bool // nothing is placed at all
	}{
		{"its id, before a record is placed", jobs.StepCheck, func(path string, file []byte) error {
			at := int64(bytes.Index(file, cp037("3901025001")) + 10)
			return overwrite(path, at+6, cp037("99"))
		}, true},
		{"its first amount", jobs.StepCheck, func(path string, file []byte) error {
			return overwrite(path, int64(bytes.Index(file, cp037("000000000100"))), cp037("000000000200"))
		}, true},
		{"an amount in the middle", jobs.StepCheck, func(path string, file []byte) error {
			return overwrite(path, middle(file, "000000000100"), cp037("000000000200"))
		}, false},
		{"an amount in the middle, while records are placed", jobs.StepPlace, func(path string, file []byte) error {
			return overwrite(path, middle(file, "000000000100"), cp037("000000000200"))
		}, false},
		{"cut short", jobs.StepCheck, func(path string, file []byte) error { return os.Truncate(path, int64(len(file)-10)) }, false},
		{"emptied", jobs.StepCheck, func(path string, _ []byte) error { return os.Truncate(path, 0) }, true},
		{"something else", jobs.StepCheck, func(path string, _ []byte) error { return overwrite(path, 0, []byte("something else")) }, true},
		{"made longer", jobs.StepCheck, func(path string, file []byte) error { return overwrite(path, int64(len(file)), []byte("\r\n")) }, false},
		{"made longer by far", jobs.StepCheck, func(path string, file []byte) error {
			return overwrite(path, int64(len(file)), bytes.Repeat([]byte("\n"), 1<<20))
		}, false},
		{"cut short by far", jobs.StepCheck, func(path string, _ []byte) error { return os.Truncate(path, 256<<10) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "ordered")
			s.limit.ChunkMax = 64
			s.begin("rich", 10_000_000, nobody)
			file := s.offlineSales(sales)
			path := s.onDisk(file)
			_, err := s.meanwhile(path, c.step, func() error { return c.change(path, file) })
			if !errors.Is(err, jobs.ErrChanged) {
				t.Fatalf("the load ended with %v", err)
			}
			placed := s.postings(100)
			if c.none && placed != 0 || placed >= sales {
				t.Errorf("%d records were placed", placed)
			}
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			report, err := s.loader().Load(t.Context(), jobs.FileAt(path))
			if err != nil || report.Forced != sales || s.postings(100) != sales {
				t.Errorf("then it loaded %+v, %v", report, err)
			}
			s.verify()
		})
	}
}

// middle is where in the second half of a file a text of digits is.
func middle(file []byte, digits string) int64 {
	return int64(len(file)/2 + bytes.Index(file[len(file)/2:], cp037(digits)))
}

// cp037 is a text of digits as a file has it.
func cp037(digits string) []byte {
	out := []byte(digits)
	for i := range out {
		out[i] += 0xF0 - '0'
	}
	return out
}

// postings counts the clearing records that were posted, each of one amount.
func (s *shop) postings(amount spec.Money) (n int) {
	s.Helper()
	s.events(func(_ string, _ int, e *balance.Event) {
		if e.Kind != balance.Presented {
			return
		}
		if n++; e.Posted != -amount {
			s.Errorf("record %d: %d was posted", e.Key.Number(), e.Posted)
		}
	})
	return n
}

func TestWhatIsNoRegularFileIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	path := filepath.Join(t.TempDir(), "pipe.clr")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipe can be made here: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.loader().Load(t.Context(), jobs.FileAt(path))
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(path+" is not a regular file")) {
			t.Errorf("the load ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for somebody who writes into the pipe")
	}
}
