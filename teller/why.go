package teller

import (
	"sekisho/balance"
	"sekisho/spec"
)

// why says to a person how a purchase stands.
func why(state balance.State, reason spec.Reason, flags balance.Flags, m Movement) string {
	switch state {
	case balance.Open:
		return "Held until the merchant collects it."
	case balance.Reversed:
		return "Cancelled by the merchant: nothing was charged."
	case balance.Declined, balance.DeclinedReversed:
		return "Declined: " + refusedFor(reason)
	case balance.NetworkDeclined:
		return "Declined by the card network: nothing was charged."
	case balance.VoidedLate:
		return "Declined: the answer took too long. Nothing was charged."
	case balance.Tombstone, balance.TombstonePart:
		return "Cancelled by the merchant before it arrived: nothing was charged."
	case balance.AccountVerified:
		return "The merchant checked the card: nothing was charged."
	case balance.RefundDue:
		return "A refund is on its way: the money comes when the merchant sends it."
	case balance.RefundPaid:
		return "Refunded."
	case balance.InSuspense:
		return "Being looked at by a person."
	case balance.HoldExpired:
		return "The merchant did not collect it in time: the money is free again."
	case balance.Unsettled:
		return "The merchant took its charge back."
	case balance.PartlySettled:
		return "Charged in part; the rest is not held any more." + odd(flags)
	case balance.Settled, balance.Paid:
		if m == Refund {
			return "Refunded."
		}
		return "Charged." + odd(flags)
	case balance.StateNone, balance.IncrementOf:
	}
	return ""
}

// odd says what a person may ask about.
func odd(flags balance.Flags) string {
	switch {
	case flags&balance.FlagDispute != 0:
		return " It was disputed."
	case flags&balance.FlagDoubleSale != 0:
		return " It may have been charged twice."
	case flags&balance.FlagOver != 0:
		return " It was more than had been approved."
	case flags&balance.FlagWithinTolerance != 0:
		return " It was a little more than had been approved, as is usual there."
	case flags&balance.FlagNotOpen != 0:
		return " It had not been approved, or not any more."
	case flags&balance.FlagNoAuthorization != 0:
		return " The merchant did not ask before."
	}
	return ""
}

// refusedFor is why a purchase was refused.
func refusedFor(reason spec.Reason) string {
	if text, ok := refusals()[reason]; ok {
		return text
	}
	return "it could not be approved."
}

func refusals() map[spec.Reason]string {
	return map[spec.Reason]string{
		spec.InsufficientFunds:   "not enough money on the card.",
		spec.CardUnknown:         "the card number is not valid.",
		spec.CardClosed:          "the card is closed, or the number was replaced.",
		spec.CardLost:            "the card was reported lost.",
		spec.CardStolen:          "the card was reported stolen.",
		spec.CardFrozen:          "the card is frozen.",
		spec.CardNotActivated:    "the card is not active yet.",
		spec.CardExpired:         "the card has expired.",
		spec.ExpiryDiffers:       "the expiry date was not that of the card.",
		spec.ChannelOff:          "this way of paying is switched off.",
		spec.EntryModeNotAllowed: "this way of reading the card is not allowed.",
		spec.AmountLimit:         "above a limit.",
		spec.CountLimit:          "used too often.",
		spec.MerchantNotAllowed:  "not allowed at this merchant.",
		spec.AmountUnusable:      "the amount or its currency cannot be used.",
		spec.NotServed:           "this kind of payment is not served.",
		spec.ReversedBefore:      "the merchant had cancelled it before it arrived.",
		spec.SecurityDataWrong:   "the security data was wrong.",
		spec.PINWrong:            "the PIN was wrong.",
		spec.PINTries:            "the PIN was wrong too often.",
		spec.FraudRule:           "it looked unusual.",
		spec.Late:                "the answer took too long.",
	}
}
