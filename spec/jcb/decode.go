package jcb

import (
	"sekisho/spec"
	"sekisho/spec/wire"
)

// Decode fills r from a frame. It is strict: an error is a [*spec.FieldError] that names the
// field and the offset, and r then holds what was read before it. A field that a message of
// its class must carry counts as wrong when it is missing.
func (d *Dialect) Decode(frame []byte, r *spec.Request) error {
	*r = spec.Request{At: r.At, Deadline: r.Deadline, Link: r.Link, Policy: d.Policy()}
	var m wire.Message
	bad := d.read(frame, &m)
	r.MTI, r.Class, r.Fields = m.MTI, classOf(m.MTI), m.Fields
	d.fill(r, &m)
	if bad != nil {
		return bad
	}
	class := r.Class
	if class == spec.Financial && r.Policy.FinancialServed {
		class = spec.Authorization // it needs what a 0100 needs
	}
	if n := missing(class, r.Fields); n != 0 {
		return missingField(n, &m)
	}
	return nil
}

// missingField points at the byte of the bitmap that lacks the field's bit.
func missingField(n int, m *wire.Message) *spec.FieldError {
	return &spec.FieldError{Field: n, Offset: int(m.Span(1).At) + (n-1)/8, Expected: "this field to be there: a " + m.MTI.String() + " must carry it"}
}

// fill takes the values out of the fields that were read.
func (d *Dialect) fill(r *spec.Request, m *wire.Message) {
	has := func(n int) bool { return m.Fields.Has(n) }
	number := func(n int) uint64 {
		if !has(n) {
			return 0
		}
		return m.Number(n)
	}
	if has(2) {
		var buf [spec.PANLengthMax]byte
		r.Card = d.hasher.Card(m.AppendValue(buf[:0], 2))
		clear(buf[:])
	}
	r.Processing = [6]byte([]byte("000000"))
	if has(3) {
		m.AppendValue(r.Processing[:0], 3)
	}
	r.Amount, r.Billing = spec.Money(number(4)), spec.Money(number(6))                        //nolint:gosec // 12 digits
	r.Currency, r.BillingCurrency = spec.Currency(number(49)), spec.Currency(number(51))      //nolint:gosec // 3 digits
	r.STAN, r.LocalTime = uint32(number(11)), uint32(number(12))                              //nolint:gosec // 6 digits
	r.LocalDate, r.Expiry, r.MCC = uint16(number(13)), uint16(number(14)), uint16(number(18)) //nolint:gosec // 4 digits
	r.EntryMode, r.Condition = uint16(number(22)), uint8(number(25))                          //nolint:gosec // 3 and 2 digits
	r.Network = spec.NetworkCode(number(70))                                                  //nolint:gosec // 3 digits
	r.Entry = d.profile.entry[r.EntryMode]
	if has(7) {
		r.Sent, _ = sentAt(m.Number(7), r)
	}
	if has(32) {
		r.Acquirer = institution(m, 32)
	}
	fillText(r, m)
	if has(90) {
		r.Original = original(m, r)
	}
	if has(95) {
		r.Replacement = replacement(m)
	}
}

func fillText(r *spec.Request, m *wire.Message) {
	for _, t := range [...]struct {
		field int
		to    []byte
	}{{37, r.RRN[:]}, {38, r.Approval[:]}, {39, r.ActionCode[:]}, {41, r.Terminal[:]}, {42, r.Merchant[:]}} {
		if m.Fields.Has(t.field) {
			clear(t.to[len(trim(m.AppendValue(t.to[:0], t.field))):])
		}
	}
	if !m.Fields.Has(61) {
		return
	}
	var buf [255]byte
	flags := m.AppendValue(buf[:0], 61)
	for i, flag := range [...]spec.PointFlags{spec.MailOrTelephone, spec.Recurring, spec.PreAuthorization} {
		if i < len(flags) && flags[i] == '1' {
			r.Conditions |= flag
		}
	}
}

// sentAt is the instant of a date and time MMDDhhmmss.
func sentAt(t uint64, r *spec.Request) (unix int64, ok bool) {
	part := func(n uint64) int { return int(n % 100) } //nolint:gosec // two digits
	return spec.SentAt(part(t/1e8), part(t/1e6), part(t/1e4), part(t/100), part(t), r.At)
}

func institution(m *wire.Message, field int) spec.Institution {
	var buf [11]byte
	return spec.ParseInstitution(m.AppendValue(buf[:0], field))
}

// original reads DE90: MTI 4, STAN 6, DE7 10, DE32 11, DE33 11. One whose date is none
// names nothing, so it counts as absent and leaves no tombstone.
func original(m *wire.Message, r *spec.Request) (o spec.Original) {
	var buf [42]byte
	v := m.AppendValue(buf[:0], 90)
	sent, ok := sentAt(decimal(v[10:20]), r)
	if !ok {
		return spec.Original{}
	}
	return spec.Original{Present: true, STAN: uint32(decimal(v[4:10])), Sent: sent, Acquirer: spec.ParseInstitution(v[20:31])} //nolint:gosec // 6 digits
}

// replacement reads DE95. Only its first 12 digits are an amount that counts; peers fill
// the rest in several ways.
func replacement(m *wire.Message) spec.Replacement {
	var buf [42]byte
	v := m.AppendValue(buf[:0], 95)
	if amount := decimal(v[:12]); amount > 0 {
		return spec.Replacement{Kind: spec.ReplacementAmount, Amount: spec.Money(amount)} //nolint:gosec // 12 digits
	}
	for _, c := range v[12:] {
		if c != '0' && c != ' ' && c != 0 {
			return spec.Replacement{Kind: spec.ReplacementSuspicious}
		}
	}
	return spec.Replacement{Kind: spec.ReplacementZero}
}

func decimal(digits []byte) (n uint64) {
	for _, d := range digits {
		n = n*10 + uint64(d-'0')
	}
	return n
}
