package clearing

import (
	"math/bits"

	"sekisho/spec"
)

// place holds the rules about a record among the others: what kind it is, what such a record must
// have, that its number is the next one, and what the trailer says.
func (r *Reader) place() *Reject {
	m := &r.image
	r.kind = nil
	if !m.fields.Has(24) && knownMTI(m.mti) {
		return broken(m.size, "DE24 (function code) is missing")
	}
	function := uint16(m.number(24)) //nolint:gosec // 3 digits
	r.kind = messageOf(m.mti, function)
	first := r.totals.Count == 1
	switch {
	case first && (r.kind == nil || !r.kind.header()):
		return refuse(BadHeader, m.begins(24), "expected a file header, 1644/689, found %04d/%03d", m.mti, function)
	case r.kind == nil:
		return refuse(UnknownMessage, m.begins(24), "expected a record type of the layout, found %04d/%03d", m.mti, function)
	case !first && r.kind.header():
		return refuse(BadHeader, m.begins(24), "expected one header, found a second one")
	}
	if wrong := m.complete(r.kind); wrong != nil {
		return wrong
	}
	if wrong := r.count(first); wrong != nil {
		return wrong
	}
	switch {
	case first:
		r.open()
	case r.kind.trailer():
		r.closed = true
		return r.settle()
	default:
		r.totals.Records++
		r.totals.Sum = min(r.totals.Sum+m.money(4), sumMax+1)
	}
	return nil
}

// refuse is a fault at an offset of the current record's image.
func refuse(why Reason, offset int, format string, args ...any) *Reject {
	wrong := broken(offset, format, args...)
	wrong.Reason = why
	return wrong
}

// begins is where a data element begins in the image, 0 when it is not there.
func (m *image) begins(de int) int {
	if !m.fields.Has(de) {
		return 0
	}
	return int(m.spans[de].from)
}

// complete holds what a record of a kind must have, and in header and trailer that there is
// nothing else.
func (m *image) complete(kind *message) *Reject {
	for half := range kind.must {
		if missing := kind.must[half] &^ m.fields[half]; missing != 0 {
			n := half*64 + bits.TrailingZeros64(missing) + 1
			return broken(m.size, "DE%d (%s) is missing in a %s", n, layout[n].name, kind.name)
		}
		if more := m.fields[half] &^ kind.must[half]; kind.whole && more != 0 {
			n := half*64 + bits.TrailingZeros64(more) + 1
			return broken(int(m.spans[n].from), "DE%d (%s) has no place in a %s", n, layout[n].name, kind.name)
		}
	}
	for _, tag := range kind.tags {
		if !m.private.has(tag) {
			return broken(m.size, "PDS %04d is missing in a %s", tag, kind.name)
		}
	}
	return nil
}

// count holds that DE71 is the next number.
func (r *Reader) count(first bool) *Reject {
	m := &r.image
	number := uint32(m.number(71)) //nolint:gosec // 8 digits
	switch {
	case number == r.totals.Count:
		return nil
	case first:
		return refuse(BadHeader, m.begins(71), "DE71: expected 00000001 in the header, found %08d", number)
	}
	return refuse(BadNumber, m.begins(71), "DE71: expected %08d, found %08d", r.totals.Count, number)
}

// open takes what the header says.
func (r *Reader) open() {
	m := &r.image
	copy(r.header.FileID[:], m.private.value(tagFile))
	r.header.Forwarder = spec.ParseInstitution(m.field(33))
	r.header.Receiver = spec.ParseInstitution(m.field(100))
	r.totals.FileID = r.header.FileID
}

// settle holds what the trailer says of the records before it.
func (r *Reader) settle() *Reject {
	m, p := &r.image, &r.image.private
	if string(p.value(tagFile)) != string(r.header.FileID[:]) {
		return refuse(BadTrailer, p.offset(m, tagFile), "PDS 3901: expected the file id of the header, found another")
	}
	if count := number(p.value(tagCount)); count != uint64(r.totals.Count) {
		return refuse(BadCount, p.offset(m, tagCount), "PDS 3903: expected %d, as many records as were read, found %d", r.totals.Count, count)
	}
	if sum := number(p.value(tagSum)); sum != uint64(r.totals.Sum) { //nolint:gosec // not below zero
		return refuse(BadTotal, p.offset(m, tagSum), "PDS 3902: expected %d, the sum of DE4 over the records, found %d", r.totals.Sum, sum)
	}
	return nil
}
