package spec

// Reason is why a request was answered as it was: ours, not a network's. A dialect maps
// it to its own code (DE39); the operator reads it, the network sees only the code.
type Reason uint8

// The reasons, in the order in which they outrank each other where several hold
// (DOMAIN §7 "order of reasons"): the first that holds is the answer.
const (
	ReasonNone           Reason = iota // not decided
	Approved                           // in full
	ApprovedPartly                     // for a part; the answer says how much
	DuplicateDiffers                   // same key, other content
	FormatError                        // the message could not be read or lacks a mandatory field
	CardUnknown                        // no such card here, Luhn fails, or a foreign number range
	CardClosed                         // was here, is gone
	CardLost                           // reported lost
	CardStolen                         // reported stolen
	ReversedBefore                     // its reversal came first
	CardExpired                        // past its expiry
	ExpiryDiffers                      // DE14 is not the card's
	NotServed                          // a kind of message or processing code we do not serve
	AmountUnusable                     // amount or currency cannot be used
	CardFrozen                         // frozen by its holder or by us
	CardNotActivated                   // issued, not yet activated
	ChannelOff                         // this way of paying is switched off
	EntryModeNotAllowed                // the card was read in a way that is not allowed
	AmountLimit                        // above the limit of one use, a day or a month
	CountLimit                         // too many uses
	MerchantNotAllowed                 // country, merchant lock, category
	FraudRule                          // a rule of the program said no
	SecurityDataWrong                  // CVV2, cryptogram
	PINWrong                           // wrong PIN
	PINTries                           // too many wrong PINs
	InsufficientFunds                  // not enough on the card
	OriginalUnknown                    // a reversal of something we have not seen
	AlreadySettled                     // a reversal of something already cleared
	VerificationUnserved               // amount 0 where the profile does not call it an approval
	PolicyRefusal                      // generic: none of the above says it better
	Late                               // past the deadline, said so instead of silence
	NotSignedOn                        // the link is signed off
	StoreUnavailable                   // the store is slow or cannot be written
	Overloaded                         // shed: more was waiting than the bounds allow
	InternalError                      // a fault of ours
	reasonEnd
)

// Reasons are all of them, in order.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonEnd-1)
	for r := Approved; r < reasonEnd; r++ {
		all = append(all, r)
	}
	return all
}

// Approves says whether money may be spent on this answer.
func (r Reason) Approves() bool { return r == Approved || r == ApprovedPartly }

// Retry says whether the same request, sent later under a new key, could be answered
// otherwise without anybody changing the card or the program.
func (r Reason) Retry() bool {
	switch r {
	case ReasonNone, NotSignedOn, StoreUnavailable, Overloaded, InternalError, Late:
		return true
	case InsufficientFunds, AmountLimit, CountLimit, PINWrong, FraudRule:
		return true
	case Approved, ApprovedPartly, DuplicateDiffers, FormatError, CardUnknown, CardClosed, CardLost,
		CardStolen, ReversedBefore, CardExpired, ExpiryDiffers, NotServed, AmountUnusable, CardFrozen,
		CardNotActivated, ChannelOff, EntryModeNotAllowed, MerchantNotAllowed, SecurityDataWrong,
		PINTries, OriginalUnknown, AlreadySettled, VerificationUnserved, PolicyRefusal, reasonEnd:
		return false
	}
	return false
}

// Undecided says whether the reason stands for no decision at all: nothing was recorded.
func (r Reason) Undecided() bool {
	switch r {
	case ReasonNone, NotSignedOn, StoreUnavailable, Overloaded, InternalError:
		return true
	case Late, InsufficientFunds, AmountLimit, CountLimit, PINWrong, FraudRule,
		Approved, ApprovedPartly, DuplicateDiffers, FormatError, CardUnknown, CardClosed, CardLost,
		CardStolen, ReversedBefore, CardExpired, ExpiryDiffers, NotServed, AmountUnusable, CardFrozen,
		CardNotActivated, ChannelOff, EntryModeNotAllowed, MerchantNotAllowed, SecurityDataWrong,
		PINTries, OriginalUnknown, AlreadySettled, VerificationUnserved, PolicyRefusal, reasonEnd:
		return false
	}
	return false
}

var reasonNames = [reasonEnd]string{
	ReasonNone: "none", Approved: "approved", ApprovedPartly: "approved_partly",
	DuplicateDiffers: "duplicate_differs", FormatError: "format_error", CardUnknown: "card_unknown",
	CardClosed: "card_closed", CardLost: "card_lost", CardStolen: "card_stolen",
	ReversedBefore: "reversed_before", CardExpired: "card_expired", ExpiryDiffers: "expiry_differs",
	NotServed: "not_served", AmountUnusable: "amount_unusable", CardFrozen: "card_frozen",
	CardNotActivated: "card_not_activated", ChannelOff: "channel_off",
	EntryModeNotAllowed: "entry_mode_not_allowed", AmountLimit: "amount_limit", CountLimit: "count_limit",
	MerchantNotAllowed: "merchant_not_allowed", FraudRule: "fraud_rule",
	SecurityDataWrong: "security_data_wrong", PINWrong: "pin_wrong", PINTries: "pin_tries",
	InsufficientFunds: "insufficient_funds", OriginalUnknown: "original_unknown",
	AlreadySettled: "already_settled", VerificationUnserved: "verification_unserved",
	PolicyRefusal: "policy_refusal", Late: "late", NotSignedOn: "not_signed_on",
	StoreUnavailable: "store_unavailable", Overloaded: "overloaded", InternalError: "internal_error",
}

// String is the name used in profiles, metrics and logs: insufficient_funds.
func (r Reason) String() string {
	if r >= reasonEnd {
		return "unknown"
	}
	return reasonNames[r]
}

// ParseReason is the inverse of String; ok is false for a name that is not one of ours.
func ParseReason(name string) (r Reason, ok bool) {
	for i, n := range reasonNames {
		if n == name {
			return Reason(i), true
		}
	}
	return ReasonNone, false
}
