package wire

import (
	"encoding/binary"
	"math/bits"

	"sekisho/spec"
)

// Message is a frame taken apart: where each of its fields is. It refers to the frame and
// is meant to live on the stack of who reads it.
type Message struct {
	MTI    spec.MTI      // 0 until its digits were read
	Fields spec.FieldSet // the data elements read whole
	Bad    Span          // on an error, what was read of the field that is wrong

	layout *Layout
	frame  []byte
	spans  [FieldMax + 1]Span
}

// Span is where a field is in its frame.
type Span struct {
	At     uint16 // first byte, that of the length where there is one
	Body   uint16 // first byte of the value
	End    uint16 // behind its last byte
	Length uint16 // of the value: digits, characters or bytes
}

// Read takes a frame apart by the layout. Every length is held against its maximum and the
// end of the frame before anything else is looked at; packed digits must be digits. On an
// error m holds the fields before the one that is wrong.
func (l *Layout) Read(frame []byte, m *Message) *spec.FieldError {
	return l.read(frame, m, 0, 0)
}

// read is Read in which the length of one field may be supposed to be another: how
// [Layout.Suspect] looks for the cause of an error.
func (l *Layout) read(frame []byte, m *Message, supposed, length int) *spec.FieldError {
	m.layout, m.frame, m.MTI, m.Fields, m.Bad = l, frame, 0, spec.FieldSet{}, Span{}
	if len(frame) > frameSizeMax {
		return &spec.FieldError{Field: 0, Offset: frameSizeMax, Expected: "a message of 65535 bytes at most"}
	}
	if err := l.readMTI(m); err != nil {
		return err
	}
	set, at, err := l.readBitmap(m)
	if err != nil {
		return err
	}
	last := 1
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			n := w*64 + bits.TrailingZeros64(word) + 1
			f := l.fields[n]
			if f == nil {
				m.Bad = m.spans[1]
				return unknownField(n, int(m.Bad.At)+(n-1)/8)
			}
			s := &m.spans[n]
			suppose := -1
			if n == supposed {
				suppose = length
			}
			if err := f.find(frame, at, suppose, s); err != nil {
				m.Bad = *s
				return err
			}
			m.Fields.Add(n)
			at, last = int(s.End), n
		}
	}
	if at != len(frame) {
		m.Bad = spanOf(at, at, len(frame), 0)
		return &spec.FieldError{Field: last, Offset: at, Expected: "the end of the message after this field", Cause: "a length before it is too small, or a bit of the bitmap is missing"}
	}
	return nil
}

func spanOf(at, body, end, length int) Span {
	return Span{uint16(at), uint16(body), uint16(end), uint16(length)} //nolint:gosec // within frameSizeMax
}

func unknownField(n, offset int) *spec.FieldError {
	e := &spec.FieldError{Field: n, Offset: offset, Expected: "a bitmap with fields of the dialect's table only; this one is not in it", Cause: "the bitmap begins elsewhere, or the peer speaks another dialect"}
	if n == thirdBitmap {
		e.Expected = "no third bitmap (bit 65)"
	}
	return e
}

func (l *Layout) readMTI(m *Message) *spec.FieldError {
	f := l.fields[0]
	if err := f.find(m.frame, 0, -1, &m.spans[0]); err != nil {
		m.Bad = m.spans[0]
		err.Expected = "4 digits of the message type"
		return err
	}
	var buf [mtiDigits]byte
	var mti spec.MTI
	for i, d := range m.appendValue(buf[:0], f, m.spans[0]) {
		if d < '0' || d > '9' {
			m.Bad = m.spans[0]
			return &spec.FieldError{Field: 0, Offset: i / (mtiDigits / f.size(mtiDigits)), Expected: "4 digits of the message type", Cause: "the length header is part of what was given, or the digits are in another character set"}
		}
		mti = mti*10 + spec.MTI(d-'0')
	}
	m.MTI = mti
	return nil
}

// readBitmap is the set of fields announced and the offset behind the bitmaps.
func (l *Layout) readBitmap(m *Message) (set spec.FieldSet, at int, err *spec.FieldError) {
	start := int(m.spans[0].End)
	at = start
	for i := range set {
		if len(m.frame)-at < bitmapBytes {
			m.Bad = spanOf(start, start, len(m.frame), 0)
			return set, at, &spec.FieldError{Field: 1, Offset: len(m.frame), Expected: "a bitmap of 8 bytes, 16 when its first bit is set", Cause: "the message is cut"}
		}
		set[i] = bits.Reverse64(binary.BigEndian.Uint64(m.frame[at:]))
		at += bitmapBytes
		if set[0]&1 == 0 {
			break
		}
	}
	set[0] &^= 1
	m.spans[1] = spanOf(start, start, at, at-start)
	return set, at, nil
}

// Span is where field n is: 0 the MTI, 1 the bitmap, else one of m.Fields.
func (m *Message) Span(n int) Span { return m.spans[n] }

// Whole is field n as it is in the frame, with its length.
func (m *Message) Whole(n int) []byte { return m.frame[m.spans[n].At:m.spans[n].End] }

// Body is field n without its length.
func (m *Message) Body(n int) []byte { return m.frame[m.spans[n].Body:m.spans[n].End] }

// AppendValue appends the value of field n: digits, characters in Latin-1, or bytes.
func (m *Message) AppendValue(dst []byte, n int) []byte {
	return m.appendValue(dst, m.layout.fields[n], m.spans[n])
}

func (m *Message) appendValue(dst []byte, f *Field, s Span) []byte {
	raw := m.frame[s.Body:s.End]
	switch {
	case f.packed != nil:
		return f.packed.appendUnpacked(dst, raw, int(s.Length))
	case f.text != nil:
		return f.text.appendDecoded(dst, raw)
	}
	return append(dst, raw...)
}

// Keep drops what was read from field n on: who finds a value wrong keeps what is before it.
func (m *Message) Keep(below int) {
	m.Bad = m.spans[below]
	for n := below; n <= FieldMax; n++ {
		m.Fields[(n-1)>>6] &^= 1 << ((n - 1) & 63)
	}
}

// Number is the value of field n, which must hold nothing but decimal digits, 19 at most.
func (m *Message) Number(n int) (value uint64) {
	f, s := m.layout.fields[n], m.spans[n]
	if f.packed != nil && s.Length%2 == 0 {
		for _, b := range m.frame[s.Body:s.End] {
			value = value*100 + uint64(b>>4)*10 + uint64(b&0x0F)
		}
		return value
	}
	var buf [19]byte
	for _, d := range m.appendValue(buf[:0], f, s) {
		value = value*10 + uint64(d-'0')
	}
	return value
}

// PadsLeft says whether the packed field n begins with a nibble that is none of its digits.
func (m *Message) PadsLeft(n int) bool {
	f, s := m.layout.fields[n], m.spans[n]
	return f.packed != nil && s.Length%2 == 1 && !f.packed.padsRight(m.frame[s.Body:s.End], int(s.Length))
}
