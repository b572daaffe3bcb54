package wire

import "fmt"

// Suspect looks for the field whose length explains why a frame cannot be read: the one
// with which, its length read in the way peers get wrong, the frame reads to its very end.
// Field is 0 when there is none. It is for a person's eyes, not for the path of a message.
func (l *Layout) Suspect(frame []byte) (field int, cause string) {
	var m, again Message
	if l.Read(frame, &m) == nil {
		return 0, ""
	}
	for n := 2; n <= FieldMax; n++ {
		f := l.fields[n]
		s := m.spans[n]
		if f == nil || f.Fixed() || int(s.Body)-int(s.At) != f.length.bytes {
			continue // not there, or cut before its length
		}
		length, ok := f.length.read(frame[s.At:s.Body], f.Max)
		if !ok {
			continue
		}
		if f.packed != nil && length > 0 && l.read(frame, &again, n, min(2*length, f.Max)) == nil {
			return n, fmt.Sprintf("DE%d at offset %d: %s", n, s.At, causeDigits)
		}
		two, ok := packedByte(frame[s.Body-1])
		if ok && two != length && l.read(frame, &again, n, two) == nil {
			return n, fmt.Sprintf("DE%d at offset %d: this length is binary, not packed digits", n, s.At)
		}
	}
	return 0, ""
}
