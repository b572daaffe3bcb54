package embedded

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

// lastChanged opens a log whose last group was changed, and says what its end is told to be.
func lastChanged(t *testing.T, w writtenLog, change func(group, behind []byte)) (*TornTail, string) {
	t.Helper()
	g := w.groups[len(w.groups)-1]
	fs := w.copy(t, g.name(), func(b []byte) []byte {
		change(b[g.offset:g.offset+g.length], b[g.offset+g.length:])
		return b
	})
	var told bytes.Buffer
	s, report, err := Open(Options{Dir: "/store", Disk: vfsDisk{fs}, CheckValue: testKey, SegmentSize: SegmentSizeMin, Logger: slog.New(slog.NewTextHandler(&told, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return report.TornTail, told.String()
}

// TestAWriteThatWasCutOffIsNeverCalledDamaged takes any sectors of the last group, as a power failure does.
func TestAWriteThatWasCutOffIsNeverCalledDamaged(t *testing.T) {
	t.Parallel()
	w := write(t, someAppends())
	random := rand.New(rand.NewPCG(1, 0))
	cut := 0
	for range 400 / slower {
		percent := random.IntN(101)
		tail, told := lastChanged(t, w, func(group, _ []byte) {
			for at := 0; at < len(group); at += sectorSize {
				if random.IntN(100) < percent {
					clear(group[at : at+sectorSize])
				}
			}
		})
		if tail == nil {
			continue // all of it is missing, or nothing but zeros
		}
		cut++
		if tail.Damaged || !strings.Contains(told, "level=WARN msg=\"the last write was cut off") {
			t.Fatalf("%v is called %s: %s", tail, tail.Looks(), told)
		}
	}
	if cut < 100/slower {
		t.Errorf("only %d were cut off", cut)
	}
}

func TestWhatNoCutWriteLeavesIsCalledDamaged(t *testing.T) {
	t.Parallel()
	w := write(t, someAppends())
	flip := func(b []byte) {
		for i := range b {
			b[i] ^= 0xff
		}
	}
	for name, change := range map[string]func(group, behind []byte){
		"the first 200 bytes":          func(group, _ []byte) { flip(group[:200]) },
		"a page":                       func(group, _ []byte) { flip(group[PageSize : 2*PageSize]) },
		"two pages the same way":       func(group, _ []byte) { flip(group[200:300]); flip(group[PageSize+200 : PageSize+300]) },
		"a sector of zeros elsewhere":  func(group, _ []byte) { clear(group[PageSize : PageSize+sectorSize]); flip(group[1000:1010]) },
		"something far behind the end": func(group, behind []byte) { clear(group[PageSize:]); behind[3*PageSize] = 1 },
	} {
		tail, told := lastChanged(t, w, change)
		if tail == nil || !tail.Damaged || !strings.Contains(told, "level=ERROR msg=\"the end of the log is damaged") {
			t.Errorf("%s: %v, %s", name, tail, told)
		}
	}
}
