package balance

import (
	"math"
	"time"

	"sekisho/spec"
)

// Event is one thing that happened to a wallet: what was asked, what was answered, and what it
// did. Its effect is spelled out (hold after, change of posted and allocated), so that applying
// it needs no rule and a later rule cannot change the past.
type Event struct {
	Kind        Kind
	Key         Key              // of the message or call that caused it; none for our own doing
	Fingerprint spec.Fingerprint // of the message, to tell a repeat from a different one
	Answer      Answer           // what was answered; a repeat is answered the same
	Actor       Actor
	Flags       Flags
	Card        spec.CardID
	Counter     Account // the account on the other side
	Note        string  // for a person, at most NoteMax bytes

	Purchase  Key        // the purchase it is about; its zero Key is none
	Of        Key        // what that is part of, with FlagPartOf; CardChanged: the call that added the token which is removed
	State     State      // of the purchase afterwards
	Hold      spec.Money // of the purchase afterwards; with TombstonePart what may be held later
	Posted    spec.Money // added to the wallet's posted money
	Allocated spec.Money // added to what is allocated to the card
	Details   Details    // of the purchase, in the event that creates it

	Clearing Clearing // of a clearing record, and of the entries of a file's log

	Profile  Profile       // of people and cards, besides money
	Program  string        // Opened: the program of the wallet
	Currency spec.Currency // Opened
	Issued   Issued        // CardIssued
	Status   CardStatus    // CardIssued, CardChanged

	After CardBalance // of Card after the event; set by [Wallet.Apply], checked by verify
}

// NoteMax bounds the note of an event, in bytes: a text of 120 characters, and what stands before it.
const NoteMax = NameMax + 80

// What an event takes at most in its entry beside its texts, in bytes: one of an authorization, and what one of a
// clearing record or of people has besides.
const (
	eventSizeMax    = 180
	clearingSizeMax = 140
	profileSizeMax  = 80
)

// sizeMax is what the event takes at most in its entry, in bytes.
func (e *Event) sizeMax() int {
	size := eventSizeMax + len(e.Note) + len(e.Actor.Name) + len(e.Counter.Name) + len(e.Program) + len(e.Issued.Sealed)
	if e.Clearing != (Clearing{}) {
		size += clearingSizeMax
	}
	if e.Profile != (Profile{}) {
		size += profileSizeMax + len(e.Profile.Tenant) + len(e.Profile.Name) + len(e.Profile.Tier)
	}
	return size
}

// Kind says what happened.
type Kind uint8

// The kinds of events. The numbers are part of the entry format: they never change, and a
// kind that a reader does not know makes it refuse the entry.
const (
	Opened        Kind = 1 // the wallet begins
	CardIssued    Kind = 2
	CardChanged   Kind = 3 // frozen, closed, lost …
	Funded        Kind = 4 // money came in or went out: posted changes
	Allocated     Kind = 5 // money moved between the wallet and one of its cards
	Transferred   Kind = 6 // money handed over to another wallet, or by one; its event is in both
	MemberChanged Kind = 7
	WalletChanged Kind = 8 // how it is called and which limits it has: both are told; without a name that stays

	Authorized       Kind = 10 // 0100: held
	Refused          Kind = 11 // 0100: not held
	Verified         Kind = 12 // 0100 of amount 0
	RefundAuthorized Kind = 13 // 0100 with DE3 20: the money comes with clearing
	AdviceHeld       Kind = 14 // 0120: the network approved in our place
	AdviceRecorded   Kind = 15 // 0120 that holds nothing
	Released         Kind = 16 // 0400, 0420: in full
	Reduced          Kind = 17 // 0400, 0420: in part
	ReversalRecorded Kind = 18 // 0400, 0420 that changes nothing
	Tombstoned       Kind = 19 // 0400, 0420 that came before its original
	Suspended        Kind = 20 // an advice that cannot be placed
	Voided           Kind = 21 // an approval that left too late to count
	Expired          Kind = 22 // the hold ran out

	Presented     Kind = 40 // a clearing record debits
	Credited      Kind = 41 // a clearing record credits: a refund, a chargeback
	PostingUndone Kind = 42 // a clearing record takes back what another did
	Completed     Kind = 43 // 0220, 0200: posted by an online message
	Incremented   Kind = 44 // 0100 that adds to an open authorization

	// In house logs.
	FileTaken   Kind = 60 // a clearing file begins, or is done up to a record
	FeePosted   Kind = 61
	Resolved    Kind = 62 // what was in suspense was placed by a person; also in wallets
	FileClosed  Kind = 63 // every record of a clearing file is placed
	NumberShown Kind = 64 // a card's number was asked for in full, and shown or not
	CallTaken   Kind = 65 // the key of a call means this call and no other
)

var kindNames = map[Kind]string{
	Opened: "opened", CardIssued: "card_issued", CardChanged: "card_changed", Funded: "funded",
	Allocated: "allocated", Authorized: "authorized", Refused: "refused", Verified: "verified",
	RefundAuthorized: "refund_authorized", AdviceHeld: "advice_held", AdviceRecorded: "advice_recorded",
	Released: "released", Reduced: "reduced", ReversalRecorded: "reversal_recorded",
	Tombstoned: "tombstoned", Suspended: "suspended", Voided: "voided", Expired: "expired",
	Transferred: "transferred", MemberChanged: "member_changed", WalletChanged: "wallet_changed",
	Presented: "presented", Credited: "credited", PostingUndone: "posting_undone", Completed: "completed",
	Incremented: "incremented", FileTaken: "file_taken", FileClosed: "file_closed", FeePosted: "fee_posted", Resolved: "resolved",
	NumberShown: "number_shown", CallTaken: "call_taken",
}

// String is the name of the kind.
func (k Kind) String() string {
	if n, ok := kindNames[k]; ok {
		return n
	}
	return "unknown"
}

// known says whether this version of the program can apply the kind.
func (k Kind) known() bool { return kindNames[k] != "" }

// How long the keys of a caller mean the same request. Others do for ever.
const (
	CallKept      = 7 * 24 * time.Hour   // of a call
	ReferenceKept = 200 * 24 * time.Hour // of money that came in
)

// keptFor is how long the event's key means the same request. What a caller's key was decided on has a
// fingerprint, a reference has none.
func (e *Event) keptFor() time.Duration {
	switch {
	case e.Key.Kind() != KeyCall || e.Actor.Kind != ActorCaller:
		return math.MaxInt64
	case e.Fingerprint == 0:
		return ReferenceKept
	}
	return CallKept
}

// Answer is what a request was answered.
type Answer struct {
	Reason   spec.Reason
	Approval spec.ApprovalCode
	Amount   spec.Money // the approved part, with ApprovedPartly
}

// Actor is who caused an event.
type Actor struct {
	Kind ActorKind
	Name string // of the link, the operator, the caller
}

// ActorKind is what kind of somebody.
type ActorKind uint8

// The kinds of actors.
const (
	ActorClock    ActorKind = iota // nobody: time passed
	ActorNetwork                   // a card network, by its link
	ActorOperator                  // a person or job of ours
	ActorCaller                    // an app server
	actorEnd
)

// Account names the account on the other side of an event. Accounts are never stored: they are
// sums over the events that name them.
type Account struct {
	Kind AccountKind
	Name string // the link, or the program
}

// AccountKind is what kind of account.
type AccountKind uint8

// The kinds of accounts on the other side.
const (
	AccountNone       AccountKind = iota
	AccountSettlement             // what we will owe a network, by link
	AccountTopUp                  // where money comes from, by program
	AccountFees                   // by program
	AccountSuspense               // by program
	AccountWallet                 // another wallet, by its log
	accountEnd
)

var accountNames = [accountEnd]string{"none", "settlement", "top_up", "fees", "suspense", "wallet"}

// String is kind and name: settlement:jcb.
func (a Account) String() string {
	if a.Kind == AccountNone || a.Kind >= accountEnd {
		return "none"
	}
	return accountNames[a.Kind] + ":" + a.Name
}

// Flags are what a reviewer should see.
type Flags uint32

// The flags.
const (
	FlagOurCode         Flags = 1 << iota // the approval code came from the card's counter
	FlagAmountDiffers                     // the advice's amount is not the one we approved
	FlagAfterReversal                     // came after the reversal of its purchase
	FlagNetworkNo                         // the network refused in our place what we had approved
	FlagSuspicious                        // DE95 with a zero head and a non-zero tail
	FlagAboveHold                         // DE95 not below the hold
	FlagNotPlaceable                      // amount in no usable currency, or other content under one key
	FlagUnconditional                     // held without asking for funds
	FlagLate                              // past its deadline
	FlagPartlyReversed                    // a part of it was reversed
	FlagRefund                            // money goes to the card
	FlagWithinTolerance                   // cleared above the hold, as much as its class may
	FlagOver                              // cleared above the hold by more
	FlagDoubleSale                        // cleared again after it was cleared in full
	FlagNoAuthorization                   // cleared without an authorization
	FlagNotOpen                           // cleared when nothing was held any more: refused, reversed, ran out
	FlagDispute                           // a chargeback, or what answers one
	FlagTakesBack                         // a clearing record that takes back another; in suspense also a 0420
	FlagTwice                             // a clearing record whose reference is posted already
	FlagPartOf                            // an increment, or a completion by its own key: what it is part of is matched instead
	FlagIncremented                       // increments were added to it
	FlagMoreToCome                        // a part of a sale that is not its last, where no hold says so
)

// State is where a purchase stands.
type State uint8

// The states. Only Open holds money.
const (
	StateNone        State = iota
	Open                   // held
	Reversed               // released in full by a reversal
	Declined               // refused by us
	DeclinedReversed       // refused by us and reversed in full since
	NetworkDeclined        // refused by the network in our place
	Tombstone              // its full reversal came first
	TombstonePart          // its partial reversal came first; Hold is what is left
	AccountVerified        // amount 0
	RefundDue              // a refund was authorized, the money comes with clearing
	InSuspense             // cannot be placed
	VoidedLate             // we were late and took it back: counts as declined
	HoldExpired            // ran out
	RefundPaid             // a refund was credited at once; Hold is how much
	Settled                // cleared in full
	PartlySettled          // cleared in part, and the rest released
	Unsettled              // cleared, and the clearing taken back
	Paid                   // posted by an online message (0200, 0220)
	IncrementOf            // an increment; the hold is that of the purchase it adds to
	stateEnd
)

var stateNames = [stateEnd]string{
	"none", "open", "reversed", "declined", "declined_reversed", "network_declined", "tombstone",
	"tombstone_part", "verified", "refund_due", "suspense", "voided_late", "expired", "refund_paid",
	"settled", "partly_settled", "unsettled", "paid", "increment",
}

// String is the name of the state.
func (s State) String() string {
	if s >= stateEnd {
		return "unknown"
	}
	return stateNames[s]
}

// Details are what later messages and clearing ask of a purchase. DE7, DE11 and DE32 are in its
// key.
type Details struct {
	Amount          spec.Money        // DE4
	Currency        spec.Currency     // DE49
	Billing         spec.Money        // DE6
	BillingCurrency spec.Currency     // DE51
	LocalTime       uint32            // DE12 hhmmss
	LocalDate       uint16            // DE13 MMDD
	MCC             uint16            // DE18
	EntryMode       uint16            // DE22
	RRN             spec.RRN          // DE37
	OurCode         spec.ApprovalCode // DE38 that we gave
	NetworkCode     spec.ApprovalCode // DE38 that the network gave standing in
	Merchant        spec.MerchantID   // DE42
	Conditions      spec.PointFlags   // DE61
	Expires         int64             // when the hold runs out, Unix milliseconds; 0 for none
}

// Issued is what is known of a card from its issue.
type Issued struct {
	First6 [6]byte
	Last4  [4]byte
	Expiry uint16 // YYMM
	Sealed string // the number, encrypted, at most SealedMax bytes; empty where none is kept
}

// SealedMax bounds an encrypted card number, in bytes.
const SealedMax = 128

// CardBalance is a card's money.
type CardBalance struct {
	Allocated spec.Money
	Held      spec.Money // open holds
}

// Available is what the card can still spend; negative when a network stood in above it.
func (b CardBalance) Available() spec.Money { return b.Allocated - b.Held }

// CardStatus is the state of a card.
type CardStatus uint8

// The states of a card.
const (
	CardActive CardStatus = 1 + iota
	CardFrozen
	CardNotActivated
	CardLost
	CardStolen
	CardClosed
	cardStatusEnd
)

var cardStatusNames = [cardStatusEnd]string{"", "active", "frozen", "not_activated", "lost", "stolen", "closed"}

// String is the name of the status.
func (s CardStatus) String() string {
	if s >= cardStatusEnd {
		return "unknown"
	}
	return cardStatusNames[s]
}

// ParseCardStatus is the inverse of String.
func ParseCardStatus(name string) (CardStatus, bool) {
	for i, n := range cardStatusNames {
		if n == name && i > 0 {
			return CardStatus(i), true //nolint:gosec // six names
		}
	}
	return 0, false
}
