package balance

import (
	"slices"
	"time"
)

// deadlines are tasks with the same time from arrival to deadline, so that the order in which they
// came is the order in which they are due.
type deadlines struct {
	budget time.Duration
	tasks  []*task // from next on
	next   int
}

// budgetsMax bounds how many budgets are told apart; links have few. Above it a deadline may be seen
// late, which approves nothing: whether a request is late is looked at again when it is decided.
const budgetsMax = 16

func (s *shard) deadlinesOf(budget time.Duration) *deadlines {
	for i := range s.deadlines {
		if s.deadlines[i].budget == budget || i == budgetsMax {
			return &s.deadlines[i]
		}
	}
	s.deadlines = append(s.deadlines, deadlines{budget: budget})
	return &s.deadlines[len(s.deadlines)-1]
}

func (d *deadlines) add(t *task) { d.tasks = append(d.tasks, t) }

// due takes the next task whose deadline has passed; nil when there is none.
func (d *deadlines) due(now time.Time) *task {
	for ; d.next < len(d.tasks); d.next++ {
		t := d.tasks[d.next]
		if !t.finished.Load() {
			if t.Deadline.After(now) {
				return nil
			}
			d.tasks[d.next] = nil
			d.next++
			return t
		}
		d.tasks[d.next] = nil
	}
	d.tasks, d.next = d.tasks[:0], 0
	return nil
}

// first is the deadline that comes first; ok is false when nothing waits.
func (d *deadlines) first() (at time.Time, ok bool) {
	if d.next > len(d.tasks)/2 {
		kept := copy(d.tasks, d.tasks[d.next:])
		clear(d.tasks[kept:])
		d.tasks, d.next = d.tasks[:kept], 0
	}
	if d.next == len(d.tasks) {
		return time.Time{}, false
	}
	return d.tasks[d.next].Deadline, true
}

// checkDeadlines tells what is overdue that it is.
func (s *shard) checkDeadlines(now time.Time) {
	for i := range s.deadlines {
		for t := s.deadlines[i].due(now); t != nil; t = s.deadlines[i].due(now) {
			s.passed(t)
		}
	}
}

// passed deals with a task whose deadline has passed.
func (s *shard) passed(t *task) {
	t.late = true
	var decided *Decision
	if t.decided {
		decided = &t.decision
	}
	next, drop := t.Mover.Overdue(decided)
	sl := s.slots[t.Log]
	if i := -1; drop && !t.decided && sl != nil {
		if i = slices.Index(sl.parked, t); i >= 0 {
			sl.parked = slices.Delete(sl.parked, i, i+1)
			s.finish(t, ErrOverdue)
		}
	}
	if next != nil {
		s.open++
		sl = s.slot(t.Log)
		sl.parked = append([]*task{{Post: Post{Log: t.Log, At: t.At, Mover: next}}}, sl.parked...)
		s.advance(sl)
	}
}

// setTimer wakes the shard for the deadline that comes first.
func (s *shard) setTimer(now time.Time) {
	var first time.Time
	for i := range s.deadlines {
		if at, ok := s.deadlines[i].first(); ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if !first.IsZero() {
		s.overdue.Reset(first.Sub(now) + time.Millisecond)
	}
}
