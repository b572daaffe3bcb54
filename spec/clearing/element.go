package clearing

import "sort"

// The private elements that mean something to us.
const (
	tagExponents = 3002
	tagFees      = 3005
	tagReversal  = 3007
	tagOriginal  = 3011
	tagDispute   = 3201 // and the ten that follow
	tagFile      = 3901
	tagSum       = 3902
	tagCount     = 3903
	tagPart      = 3990
)

// elementHead is the size of what is in front of a private element: tag 4, length 3.
const elementHead = 7

// Element is one private element: its tag and its value.
type Element struct {
	Tag   uint16
	Value string // printable ASCII
}

// private is the private elements of a record: the contents of their carriers joined, and where
// each element lies in it.
type private struct {
	joined   []byte // reused; not used when there is one carrier only
	text     []byte
	elements []element
	parts    bool                 // PDS 3990 is read
	seen     [10000/64 + 1]uint64 // by tag, to find one that comes twice
}

// element is where a private element lies: its value, in text.
type element struct {
	tag   uint16
	value span
}

// reset forgets the elements of the record before.
func (p *private) reset() {
	for _, e := range p.elements {
		p.seen[e.tag>>6] = 0
	}
	p.elements = p.elements[:0]
	p.text = nil
}

// value of the element with this tag, nil when there is none.
func (p *private) value(tag uint16) []byte {
	if p.seen[tag>>6]&(1<<(tag&63)) == 0 {
		return nil
	}
	for _, e := range p.elements {
		if e.tag == tag {
			return p.text[e.value.from:e.value.to]
		}
	}
	return nil
}

func (p *private) has(tag uint16) bool { return p.seen[tag>>6]&(1<<(tag&63)) != 0 }

// join puts the contents of the carriers behind each other.
func (p *private) join(m *image) {
	p.joined = p.joined[:0]
	for _, n := range carriers {
		part := m.field(n)
		switch {
		case part == nil:
		case p.text == nil:
			p.text = part
		default:
			if len(p.joined) == 0 {
				p.joined = append(p.joined, p.text...)
			}
			p.joined = append(p.joined, part...)
			p.text = p.joined
		}
	}
}

// read finds the elements of a record and holds the rules about them.
func (p *private) read(m *image) *Reject {
	p.join(m)
	for at := 0; at < len(p.text); {
		head := p.text[at:]
		if len(head) < elementHead {
			return p.broken(m, at, "private element: expected tag and length, 7 digits, found %d characters", len(head))
		}
		if !allDigits(head[:elementHead]) {
			return p.broken(m, at, "private element: expected tag and length, 7 digits, found another character")
		}
		tag, size := uint16(number(head[:4])), int(number(head[4:elementHead])) //nolint:gosec // four and three digits
		from := at + elementHead
		switch {
		case size > len(p.text)-from:
			return p.broken(m, at, "PDS %04d: expected %d characters, %d are left", tag, size, len(p.text)-from)
		case p.has(tag):
			return p.broken(m, at, "PDS %04d is there twice", tag)
		}
		p.seen[tag>>6] |= 1 << (tag & 63)
		at = from + size
		p.elements = append(p.elements, element{tag, span{uint16(from), uint16(at)}}) //nolint:gosec // at most 5,994
		if expected := p.wrong(tag, p.text[from:at]); expected != "" {
			return p.broken(m, from, "PDS %04d of %d characters: expected %s", tag, size, expected)
		}
	}
	return p.exponents(m)
}

// wrong says what a private element should be, when it is not; the tags that we do not know
// can be anything.
func (p *private) wrong(tag uint16, value []byte) (expected string) {
	size := len(value)
	switch tag {
	case tagExponents:
		if size == 0 || size%4 != 0 || !allDigits(value) {
			return "groups of 4 digits"
		}
	case tagFees:
		if size > 570 {
			return "at most 570 characters"
		}
	case tagReversal:
		if size != 7 {
			return "7 characters"
		}
		if value[0] != 'R' && value[0] != 'O' && value[0] != ' ' {
			return "R, O or a space first"
		}
		if _, ok := dayOf(value[1:]); value[0] == 'R' && (!ok || !allDigits(value[1:])) {
			return "R and the date of a file, YYMMDD"
		}
	case tagOriginal:
		if size != len(Reference{}) || !allDigits(value) {
			return "23 digits"
		}
	case tagFile:
		if size != len(FileID{}) || !allDigits(value) {
			return "25 digits"
		}
		if _, ok := dayOf(value[3:9]); !ok {
			return "the date of the file, YYMMDD, behind its type"
		}
	case tagPart:
		if nn, _ := part(value); p.parts && nn == 0 {
			return "nn/mm, one of several presentments"
		}
	case tagSum:
		if size == 0 || size > 16 || !allDigits(value) {
			return "1 to 16 digits"
		}
	case tagCount:
		if size == 0 || size > 8 || !allDigits(value) {
			return "1 to 8 digits"
		}
	}
	return ""
}

// exponents holds that each currency of the record has its group in PDS 3002.
func (p *private) exponents(m *image) *Reject {
	groups := p.value(tagExponents)
	if groups == nil {
		return nil
	}
	for n := 49; n <= 51; n++ {
		if m.fields.Has(n) && exponentIn(groups, m.field(n)) < 0 {
			return p.broken(m, 0, "PDS 3002: expected a group for the currency of DE%d", n)
		}
	}
	return nil
}

// exponentIn is the exponent that groups of PDS 3002 give a currency, -1 when they do not have it.
func exponentIn(groups, currency []byte) int {
	for ; len(groups) >= 4; groups = groups[4:] {
		if string(groups[:3]) == string(currency) {
			return int(groups[3] - '0')
		}
	}
	return -1
}

// broken is an error at a position of the joined text.
func (p *private) broken(m *image, at int, format string, args ...any) *Reject {
	return broken(p.inRecord(m, at), format, args...)
}

// inRecord is the offset in the record of a position of the joined text.
func (p *private) inRecord(m *image, at int) int {
	offset := 0
	for _, n := range carriers {
		if !m.fields.Has(n) {
			continue
		}
		s := m.spans[n]
		offset = int(s.from) + at
		if offset < int(s.to) {
			break
		}
		at -= int(s.to - s.from)
	}
	return offset
}

// offset in the record of the value of the element with this tag.
func (p *private) offset(m *image, tag uint16) int {
	for _, e := range p.elements {
		if e.tag == tag {
			return p.inRecord(m, int(e.value.from))
		}
	}
	return 0
}

// sorted are elements in the order of their tags.
func sorted(elements []Element) []Element {
	sort.SliceStable(elements, func(i, j int) bool { return elements[i].Tag < elements[j].Tag })
	return elements
}
