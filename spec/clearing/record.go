// Package clearing reads and writes JCB-style clearing files (unofficial; no conformity is
// claimed): a header, records that say what was bought, given back or disputed, and a trailer with
// their number and sum.
//
// A reader holds every rule of the layout. What it cannot see are changes that make another valid
// file: one digit for another in an amount whose sum still agrees with the trailer, in a date, a
// currency, a reference, an institution, a card number; one letter for another in a name. A single
// bit turned in such a place of the file is seen only when the character it makes is not allowed
// there (in ASCII that is every flip of the highest bit), or in DE4, DE71 and the trailer's sums.
// A byte of DE55 can be anything.
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
	ExponentDiffers    bool          // PDS 3002 gives a currency another number of decimals than ISO 4217
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
	Part, Parts       uint8     // PDS 3990: part of parts, from 1; 0, 0 when absent or not readable
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

// Credit says whether a presentment credits the card: DE3 20 or 29. A reversal does the opposite.
func (r *Record) Credit() bool {
	kind := r.Kind()
	return r.MTI == 1240 && (kind == 20 || kind == 29)
}
