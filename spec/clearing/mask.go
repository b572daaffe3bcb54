package clearing

import "bytes"

// The digits of a card number in a text, whoever wrote it there.
const (
	numberMin = 13
	numberMax = 19
)

// placeParts are the sizes of the parts of a DE43, which have nothing between them.
var placeParts = [...]int{25, 45, 13, 10, 3, 3}

// maskedPlace is a DE43 as it may be shown. A number at the end of a part is one, whatever the next begins with.
func maskedPlace(text []byte) string {
	out := bytes.Clone(text)
	hideNumbers(out, text)
	at := 0
	for _, size := range placeParts {
		if end := at + size; end <= len(text) {
			hideNumbers(out[at:end], text[at:end])
			at = end
		}
	}
	return string(out)
}

// masked is a text as it may be shown: of each card number in it the first six digits and the last four.
func masked(text []byte) string {
	out := bytes.Clone(text)
	hideNumbers(out, text)
	return string(out)
}

// hideNumbers puts stars into out over each card number in text: 13 to 19 digits that pass the Luhn check, also
// with single spaces or hyphens between groups of them, and are no part of a longer run of digits. No card number
// begins with a zero, as amounts do.
func hideNumbers(out, text []byte) {
	for from := range text {
		if isDigit(text, from) && text[from] != '0' && !isDigit(text, from-1) {
			hideNumber(out, text, from)
		}
	}
}

// hideNumber does so for those that begin at a place.
func hideNumber(out, text []byte, from int) {
	var digits [numberMax]byte
	var places [numberMax]int
	n := 0
	for at := from; at < len(text); at++ {
		switch c := text[at]; {
		case isDigit(text, at):
			if n == numberMax {
				return
			}
			digits[n], places[n] = c, at
			n++
		case (c != ' ' && c != '-') || !isDigit(text, at+1):
			return
		}
		if n < numberMin || isDigit(text, at+1) || luhnSum(digits[:n], false)%10 != 0 {
			continue
		}
		for _, place := range places[6 : n-4] {
			out[place] = '*'
		}
	}
}

func isDigit(text []byte, at int) bool {
	return at >= 0 && at < len(text) && text[at]-'0' <= 9
}
