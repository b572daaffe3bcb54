package dynamo

import (
	"sync"
	"time"

	"sekisho/spec"
)

// absent remembers for a short while which numbers have no row, so that somebody who tries numbers
// does not make a read of each try. It holds a bounded number, the oldest go first.
type absent struct {
	most int
	keep time.Duration
	now  func() time.Time

	mu    sync.Mutex
	until map[spec.CardHash]time.Time
	order []spec.CardHash // a ring: the oldest is at next once it is full
	next  int
}

func newAbsent(most int, keep time.Duration, now func() time.Time) *absent {
	return &absent{most: most, keep: keep, now: now, until: map[spec.CardHash]time.Time{}}
}

func (a *absent) has(hash spec.CardHash) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, there := a.until[hash]
	if there && !a.now().Before(until) {
		delete(a.until, hash)
		return false
	}
	return there
}

func (a *absent) add(hash spec.CardHash) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.until[hash] = a.now().Add(a.keep)
	if len(a.order) < a.most {
		a.order = append(a.order, hash)
		return
	}
	if gone := a.order[a.next]; gone != hash {
		delete(a.until, gone)
	}
	a.order[a.next] = hash
	a.next = (a.next + 1) % a.most
}

func (a *absent) drop(hash spec.CardHash) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.until, hash)
}
