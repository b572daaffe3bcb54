package wallet

import (
	"sekisho/spec"
)

// Amount is money.
type Amount struct {
	Amount   int64  `json:"amount" minimum:"-999999999999" maximum:"999999999999" doc:"In the minor unit of the currency: 1200 is 1,200 yen, or 12 dollars." example:"1200"`
	Currency string `json:"currency" minLength:"3" maxLength:"3" pattern:"^[A-Z]{3}$" doc:"ISO 4217." example:"JPY"`
}

// Sum is money in an answer, which may be more than one request can move.
type Sum struct {
	Amount   int64  `json:"amount" doc:"In the minor unit of the currency." example:"5000"`
	Currency string `json:"currency" doc:"ISO 4217." example:"JPY"`
}

func sum(m spec.Money, c spec.Currency) Sum { return Sum{int64(m), c.String()} }

// unlessZero is money where there is some; else nil.
func unlessZero(m spec.Money, c spec.Currency) *Sum {
	if m == 0 {
		return nil
	}
	s := sum(m, c)
	return &s
}

// money reads an amount of a request.
func (a Amount) money(field string) (spec.Money, spec.Currency, error) {
	currency, err := spec.ParseCurrency(a.Currency)
	if err != nil {
		return 0, 0, problemOf(CodeFieldInvalid).at(field + ".currency").with("It is refused: no ISO 4217 code such as JPY.")
	}
	return spec.Money(a.Amount), currency, nil
}
