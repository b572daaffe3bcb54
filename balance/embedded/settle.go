package embedded

import (
	"errors"
	"slices"
)

// tell says what is not as it was written and is no reason to refuse.
func (s *Store) tell(report *Report) {
	for _, at := range report.ParityDamaged {
		s.log.Warn("the parity page of a group is damaged, the group is whole", "at", at)
	}
	switch t := report.TornTail; {
	case t == nil:
	case t.Damaged:
		s.log.Error("the end of the log is damaged: what is there is no write that was cut off, and is dropped although it may have been "+
			"acknowledged; compare with a backup or another copy before anything else is written",
			"segment", t.Segment, "offset", t.Offset, "bytes", t.Bytes)
	default:
		s.log.Warn("the last write was cut off: what there is of it is dropped", "segment", t.Segment, "offset", t.Offset, "bytes", t.Bytes)
	}
}

// settleEnd makes the end of the log that was found one to go on from. It may be cut off at any
// point and begun again.
func (s *Store) settleEnd(c *chain, report *Report) error {
	if err := s.rewriteLast(c); err != nil {
		return err
	}
	ready, highest, err := s.unused(c)
	if err != nil {
		return err
	}
	at := c.end
	short := false
	if len(c.numbers) > 0 {
		size, err := s.segments.length(at.segment())
		if err != nil {
			return err
		}
		short = size < s.size
	}
	if c.torn != nil || short || len(c.numbers) == 0 {
		// Never over bytes that are no group: they would look torn for ever.
		if len(ready) == 0 {
			if err := s.segments.prepare(highest+1, s.size, func() bool { return false }); err != nil {
				return err
			}
			highest++
			ready = append(ready, highest)
		}
		at = positionOf(ready[0], 0)
		ready = ready[1:]
	}
	s.tail.seq, s.tail.hash = c.seq, c.hash
	s.tail.segment = at.segment()
	if s.tail.file, err = s.disk.OpenLog(s.segments.name(at.segment())); err != nil {
		return err
	}
	if f, is := s.tail.file.(osFile); is {
		report.Direct = f.direct
	}
	s.forming.begin(at)
	s.durable = at
	s.known = s.cards.rows.length
	s.prepare = newPreparer(s.segments, s.size, s.log, ready, highest+1)
	return nil
}

// rewriteLast writes the last group once more as it is. It may have been read from memory that
// a power failure takes: the process before was killed between write and sync, or its sync failed.
func (s *Store) rewriteLast(c *chain) (err error) {
	if c.seq == 0 {
		return nil
	}
	f, err := s.disk.OpenLog(s.segments.name(c.last.segment()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var head [PageSize]byte
	r, err := s.disk.Open(s.segments.name(c.last.segment()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := r.ReadAt(head[:], int64(c.last.offset())); err != nil {
		return err
	}
	h, ok := parseHeader(head[:], SegmentSizeMax)
	if !ok {
		return damageAt(c.last, "the group that was there is not there any more")
	}
	group := pages(int(h.length) / PageSize)
	if _, err := r.ReadAt(group, int64(c.last.offset())); err != nil {
		return err
	}
	if c.sealer.seal(group) != c.hash {
		return damageAt(c.last, "the group that was there is not there any more")
	}
	if _, err := f.WriteAt(group, int64(c.last.offset())); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return s.disk.SyncDir(s.segments.dir)
}

// unused lists the segments behind the log's end that nothing was written to, in the order in which
// they can be used, and the highest number in use. What cannot be used as it is goes away.
func (s *Store) unused(c *chain) (ready []uint32, highest uint32, err error) {
	k := len(c.numbers)
	for ; k > 0 && c.numbers[k-1] > c.end.segment(); k-- {
		zero, err := s.segments.zeroed(c.numbers[k-1])
		if err != nil {
			return nil, 0, err
		}
		if !zero {
			break
		}
	}
	if k > 0 {
		highest = c.numbers[k-1]
	}
	for _, number := range c.numbers[k:] {
		size, err := s.segments.length(number)
		if err != nil {
			return nil, 0, err
		}
		if number == highest+1 && size == s.size {
			ready = append(ready, number)
			highest = number
			continue
		}
		if err := s.disk.Remove(s.segments.name(number)); err != nil {
			return nil, 0, err
		}
	}
	return slices.Clip(ready), highest, nil
}
