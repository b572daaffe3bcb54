package clearing

import "sekisho/spec"

// fill makes a record of an image that was found to be in order. Without a hasher the card has no
// hash.
func (m *image) fill(into *Record, hasher *spec.Hasher) {
	*into = Record{MTI: m.mti, Fields: m.fields}
	m.fillCard(into, hasher)
	m.fillMoney(into)
	m.fillFacts(into)
	m.fillParties(into)
	m.fillPrivate(into)
}

func (m *image) fillCard(into *Record, hasher *spec.Hasher) {
	digits := m.field(2)
	switch {
	case digits == nil:
	case hasher != nil:
		into.Card = hasher.Card(digits)
	default:
		into.Card = spec.Card{Length: uint8(len(digits)), Luhn: luhnSum(digits, false)%10 == 0} //nolint:gosec // at most 19
		copy(into.Card.Range[:], digits)
		copy(into.Card.Last[:], digits[len(digits)-4:])
	}
}

func (m *image) fillMoney(into *Record) {
	into.Amount, into.Currency = m.money(4), m.currency(49)
	into.Settlement, into.SettlementCurrency = m.money(5), m.currency(50)
	into.Billing, into.BillingCurrency = m.money(6), m.currency(51)
	if both := m.field(30); both != nil {
		into.OriginalAmount = spec.Money(number(both[:12]))     //nolint:gosec // 12 digits
		into.OriginalSettlement = spec.Money(number(both[12:])) //nolint:gosec // 12 digits
	}
	groups := m.private.value(tagExponents)
	for n := 49; groups != nil && n <= 51; n++ {
		if m.fields.Has(n) && exponentIn(groups, m.field(n)) != m.currency(n).Exponent() {
			into.ExponentDiffers.Add(n)
		}
	}
}

func (m *image) money(n int) spec.Money { return spec.Money(m.number(n)) } //nolint:gosec // 12 digits

func (m *image) currency(n int) spec.Currency { return spec.Currency(m.number(n)) } //nolint:gosec // 3 digits

func (m *image) fillFacts(into *Record) {
	into.Number = uint32(m.number(71))   //nolint:gosec // 8 digits
	into.Function = uint16(m.number(24)) //nolint:gosec // 3 digits
	copy(into.Processing[:], m.field(3))
	if ascii := m.field(12); ascii != nil {
		into.Local, _ = instantOf(ascii) // 0 for a date that does not exist
	}
	into.Expiry = uint16(m.number(14)) //nolint:gosec // 4 digits
	copy(into.PointOfService[:], m.field(22))
	into.CardSequence = uint16(m.number(23)) //nolint:gosec // 3 digits
	into.Reason = uint16(m.number(25))       //nolint:gosec // 4 digits
	into.MCC = uint16(m.number(26))          //nolint:gosec // 4 digits
	copy(into.Reference[:], m.field(31))
	copy(into.RRN[:], trimmed(m.field(37)))
	copy(into.Approval[:], trimmed(m.field(38)))
}

func (m *image) fillParties(into *Record) {
	into.Acquirer = spec.ParseInstitution(m.field(32))
	into.Forwarder = spec.ParseInstitution(m.field(33))
	into.Destination = spec.ParseInstitution(m.field(93))
	into.Originator = spec.ParseInstitution(m.field(94))
	into.Receiver = spec.ParseInstitution(m.field(100))
	copy(into.Terminal[:], trimmed(m.field(41)))
	copy(into.Merchant[:], trimmed(m.field(42)))
	copy(into.Name[:], m.field(43))
}

func (m *image) fillPrivate(into *Record) {
	for _, e := range m.private.elements {
		value := m.private.text[e.value.from:e.value.to]
		switch e.tag {
		case tagReversal:
			if into.Reversal = value[0] == 'R'; into.Reversal {
				into.OriginalDate, _ = dayOf(value[1:])
			}
		case tagOriginal:
			copy(into.OriginalReference[:], value)
		case tagPart:
			into.Part, into.Parts = part(value)
		}
	}
}

// part reads nn/mm; what is not that, or makes no sense, is 0, 0.
func part(value []byte) (nn, mm uint8) {
	if len(value) != 5 || value[2] != '/' || !allDigits(value[:2]) || !allDigits(value[3:]) {
		return 0, 0
	}
	nn, mm = uint8(number(value[:2])), uint8(number(value[3:])) //nolint:gosec // two digits
	if nn == 0 || nn > mm {
		return 0, 0
	}
	return nn, mm
}

// trimmed is a text without the spaces at its end.
func trimmed(ascii []byte) []byte {
	for len(ascii) > 0 && ascii[len(ascii)-1] == ' ' {
		ascii = ascii[:len(ascii)-1]
	}
	return ascii
}
