package cardnet

import (
	"errors"
	"fmt"
	"unique"
)

// Card is what the network reads from plastic or a phone: a number, or a device token in its
// place, and an expiry. Cards are comparable and can be map keys. The number sits behind a
// handle, so that no way of printing a Card shows it.
type Card struct {
	number unique.Handle[string]
	expiry string
}

// NewCard takes a number of 13 to 19 digits, not necessarily one that passes Luhn, and an
// expiry YYMM. The error never names the number.
func NewCard(number, expiry string) (Card, error) {
	if len(number) < 13 || len(number) > 19 || !digits(number) {
		return Card{}, errors.New("card number: 13 to 19 digits expected")
	}
	if len(expiry) != 4 || !digits(expiry) || expiry[2:] < "01" || expiry[2:] > "12" {
		return Card{}, fmt.Errorf("expiry of card ending %s: YYMM expected, the year first", number[len(number)-4:])
	}
	return Card{number: unique.Make(number), expiry: expiry}, nil
}

// Expiry is YYMM.
func (c Card) Expiry() string { return c.expiry }

// String shows the last four digits: *1234.
func (c Card) String() string {
	if c == (Card{}) {
		return "no card"
	}
	n := c.number.Value()
	return "*" + n[len(n)-4:]
}

func (c Card) digits() string {
	if c == (Card{}) {
		return ""
	}
	return c.number.Value()
}
