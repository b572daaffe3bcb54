package embedded

import (
	"fmt"

	"sekisho/balance"
)

// queuedMaxDefault bounds the bytes of groups that wait for the disk.
const queuedMaxDefault = 64 << 20

// refusal is the answer to an element that did not go in.
type refusal struct {
	i int
	balance.Result
}

// Append appends each element of batch; see [balance.Store]. An append larger than 16 MiB or than
// a segment is Out with ErrTooLarge; one that comes while the disk is far behind is Out with
// balance.ErrStoreBusy.
func (s *Store) Append(batch []balance.Append, done func(i int, r balance.Result)) {
	var refused []refusal
	follows := false // the element before went in
	s.mu.Lock()
	idle := s.forming.idle()
	for i := range batch {
		r := s.put(&batch[i])
		if r.Outcome == balance.Conflict {
			if err := s.settle(i, &batch[i], done); err != nil {
				r = balance.Result{Outcome: balance.Unknown, Err: err}
			}
		}
		switch r.Outcome {
		case balance.In:
			s.forming.tell(i, done, follows)
		case balance.Out, balance.Unknown:
			refused = append(refused, refusal{i, r})
		}
		follows = r.Outcome == balance.In
	}
	wake := idle && !s.forming.idle()
	s.mu.Unlock()
	if wake {
		s.work.Signal()
	}
	for _, r := range refused {
		done(r.i, r.Result)
	}
}

// put takes one append into the forming group (In), or says that it cannot be (Out, Unknown) or
// that something is in the way (Conflict, not settled yet). s.mu is held.
func (s *Store) put(a *balance.Append) balance.Result {
	switch {
	case s.failed != nil:
		return balance.Result{Outcome: balance.Unknown, Err: s.failed}
	case s.closing:
		return balance.Result{Outcome: balance.Unknown, Err: balance.ErrClosed}
	case s.readOnly:
		return balance.Result{Outcome: balance.Out, Err: ErrReadOnly}
	}
	if err := a.Check(); err != nil {
		return balance.Result{Outcome: balance.Out, Err: err}
	}
	var before [2]found // looked at first: what is there already is never Out
	if r := s.check(a, &before); r.Outcome != balance.In {
		return r
	}
	if s.queued > s.queuedMax {
		return balance.Result{Outcome: balance.Out, Err: fmt.Errorf("%w: %d bytes wait for the disk", balance.ErrStoreBusy, s.queued)}
	}
	if a.Barrier() { // answered with the group that forms, even if that stays empty
		return balance.Result{Outcome: balance.In}
	}
	size := chunkSize(a)
	if size > chunkMax || int64(groupLength(size)) > s.size {
		err := fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, min(chunkMax, s.size-groupSizeMin))
		return balance.Result{Outcome: balance.Out, Err: err}
	}
	s.encode(a, size, &before)
	return balance.Result{Outcome: balance.In}
}

// check holds an append against the heads and the directory.
func (s *Store) check(a *balance.Append, before *[2]found) balance.Result {
	gap := -1
	for i := range a.Entries {
		e := &a.Entries[i]
		before[i] = s.heads.find(e.Log)
		if e.Version <= before[i].version {
			return balance.Result{Outcome: balance.Conflict}
		}
		if e.Version > before[i].version+1 {
			gap = i
		}
	}
	if gap >= 0 {
		e := &a.Entries[gap]
		err := fmt.Errorf("log %q version %d after %d: %w", e.Log, e.Version, before[gap].version, balance.ErrGap)
		return balance.Result{Outcome: balance.Out, Err: err}
	}
	for i := range a.Rows {
		if _, _, found := s.cards.find(a.Rows[i].Hash); found {
			return balance.Result{Outcome: balance.Conflict}
		}
	}
	return balance.Result{Outcome: balance.In}
}

// encode writes an append into the forming group and moves the heads.
func (s *Store) encode(a *balance.Append, size int, before *[2]found) {
	g := s.place(size)
	begin := g.used
	rest := putChunkHead(g.room(size), size, len(a.Entries), len(a.Rows))
	for i := range a.Entries {
		e := &a.Entries[i]
		at := g.at + position(begin+size-len(rest)) //nolint:gosec // within a segment
		rest = putEntry(rest, e, before[i].last)
		s.heads.set(e.Log, &before[i], at, e.Version)
	}
	g.entries += uint32(len(a.Entries)) //nolint:gosec // one or two
	for i := range a.Rows {
		rest = putRow(rest, &a.Rows[i])
		s.cards.add(&a.Rows[i], s.heads.name(a.Rows[i].Log))
	}
}

// place is the forming group, with room in its segment for a chunk of size bytes more.
func (s *Store) place(size int) *group {
	if s.forming.chunks > 0 && s.forming.used+size > groupSoft {
		s.seal(s.forming.end())
	}
	g := s.forming
	if int64(g.at.offset())+int64(g.length(size)) > s.size {
		next := positionOf(g.at.segment()+1, 0)
		if g.chunks > 0 {
			s.seal(next)
		} else {
			g.at = next
		}
	}
	return s.forming
}

// seal hands the forming group to the writer and begins the next one. s.mu is held.
func (s *Store) seal(next position) {
	g := s.forming
	g.cards = s.cards.rows.length
	s.sealed = append(s.sealed, g)
	s.queued += g.size()
	if n := len(s.free); n > 0 {
		s.forming, s.free = s.free[n-1], s.free[:n-1]
	} else {
		s.forming = newGroup()
	}
	s.forming.begin(next)
}

// newest is the group that becomes durable last of those that hold something; s.mu is held.
func (s *Store) newest() *group {
	switch {
	case s.forming.chunks > 0:
		return s.forming
	case len(s.sealed) > 0:
		return s.sealed[len(s.sealed)-1]
	}
	return s.writing
}
