package jcb

import (
	"encoding/hex"
	"fmt"
	"strings"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// Inspection is one message taken apart for a person's eyes. Card data is masked in all of
// it, by position: in values, in hex, in the field that is wrong.
type Inspection struct {
	MTI    string           // empty when it could not be read
	Fields []Field          // in the order of the frame: MTI (0), bitmap (1), data elements
	Err    *spec.FieldError // where the message is wrong; nil when it decodes

	// BadName is the name of what is wrong. BadHex are the bytes of the field that is wrong, as far as they may be shown, and
	// BadAt the position in it of the first wrong one.
	BadName string
	BadHex  string
	BadAt   int

	// Missing is the first data element that must be there and is not; 0 when all are. It
	// does not keep the message from being read.
	Missing int
}

// Field is one field of a message, masked.
type Field struct {
	DE     int
	Offset int
	Name   string
	Value  string // as on the wire, leading zeros kept; bytes in hex
	Hex    string // with the length in front
	Masked bool   // whether something is blanked
	Tags   []Tag  // what DE48 and DE55 hold

	broken bool // its elements could not be followed to the end
}

// hide blanks all of the field.
func (f *Field) hide() {
	f.Value = strings.Repeat(string(blank), len([]rune(f.Value)))
	f.Hex = strings.Repeat(string(blank), len(f.Hex))
	f.Masked, f.Tags = true, nil
}

// Tag is one element inside a field, masked.
type Tag struct{ ID, Name, Value string }

// blank stands for a masked digit, character or half of a byte.
const blank = '*'

// Inspect takes a message of any type apart, answers included. A missing mandatory field
// and a wrong check digit are not errors here.
func (d *Dialect) Inspect(frame []byte) Inspection {
	var m wire.Message
	err := d.read(frame, &m)
	var in Inspection
	if err == nil || err.Field > 0 {
		in.MTI = m.MTI.String()
		in.Fields = append(in.Fields, Field{Name: d.layout.Field(0).Name, Value: in.MTI, Hex: upperHex(m.Whole(0))})
	}
	cover := newCover(&m, err)
	if m.Span(1).End > 0 {
		row := bitmapRow(&m)
		if cover.lost {
			row.hideSecond()
		}
		in.Fields = append(in.Fields, row)
	}
	for n := 2; n <= wire.FieldMax; n++ {
		if m.Fields.Has(n) {
			f := d.inspectField(&m, n)
			if cover.hides(n) {
				f.hide()
			}
			cover.pass(n, f.broken)
			in.Fields = append(in.Fields, f)
		}
	}
	if err != nil {
		in.setError(d, frame, &m, *err, cover)
		return in
	}
	in.Missing = missing(classOf(m.MTI), m.Fields)
	return in
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// bitmapRow shows which fields the bitmap announces.
func bitmapRow(m *wire.Message) Field {
	raw := m.Whole(1)
	var names []string
	for i, b := range raw {
		for bit := range 8 {
			if n := i*8 + bit + 1; b&(0x80>>bit) != 0 && n > 1 {
				names = append(names, fmt.Sprint(n))
			}
		}
	}
	return Field{DE: 1, Offset: int(m.Span(1).At), Name: "bitmap", Value: strings.Join(names, " "), Hex: upperHex(raw)}
}

// hideSecond blanks the second bitmap: where its announcement is wrong, the card number
// stands in its place.
func (f *Field) hideSecond() {
	const first = 16
	if len(f.Hex) > first {
		f.Value, f.Masked = "", true
		f.Hex = f.Hex[:first] + strings.Repeat(string(blank), len(f.Hex)-first)
	}
}

func (d *Dialect) inspectField(m *wire.Message, n int) Field {
	row, s := d.layout.Field(n), m.Span(n)
	value := m.AppendValue(nil, n)
	runs := maskedRuns(n, value)
	f := Field{DE: n, Offset: int(s.At), Name: row.Name, Masked: len(runs) > 0}
	switch {
	case row.Raw():
		f.Value = string(blanked([]byte(upperHex(value)), runs, 2, 0))
	default:
		f.Value = latin(blanked(value, runs, 1, 0))
	}
	perUnit, skip := 2, 0
	if row.Packed() {
		perUnit = 1
		if m.PadsLeft(n) {
			skip = 1
		}
	}
	f.Hex = upperHex(m.Whole(n)[:s.Body-s.At]) + string(blanked([]byte(upperHex(m.Body(n))), runs, perUnit, skip))
	switch n {
	case 48:
		f.Tags = privateTags(value, row.Raw())
	case 55:
		f.Tags = chipTags(value)
	}
	f.broken = len(f.Tags) > 0 && f.Tags[len(f.Tags)-1].ID == unknownTag
	return f
}

// blanked blanks the runs in text, in which every unit has so many characters, after some
// that belong to none.
func blanked(text []byte, runs []run, perUnit, skip int) []byte {
	for _, r := range runs {
		for i := r.from*perUnit + skip; i < r.to*perUnit+skip && i < len(text); i++ {
			text[i] = blank
		}
	}
	return text
}

// latin makes a string of Latin-1.
func latin(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// setError keeps where and why, and shows of the wrong field what may be shown.
func (in *Inspection) setError(d *Dialect, frame []byte, m *wire.Message, err spec.FieldError, c *cover) {
	if _, cause := d.layout.Suspect(frame); cause != "" {
		err.Cause = cause
	}
	in.Err = &err
	if row := d.layout.Field(err.Field); row != nil {
		in.BadName = row.Name
	}
	at, body, end := int(m.Bad.At), int(m.Bad.Body), min(int(m.Bad.End), len(frame))
	text := []byte(upperHex(frame[at:end]))
	from := len(text)
	switch inBitmap := !c.lost && at == int(m.Span(1).At) || err.Field < 2; {
	case at == int(m.Span(err.Field).End):
		from = 0 // bytes behind the last field: whatever they are, no field says
		in.BadName = "bytes left over"
	case inBitmap:
	case c.passed, c.lost, err.Field == 3:
		from = 0 // card data read too short would run on into this field
	case maskable(err.Field):
		from = (body - at) * 2
	}
	for i := from; i < len(text); i++ {
		text[i] = blank
	}
	in.BadHex, in.BadAt = string(text), (err.Offset-at)*2
}
