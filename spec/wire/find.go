package wire

import (
	"fmt"

	"sekisho/spec"
)

const (
	causeCut     = "the message is cut, or a length before it is wrong"
	causeShifted = "a length before it is wrong, so that this is not its place"
	causeDigits  = "this length counts digits, not bytes"
)

// find says where the field is that begins at this offset, and checks it. A length that is
// not negative replaces the one in the frame. On an error s holds what is known of it.
func (f *Field) find(frame []byte, at, supposed int, s *Span) *spec.FieldError {
	body := at + f.length.bytes
	if body > len(frame) {
		*s = spanOf(at, len(frame), len(frame), 0)
		return &spec.FieldError{Field: f.Number, Offset: len(frame), Expected: "its length, " + unitsOf(f.length.bytes, "byte"), Cause: causeCut}
	}
	length, ok := f.length.read(frame[at:], f.Max)
	if supposed >= 0 {
		length = supposed
	}
	if !ok || length > f.Max || length < f.Min {
		*s = spanOf(at, body, body, 0)
		return f.lengthError(at, frame[at:body], length)
	}
	end := body + f.size(length)
	if end > len(frame) {
		*s = spanOf(at, body, len(frame), 0)
		return &spec.FieldError{Field: f.Number, Offset: len(frame), Expected: unitsOf(f.size(length), "byte") + " for " + f.units(length), Cause: causeCut}
	}
	*s = spanOf(at, body, end, length)
	if f.packed == nil {
		return nil
	}
	if bad := f.packed.firstBad(frame[body:end], length); bad >= 0 {
		return f.digitError(body + bad)
	}
	return nil
}

// lengthError says what is wrong with a length. The offset is that of its first byte.
func (f *Field) lengthError(at int, prefix []byte, length int) *spec.FieldError {
	e := &spec.FieldError{Field: f.Number, Offset: at, Expected: fmt.Sprintf("a length of %d to %d", f.Min, f.Max), Cause: causeShifted}
	if f.Min == 0 {
		e.Expected = fmt.Sprintf("a length of %d at most", f.Max)
	}
	if f.packed != nil {
		e.Expected += " digits"
	}
	if f.length.kind != lengthBinary {
		return e
	}
	if two, ok := packedByte(prefix[len(prefix)-1]); ok && length > f.Max && two <= f.Max {
		e.Cause = "this length is binary, not packed digits"
	} else if f.packed != nil && length < f.Min {
		e.Cause = causeDigits
	}
	return e
}

func (f *Field) digitError(offset int) *spec.FieldError {
	e := &spec.FieldError{Field: f.Number, Offset: offset, Expected: f.units(f.Max) + " packed two a byte", Cause: causeShifted}
	if !f.Fixed() {
		e.Expected = "digits packed two a byte"
	}
	if f.Max%2 == 1 && f.Fixed() {
		if f.packed.right {
			e.Expected += ", then a zero"
		} else {
			e.Expected += ", after a zero"
		}
		e.Cause = "the field is padded on the other side, or a length before it is wrong"
	}
	return e
}

// units is a length in words: 6 digits, 12 characters.
func (f *Field) units(n int) string {
	switch {
	case f.packed != nil:
		return unitsOf(n, "digit")
	case f.text != nil:
		return unitsOf(n, "character")
	}
	return unitsOf(n, "byte")
}

func unitsOf(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
