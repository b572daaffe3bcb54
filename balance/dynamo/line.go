package dynamo

import "sync"

// line knows which appends have no outcome yet, so that a barrier can wait for all before it. It is
// cut into stretches: a barrier ends one.
type line struct {
	mu        sync.Mutex
	stretches []*stretch // oldest first; the last is the one that grows
}

// stretch is what was appended between two barriers.
type stretch struct {
	open int    // appends without outcome
	then func() // the barrier at its end
}

// enter counts an append; its stretch is left when it has its outcome.
func (l *line) enter() *stretch {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := l.growing()
	st.open++
	return st
}

func (l *line) growing() *stretch {
	if n := len(l.stretches); n > 0 && l.stretches[n-1].then == nil {
		return l.stretches[n-1]
	}
	st := &stretch{}
	l.stretches = append(l.stretches, st)
	return st
}

func (l *line) leave(st *stretch) {
	l.mu.Lock()
	st.open--
	l.pass()
}

// barrier calls then once everything that has entered has left.
func (l *line) barrier(then func()) {
	l.mu.Lock()
	l.growing().then = then
	l.pass()
}

// pass lets the barriers go that have nothing before them any more, and unlocks.
func (l *line) pass() {
	var gone []*stretch
	for len(l.stretches) > 0 && l.stretches[0].open == 0 && l.stretches[0].then != nil {
		gone = append(gone, l.stretches[0])
		l.stretches = l.stretches[1:]
	}
	l.mu.Unlock()
	for _, st := range gone {
		st.then()
	}
}
