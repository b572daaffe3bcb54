package balance

import (
	"sync"
	"sync/atomic"
	"time"
)

// shard owns the wallets of its part of the logs: it alone reads and changes them.
type shard struct {
	book *Book

	mu     sync.Mutex // guards the inbox
	posts  []Post
	events []func()
	closed atomic.Bool
	gaveUp atomic.Bool
	wake   chan struct{}

	slots     map[string]*slot
	used      recency
	deadlines []deadlines // one for each budget
	overdue   *time.Timer
	open      int          // tasks without Done that wait in the shard
	inStore   atomic.Int64 // appends whose tasks the store's goroutine ends

	doubts                        doubts
	waiting, doubtful, doubtSince atomic.Int64 // for others to read

	batch   []Append  // decided in this round, not yet handed to the store
	flights []*flight // one for each of batch
}

// task is a post while the shard has it.
type task struct {
	Post
	decision Decision
	found    map[Query]Found
	finished atomic.Bool

	foundOther map[Query]Found    // in the other log
	lend       func(*loan, error) // the task of a shard that wants this wallet
	decided    bool               // its decision is in the wallet, its entry on the way
	late       bool
}

// isLate says whether its deadline has passed.
func (t *task) isLate() bool { return t.late || (!t.Deadline.IsZero() && time.Now().After(t.Deadline)) }

func newShard(b *Book) *shard {
	return &shard{book: b, wake: make(chan struct{}, 1), slots: map[string]*slot{}, doubts: doubts{}}
}

func (s *shard) put(posts []Post) {
	if len(posts) == 0 {
		return
	}
	s.mu.Lock()
	closed := s.closed.Load()
	if !closed {
		s.posts = append(s.posts, posts...)
	}
	s.mu.Unlock()
	if closed {
		for i := range posts {
			(&task{Post: posts[i]}).end(s.book, ErrStopped)
		}
		return
	}
	s.signal()
}

// tell has f run on the shard's goroutine. What comes this way answers something the shard asked
// for, so there is never more of it than the shard has open.
func (s *shard) tell(f func()) {
	s.mu.Lock()
	s.events = append(s.events, f)
	s.mu.Unlock()
	s.signal()
}

func (s *shard) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *shard) close() {
	s.mu.Lock() // so that nothing is put behind it
	s.closed.Store(true)
	s.mu.Unlock()
	s.signal()
}

func (s *shard) abandon() {
	s.gaveUp.Store(true)
	s.signal()
}

func (s *shard) run() {
	s.overdue = time.NewTimer(time.Hour)
	defer s.overdue.Stop()
	var posts []Post
	var events []func()
	for {
		select {
		case <-s.wake:
		case <-s.overdue.C:
		}
		s.mu.Lock()
		posts, s.posts = s.posts, posts[:0]
		events, s.events = s.events, events[:0]
		s.mu.Unlock()
		s.checkDeadlines(time.Now()) // before anything new is decided
		for _, f := range events {
			f()
		}
		clear(events)
		for i := range posts {
			s.take(&task{Post: posts[i]})
		}
		clear(posts)
		s.flush()
		s.setTimer(time.Now())
		s.show()
		if s.gaveUp.Load() {
			s.giveUp()
		}
		if s.closed.Load() && s.idle() {
			return
		}
	}
}

// idle says whether nothing is parked, looked up or being appended any more.
func (s *shard) idle() bool {
	if s.open > 0 || s.inStore.Load() > 0 || s.book.pairs.Load() > 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.posts) == 0 && len(s.events) == 0
}

// take gives a task to the slot of its log.
func (s *shard) take(t *task) {
	s.open++
	if !t.Deadline.IsZero() {
		s.deadlinesOf(t.Deadline.Sub(t.At)).add(t)
	}
	sl := s.slot(t.Log)
	if len(sl.parked) >= s.room(sl, t) {
		s.book.stats.Shed.Add(1)
		s.finish(t, ErrOverloaded)
		return
	}
	sl.parked = append(sl.parked, t)
	s.advance(sl)
}

// While a wallet's append is being tried again, a request with a deadline has little hope behind this
// many others: it is shed at once, so that its network can decide. What has none waits.
const (
	troubledTries  = 3
	troubledParked = 64
)

// room is how many may wait for a wallet before this one does not.
func (s *shard) room(sl *slot, t *task) int {
	if sl.retries >= troubledTries && !t.Deadline.IsZero() {
		return min(troubledParked, s.book.options.ParkedMax)
	}
	return s.book.options.ParkedMax
}

// finish ends a task on the shard's goroutine.
func (s *shard) finish(t *task, err error) {
	s.open--
	t.end(s.book, err)
}

// end tells whoever waits for the task.
func (t *task) end(b *Book, err error) {
	if t.lend != nil {
		t.lend(nil, err)
		return
	}
	t.done(err)
	if t.Other != "" {
		b.leftPair()
	}
}

func (t *task) done(err error) {
	if t.finished.CompareAndSwap(false, true) {
		t.Mover.Done(t.decision, err)
	}
}

// giveUp ends whatever is still open with ErrStopped.
func (s *shard) giveUp() {
	for _, sl := range s.slots {
		if f := sl.flight; f != nil {
			for _, t := range f.tasks {
				s.finish(t, ErrStopped)
			}
			f.tasks = nil
		}
		for _, t := range append(sl.settled, sl.parked...) {
			s.finish(t, ErrStopped)
		}
		sl.settled, sl.parked = nil, nil
	}
	s.open = 0
}
