package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
	"sekisho/spec"
)

// story is a sequence of appends, and how much of it a store must hold: as the store is ordered,
// what it holds is always what the first m appends wrote, m at least what was answered.
type story struct {
	appends []balance.Append
	heads   []map[string]uint64 // heads[m] is every log's last version after m appends
	entries []uint64            // entries[m] is how many entries the first m appends have
}

func newStory(random *rand.Rand, length int) story {
	last := map[string]uint64{}
	y := story{heads: []map[string]uint64{{}}, entries: []uint64{0}}
	for k := range length {
		var a balance.Append
		first := random.IntN(6)
		for i := range 1 + random.IntN(2) {
			log := fmt.Sprint("w", (first+i)%6)
			last[log]++
			e := balance.Sealed{Log: log, Version: last[log], Attempt: balance.Attempt(k), At: int64(k), Body: make([]byte, random.IntN(300))}
			if random.IntN(4) == 0 {
				e.Body = make([]byte, random.IntN(20_000))
			}
			for j := range e.Body {
				e.Body[j] = byte(k + j)
			}
			a.Entries = append(a.Entries, e)
		}
		if random.IntN(3) == 0 {
			a.Rows = []balance.Row{{Hash: storyHash(k), Log: a.Entries[0].Log, Kind: balance.RowNumber}}
		}
		y.appends = append(y.appends, a)
		heads := map[string]uint64{}
		for log, v := range last {
			heads[log] = v
		}
		y.heads = append(y.heads, heads)
		y.entries = append(y.entries, y.entries[k]+uint64(len(a.Entries)))
	}
	return y
}

func storyHash(k int) spec.CardHash { return spec.CardHash{byte(k), byte(k >> 8), 7} }

// held says how many appends of the story a store holds and checks that it holds exactly those.
func (y *story) held(t *testing.T, s *Store, entries uint64) int {
	t.Helper()
	m := 0
	for m < len(y.appends) && y.entries[m] < entries {
		m++
	}
	if y.entries[m] != entries {
		t.Fatalf("the store holds %d entries: part of an append", entries)
	}
	want := map[string][]balance.Sealed{}
	for k, a := range y.appends {
		_, found := s.Peek(storyHash(k))
		if found != (k < m && len(a.Rows) > 0) {
			t.Fatalf("the store holds %d appends; the row of append %d: found %v", m, k, found)
		}
		if k < m {
			for _, e := range a.Entries {
				want[e.Log] = append(want[e.Log], e)
			}
		}
	}
	for log, entries := range want {
		got := make(chan error, 1)
		v := 0
		s.Scan(log, 1, balance.Forward, func(e balance.Sealed) bool {
			if v >= len(entries) || !sameEntry(e, entries[v]) {
				t.Errorf("version %d of log %q is not what was appended", v+1, log)
			}
			v++
			return true
		}, func(err error) { got <- err })
		if err := <-got; err != nil || v != len(entries) {
			t.Fatalf("log %q has %d entries (%v), want %d", log, v, err, len(entries))
		}
	}
	return m
}

func sameEntry(a, b balance.Sealed) bool {
	return a.Log == b.Log && a.Version == b.Version && a.Attempt == b.Attempt && a.At == b.At &&
		bytes.Equal(a.Body, b.Body) && bytes.Equal(a.Snapshot, b.Snapshot)
}

var errPower = errors.New("the power is off")

// power ends a store at one of its changes of the disk.
type power struct {
	mu   sync.Mutex
	left int // changes until the end
	off  bool
	cut  func() // called once, at the end
	late bool   // the change at which it ends still happens
}

func (p *power) change(late bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		return errPower
	}
	if late == p.late {
		p.left--
	}
	if p.left < 0 {
		p.off = true
		p.cut()
		return errPower
	}
	return nil
}

func (p *power) disk(fs vfs.FS) Disk {
	return hookDisk{
		Disk:   vfsDisk{fs},
		before: func(string, string) error { return p.change(false) },
		after:  func(string, string) error { return p.change(true) },
	}
}

// TestWhatWasAnsweredOutlivesAnyCrash ends stores at random changes of the disk, some by a power
// failure, which takes any part of what was not synced, some by a kill, after which it is all
// there until the power fails; in the midst of opening as well as of writing.
func TestWhatWasAnsweredOutlivesAnyCrash(t *testing.T) {
	t.Parallel()
	seeds := 150 / slower
	if testing.Short() {
		seeds /= 3
	}
	var crashes, torn int
	for seed := range seeds {
		c, n := crashStory(t, uint64(seed)) //nolint:gosec // small
		crashes, torn = crashes+c, torn+n
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d seeds, %d crashes, %d torn tails dropped", seeds, crashes, torn)
	if torn == 0 {
		t.Error("no crash has torn a write: the test does not test")
	}
}

func crashStory(t *testing.T, seed uint64) (crashes, torn int) {
	random := rand.New(rand.NewPCG(seed, 0))
	y := newStory(random, 120)
	fs := vfs.NewCrashableMem()
	var answered atomic.Int64 // appends that must be there
	for {
		p := &power{left: random.IntN(40), late: random.IntN(2) == 0}
		if crashes == 12 {
			p.left = 1 << 30 // at last one that goes through
		}
		var next *vfs.MemFS
		var durable int64
		kill := random.IntN(3) == 0
		clone := vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(3) * 50, RNG: rand.New(rand.NewPCG(seed, uint64(crashes+1)))} //nolint:gosec // small
		p.cut = func() {
			durable = answered.Load() // first: what is answered from now on may be lost
			if !kill {
				next = fs.CrashClone(clone)
			}
		}
		s, report, err := Open(Options{Dir: "/store", Disk: p.disk(fs), CheckValue: testKey, SegmentSize: SegmentSizeMin})
		if err == nil {
			if tail := report.TornTail; tail != nil {
				torn++
				if tail.Damaged {
					t.Fatalf("crash %d: the torn tail at %v is called damaged", crashes, tail)
				}
			}
			m := y.held(t, s, report.Entries)
			if int64(m) < answered.Load() {
				t.Fatalf("crash %d: %d appends were answered, %d are there", crashes, answered.Load(), m)
			}
			answered.Store(int64(m))
			tell(random, s, y.appends[m:], &answered)
			err = s.Close()
		}
		p.mu.Lock()
		off := p.off
		p.mu.Unlock()
		if !off {
			if err != nil {
				t.Fatalf("crash %d: the power is on and the store fails: %v", crashes, err)
			}
			if n := answered.Load(); int(n) != len(y.appends) {
				t.Fatalf("crash %d: the power is on and %d of %d appends are in", crashes, n, len(y.appends))
			}
			return crashes, torn
		}
		if errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("crash %d: %v", crashes, err)
		}
		crashes++
		if next != nil {
			fs = next
			answered.Store(durable)
		}
	}
}

// tell appends what is left of a story, a few at a time, and counts what is answered.
func tell(random *rand.Rand, s *Store, appends []balance.Append, answered *atomic.Int64) {
	for len(appends) > 0 {
		n := min(len(appends), 1+random.IntN(8))
		s.Append(appends[:n], func(_ int, r balance.Result) {
			if r.Outcome == balance.In {
				answered.Add(1)
			}
		})
		appends = appends[n:]
		if random.IntN(2) == 0 { // a pause for the writer: a barrier is answered when all before it is
			passed := make(chan struct{})
			s.Append([]balance.Append{{}}, func(int, balance.Result) { close(passed) })
			<-passed
		}
	}
}
