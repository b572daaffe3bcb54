package jcb

import (
	"sekisho/spec"
	"sekisho/spec/wire"
)

// read takes the frame apart and checks the values that have a meaning here. On an error m
// holds the fields before the one that is wrong.
func (d *Dialect) read(frame []byte, m *wire.Message) *spec.FieldError {
	bad := d.layout.Read(frame, m)
	// A wrong value comes before a wrong length in the frame, whichever was noticed first.
	if wrong := d.checkValues(m); wrong != nil {
		m.Keep(wrong.Field)
		return wrong
	}
	return bad
}

// valueKind is what a value must be.
type valueKind uint8

const (
	digitsOnly valueKind = iota
	cardNumber
	dateAndTime
	printable
	tagsInside
	digitsFirst12
)

// valueCheck is what the value of one field must be.
type valueCheck struct {
	field int
	kind  valueKind
}

// values are the fields whose values are checked, in the order of the frame.
var values = [...]valueCheck{
	{2, cardNumber},
	{3, digitsOnly},
	{4, digitsOnly},
	{6, digitsOnly},
	{7, dateAndTime},
	{11, digitsOnly},
	{12, digitsOnly},
	{13, digitsOnly},
	{14, digitsOnly},
	{18, digitsOnly},
	{22, digitsOnly},
	{25, digitsOnly},
	{32, digitsOnly},
	{37, printable},
	{38, printable},
	{39, printable},
	{41, printable},
	{42, printable},
	{49, digitsOnly},
	{51, digitsOnly},
	{55, tagsInside},
	{70, digitsOnly},
	{90, digitsOnly},
	{95, digitsFirst12},
}

// newChecks are the checks that are left to do with this layout: packed digits are digits
// once a frame was read.
func newChecks(l *wire.Layout) []valueCheck {
	var checks []valueCheck
	for _, v := range values {
		if f := l.Field(v.field); f != nil && (v.kind != digitsOnly || !f.Packed()) {
			checks = append(checks, v)
		}
	}
	return checks
}

func (d *Dialect) checkValues(m *wire.Message) *spec.FieldError {
	for _, v := range d.checks {
		if !m.Fields.Has(v.field) {
			continue
		}
		var err *spec.FieldError
		switch v.kind {
		case cardNumber:
			err = d.checkCardNumber(m)
		case dateAndTime:
			err = d.checkSent(m)
		case digitsOnly:
			err = d.checkDigits(m, v.field, int(m.Span(v.field).Length))
		case digitsFirst12:
			err = d.checkDigits(m, v.field, 12)
		case printable:
			err = checkPrintable(m, v.field)
		case tagsInside:
			if !classOf(m.MTI).Advice() { // there it decides nothing, and an advice never fails for its contents
				err = checkTags(m, v.field)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Dialect) checkCardNumber(m *wire.Message) *spec.FieldError {
	n := m.Span(2).Length
	if n < spec.PANLengthMin || n > spec.PANLengthMax {
		return &spec.FieldError{Field: 2, Offset: int(m.Span(2).At), Expected: "a card number of 16 to 19 digits", Cause: "this length counts digits, not bytes"}
	}
	return d.checkDigits(m, 2, int(n))
}

// checkSent checks DE7, without which there is no key.
func (d *Dialect) checkSent(m *wire.Message) *spec.FieldError {
	if err := d.checkDigits(m, 7, 10); err != nil {
		return err
	}
	t := m.Number(7)
	month, day, hour, minute, second := t/1e8, t/1e6%100, t/1e4%100, t/100%100, t%100
	days := [13]uint64{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	if month < 1 || month > 12 || day < 1 || day > days[month] || hour > 23 || minute > 59 || second > 59 {
		return &spec.FieldError{Field: 7, Offset: int(m.Span(7).Body), Expected: "a date and time MMDDhhmmss", Cause: "day and month are exchanged, or a length before it is wrong"}
	}
	return nil
}

// checkDigits checks the first n characters of a field. Packed digits were checked when the
// frame was read.
func (d *Dialect) checkDigits(m *wire.Message, field, n int) *spec.FieldError {
	if d.layout.Field(field).Packed() {
		return nil
	}
	var buf [64]byte
	for i, c := range m.AppendValue(buf[:0], field)[:n] {
		if c < '0' || c > '9' {
			return &spec.FieldError{Field: field, Offset: int(m.Span(field).Body) + i, Expected: "digits", Cause: "a length before it is wrong, or the character set is another"}
		}
	}
	return nil
}

// checkPrintable checks text that goes into records and onto screens: no control characters,
// but for the zero bytes that some peers fill up with.
func checkPrintable(m *wire.Message, field int) *spec.FieldError {
	var buf [64]byte
	text := trim(m.AppendValue(buf[:0], field))
	for i, c := range text {
		if c < ' ' || c >= 0x7F && c < 0xA0 {
			return &spec.FieldError{Field: field, Offset: int(m.Span(field).Body) + i, Expected: "printable characters", Cause: "a length before it is wrong, or the character set is another"}
		}
	}
	return nil
}

// trim drops the blanks and zero bytes a value is filled up with.
func trim(text []byte) []byte {
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == 0) {
		text = text[:len(text)-1]
	}
	return text
}

func checkTags(m *wire.Message, field int) *spec.FieldError {
	body := m.Body(field)
	for at := 0; at < len(body); {
		t, ok := nextChipTag(body[at:])
		if !ok {
			return &spec.FieldError{Field: field, Offset: int(m.Span(field).Body) + at, Expected: "a tag, its length and as many bytes", Cause: "a tag's length is wrong, or the chip data is cut"}
		}
		at += t.end
	}
	return nil
}

// classOf is what a message is for. A type we do not know whose third digit is odd is an
// answer to something: answering it could go on for ever.
func classOf(mti spec.MTI) spec.Class {
	c := mti.Class()
	if c == spec.ClassUnknown && mti/10%2 == 1 {
		return spec.Answer
	}
	return c
}

// missing is the first field without which a message of this class cannot be served, 0 when
// all are there. An advice needs only what places it: it must never fail for its contents.
func missing(c spec.Class, has spec.FieldSet) int {
	var need []int
	switch c {
	case spec.Authorization:
		need = needAuthorization[:]
	case spec.AuthorizationAdvice, spec.Reversal, spec.ReversalAdvice, spec.FinancialAdvice:
		need = needPlace[:]
	case spec.Financial, spec.FileUpdate, spec.Administrative, spec.NetworkManagement:
		need = needAnswer[:]
	case spec.ClassUnknown, spec.Answer:
	}
	for _, n := range need {
		if !has.Has(n) {
			return n
		}
	}
	return 0
}

var (
	needAuthorization = [...]int{2, 3, 4, 7, 11, 32, 49}
	needPlace         = [...]int{2, 7, 11}
	needAnswer        = [...]int{7, 11}
)
