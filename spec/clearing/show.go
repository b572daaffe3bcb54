package clearing

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"

	"sekisho/spec"
)

// Shown is a record as it may be shown to a person, header and trailer too.
type Shown struct {
	Record   uint32 // which record, the header is 1
	Offset   int64  // in the file, of its first byte, the record length included
	MTI      spec.MTI
	Function uint16 // DE24, 0 when it has none
	Kind     string // such as "first presentment"; empty when the layout has no such record
	Fields   []ShownField
}

// ShownField is a data element of a record, or a private element. The card number is masked, and so
// is one in a text (DE43, DE54, private elements). What could hold anything has no value, only a
// size: chip data, the data record, and private elements that are opaque or unknown to us.
type ShownField struct {
	DE     int    // 0 is the message type, 1 the bitmap
	Tag    uint16 // of a private element, which follows its carrier; else 0
	Name   string
	Value  string
	Opaque bool // it has no value, only a size
	// Carrier says that the field holds nothing but private elements, which follow the first one.
	Carrier bool
	Size    int   // of the content, in bytes
	Offset  int64 // in the file, of a data element's first byte, its length included
	Length  int   // of it from there, in bytes; 0 for a private element
}

// Show reads the file to its end and hands over each record, header and trailer included. At a
// record that is refused it stops, after handing it over when all its fields could be read. The
// error is nil at the end of a file that is in order, else as of [Reader.Next], or that of yield.
func (r *Reader) Show(yield func(Shown) error) error {
	for {
		err := r.advance()
		if r.readable {
			if err := yield(r.shown()); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// shown makes the current record ready to be shown.
func (r *Reader) shown() Shown {
	m := &r.image
	s := Shown{Record: r.totals.Count, Offset: r.start, MTI: spec.MTI(m.mti), Function: uint16(m.number(24))} //nolint:gosec // 3 digits
	if r.kind != nil {
		s.Kind = r.kind.name
	}
	begin := r.start
	if r.framed {
		begin += rdwSize
	}
	var numbers []string
	fields := make([]ShownField, 2, 32)
	first := true
	for half, left := range m.fields {
		for ; left != 0; left &= left - 1 {
			n := half*64 + bits.TrailingZeros64(left) + 1
			numbers = append(numbers, strconv.Itoa(n))
			f := m.showField(n)
			f.Offset += begin
			fields = append(fields, f)
			if first && carries(n) {
				first = false
				fields = append(fields, m.showElements(n)...)
			}
		}
	}
	fields[0] = ShownField{DE: 0, Name: "message type", Value: s.MTI.String(), Size: 4, Offset: begin, Length: 4}
	fields[1] = ShownField{DE: 1, Name: "bitmap", Value: strings.Join(numbers, " "), Size: 16, Offset: begin + 4, Length: 16}
	s.Fields = fields
	return s
}

func carries(n int) bool {
	for _, c := range carriers {
		if c == n {
			return true
		}
	}
	return false
}

// showField shows one data element; its offset is in the image.
func (m *image) showField(n int) ShownField {
	f, span := &layout[n], m.spans[n]
	size := int(span.to - span.from)
	s := ShownField{DE: n, Name: f.name, Size: size, Offset: int64(span.from) - int64(f.prefix), Length: size + int(f.prefix)}
	switch {
	case n == 2:
		var r Record
		m.fillCard(&r, nil)
		s.Value = r.Card.Masked()
	case n == 55 || n == 72:
		s.Opaque = true
	case carries(n):
		s.Carrier = true
		s.Value = fmt.Sprintf("%d characters", size)
	case n == 43:
		s.Value = maskedPlace(m.field(n))
	case n == 54:
		s.Value = masked(m.field(n))
	default:
		s.Value = string(m.field(n))
	}
	return s
}

// showElements shows the private elements of the record, all behind their first carrier.
func (m *image) showElements(carrier int) []ShownField {
	out := make([]ShownField, 0, len(m.private.elements))
	for _, e := range m.private.elements {
		value := m.private.text[e.value.from:e.value.to]
		s := ShownField{DE: carrier, Tag: e.tag, Name: elementName(e.tag), Size: len(value)}
		if s.Opaque = opaque(e.tag, value); !s.Opaque {
			s.Value = masked(value)
		}
		out = append(out, s)
	}
	return out
}

// opaque says whether an element could hold anything.
func opaque(tag uint16, value []byte) bool {
	switch tag {
	case tagExponents, tagReversal, tagOriginal, tagFile, tagSum, tagCount:
		return false
	case tagPart:
		_, parts := part(value)
		return parts == 0
	}
	return true
}

// elementName is what a private element is called.
func elementName(tag uint16) string {
	switch tag {
	case tagExponents:
		return "currency exponents"
	case tagFees:
		return "fees"
	case tagReversal:
		return "reversal"
	case tagOriginal:
		return "original reference"
	case tagFile:
		return "file id"
	case tagSum:
		return "sum of amounts"
	case tagCount:
		return "number of records"
	case tagPart:
		return "part of parts"
	}
	if tag >= tagDispute && tag <= tagDispute+10 {
		return "dispute"
	}
	return "unknown"
}
