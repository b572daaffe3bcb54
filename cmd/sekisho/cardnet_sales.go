package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/vault"
)

// storedSales are the sales that a store can tell of, with their full card numbers, which only this
// process has, at most so many of them. What it leaves out, and that it read numbers, it says on stderr.
func storedSales(ctx context.Context, s *settings, most int64, stderr io.Writer) ([]cardnet.Sale, error) {
	v, err := openVault(s, false)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, errors.New("there is no number key, so that no card number can be read: set number_key.file or SEKISHO_NUMBER_KEY to the key that the cards were seeded with, or seed them with one")
	}
	found, err := runJob[authorized](ctx, s, stderr, jobAuthorized, authorizedAsked{most})
	if err != nil {
		return nil, err
	}
	sales, without, err := openSales(v, found.Cards)
	if err != nil {
		return nil, err
	}
	if without.sales > 0 {
		fmt.Fprintf(stderr, "left out: %s on %s stored without a sealed number; cards seeded with a number key have one\n", jobs.Counted(without.sales, "purchase", "purchases"), jobs.Counted(without.cards, "card", "cards"))
	}
	if found.More > 0 {
		fmt.Fprintf(stderr, "left out: %s above the %s of one file; run it again when this file was loaded\n", jobs.Counted(found.More, "purchase", "purchases"), spec.Grouped(most))
	}
	fmt.Fprintf(stderr, "card numbers read for clearing: %s\n", spec.Grouped(int64(len(found.Cards))-without.cards))
	return sales, nil
}

// leftOut is what has no sealed number.
type leftOut struct{ sales, cards int64 }

// openSales unseals the numbers of cards and puts them to their sales, in the order of time.
func openSales(v *vault.Vault, cards []authorizedCard) (sales []cardnet.Sale, without leftOut, err error) {
	for i := range cards {
		c := &cards[i]
		if len(c.Sealed) == 0 {
			without.cards++
			without.sales += int64(len(c.Sales))
			continue
		}
		var id spec.CardID
		copy(id[:], c.ID)
		number, err := v.Open(id, c.Sealed)
		if err != nil {
			return nil, without, err
		}
		for j := range c.Sales {
			sales = append(sales, c.Sales[j].with(number, c.Expiry))
		}
	}
	slices.SortStableFunc(sales, func(a, b cardnet.Sale) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.RRN, b.RRN)
	})
	return sales, without, nil
}

func (s *sale) with(number spec.PAN, expiry uint16) cardnet.Sale {
	return cardnet.Sale{
		Number: number, Expiry: expiry, Amount: s.Amount, Currency: s.Currency, Billing: s.Billing, BillingCurrency: s.BillingCurrency,
		Refund: s.Refund, Standing: s.Standing, At: s.At, RRN: s.RRN, Approval: s.Approval, Acquirer: s.Acquirer,
		MCC: s.MCC, Merchant: s.Merchant, Shop: s.Merchant, Entry: fmt.Sprintf("%03d", s.Entry),
	}
}
