package jobs

import (
	"strings"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
)

// flagWords are what flags mean to somebody who reviews.
var flagWords = [...]struct {
	flag  balance.Flags
	words string
}{
	{balance.FlagAmountDiffers, "the amount is not the one that was approved"},
	{balance.FlagAfterReversal, "it came after its reversal"},
	{balance.FlagNetworkNo, "the network refused what we had approved"},
	{balance.FlagSuspicious, "its replacement amount cannot be right"},
	{balance.FlagAboveHold, "its replacement amount is not below the hold"},
	{balance.FlagLate, "it came too late"},
	{balance.FlagWithinTolerance, "above what was held, within tolerance"},
	{balance.FlagOver, "above what was held"},
	{balance.FlagDoubleSale, "cleared already"},
	{balance.FlagNoAuthorization, "without an authorization"},
	{balance.FlagNotOpen, "nothing was held any more"},
	{balance.FlagTwice, "its reference is posted already"},
	{balance.FlagMoreToCome, "a part of its sale, and not the last"},
}

// what says what kind of thing an item is.
func what(e *balance.Event) string {
	f := e.Flags
	switch {
	case e.Clearing.Placement == balance.PlacementNone:
		return "advice"
	case e.Card == (spec.CardID{}) && f&balance.FlagTakesBack != 0: // of all records only a fee is of no card
		return "reversal of a fee"
	case e.Card == (spec.CardID{}):
		return "fee"
	case f&balance.FlagTakesBack != 0 && f&balance.FlagDispute != 0:
		return "reversal of a dispute record"
	case f&balance.FlagTakesBack != 0 && f&balance.FlagRefund != 0:
		return "reversal of a refund"
	case f&balance.FlagTakesBack != 0:
		return "reversal of a sale"
	case f&balance.FlagDispute != 0 && f&balance.FlagRefund != 0:
		return "chargeback"
	case f&balance.FlagDispute != 0:
		return "second presentment"
	case f&balance.FlagRefund != 0:
		return "refund"
	}
	return "sale"
}

// why says why the event of an item could not be placed; currency is that of its wallet.
func why(log string, currency spec.Currency, e *balance.Event) []string {
	words := []string{}
	switch {
	case e.Note != "":
		words = append(words, inWords(e.Note))
	case e.Clearing.Placement == balance.PlacementNone:
		words = append(words, messageWhy(log, currency, e))
	}
	for _, w := range flagWords {
		if e.Flags&w.flag != 0 {
			words = append(words, w.words)
		}
	}
	return words
}

// rulesInWords are the rules by which clearing finds a purchase, by the number that a note of the router has.
var rulesInWords = map[string]string{
	"2": "the same approval code and retrieval reference",
	"3": "the same approval code and merchant",
	"4": "the same approval code and amount",
	"5": "the same retrieval reference and acquirer",
	"6": "the same merchant, within three minutes, and about the same amount",
	"7": "the same kind of merchant, amount and date",
}

// inWords is a note with the rule in place of its number, which says nothing to a person.
func inWords(note string) string {
	fit, number, _ := strings.Cut(note, " by rule ")
	if rule, ok := rulesInWords[number]; ok {
		return fit + ": " + rule
	}
	return note
}

// messageWhy says why a message could not be placed. Its event does not say it in words.
func messageWhy(log string, currency spec.Currency, e *balance.Event) string {
	_, usable := router.Postable(&e.Details, currency)
	switch {
	case e.Key.Kind() == balance.KeyCall:
		return "its key came before with other content"
	case IsHouse(log):
		return "the card is not known"
	case e.Key.Class() == spec.FinancialAdvice && usable:
		return "this 0220 is not served on its link"
	}
	return "its amount is in no usable currency" // a 0120 that adds to a purchase has the details of that
}
