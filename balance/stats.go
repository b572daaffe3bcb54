package balance

import (
	"sync/atomic"
	"time"
)

// Stats count what a book did since it began.
type Stats struct {
	Loads     atomic.Uint64 // wallets read from the store
	Searches  atomic.Uint64 // logs searched for an old key
	Conflicts atomic.Uint64 // decisions made again because another node was faster
	InDoubt   atomic.Uint64 // answers of the store that left the outcome unknown
	Resolved  atomic.Uint64 // of those, entries that turned out to be in
	Shed      atomic.Uint64 // requests that found too many before them
}

// Stats of the book.
func (b *Book) Stats() *Stats { return &b.stats }

// Waiting is what a book has not finished at this moment.
type Waiting struct {
	Requests int           // parked, looked up or being appended
	InDoubt  int           // wallets whose last append has no known outcome
	Oldest   time.Duration // for how long the oldest of those has been in doubt
}

// Waiting now.
func (b *Book) Waiting() Waiting {
	var w Waiting
	for _, s := range b.shards {
		w.Requests += int(s.waiting.Load())
		w.InDoubt += int(s.doubtful.Load())
		if since := s.doubtSince.Load(); since != 0 {
			w.Oldest = max(w.Oldest, time.Since(time.UnixMilli(since)))
		}
	}
	return w
}

// doubts are the wallets of a shard that are in doubt, and since when.
type doubts map[*slot]time.Time

// show puts the shard's figures where Waiting finds them.
func (s *shard) show() {
	s.waiting.Store(int64(s.open))
	s.doubtful.Store(int64(len(s.doubts)))
	var oldest time.Time
	for _, since := range s.doubts {
		if oldest.IsZero() || since.Before(oldest) {
			oldest = since
		}
	}
	if oldest.IsZero() {
		s.doubtSince.Store(0)
	} else {
		s.doubtSince.Store(oldest.UnixMilli())
	}
}
