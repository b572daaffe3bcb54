package spec

import "fmt"

//go:generate sh -c "go run ./gen > currency_gen.go.new && mv currency_gen.go.new currency_gen.go"

// Currency is an ISO 4217 numeric code: 392 is the yen. Zero is no currency.
type Currency uint16

// JPY is the yen, which has no minor unit.
const JPY Currency = 392

// ParseCurrency finds a currency by its ISO 4217 letters.
func ParseCurrency(letters string) (Currency, error) {
	for code, c := range currencies {
		if c.letters == letters {
			return code, nil
		}
	}
	return 0, fmt.Errorf("currency %q is not an ISO 4217 code such as JPY", letters)
}

// Exponent is the number of decimals of the currency: 0 for the yen, 2 for the dollar. A
// code outside the table counts as having 2.
func (c Currency) Exponent() int {
	if known, ok := currencies[c]; ok {
		return known.exponent
	}
	return 2
}

// String is the three letters, or the three digits of a code outside the table.
func (c Currency) String() string {
	if known, ok := currencies[c]; ok {
		return known.letters
	}
	return fmt.Sprintf("%03d", uint16(c))
}

type currencyFacts struct {
	letters  string
	exponent int
}
