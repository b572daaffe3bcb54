package cardnet

import (
	"strings"
	"time"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Sale is what a clearing file says of one purchase or refund.
type Sale struct {
	Number          spec.PAN
	Expiry          uint16     // DE14 YYMM; 0 leaves it out
	Amount          spec.Money // DE4
	Currency        spec.Currency
	Billing         spec.Money // DE6, for a purchase in another currency than the card's; else 0
	BillingCurrency spec.Currency
	Refund          bool
	Standing        Standing
	At              time.Time // DE12: what it reads where it is, whatever its zone
	RRN             string    // DE37
	Approval        string    // DE38
	Acquirer        string    // DE32, up to 11 digits
	MCC             uint16    // DE26
	Merchant        string    // DE42
	Terminal        string    // DE41, or empty
	Shop            string    // DE43 as in an authorization: name 25, city 13, country 2
	Entry           string    // DE22 as in an authorization, 3 digits
}

// Standing is what became of a purchase before clearing.
type Standing uint8

// What can have become of a purchase. What is not open is presented by a case only.
const (
	SaleOpen     Standing = iota // authorized, and not taken back
	SaleReversed                 // taken back in full
	SaleDeclined                 // refused
)

// billed is the amount in the card's currency.
func (s *Sale) billed() spec.Money {
	if s.BillingCurrency != 0 {
		return s.Billing
	}
	return s.Amount
}

// presentment is the record for a sale, with a reference of its own.
func (a *author) presentment(s *Sale) *clearing.Draft {
	d := &clearing.Draft{
		Record: clearing.Record{
			MTI: 1240, Function: 200, Processing: [6]byte([]byte(processPurchase)),
			Amount: s.Amount, Currency: s.Currency, Billing: s.Billing, BillingCurrency: s.BillingCurrency,
			Local: asRead(s.At).Unix(), Expiry: s.Expiry, MCC: s.MCC,
			PointOfService: pointOfService(s.Entry), Name: placeOf(s.Shop),
		},
		PAN: s.Number, AcquirerID: s.Acquirer, DestinationID: clearingReceiver, OriginatorID: clearingForwarder,
	}
	if s.Refund {
		d.Processing = [6]byte([]byte(processRefund))
	}
	copy(d.RRN[:], lettersOnly(s.RRN))
	copy(d.Approval[:], lettersOnly(s.Approval))
	copy(d.Merchant[:], printable(s.Merchant))
	copy(d.Terminal[:], printable(s.Terminal))
	d.Reference = a.newReference(s)
	return d
}

// newReference is one that no other record of the file has, and none of another file of its day.
func (a *author) newReference(s *Sale) clearing.Reference {
	return a.referenceOf(s.Acquirer, asRead(s.At))
}

// referenceLike is a new reference for what another record is about.
func (a *author) referenceLike(d *clearing.Draft) clearing.Reference {
	return a.referenceOf(d.AcquirerID, time.Unix(d.Local, 0).UTC())
}

func (a *author) referenceOf(acquirer string, local time.Time) clearing.Reference {
	a.reference++
	r, err := clearing.MakeReference(acquirer, local, a.reference%1e11)
	if err != nil && a.err == nil {
		a.err = err
	}
	return r
}

// asRead is the instant whose UTC reads as t does where it is.
func asRead(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// pointOfService is DE22 of clearing, 12 positions, for the 3 of an authorization: what the till
// can read, whether the card was there, how it was read. A loader takes it as it is.
func pointOfService(entry string) [12]byte {
	positions := "000000000000"
	switch {
	case strings.HasPrefix(entry, "05"):
		positions = "510101511340"
	case strings.HasPrefix(entry, "07"):
		positions = "M101013M1340"
	case strings.HasPrefix(entry, "90"), strings.HasPrefix(entry, "02"):
		positions = "210101211340"
	case strings.HasPrefix(entry, "81"), strings.HasPrefix(entry, "01"):
		positions = "600050600140"
	}
	return [12]byte([]byte(positions))
}

// placeOf is DE43 of clearing for that of an authorization.
func placeOf(shop string) [99]byte {
	shop = printable(shop + strings.Repeat(" ", max(0, 40-len(shop))))
	return clearing.PlaceName(shop[:25], "", strings.TrimSpace(shop[25:38]), "", "", "JPN")
}

// lettersOnly is a reference that can stand in an an element, else none: what was authorized is
// then found by the rest.
func lettersOnly(text string) string {
	for _, c := range text {
		if c != ' ' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return text
}

// printable is a text that can stand in an ans element, else none.
func printable(text string) string {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return strings.Repeat(" ", len(text))
		}
	}
	return text
}
