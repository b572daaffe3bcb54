package spec

import (
	"strconv"
	"strings"
)

// Money is an amount in the minor unit of a currency that its surroundings name: 100 is
// 100 yen, or 1 dollar. It may be negative.
type Money int64

// Format writes the amount for a person, with the currency's sign and its decimals:
// ¥1,200, USD 12.00.
func (m Money) Format(c Currency) string {
	sign := ""
	n := uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	unit := uint64(1)
	for range c.Exponent() {
		unit *= 10
	}
	text := group(strconv.FormatUint(n/unit, 10))
	if unit > 1 {
		cents := strconv.FormatUint(unit+n%unit, 10)
		text += "." + cents[1:]
	}
	if c == JPY {
		return sign + "¥" + text
	}
	return sign + c.String() + " " + text
}

// Grouped is a number as a person reads it: 412,300.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	if digits, negative := strings.CutPrefix(text, "-"); negative {
		return "-" + group(digits)
	}
	return group(text)
}

func group(digits string) string {
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}
