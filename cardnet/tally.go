package cardnet

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Figures count what happened.
type Figures struct {
	Elapsed    time.Duration
	Messages   int64            // sent, answered or not
	Approved   int64            // authorizations answered 00 or 10
	Declined   map[string]int64 // authorizations refused, by DE39
	Inquiries  int64            // balances given
	Reversed   int64            // 0400 and 0420 accepted
	Advices    int64            // 0120 accepted
	Duplicates int64            // repeats of something that had been answered before
	NoAnswer   int64
	Unexpected map[string]int64 // what should not have happened; no card data in it

	// Of the messages of a run, from when each was due to its answer, so that a late start
	// counts as waiting: also where the generator itself was late. Zero outside a run.
	P50, P99, Max time.Duration

	latency *hdrhistogram.Snapshot // for Together
}

// Figures are those of everything since Dial.
func (n *Network) Figures() Figures { return n.tally.figures() }

// since is what was added after an earlier count. Elapsed and latencies are f's.
func (f Figures) since(before Figures) Figures {
	f.Messages -= before.Messages
	f.Approved -= before.Approved
	f.Inquiries -= before.Inquiries
	f.Reversed -= before.Reversed
	f.Advices -= before.Advices
	f.Duplicates -= before.Duplicates
	f.NoAnswer -= before.NoAnswer
	f.Declined = added(f.Declined, before.Declined)
	f.Unexpected = added(f.Unexpected, before.Unexpected)
	return f
}

func added(after, before map[string]int64) map[string]int64 {
	more := make(map[string]int64)
	for name, count := range after {
		if d := count - before[name]; d != 0 {
			more[name] = d
		}
	}
	return more
}

// tally is the running count of one network.
type tally struct {
	mu    sync.Mutex
	start time.Time
	count Figures
}

func newTally() *tally {
	return &tally{start: time.Now(), count: Figures{Declined: make(map[string]int64), Unexpected: make(map[string]int64)}}
}

func (t *tally) figures() Figures {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.count
	f.Elapsed = time.Since(t.start)
	f.Declined = maps.Clone(f.Declined)
	f.Unexpected = maps.Clone(f.Unexpected)
	return f
}

func (t *tally) unanswered() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Messages++
	t.count.NoAnswer++
}

func (t *tally) unexpected(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Unexpected[what]++
}

func (t *tally) answered(e errand, a Answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count.Messages++
	switch class := e.message.mti[:3]; {
	case e.twice:
		t.count.Duplicates++
	case class == "010" && !a.Approved():
		t.count.Declined[a.ActionCode]++
	case class == "010" && e.message.inquires():
		t.count.Inquiries++
	case class == "010":
		t.count.Approved++
	case a.ActionCode != actionApproved:
	case class == "012":
		t.count.Advices++
	case class == "040", class == "042":
		t.count.Reversed++
	}
}
