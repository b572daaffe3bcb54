package cardnet

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Purchase is one use of a card, as a person would say it, and what its messages have in
// common. What is left empty is filled in when the first message about it is sent, so a
// Purchase can be cancelled before it is authorized. One goroutine uses it at a time.
type Purchase struct {
	Card       Card
	Expiry     string // DE14 YYMM, when another is to be sent than the card's
	Amount     int64  // yen
	Processing string // DE3; 000000, a purchase
	MCC        string // DE18; 5411, a grocer
	Merchant   string // DE42, at most 15 characters
	Terminal   string // DE41, at most 8 characters
	Shop       string // DE43, at most 40 characters
	Entry      string // DE22; chip, or a phone's chip for QUICPay+

	STAN     uint32    // DE11, 1 to 999999
	RRN      string    // DE37, 12 characters
	At       time.Time // DE7, 12, 13
	Approval string    // DE38 of the approval: the switch's, or ours when we stood in

	book    book    // what the network believes of it
	asked   bool    // an authorization has left
	first   outcome // of it
	advised bool    // an advice was accepted
}

// outcome is what must be the same in every answer under one key; the zero value is none yet.
type outcome struct {
	code, approval string
	amount         int64
}

const (
	mtiAuthorization  = "0100"
	mtiStandIn        = "0120"
	mtiReversal       = "0400"
	mtiReversalAdvice = "0420"
	mtiAdministrative = "0620"
	mtiNetwork        = "0800"

	processPurchase = "000000"
	processRefund   = "200000"
	processBalance  = "300000"

	transmission = "0102150405" // MMDDhhmmss
	noApproval   = "000000"
	yen          = "392"
)

// japan is where the tills stand: DE12 and DE13 are local time.
func japan() *time.Location { return time.FixedZone("JST", 9*60*60) }

// identify draws a STAN and an RRN that no other message of the network has. The STAN comes
// round after 999,999 messages, when DE7 has moved on.
func (n *Network) identify() (stan uint32, rrn string) {
	serial := n.serial.Add(1)
	return uint32(serial%999_999) + 1, fmt.Sprintf("%012d", serial%1e12) //nolint:gosec // below a million
}

// complete fills in what the caller left open.
func (n *Network) complete(p *Purchase) {
	entry := "051"
	if n.cfg.Dialect == DialectQUICPay {
		entry = "071"
	}
	p.Entry = cmp.Or(p.Entry, entry)
	p.Expiry = cmp.Or(p.Expiry, p.Card.expiry)
	p.Processing = cmp.Or(p.Processing, processPurchase)
	p.MCC = cmp.Or(p.MCC, "5411")
	p.Merchant = cmp.Or(p.Merchant, "PRACTICE0000001")
	p.Terminal = cmp.Or(p.Terminal, "T0000001")
	p.Shop = cmp.Or(p.Shop, "PRACTICE SHOP            TOKYO        JP")
	if p.At.IsZero() {
		p.At = time.Now()
	}
	if p.STAN == 0 || p.RRN == "" {
		stan, rrn := n.identify()
		p.STAN, p.RRN = cmp.Or(p.STAN, stan), cmp.Or(p.RRN, rrn)
	}
}

// common are the elements that every message about a purchase carries, under its own key.
func (n *Network) common(p *Purchase) map[int]string {
	return map[int]string{
		2:   p.Card.digits(),
		3:   p.Processing,
		4:   amountOf(p.Amount),
		7:   p.At.UTC().Format(transmission),
		11:  fmt.Sprintf("%06d", p.STAN),
		12:  p.At.In(japan()).Format("150405"),
		13:  p.At.In(japan()).Format("0102"),
		14:  p.Expiry,
		18:  p.MCC,
		22:  p.Entry,
		25:  "00",
		32:  n.cfg.Acquirer,
		33:  n.cfg.Forwarder,
		37:  p.RRN,
		41:  padded(p.Terminal, 8),
		42:  padded(p.Merchant, 15),
		43:  padded(p.Shop, 40),
		49:  yen,
		61:  "000392", // not by mail, not recurring, no pre-authorization, in Japan
		100: n.cfg.Receiver,
	}
}

// amountOf writes an amount as DE4 does; one that cannot be written makes the message fail
// to pack.
func amountOf(amount int64) string { return fmt.Sprintf("%012d", amount) }

// padded fills a text up with spaces, as fixed text elements are.
func padded(s string, length int) string {
	return s + strings.Repeat(" ", max(0, length-len(s)))
}
