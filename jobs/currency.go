package jobs

import (
	"slices"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// Currencies are the currencies of programs, as configured. The log of a wallet says its own; a house log is in that of
// its program, and of a program that is not configured it is in none.
type Currencies map[string]spec.Currency

// of is the currency of a log, with what its first entry said: 0 in a house log.
func (c Currencies) of(log string, opened spec.Currency) spec.Currency {
	if opened != 0 {
		return opened
	}
	return c[balance.HouseProgram(log)]
}

// programKey is a program, apart by the currency of its wallets.
type programKey struct {
	name     string
	currency spec.Currency
}

// byCurrency adds up amounts, those of each currency apart: yen and cents make no sum.
type byCurrency map[spec.Currency]spec.Money

// Amount is an amount in minor units of a currency.
type Amount struct {
	Currency string     `json:"currency"`
	Amount   spec.Money `json:"amount"`
}

// in is an amount in a currency.
func in(m spec.Money, currency string) Amount { return Amount{currency, m} }

// amounts are one for each currency, in the order of their names.
func (b byCurrency) amounts() []Amount {
	all := make([]Amount, 0, len(b))
	for c, m := range b {
		all = append(all, Amount{currencyName(c, 0), m})
	}
	slices.SortFunc(all, func(a, b Amount) int { return strings.Compare(a.Currency, b.Currency) })
	return all
}

// only is the amount where there is one currency, or none; nil where there are several.
func (b byCurrency) only() *spec.Money {
	if len(b) > 1 {
		return nil
	}
	var one spec.Money
	for _, m := range b {
		one = m
	}
	return &one
}

// MoneyText is an amount of minor units for a person, in the currency's major unit: ¥1,200, USD 5.50. What is in no
// currency that is known stays a number.
func MoneyText(m spec.Money, currency string) string {
	if c, err := spec.ParseCurrency(currency); err == nil {
		return m.Format(c)
	}
	return strings.TrimSpace(spec.Grouped(int64(m)) + " " + currency)
}

// AmountsText is amounts for a person: ¥1,200, USD 5.50.
func AmountsText(all []Amount) string {
	if len(all) == 0 {
		return "0"
	}
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = MoneyText(a.Amount, a.Currency)
	}
	return strings.Join(texts, ", ")
}
