package cardnet

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// run is one Load being made.
type run struct {
	network *Network
	load    Load
	random  *rand.Rand // the scheduler's alone
	deck    *deck
	shelf   *shelf
	due     chan due
	closed  atomic.Bool // the network was closed under it
	workers []*worker
	total   *hdrhistogram.Histogram // of the seconds that are over
}

// due is one thing to do: everything about it that the seed decides.
type due struct {
	kind   kind
	at     time.Time
	card   Card
	frozen Card
	amount int64
	pick   uint64 // for all other choices
}

// Run makes the traffic of a Load, open loop: messages are due by the clock, whatever has
// become of earlier ones. It ends when the time of the Load is over or ctx ends, and then
// waits for what is under way. Both are success; the error says that the Load cannot be
// made, or [ErrClosed]. The figures count everything that the network sends meanwhile.
func (n *Network) Run(ctx context.Context, l Load) (Figures, error) {
	l = l.withDefaults()
	if err := l.validate(); err != nil {
		return Figures{}, err
	}
	r := newRun(n, l)
	var working sync.WaitGroup
	for _, w := range r.workers {
		working.Go(func() { w.work(ctx) })
	}
	go r.schedule(ctx)
	over := make(chan struct{})
	go func() {
		working.Wait()
		close(over)
	}()
	total := r.report(over)
	if r.closed.Load() {
		return total, ErrClosed
	}
	return total, nil
}

func newRun(n *Network, l Load) *run {
	if len(l.Frozen) == 0 {
		l.Mix.Frozen = 0
	}
	if len(l.Unknown) == 0 {
		l.Mix.UnknownCard = 0
	}
	random := rand.New(rand.NewPCG(l.Seed, 0x5e6b15f0)) //nolint:gosec // traffic, not secrets
	r := &run{network: n, load: l, random: random, deck: newDeck(l.Mix, random), shelf: newShelf(), due: make(chan due), total: newHistogram()}
	for range l.InFlight {
		r.workers = append(r.workers, &worker{run: r, latency: newHistogram()})
	}
	return r
}

// schedule hands out what is due, in time, until the load is over, and then closes r.due.
func (r *run) schedule(ctx context.Context) {
	defer close(r.due)
	gap := time.Duration(float64(time.Second) / r.load.Rate)
	start := time.Now()
	for at := start; r.load.For == 0 || max(at.Sub(start), time.Since(start)) < r.load.For; {
		if wait := time.Until(at); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		}
		d := r.draw(at)
		select {
		case r.due <- d:
		case <-ctx.Done():
			return
		}
		if r.closed.Load() {
			return
		}
		at = at.Add(gap * time.Duration(d.kind.messages()))
	}
}

// draw decides what is due next. It always draws the same number of times, so that the
// sequence is the seed's alone.
func (r *run) draw(at time.Time) due {
	d := due{kind: r.deck.deal(), at: at}
	d.card = oneOf(r.load.Cards, r.random.IntN(1<<20))
	d.frozen = oneOf(r.load.Frozen, r.random.IntN(1<<20))
	// Small sums are more common than large ones: a sixth each up to 3,000, 1,500, 750 …
	d.amount = 1 + r.random.Int64N(3000>>r.random.IntN(6))
	d.pick = r.random.Uint64()
	switch d.kind {
	case cardCheck:
		d.amount = 1 + int64(d.pick%200) //nolint:gosec // below 200
	case tooLarge:
		d.amount += 100 * r.load.Funds
	case frozen:
		d.card = d.frozen
	case unknownCard:
		d.card = oneOf(r.load.Unknown, int(d.pick%1024)) //nolint:gosec // below 1024
	default:
	}
	return d
}

func oneOf(cards []Card, at int) Card {
	if len(cards) == 0 {
		return Card{}
	}
	return cards[at%len(cards)]
}

// report calls Every once a second until the run is over, and for a last second of which half or more has passed,
// and returns the whole.
func (r *run) report(over <-chan struct{}) Figures {
	start, base := time.Now(), r.network.tally.figures()
	last := base
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		ended := false
		select {
		case <-over:
			ended = true
		case <-ticker.C:
		}
		latest := r.network.tally.figures()
		fresh := r.collect()
		total := latest.since(base).timed(time.Since(start), r.total)
		passed := latest.Elapsed - last.Elapsed
		if r.load.Every != nil && (!ended || passed >= time.Second/2) {
			r.load.Every(latest.since(last).timed(passed, fresh), total)
		}
		if ended {
			return total
		}
		last = latest
	}
}

// collect empties the workers' histograms into the run's and returns what they held.
func (r *run) collect() *hdrhistogram.Histogram {
	fresh := newHistogram()
	for _, w := range r.workers {
		w.mu.Lock()
		fresh.Merge(w.latency)
		w.latency.Reset()
		w.mu.Unlock()
	}
	r.total.Merge(fresh)
	return fresh
}

// timed puts in the length of the time that was counted and the latencies.
func (f Figures) timed(elapsed time.Duration, h *hdrhistogram.Histogram) Figures {
	f.Elapsed = elapsed
	f.P50 = time.Duration(h.ValueAtQuantile(50)) * time.Microsecond
	f.P99 = time.Duration(h.ValueAtQuantile(99)) * time.Microsecond
	f.Max = time.Duration(h.Max()) * time.Microsecond
	f.latency = h.Export()
	return f
}

// latencyMax is where the histograms end, in microseconds; what takes longer counts as this.
const latencyMax = 60_000_000

// newHistogram counts microseconds to two digits: 20 KB.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, latencyMax, 2) }
