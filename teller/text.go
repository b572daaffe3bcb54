package teller

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sekisho/balance"
	"sekisho/spec"
)

// check says what is wrong with a call before anything is looked up.
func (c *Call) check() error {
	switch {
	case c.Tenant == "" || len(c.Tenant) > TenantMax:
		return invalid("tenant", fmt.Sprintf("must have 1 to %d bytes", TenantMax))
	case c.Key == "":
		return invalid("key", "must not be empty")
	}
	return nil
}

// NameMax bounds a name that a person gives, in characters.
const NameMax = balance.NameMax / utf8.UTFMax

// checkText says what is wrong with a text that a person gave; least and most are characters. What looks like a
// card number is refused: it would be kept in the clear.
func (t *Teller) checkText(field, text string, least, most int) error {
	switch {
	case utf8.RuneCountInString(text) < least:
		return invalid(field, "must not be empty")
	case least > 0 && !strings.ContainsFunc(text, Visible):
		return invalid(field, "must have something to see")
	case utf8.RuneCountInString(text) > most:
		return invalid(field, fmt.Sprintf("must have at most %d characters", most))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return invalid(field, "must be UTF-8 without control characters")
	case t.holdsNumber(text):
		return invalid(field, "must not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check")
	}
	return nil
}

// Visible says whether a character leaves something on a page.
func Visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// holdsNumber says whether a text has a card number in it, however its digits are written and set apart: all
// but a letter may stand between them. Narrower runs are looked at as well, for with more around it a number
// does not stand alone.
func (t *Teller) holdsNumber(text string) bool {
	for _, joins := range []func(rune) bool{
		func(rune) bool { return false },
		func(r rune) bool { return r == ' ' || r == '-' },
		func(r rune) bool { return !unicode.IsLetter(r) },
	} {
		if t.holdsRun(text, joins) {
			return true
		}
	}
	return false
}

// holdsRun looks at the runs of digits in a text that nothing but what joins interrupts.
func (t *Teller) holdsRun(text string, joins func(rune) bool) bool {
	run, edges := make([]byte, 0, len(text)), []int{0}
	for _, r := range text {
		if d, ok := digit(r); ok {
			run = append(run, d)
			continue
		}
		if joins(r) {
			edges = append(edges, len(run))
			continue
		}
		if t.isCard(run, edges) {
			return true
		}
		run, edges = run[:0], append(edges[:0], 0)
	}
	return t.isCard(run, edges)
}

// groupMin is how many digits people write together, at least, when they write a card number in groups.
const groupMin = 3

// isCard says whether a run of digits has a card number in it: all of it, or some of its groups. edges are where
// those begin.
func (t *Teller) isCard(run []byte, edges []int) bool {
	edges = slices.Compact(append(edges, len(run)))
	for i, from := range edges {
		for k := i + 1; k < len(edges) && edges[k]-edges[k-1] >= groupMin; k++ {
			if isOfNetwork(run[from:edges[k]]) {
				return true
			}
		}
	}
	return isOfNetwork(run) || t.ours(run)
}

// digit is the ASCII digit that means the same as a decimal digit of any script, such as a full-width one.
// Unicode keeps the ten of a script together, from zero up.
func digit(r rune) (d byte, ok bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r < utf8.RuneSelf || !unicode.IsDigit(r):
		return 0, false
	}
	for _, in := range unicode.Nd.R16 {
		if r >= rune(in.Lo) && r <= rune(in.Hi) {
			return '0' + byte((r-rune(in.Lo))%10), true
		}
	}
	for _, in := range unicode.Nd.R32 {
		if r >= rune(in.Lo) && r <= rune(in.Hi) { //nolint:gosec // code points
			return '0' + byte((r-rune(in.Lo))%10), true //nolint:gosec // 0 to 9
		}
	}
	return 0, false
}

// networks are how the numbers of card networks begin, in four digits, and how many digits they have.
var networks = [...]struct{ first, last, least, most int }{
	{2200, 2204, 16, 19}, // Mir
	{2221, 2720, 16, 16}, // Mastercard
	{3000, 3099, 14, 19}, // Diners Club
	{3400, 3499, 15, 15}, // American Express
	{3500, 3599, 16, 19}, // JCB
	{3600, 3699, 14, 19}, // Diners Club
	{3700, 3799, 15, 15}, // American Express
	{3800, 3999, 14, 19}, // Diners Club
	{4000, 4999, 13, 13}, // Visa
	{4000, 4999, 16, 16},
	{4000, 4999, 19, 19},
	{5000, 5999, 16, 19}, // Mastercard, Maestro
	{6000, 6999, 16, 19}, // Discover, UnionPay, Maestro
}

// isOfNetwork says whether a run of digits can be a number of any card network. Of digits that mean something
// else most begin otherwise, and of the rest nine of ten do not pass Luhn.
func isOfNetwork(run []byte) bool {
	if len(run) < 13 || checkDigit(run[:len(run)-1]) != run[len(run)-1] {
		return false
	}
	begins := 0
	for _, d := range run[:4] {
		begins = begins*10 + int(d-'0')
	}
	for _, n := range networks {
		if begins >= n.first && begins <= n.last && len(run) >= n.least && len(run) <= n.most {
			return true
		}
	}
	return false
}

// ours says whether any part of a run of digits is a number of one of the programs. Others' numbers are found
// only where groups of digits are one: of long references every other one has some part that passes Luhn.
func (t *Teller) ours(run []byte) bool {
	for i := range t.options.Programs {
		for _, digits := range t.options.Programs[i].Ranges {
			for from := range run {
				if !bytes.HasPrefix(run[from:], []byte(digits)) {
					continue
				}
				for n := spec.PANLengthMin; n <= spec.PANLengthMax && from+n <= len(run); n++ {
					if _, err := spec.ParsePAN(string(run[from : from+n])); err == nil {
						return true
					}
				}
			}
		}
	}
	return false
}

func checkAmount(field string, amount spec.Money) error {
	switch {
	case amount <= 0:
		return invalid(field, "must be above zero")
	case amount > AmountMax:
		return invalid(field, fmt.Sprintf("must be at most %d", AmountMax))
	}
	return nil
}

// cut shortens a text to a number of bytes, between two characters.
func cut(text string, most int) string {
	for len(text) > most {
		_, n := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-n]
	}
	return text
}
