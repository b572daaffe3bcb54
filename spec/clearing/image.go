package clearing

import (
	"encoding/binary"
	"math/bits"

	"sekisho/spec"
)

// image is one record as its bytes are: where its fields lie, and its characters in ASCII. It is
// used again for every record, so that reading allocates nothing.
type image struct {
	alphabet *alphabet
	raw      []byte // the record, and what may follow it
	ascii    []byte // the same places, in ASCII; not written where the bitmap and DE55 are
	mti      uint16
	fields   spec.FieldSet
	spans    [129]span // of the contents, where fields has them
	size     int       // in bytes
	ends     string    // what ends where raw ends, for messages
	private  private
}

// span is a part of a record, from one offset to before the other.
type span struct{ from, to uint16 }

// field is the content of a data element in ASCII, nil when the record has none.
func (m *image) field(n int) []byte {
	if !m.fields.Has(n) {
		return nil
	}
	s := m.spans[n]
	return m.ascii[s.from:s.to]
}

// number is the value of a numeric data element, 0 when the record has none.
func (m *image) number(n int) uint64 { return number(m.field(n)) }

// read finds the fields of the record that raw begins with. It holds every rule about bytes,
// fields and private elements; what kind of record it is, is not its matter.
func (m *image) read(raw []byte, ends string) *Reject {
	m.raw, m.ends = raw, ends
	m.size, m.fields, m.mti = 0, spec.FieldSet{}, 0
	m.private.reset()
	if len(raw) < recordMin {
		return m.cut("message type and bitmap")
	}
	for i := range 4 {
		c := m.alphabet[raw[i]]
		if c-'0' > 9 {
			return broken(i, "message type: expected 4 digits, found another character")
		}
		m.ascii[i] = c
	}
	m.mti = uint16(number(m.ascii[:4])) //nolint:gosec // four digits
	there, wrong := bitmap(raw[4:recordMin])
	if wrong != nil {
		return wrong
	}
	at := recordMin
	for half, left := range there {
		for ; left != 0; left &= left - 1 {
			n := half*64 + bits.TrailingZeros64(left) + 1
			next, wrong := m.take(n, at)
			if wrong != nil {
				return wrong
			}
			at = next
		}
	}
	m.size = at
	return m.private.read(m)
}

// bitmap reads the 16 bytes that say which data elements follow.
func bitmap(raw []byte) (spec.FieldSet, *Reject) {
	first, second := binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:])
	if first>>63 == 0 {
		return spec.FieldSet{}, broken(4, "bitmap: expected bit 1 to be 1, the bitmap has 16 bytes")
	}
	set := spec.FieldSet{bits.Reverse64(first) &^ 1, bits.Reverse64(second)}
	for half := range set {
		if strange := set[half] &^ laidOut[half]; strange != 0 {
			n := half*64 + bits.TrailingZeros64(strange) + 1
			return spec.FieldSet{}, broken(4+(n-1)/8, "bitmap: DE%d is not in the layout, its length is unknown", n)
		}
	}
	return set, nil
}

// take reads data element n, which begins at an offset, and says where the next one begins.
func (m *image) take(n, at int) (next int, wrong *Reject) {
	f := &layout[n]
	size := int(f.max)
	if f.prefix > 0 {
		if size, wrong = m.length(n, at); wrong != nil {
			return 0, wrong
		}
		at += int(f.prefix)
	}
	next = at + size
	if next > len(m.raw) {
		return 0, m.cut("DE%d, %d bytes", n, size)
	}
	if at := m.decode(f.format, at, next); at >= 0 {
		return 0, broken(at, "DE%d, position %d of %d: expected %s", n, at-next+size+1, size, f.format)
	}
	switch {
	case f.format == signed && m.ascii[at] != 'C' && m.ascii[at] != 'D':
		return 0, broken(at, "DE%d: expected C or D first", n)
	case n == 54 && size%20 != 0:
		return 0, broken(at, "DE54: expected groups of 20 characters, found %d characters", size)
	}
	m.spans[n] = span{uint16(at), uint16(next)} //nolint:gosec // a record has at most recordMax bytes
	m.fields.Add(n)
	return next, nil
}

// length reads the digits in front of a field that say how long it is.
func (m *image) length(n, at int) (size int, wrong *Reject) {
	f := &layout[n]
	end := at + int(f.prefix)
	if end > len(m.raw) {
		return 0, m.cut("the length of DE%d", n)
	}
	if bad := m.decode(numeric, at, end); bad >= 0 {
		return 0, broken(bad, "the length of DE%d: expected %d digits", n, f.prefix)
	}
	size = int(number(m.ascii[at:end])) //nolint:gosec // three digits
	switch {
	case size >= int(f.min) && size <= int(f.max):
		return size, nil
	case f.min == f.max:
		return 0, broken(at, "the length of DE%d: expected %d, found %d", n, f.min, size)
	}
	return 0, broken(at, "the length of DE%d: expected %d to %d, found %d", n, f.min, f.max, size)
}

// decode turns bytes into ASCII and says where the first is that the format does not allow, -1
// when none is.
func (m *image) decode(f format, from, to int) (bad int) {
	raw, ascii := m.raw[from:to], m.ascii[from:to:to]
	switch f {
	case numeric:
		for i, b := range raw {
			c := m.alphabet[b]
			if c-'0' > 9 {
				return from + i
			}
			ascii[i] = c
		}
	case alnum, textual:
		for i, b := range raw {
			c := m.alphabet[b]
			if c == 0 || f == alnum && !letterDigitOrSpace(c) {
				return from + i
			}
			ascii[i] = c
		}
	case signed:
		if m.alphabet[raw[0]] == 0 {
			return from
		}
		ascii[0] = m.alphabet[raw[0]]
		return m.decode(numeric, from+1, to)
	case octets:
	}
	return -1
}

func letterDigitOrSpace(c byte) bool {
	return c-'0' <= 9 || c-'A' <= 25 || c-'a' <= 25 || c == ' '
}

// cut is the error about a record that ends too early.
func (m *image) cut(format string, args ...any) *Reject {
	return broken(len(m.raw), m.ends+" ends inside it: expected "+format, args...)
}
