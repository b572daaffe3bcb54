package embedded

// index leads from a hash to the number of a row: open addressing, eight bytes a slot, no
// pointers. It is split into parts by the highest byte, so that growing copies a 256th at a time.
type index struct{ parts [256]indexPart }

type indexPart struct {
	slots []indexSlot // a power of two
	used  int
}

type indexSlot struct {
	tag uint32 // the low half of the hash
	row uint32 // row number plus one, 0 for an empty slot
}

const indexSlotsMin = 8

// find is the row with this hash that same confirms.
func (x *index) find(hash uint64, same func(row uint32) bool) (row uint32, found bool) {
	p := &x.parts[hash>>56]
	if len(p.slots) == 0 {
		return 0, false
	}
	tag, mask := uint32(hash), uint32(len(p.slots)-1) //nolint:gosec // the low half; at most 1<<32 rows
	for i := tag & mask; ; i = (i + 1) & mask {
		s := p.slots[i]
		if s.row == 0 {
			return 0, false
		}
		if s.tag == tag && same(s.row-1) {
			return s.row - 1, true
		}
	}
}

// add adds a row that find does not find.
func (x *index) add(hash uint64, row uint32) {
	p := &x.parts[hash>>56]
	if 4*(p.used+1) > 3*len(p.slots) {
		old := p.slots
		p.slots = make([]indexSlot, max(indexSlotsMin, 2*len(old)))
		for _, s := range old {
			if s.row != 0 {
				p.place(s)
			}
		}
	}
	p.place(indexSlot{tag: uint32(hash), row: row + 1}) //nolint:gosec // the low half
	p.used++
}

func (p *indexPart) place(s indexSlot) {
	mask := uint32(len(p.slots) - 1) //nolint:gosec // as above
	i := s.tag & mask
	for p.slots[i].row != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = s
}
