package embedded

// sectorSize is what a disk writes whole or not at all, in bytes.
const sectorSize = 512

// TornTail is where the log ended in bytes that are no group. Mostly it is a write that was cut off, of which
// nothing was ever acknowledged; where the bytes cannot be that, what was there may have been acknowledged.
type TornTail struct {
	Segment uint32
	Offset  uint32 // in the segment, bytes
	Bytes   int64  // to the last page that is not zero, in each segment that has some
	Damaged bool   // no write that was cut off leaves this
}

func (t TornTail) String() string { return positionOf(t.Segment, t.Offset).String() }

// Looks is "cut off" or "damaged". Damage may look cut off: where whole sectors are zeros nobody can tell.
func (t TornTail) Looks() string {
	if t.Damaged {
		return "damaged"
	}
	return "cut off"
}

// tear adds to the torn tail what is behind a place in the segment that is open. The segment was zeros before
// anything was written to it, and only one group is written at a time: what was cut off has zeros where a sector
// is missing, and everything else as it was to be.
func (c *chain) tear(number uint32, off int64) error {
	end := off
	for at := off; at < c.window.size; at += PageSize {
		page, err := c.window.bytes(at, PageSize)
		if err != nil {
			return err
		}
		if !allZero(page) {
			end = at + PageSize
		}
	}
	if c.torn == nil {
		c.torn = &TornTail{Segment: number, Offset: uint32(off)} //nolint:gosec // a segment's size
	}
	c.torn.Bytes += end - off
	head, err := c.window.bytes(off, sectorSize)
	if err != nil || allZero(head) {
		return err // the sector that would say more is missing
	}
	h, ok := parseHeader(head, c.window.size-off)
	if !ok || h.segment != number || int64(h.offset) != off || !c.follows(&h) || end > off+int64(h.length) {
		c.torn.Damaged = true
		return nil
	}
	group, err := c.window.bytes(off, int(h.length))
	if err == nil && len(group) == int(h.length) && !cutOff(group, headerSize+int(h.payload)) {
		c.torn.Damaged = true
	}
	return err
}

// cutOff says whether a group of which header and chunks have so many bytes may be one of which sectors were
// not written: the padding is zeros, sectors are missing, and where the parity does not hold there is one.
func cutOff(group []byte, used int) bool {
	parity := len(group) - PageSize
	if !allZero(group[used:parity]) {
		return false
	}
	var sum [PageSize]byte
	xorPages(sum[:], group)
	missing := false
	for in := 0; in < PageSize; in += sectorSize {
		here := false
		for at := in; at < len(group); at += PageSize {
			here = here || (at < used || at >= parity) && allZero(group[at:at+sectorSize])
		}
		if !here && !allZero(sum[in:in+sectorSize]) {
			return false
		}
		missing = missing || here
	}
	return missing
}
