package clearing

import (
	"fmt"
	"time"
)

// Reference is the acquirer reference of a purchase (DE31), 23 digits; zero is none. To a reader
// it is opaque.
type Reference [23]byte

// String is the digits, empty for none.
func (r Reference) String() string {
	if r == (Reference{}) {
		return ""
	}
	return string(r[:])
}

// sequenceMax is the largest sequence number in a reference, 11 digits.
const sequenceMax = 99_999_999_999

// MakeReference is the reference that a writer gives a purchase: 7, the first six digits of the
// acquirer (DE32; zeros go left when there are fewer), MMDD of the local date, 11 digits of a
// sequence number, and a Luhn digit over those 22.
func MakeReference(acquirer string, local time.Time, sequence uint64) (Reference, error) {
	if acquirer == "" || !allDigits([]byte(acquirer)) {
		return Reference{}, fmt.Errorf("reference: the acquirer is %d characters, expected digits", len(acquirer))
	}
	if sequence > sequenceMax {
		return Reference{}, fmt.Errorf("reference: sequence %d has more than 11 digits", sequence)
	}
	var r Reference
	copy(r[:], fmt.Sprintf("7%s%s%011d", leftZeros(acquirer, 6)[:6], local.Format("0102"), sequence))
	r[22] = luhnDigit(r[:22])
	return r, nil
}

// luhnDigit is the digit that makes the digits before it pass the Luhn check.
func luhnDigit(before []byte) byte {
	return '0' + byte((10-luhnSum(before, true)%10)%10) //nolint:gosec // below ten
}

// luhnSum adds digits up from the right, every other one doubled: the last one, or the one before.
func luhnSum(digits []byte, double bool) int {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum
}
