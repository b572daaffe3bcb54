package embedded

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// chain walks a log from its first group to its last and checks that each follows the one before.
type chain struct {
	segments segmentDir
	numbers  []uint32 // of the segments that are there
	replay   *replay
	sealer   sealer
	window   window
	report   *Report

	seq  uint64 // of the last good group
	hash [sha256.Size]byte
	last position  // where it begins
	end  position  // where the next one would begin
	torn *TornTail // bytes behind the end that are no group
}

// walk goes along the chain to its end. Where it breaks off there must be nothing more, or the
// bytes of one write that was cut off: any whole group that comes later is a proof of damage,
// but for the first of a later segment that chains on. That one was written by a recovery that
// dropped the bytes before.
func (c *chain) walk() error {
	if len(c.numbers) == 0 {
		return nil
	}
	if first := c.numbers[0]; first != 1 {
		return damageAt(positionOf(first, 0), "the log begins with segment %d, segment 1 is not there", first)
	}
	for i := 0; i >= 0; {
		next, err := c.walkSegment(i)
		if err != nil {
			return err
		}
		i = next
	}
	return nil
}

// walkSegment goes along the groups of segment i and says where the chain goes on, -1 at its end.
func (c *chain) walkSegment(i int) (next int, err error) {
	number := c.numbers[i]
	if err := c.openSegment(number); err != nil {
		return 0, err
	}
	off := int64(0)
	for {
		length, err := c.group(number, off)
		if err != nil {
			return 0, errors.Join(err, c.window.file.Close())
		}
		if length == 0 {
			break
		}
		off += length
	}
	c.end, c.torn = positionOf(number, uint32(off)), nil //nolint:gosec // a segment's size
	later, dirty, err := c.laterGroup(number, off+PageSize)
	if err == nil && later != 0 {
		err = c.broken(c.end, later)
	}
	if err == nil && !dirty {
		var page []byte
		page, err = c.window.bytes(off, PageSize)
		dirty = !allZero(page)
	}
	if err == nil && dirty {
		err = c.tear(number, off)
	}
	if err = errors.Join(err, c.window.file.Close()); err != nil {
		return 0, err
	}
	return c.nextSegment(i)
}

// nextSegment looks for the later segment whose first group chains on. Between must be no group.
func (c *chain) nextSegment(i int) (next int, err error) {
	for k := i + 1; k < len(c.numbers); k++ {
		number := c.numbers[k]
		if err := c.openSegment(number); err != nil {
			return 0, err
		}
		h, _, _, whole, err := c.read(number, 0)
		if err == nil && whole && c.follows(&h) {
			return k, c.window.file.Close()
		}
		later, dirty, laterErr := c.laterGroup(number, 0)
		if err == nil {
			err = laterErr
		}
		if err == nil && later != 0 {
			at := c.end
			if c.torn != nil {
				at = positionOf(c.torn.Segment, c.torn.Offset)
			} else if later != positionOf(number, 0) {
				at = positionOf(number, 0) // where the segment's first group should be
			}
			err = c.broken(at, later)
		}
		if err == nil && dirty {
			err = c.tear(number, 0)
		}
		if err := errors.Join(err, c.window.file.Close()); err != nil {
			return 0, err
		}
	}
	return -1, nil
}

func (c *chain) broken(at, later position) error {
	return damageAt(at, "no group that follows group %d is there, but a whole one comes later, at %v", c.seq, later)
}

func (c *chain) openSegment(number uint32) error {
	f, err := c.segments.disk.Open(c.segments.name(number))
	if err != nil {
		return err
	}
	if err := c.window.open(f); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// group takes the group at a place into memory and returns its length, 0 when no group that
// follows is there.
func (c *chain) group(number uint32, off int64) (length int64, err error) {
	h, b, sum, whole, err := c.read(number, off)
	if err != nil || !whole {
		return 0, err
	}
	at := positionOf(number, uint32(off)) //nolint:gosec // a segment's size
	if !c.follows(&h) {
		return 0, damageAt(at, "group %d is there, it does not follow group %d", h.seq, c.seq)
	}
	if h.format != groupVersion || h.reserved != 0 {
		return 0, fmt.Errorf("store was written by another program: %v has format %d, this one reads %d", at, h.format, groupVersion)
	}
	c.replay.at = at
	if err := parseChunks(b, &h, c.replay); err != nil {
		return 0, damageAt(at, "group %d is whole but does not fit what was before: %v", h.seq, err)
	}
	if !parityHolds(b) {
		c.report.ParityDamaged = append(c.report.ParityDamaged, at.String())
	}
	c.seq, c.hash, c.last = h.seq, sum, at
	c.report.Groups++
	return int64(h.length), nil
}

func (c *chain) follows(h *groupHeader) bool { return h.seq == c.seq+1 && h.previous == c.hash }

// read reads the group at a place. whole says that there is one, written for that place.
func (c *chain) read(number uint32, off int64) (h groupHeader, b []byte, sum [sha256.Size]byte, whole bool, err error) {
	if b, err = c.window.bytes(off, PageSize); err != nil {
		return h, nil, sum, false, err
	}
	h, ok := parseHeader(b, c.window.size-off)
	if !ok || h.segment != number || int64(h.offset) != off {
		return h, nil, sum, false, nil
	}
	if b, err = c.window.bytes(off, int(h.length)); err != nil || len(b) < int(h.length) {
		return h, nil, sum, false, err
	}
	sum, whole = c.sealer.intact(b)
	return h, b, sum, whole, nil
}

// laterGroup looks for a whole group at or after a place in the segment that is open, 0 when there
// is none. dirty says that there is anything at all.
func (c *chain) laterGroup(number uint32, off int64) (at position, dirty bool, err error) {
	for ; off < c.window.size; off += PageSize {
		page, err := c.window.bytes(off, PageSize)
		if err != nil {
			return 0, false, err
		}
		if allZero(page) {
			continue
		}
		dirty = true
		if _, _, _, whole, err := c.read(number, off); err != nil || whole {
			return positionOf(number, uint32(off)), true, err //nolint:gosec // a segment's size
		}
	}
	return 0, dirty, nil
}
