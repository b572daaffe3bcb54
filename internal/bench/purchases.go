package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Who took the money, and who sends the file to whom.
const (
	shopsMax    = 1000
	acquirerID  = "88710000"
	receiverID  = "88791000"
	purchaseMCC = 5411
)

// inJapan is how far its clocks are ahead: messages and files say the time at the merchant.
const inJapan = 9 * time.Hour

// paidFor is the nth purchase of a wallet, as the authorization and the clearing record tell of it. It is
// made up again wherever it is needed, so that nothing of it is held while a load is measured.
type paidFor struct {
	serial  int
	amount  spec.Money
	at      time.Time // UTC, whole seconds
	code    spec.ApprovalCode
	rrn     spec.RRN
	shop    spec.MerchantID
	details balance.Details
}

func (c *clearingCase) purchase(wallet, n int, now time.Time) paidFor {
	serial := wallet*c.each + n
	p := paidFor{
		serial: serial, amount: spec.Money(100 + serial*7919%900),
		at: now.Add(time.Duration(n)*c.apart - c.ago).UTC().Truncate(time.Second),
	}
	copy(p.code[:], fmt.Sprintf("%06d", 100_000+serial*7919%899_981))
	copy(p.rrn[:], fmt.Sprintf("R%011d", serial))
	copy(p.shop[:], fmt.Sprintf("SHOP%011d", serial*31%shopsMax))
	local := p.at.Add(inJapan)
	p.details = balance.Details{
		Amount: p.amount, Currency: spec.JPY, MCC: purchaseMCC, EntryMode: 51, RRN: p.rrn, OurCode: p.code, Merchant: p.shop,
		LocalDate: uint16(int(local.Month())*100 + local.Day()),                      //nolint:gosec // a date
		LocalTime: uint32(local.Hour()*10_000 + local.Minute()*100 + local.Second()), //nolint:gosec // a time
		Expires:   p.at.Add(heldFor).UnixMilli(),
	}
	return p
}

// heldFor is how long a purchase is held.
const heldFor = 30 * 24 * time.Hour

// authorized is the event of its authorization, as the router writes it.
func (p *paidFor) authorized(card spec.CardID) balance.Event {
	e := balance.Event{
		Kind: balance.Authorized, Card: card, Fingerprint: spec.Fingerprint(p.serial + 1), Flags: balance.FlagOurCode,
		Key:     balance.MessageKey(spec.Authorization, card, p.at.Unix(), uint32(p.serial%1_000_000), spec.ParseInstitution([]byte(acquirerID))), //nolint:gosec // six digits
		Answer:  balance.Answer{Reason: spec.Approved, Approval: p.code},
		Actor:   balance.Actor{Kind: balance.ActorNetwork, Name: "jcb"},
		Counter: balance.Account{Kind: balance.AccountSettlement, Name: "jcb"},
		State:   balance.Open, Hold: p.amount, Details: p.details,
	}
	e.Purchase = e.Key.Purchase()
	return e
}

// presented is its clearing record.
func (p *paidFor) presented(card string) (*clearing.Draft, error) {
	pan, err := spec.ParsePAN(card)
	if err != nil {
		return nil, err
	}
	local := p.at.Add(inJapan)
	reference, err := clearing.MakeReference(acquirerID, local, uint64(p.serial)) //nolint:gosec // positive
	if err != nil {
		return nil, err
	}
	acquirer := spec.ParseInstitution([]byte(acquirerID))
	return &clearing.Draft{
		Record: clearing.Record{
			MTI: 1240, Function: 200, Amount: p.amount, Currency: spec.JPY, Local: local.Unix(), MCC: purchaseMCC,
			PointOfService: [12]byte([]byte("510101510130")), Reference: reference, Acquirer: acquirer, Originator: acquirer,
			Destination: spec.ParseInstitution([]byte(receiverID)), RRN: p.rrn, Approval: p.code, Merchant: p.shop,
			Name: clearing.PlaceName("TEST SHOP", "1-2-3", "TOKYO", "1000001", "13", "JPN"),
		},
		PAN: pan,
	}, nil
}

// write writes the file: the first purchase of every wallet, then the second of every one.
func (c *clearingCase) write(name string, now time.Time) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	id, err := clearing.MakeFileID(clearing.ToMember, now, receiverID, 1)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	w := clearing.NewWriter(out, clearing.Options{})
	if err := w.Header(id, acquirerID, receiverID); err != nil {
		return err
	}
	for n := range c.each {
		for wallet := range c.wallets {
			p := c.purchase(wallet, n, now)
			d, err := p.presented(cardNumber(wallet))
			if err == nil {
				err = w.Write(d)
			}
			if err != nil {
				return err
			}
		}
	}
	return errors.Join(w.Close(), out.Flush())
}

// cardNumber is the nth of the made-up card numbers, with its check digit.
func cardNumber(n int) string {
	digits := fmt.Sprintf("354012%09d", n)
	sum := 0
	for i := range digits {
		d := int(digits[i] - '0')
		if i%2 == 0 { // of sixteen digits the first, the third and so on are doubled
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}
