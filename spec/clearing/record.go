// Package clearing reads and writes JCB-style clearing files (unofficial; no conformity is
// claimed): a header, records that say what was bought, given back or disputed, and a trailer with
// their number and sum.
//
// A reader holds every rule of the layout. What it cannot see is a change that makes another valid
// file, for there is no check sum. One bit turned over is always seen in a record length, a message
// type, a bitmap, in DE4 (the sum), DE71, DE49 to DE51 where PDS 3002 stands, and in the private
// elements of header and trailer. Elsewhere it is seen only when the character it makes is not
// allowed there: of a digit's eight bits the upper four, and of the lower ones those that lead past
// 9. Not seen are one digit for another in DE2 (but its Luhn digit then fails, which is told by
// Card.Luhn), 3, 5, 6, 9, 10, 12, 14, 16, 23, 25, 26, 30, 31, 32, 33, 40, 93, 94, 97, 100; DE24
// between 450 and 451, 450 and 454, 451 and 453, 691 and 695, and, where DE30 stands, 200 and 280;
// one printable character for another in DE22, 37, 38, 41, 42, 43, 54, 72; in private elements of a
// detail record anything that keeps tag, length and format; and any byte of DE55. A whole byte turned over (XOR FF) is seen everywhere but in DE55 and in cp037 text, where
// the lower case letters a to f, j to m, s to v, and some punctuation are each other's complements.
package clearing

import "sekisho/spec"

// Record is one detail record in our words. It has no digits of a card number but what
// [spec.Card] keeps. Times are Unix seconds as though the zone of what was written were UTC;
// amounts are in the minor unit of the currency that stands beside them.
type Record struct {
	Number   uint32        // DE71
	MTI      uint16        // 1240 is the number 1240
	Function uint16        // DE24
	Offset   int64         // in the file, of its first byte, the record length included
	Fields   spec.FieldSet // which data elements it carries

	Card               spec.Card // DE2
	Processing         [6]byte   // DE3
	Amount             spec.Money
	Currency           spec.Currency // DE4, DE49
	Settlement         spec.Money
	SettlementCurrency spec.Currency // DE5, DE50
	Billing            spec.Money
	BillingCurrency    spec.Currency // DE6, DE51
	ExponentDiffers    spec.FieldSet // those of DE49 to DE51 that PDS 3002 gives another number of decimals than ISO 4217
	Local              int64         // DE12; 0 when absent, and when there is no such date and time
	Expiry             uint16        // DE14 YYMM
	PointOfService     [12]byte      // DE22
	CardSequence       uint16        // DE23
	Reason             uint16        // DE25
	MCC                uint16        // DE26
	OriginalAmount     spec.Money    // DE30, first half
	OriginalSettlement spec.Money    // DE30, second half
	Reference          Reference     // DE31

	Acquirer    spec.Institution // DE32
	Forwarder   spec.Institution // DE33
	Destination spec.Institution // DE93
	Originator  spec.Institution // DE94
	Receiver    spec.Institution // DE100

	RRN      spec.RRN          // DE37
	Approval spec.ApprovalCode // DE38
	Terminal [8]byte           // DE41, trailing spaces dropped, filled up with zero bytes
	Merchant spec.MerchantID   // DE42
	Name     [99]byte          // DE43, filled up with zero bytes

	Reversal          bool      // PDS 3007 begins with R
	OriginalDate      int64     // midnight of the date of a reversal's original file; 0 when there is none
	OriginalReference Reference // PDS 3011
	Part, Parts       uint8     // PDS 3990: part of parts, from 1; 0, 0 when absent, or not that where it is not read
}

// Kind is the first two digits of DE3 as a number: 0 purchase, 20 refund.
func (r *Record) Kind() int {
	if !r.Fields.Has(3) {
		return 0
	}
	return int(r.Processing[0]-'0')*10 + int(r.Processing[1]-'0')
}

// Presentment says whether the record is a first presentment.
func (r *Record) Presentment() bool { return r.MTI == 1240 && r.Function == 200 }

// SecondPresentment says whether the record presents again what was charged back.
func (r *Record) SecondPresentment() bool { return r.MTI == 1240 && r.Function != 200 }

// Chargeback says whether the record is a first or second chargeback, full or partial.
func (r *Record) Chargeback() bool { return r.MTI == 1442 }

// Fee says whether the record is a fee, which never touches a wallet.
func (r *Record) Fee() bool { return r.MTI == 1740 }

// Informational says whether the record moves no money.
func (r *Record) Informational() bool { return r.MTI == 1644 || r.MTI == 1540 }

// Credit says whether a first presentment credits the card: DE3 20 or 29. A reversal does the opposite.
func (r *Record) Credit() bool {
	kind := r.Kind()
	return r.Presentment() && (kind == 20 || kind == 29)
}
