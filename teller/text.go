package teller

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

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

// checkText says what is wrong with a text that a person gave. What looks like a card number is refused: it
// would be kept in the clear.
func (t *Teller) checkText(field, text string, least, most int) error {
	switch {
	case len(text) < least:
		return invalid(field, "must not be empty")
	case len(text) > most:
		return invalid(field, fmt.Sprintf("must have at most %d bytes", most))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return invalid(field, "must be UTF-8 without control characters")
	case t.holdsNumber(text):
		return invalid(field, "must not hold a card number")
	}
	return nil
}

// holdsNumber says whether a text has a card number in it, written together or in groups.
func (t *Teller) holdsNumber(text string) bool {
	run := make([]byte, 0, len(text))
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] >= '0' && text[i] <= '9':
			run = append(run, text[i])
		case i < len(text) && (text[i] == ' ' || text[i] == '-'):
		default:
			if isNumber(run) && run[0] >= '2' && run[0] <= '6' || t.ours(run) {
				return true
			}
			run = run[:0]
		}
	}
	return false
}

// ours says whether any part of a run of digits is a number of one of the programs. Others' numbers are found
// only where they stand alone: of long references every other one has some part that passes Luhn.
func (t *Teller) ours(run []byte) bool {
	for i := range t.options.Programs {
		for _, digits := range t.options.Programs[i].Ranges {
			for from := range run {
				if !bytes.HasPrefix(run[from:], []byte(digits)) {
					continue
				}
				for n := spec.PANLengthMin; n <= spec.PANLengthMax && from+n <= len(run); n++ {
					if isNumber(run[from : from+n]) {
						return true
					}
				}
			}
		}
	}
	return false
}

func isNumber(digits []byte) bool {
	if len(digits) > spec.PANLengthMax {
		return false
	}
	_, err := spec.ParsePAN(string(digits))
	return err == nil
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
