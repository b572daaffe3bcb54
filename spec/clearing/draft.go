package clearing

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekisho/spec"
)

// Draft is a record to be written. Of its Record everything counts but Number, Offset and Card.
// What the kind of record must have is always written; what is optional when it is not zero, or
// when Fields has it.
//
// An institution is written with the digits given beside it; without them with the digits of its
// number, zeros on the right up to eight, and a forwarder or receiver that is not given at all as
// in the file's header.
type Draft struct {
	Record
	PAN spec.PAN // DE2

	AcquirerID    string // DE32 as written, up to 11 digits
	ForwarderID   string // DE33
	DestinationID string // DE93
	OriginatorID  string // DE94
	ReceiverID    string // DE100

	Exponents    string    // PDS 3002; empty: made from the currencies
	ReversalDate time.Time // with Reversal: the file date of the original, for PDS 3007
	Elements     []Element // further private elements
	Further      []Field   // further data elements; one here goes before what Record says
}

// Field is one data element as it is to be written: numbers fill up with zeros on the left, text
// with spaces on the right. DE55 is bytes.
type Field struct {
	DE    int
	Value string
}

// PlaceName is a DE43: name 25, street 45, city 13, post code 10, state 3, country 3 (letters).
// Longer parts are cut.
func PlaceName(name, street, city, postCode, state, country string) (de43 [99]byte) {
	at := 0
	for _, part := range [...]struct {
		text string
		size int
	}{{name, 25}, {street, 45}, {city, 13}, {postCode, 10}, {state, 3}, {country, 3}} {
		copy(de43[at:at+part.size], part.text+strings.Repeat(" ", part.size))
		at += part.size
	}
	return de43
}

// values are the data elements of a record, empty where there is none.
type values [129]string

// values of the draft, but for DE48 and its like, and DE71.
func (d *Draft) values(kind *message, header [2]string) (v values) {
	wanted := d.Fields
	for half := range wanted {
		wanted[half] |= kind.must[half]
	}
	put := func(n int, value string, there bool) {
		if there || wanted.Has(n) {
			v[n] = value
		}
	}
	amount := func(n int, value spec.Money) { put(n, strconv.FormatInt(int64(value), 10), value != 0) }
	count := func(n int, value uint16) { put(n, strconv.Itoa(int(value)), value != 0) }
	chars := func(n int, value []byte) { put(n, blanks(value), !zero(value)) }
	v[2] = d.PAN.Digits()
	put(3, processing(d.Processing), d.Processing != [6]byte{})
	amount(4, d.Amount)
	amount(5, d.Settlement)
	amount(6, d.Billing)
	if d.Local != 0 {
		v[12] = time.Unix(d.Local, 0).UTC().Format("060102150405")
	}
	count(14, d.Expiry)
	chars(22, d.PointOfService[:])
	count(23, d.CardSequence)
	count(24, d.Function)
	count(25, d.Reason)
	count(26, d.MCC)
	put(30, fmt.Sprintf("%012d%012d", d.OriginalAmount, d.OriginalSettlement), d.OriginalAmount != 0 || d.OriginalSettlement != 0)
	v[31] = d.Reference.String()
	v[32] = institution(d.AcquirerID, d.Acquirer, "")
	v[33] = institution(d.ForwarderID, d.Forwarder, header[0])
	chars(37, d.RRN[:])
	chars(38, d.Approval[:])
	chars(41, d.Terminal[:])
	chars(42, d.Merchant[:])
	chars(43, d.Name[:])
	count(49, uint16(d.Currency))
	count(50, uint16(d.SettlementCurrency))
	count(51, uint16(d.BillingCurrency))
	v[93] = institution(d.DestinationID, d.Destination, "")
	v[94] = institution(d.OriginatorID, d.Originator, "")
	v[100] = institution(d.ReceiverID, d.Receiver, header[1])
	return v
}

// zero says whether there is nothing but zero bytes.
func zero(value []byte) bool {
	for _, c := range value {
		if c != 0 {
			return false
		}
	}
	return true
}

// blanks is a text with spaces where there are zero bytes.
func blanks(value []byte) string {
	out := append([]byte(nil), value...)
	for i, c := range out {
		if c == 0 {
			out[i] = ' '
		}
	}
	return string(out)
}

// processing is DE3; all zero bytes are a purchase.
func processing(code [6]byte) string {
	if code == ([6]byte{}) {
		return "000000"
	}
	return string(code[:])
}

// institutionSize is how many digits an institution has that is given as a number only.
const institutionSize = 8

// institution is the digits of an institution: as given, from its number, or else the default.
func institution(given string, number spec.Institution, otherwise string) string {
	if given != "" {
		return given
	}
	if number == 0 {
		return otherwise
	}
	digits := strconv.FormatUint(uint64(number), 10)
	return digits + strings.Repeat("0", max(0, institutionSize-len(digits)))
}

// elements of the draft, ascending by tag. What Elements has goes before what Record says.
func (d *Draft) elements(kind *message, v *values) []Element {
	out := append([]Element(nil), d.Elements...)
	put := func(tag uint16, value string) {
		for _, e := range out {
			if e.Tag == tag {
				return
			}
		}
		out = append(out, Element{tag, value})
	}
	groups := d.Exponents
	for n := 49; d.Exponents == "" && n <= 51; n++ {
		if v[n] == "" {
			continue
		}
		digits := leftZeros(v[n], 3)
		if exponentIn([]byte(groups), []byte(digits)) < 0 {
			code, _ := strconv.Atoi(digits)                                 // what is no number is refused with its field
			groups += digits + strconv.Itoa(spec.Currency(code).Exponent()) //nolint:gosec // checked with the field
		}
	}
	if groups != "" && (d.Exponents != "" || len(kind.tags) > 0) {
		put(tagExponents, groups)
	}
	if d.Reversal {
		put(tagReversal, "R"+d.ReversalDate.Format("060102"))
	}
	if d.OriginalReference != (Reference{}) {
		put(tagOriginal, d.OriginalReference.String())
	}
	if d.Parts != 0 {
		put(tagPart, fmt.Sprintf("%02d/%02d", d.Part, d.Parts))
	}
	return sorted(out)
}
