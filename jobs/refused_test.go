package jobs_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec/clearing"
)

// plainFile is a file in ASCII without record lengths, with two sales of 1,200.
func (s *shop) plainFile(kind string) []byte {
	s.Helper()
	s.files++
	id, err := clearing.MakeFileID(kind, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), "88791000", s.files)
	if err != nil {
		s.Fatal(err)
	}
	return s.write(id, clearing.Options{Charset: clearing.ASCII, NoRDW: true}, s.offline(first, 1200), s.offline(first, 1200))
}

// swapped replaces the nth place, from 0, where a text is; -1 is the last.
func swapped(file []byte, n int, from, to string) []byte {
	at := -1
	if n < 0 {
		at = bytes.LastIndex(file, []byte(from))
	}
	for i := 0; i <= n; i++ {
		at += 1 + bytes.Index(file[at+1:], []byte(from))
	}
	out := append([]byte(nil), file[:at]...)
	out = append(out, to...)
	return append(out, file[at+len(from):]...)
}

// entries counts what is in the store.
func (s *shop) entries() (n uint64) {
	s.Helper()
	s.wait(func(done func(error)) {
		s.store.Logs(func(_ string, last uint64) bool { n += last; return true }, done)
	})
	return n
}

func TestAFileThatIsNotRightIsRefusedAsAWholeWithItsReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		reason clearing.Reason
		record uint32
		spoil  func(file []byte) []byte
	}{
		{"no byte", clearing.Empty, 0, func([]byte) []byte { return nil }},
		{"something else", clearing.NotClearing, 0, func([]byte) []byte { return []byte("date,amount\n") }},
		{"a letter in DE4", clearing.Structure, 3, func(f []byte) []byte { return swapped(f, 1, "000000001200", "00000000120A") }},
		{"a record cut short", clearing.Structure, 3, func(f []byte) []byte { return f[:len(f)-300] }},
		{"bytes behind the trailer", clearing.Structure, 0, func(f []byte) []byte { return append(f, 'X') }},
		{"a record of another kind", clearing.UnknownMessage, 2, func(f []byte) []byte { return swapped(f, 0, "510101510130200", "510101510130299") }},
		{"no header", clearing.BadHeader, 1, func(f []byte) []byte { return swapped(f, 0, "689088", "690088") }},
		{"a header that is not the first record", clearing.BadHeader, 1, func(f []byte) []byte { return swapped(f, 0, "0000000108", "0000000208") }},
		{"a second header", clearing.BadHeader, 2, func(f []byte) []byte { at := bytes.Index(f[4:], []byte("1240")) + 4; return append(f[:at:at], f...) }},
		{"no trailer", clearing.BadTrailer, 3, func(f []byte) []byte { return f[:bytes.LastIndex(f, []byte("1644"))] }},
		{"a trailer of another file", clearing.BadTrailer, 4, func(f []byte) []byte { return swapped(f, -1, "3901025001261123", "3901025001261124") }},
		{"a gap in DE71", clearing.BadNumber, 3, func(f []byte) []byte { return swapped(f, -1, "00000003", "00000004") }},
		{"another count", clearing.BadCount, 4, func(f []byte) []byte { return swapped(f, -1, "390300800000004", "390300800000005") }},
		{"another sum", clearing.BadTotal, 4, func(f []byte) []byte { return swapped(f, -1, "0000000000002400", "0000000000002401") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "ordered")
			before := s.entries()
			_, err := s.loader().Load(t.Context(), inMemory(c.spoil(s.plainFile(clearing.ToMember))))
			s.refuses(err, c.reason, c.record)
			if after := s.entries(); after != before {
				t.Errorf("a refused file left %d entries", after-before)
			}
		})
	}
}

// refuses holds that an error names a reason first, and where it is.
func (s *shop) refuses(err error, reason clearing.Reason, record uint32) {
	s.Helper()
	var refused *jobs.Refused
	if !errors.As(err, &refused) {
		s.Fatalf("not refused: %v", err)
	}
	if refused.Reject.Reason != reason || (record != 0 && refused.Reject.Record != record) {
		s.Errorf("refused for %s in record %d, want %s in %d", refused.Reject.Reason, refused.Reject.Record, reason, record)
	}
	want := string(reason) + ": "
	if record > 0 {
		want += fmt.Sprintf("record %d, offset %d: ", record, refused.Reject.Offset)
	}
	if !strings.HasPrefix(err.Error(), want) {
		s.Errorf("the error is %q, want it to begin with %q", err, want)
	}
	if strings.Contains(err.Error(), number(first).Digits()) {
		s.Error("the error has a card number")
	}
}

func TestAFileThatIsNotToAMemberIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{clearing.FromMember, clearing.Verification, clearing.Settlement} {
		s := newShop(t, "ordered")
		_, err := s.loader().Load(t.Context(), inMemory(s.plainFile(kind)))
		s.refuses(err, clearing.BadType, 1)
	}
}

func TestAFileIsTakenOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range storeKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, kind)
			file := s.plainFile(clearing.ToMember)
			if _, err := s.loader().Load(t.Context(), inMemory(file)); err != nil {
				t.Fatal(err)
			}
			before := s.entries()
			_, err := s.loader().Load(t.Context(), inMemory(file))
			s.refuses(err, clearing.Duplicate, 0)
			s.reopen()
			other := swapped(file, -1, "SHOP", "SHIP")
			_, err = s.loader().Load(t.Context(), inMemory(other))
			s.refuses(err, clearing.Duplicate, 0)
			if after := s.entries(); after != before {
				t.Errorf("a duplicate left %d entries", after-before)
			}
			if posted, _ := s.money(first); posted != funds-2400 {
				t.Errorf("posted is %d", posted)
			}
		})
	}
}

func TestTheLogOfAFileSaysWhatWasTakenAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	file := s.plainFile(clearing.ToMember)
	report, err := s.loader().Load(t.Context(), inMemory(file))
	if err != nil {
		t.Fatal(err)
	}
	var taken, closed, records, sum uint64
	s.events(func(log string, n int, e *balance.Event) {
		if log != "file:"+report.FileID {
			return
		}
		switch e.Kind { //nolint:exhaustive // no other is in such a log
		case balance.FileTaken:
			taken++
			if !strings.HasPrefix(e.Note, "sha256 ") || !strings.HasSuffix(e.Note, fmt.Sprintf(", %d bytes", len(file))) || e.Clearing.Amount != 2400 {
				t.Errorf("taken: %s, %d", e.Note, e.Clearing.Amount)
			}
		case balance.FileClosed:
			closed++
			records += e.Clearing.Count
			sum += uint64(e.Clearing.Amount) //nolint:gosec // not negative
			if (n == 0) != (e.Key == balance.CallKey("file closed", report.FileID)) {
				t.Error("the key is not that of the first event, or not only")
			}
		default:
			t.Errorf("an event of kind %s", e.Kind)
		}
	})
	if taken != 1 || closed != 6 || records != 2 || sum != 2400 {
		t.Errorf("taken %d times, closed with %d placements, %d records and %d", taken, closed, records, sum)
	}
}

func TestADryRunRecordsNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	v := s.buy(first, 1000)
	before := s.entries()
	file := s.filed(s.presented(v), s.presented(v, takesBack), s.offline(first, 70), s.offline(nobody, 80))
	dry := s.loader()
	dry.DryRun = true
	for range 2 {
		report, err := dry.Load(t.Context(), inMemory(file))
		if err != nil {
			t.Fatal(err)
		}
		s.adds(&report)
		if report.Matched != 1 || report.Forced != 1 || report.Suspended != 2 || !report.DryRun {
			t.Errorf("judged %+v", report)
		}
	}
	if after := s.entries(); after != before {
		t.Errorf("a dry run left %d entries", after-before)
	}
	report, err := s.loader().Load(t.Context(), inMemory(file))
	if err != nil || report.Matched != 1 || report.Other != 1 || report.DryRun {
		t.Errorf("then loaded %+v, %v", report, err)
	}
	_, err = dry.Load(t.Context(), inMemory(file))
	s.refuses(err, clearing.Duplicate, 0)
}

func TestADryRunRecordsNotEvenThatAHoldRanOut(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, kind)
			defer s.close()
			s.begin("other", 50_000, nobody)
			v, left := s.buy(first, 1000), s.buy(nobody, 500)
			file := s.filed(s.presented(left, takesBack), s.presented(v), s.offline(first, 70), s.offline(9, 80), fee("19", 5))
			pass(40 * day)
			before := s.lasts()
			dry := s.loader()
			dry.DryRun = true
			report, err := dry.Load(t.Context(), inMemory(file))
			if err != nil || report.Matched != 1 || report.Forced != 1 || report.Suspended != 2 || report.Other != 1 {
				t.Errorf("judged %+v, %v", report, err)
			}
			if after := s.lasts(); !maps.Equal(after, before) {
				t.Errorf("%s: the last entries are %v, before the dry run they were %v", kind, after, before)
			}
			s.load(s.presented(v))
			if after := s.lasts(); after["w"] <= before["w"] {
				t.Error("nothing was recorded afterwards")
			}
			s.verify()
		})
	}
}

// lasts are the last versions of all logs.
func (s *shop) lasts() map[string]uint64 {
	s.Helper()
	out := map[string]uint64{}
	s.wait(func(done func(error)) {
		s.store.Logs(func(log string, last uint64) bool { out[log] = last; return true }, done)
	})
	return out
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	dir := t.TempDir()
	for name, want := range map[string]string{filepath.Join(dir, "none.clr"): "none.clr: no such file", dir: dir + " is not a regular file"} {
		if _, err := s.loader().Load(t.Context(), jobs.FileAt(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	name := filepath.Join(dir, "good.clr")
	if err := os.WriteFile(name, s.plainFile(clearing.ToMember), 0o600); err != nil {
		t.Fatal(err)
	}
	if report, err := s.loader().Load(t.Context(), jobs.FileAt(name)); err != nil || report.Forced != 2 {
		t.Errorf("loaded %+v, %v", report, err)
	}
}
