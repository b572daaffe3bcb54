package embedded

import (
	"crypto/sha256"
	"fmt"

	"sekisho/balance"
)

// tail is the end of the log, of the writer alone.
type tail struct {
	file    File // segment, opened for writing; nil while none is
	segment uint32
	seq     uint64 // of the last group
	hash    [sha256.Size]byte
	sealer  sealer
}

func (t *tail) close() error {
	if t.file == nil {
		return nil
	}
	f := t.file
	t.file = nil
	return f.Close()
}

// groupsKept bounds the groups kept for later use: one forms, one is written.
const groupsKept = 3

// write writes one group after the other until the store is closed and nothing is left.
func (s *Store) write() {
	for g := s.nextGroup(); g != nil; g = s.nextGroup() {
		s.mu.Lock()
		err := s.failed
		s.mu.Unlock()
		if err == nil {
			if err = s.writeGroup(g); err != nil {
				err = fmt.Errorf("%w at %v: %w", errFailed, g.at, err)
				s.fail(err)
			}
		}
		s.finish(g, err)
	}
}

// nextGroup waits for a group with something in it, nil at the end.
func (s *Store) nextGroup() *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.sealed) == 0 && s.forming.idle() {
		if s.closing {
			return nil
		}
		s.work.Wait()
	}
	if len(s.sealed) == 0 {
		s.seal(s.forming.end())
	}
	g := s.sealed[0]
	s.sealed = append(s.sealed[:0], s.sealed[1:]...)
	s.queued -= g.size()
	s.writing = g
	return g
}

// writeGroup makes a group durable. A write or sync that fails is not tried again: what is on
// the disk then is not known.
func (s *Store) writeGroup(g *group) error {
	if g.chunks == 0 {
		return nil
	}
	t := &s.tail
	if t.file == nil || t.segment != g.at.segment() {
		if err := s.nextSegment(g.at.segment()); err != nil {
			return err
		}
	}
	b, sum := g.complete(t.sealer, t.seq+1, t.hash)
	if _, err := t.file.WriteAt(b, int64(g.at.offset())); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return err
	}
	t.seq, t.hash = t.seq+1, sum
	return nil
}

// nextSegment goes on to the next prepared segment.
func (s *Store) nextSegment(number uint32) error {
	if err := s.tail.close(); err != nil {
		return err
	}
	ready, err := s.prepare.take()
	if err != nil {
		return fmt.Errorf("segment %d cannot be prepared: %w", number, err)
	}
	if ready != number {
		return fmt.Errorf("segment %d is prepared where %d is to follow", ready, number)
	}
	s.tail.file, err = s.disk.OpenLog(s.segments.name(number))
	s.tail.segment = number
	return err
}

// fail ends the store: nothing is acknowledged from here on.
func (s *Store) fail(err error) {
	s.mu.Lock()
	s.failed = err
	s.mu.Unlock()
	if s.fatal != nil {
		s.fatal(err)
	}
}

// finish answers everybody who waits for a group: it is durable, or with err nobody knows.
func (s *Store) finish(g *group, err error) {
	s.mu.Lock()
	s.writing = nil
	if err == nil {
		s.durable = max(s.durable, g.end())
		s.known = g.cards
	}
	s.mu.Unlock()
	r := balance.Result{Outcome: balance.In}
	if err != nil {
		r = balance.Result{Outcome: balance.Unknown, Err: err}
	}
	for _, a := range g.answers {
		for i := a.from; i < a.to; i++ {
			a.done(i, r)
		}
	}
	for _, w := range g.waiting {
		if err == nil {
			s.reads <- w
			continue
		}
		w.fail(err)
		s.asked.Add(-1)
	}
	s.mu.Lock()
	if len(s.free) < groupsKept {
		s.free = append(s.free, g)
	}
	s.mu.Unlock()
}
