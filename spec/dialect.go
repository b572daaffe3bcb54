package spec

import (
	"fmt"
	"time"
)

// Dialect is how one network writes ISO 8583 and what its fields mean. It works on the bytes
// of one message, without the length header. Its methods are safe for several goroutines.
type Dialect interface {
	// Decode fills r from a frame; r.At must be set, everything else is overwritten but
	// Deadline and Link. On an error r holds what could be read before it:
	// r.Answerable says whether AppendReply can say so to the peer.
	Decode(frame []byte, r *Request) error
	// AppendReply appends the answer to the request whose frame this is. With a frame that
	// did not decode only FormatError can be answered. When nothing can be answered dst is
	// returned as it was.
	AppendReply(dst, frame []byte, r Response) []byte
	// Policy is what the profile decides.
	Policy() *Policy
}

// Answerable says whether the message can be answered at all: MTI, DE7 and DE11 were read
// and the message is not itself an answer.
func (r *Request) Answerable() bool {
	return r.MTI != 0 && r.Class != Answer && r.Fields.Has(7) && r.Fields.Has(11)
}

// FieldError says where a frame is wrong. It never holds a byte of the frame.
type FieldError struct {
	Field    int    // data element; 0 is the MTI, 1 the bitmap
	Offset   int    // of the first byte that is wrong, from the start of the frame
	Expected string // what should be there
	Cause    string // the usual cause, when there is one
}

func (e *FieldError) Error() string {
	name := fmt.Sprintf("DE%d", e.Field)
	switch e.Field {
	case 0:
		name = "MTI"
	case 1:
		name = "bitmap"
	}
	return fmt.Sprintf("%s at offset %d: expected %s", name, e.Offset, e.Expected)
}

// Policy is what the profile of a link decides where networks differ (DOMAIN §7).
type Policy struct {
	Timer               time.Duration // the network's, for our answer
	Budget              time.Duration // of it, until nothing may be approved any more
	LateAnswers         bool          // past the budget answer Late instead of staying silent
	UnknownReversal     Reason        // to a 0400 without original: Approved or OriginalUnknown
	ReversedBefore      Reason        // to a 0100 whose reversal came first: ReversedBefore or DuplicateDiffers
	SettledReversal     Reason        // to a 0400 after full clearing: Approved or AlreadySettled
	AccountVerification Reason        // to a 0100 of amount 0: Approved or VerificationUnserved
	SignOnRequired      bool          // nothing is authorized before the first sign-on
	CashAllowed         bool          // DE3 01
	RefundAtOnce        bool          // DE3 20 credits at once instead of with clearing
	PartialApproval     []MCCRange    // merchants whose purchases may be approved in part
	FinancialServed     bool          // 0200, 0220
	MultiClearing       bool          // clearing files say in PDS 3990 which part of its sale a presentment is
}

// Partial says whether a purchase at this kind of merchant may be approved in part.
func (p *Policy) Partial(mcc uint16) bool {
	for _, r := range p.PartialApproval {
		if r.Has(mcc) {
			return true
		}
	}
	return false
}

// MCCRange is a range of merchant category codes (ISO 18245), both ends included.
type MCCRange struct{ From, To uint16 }

// Has says whether the code is in the range.
func (r MCCRange) Has(mcc uint16) bool { return mcc >= r.From && mcc <= r.To }
