package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekisho/cardnet"
	"sekisho/spec"
)

// buyer is who pays: a card at a merchant, and the network in between.
type buyer struct {
	settings *settings
	link     *linkSettings
	network  *cardnet.Network
	stderr   io.Writer
	mode     string // DE22
	show     func(any) error

	before   cardStanding
	number   spec.PAN // never shown
	purchase *cardnet.Purchase
	asked    int64 // what the purchase was last asked or advised for
	approved bool
}

// payAcquirer is DE32 of all that is sent.
const payAcquirer = "88711234"

// payShop is where everything is bought, DE43.
const payShop = "SEKISHO PAY              TOKYO        JP"

// take gets hold of the card and fills in the purchase.
func (b *buyer) take(ctx context.Context, o *payOptions) (err error) {
	asked := cardAsked{Card: o.card, Wallet: o.wallet}
	if b.before, err = runJob[cardStanding](ctx, b.settings, b.stderr, jobCardStanding, asked); err != nil {
		return err
	}
	if b.before.Currency != spec.JPY {
		return fmt.Errorf("the card is in %s: pay speaks of yen only", b.before.Currency)
	}
	if b.number, err = b.numberOf(ctx, o); err != nil {
		return err
	}
	card, err := cardnet.NewCard(b.number.Digits(), fmt.Sprintf("%04d", b.before.Expiry))
	if err != nil {
		return err
	}
	b.asked = o.asked
	b.purchase = &cardnet.Purchase{
		Card: card, Amount: o.asked, MCC: o.mcc, Merchant: o.merchant, Terminal: "T0000001", Shop: payShop, Entry: b.mode,
		RRN: newRRN(), At: time.Now(),
	}
	return nil
}

// newRRN is a random DE37.
func newRRN() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1e12-1))
	if err != nil {
		panic(err) // it never fails
	}
	return fmt.Sprintf("%012d", n.Int64()+1)
}

// live does one word after the other, up to one that cannot be done, and shows the card in the end.
func (b *buyer) live(ctx context.Context, words []payWord) (err error) {
	for _, w := range words {
		if err = b.step(ctx, w); err != nil {
			err = fmt.Errorf("%s: %w", w, err)
			break
		}
	}
	after, lost := b.standing(ctx)
	if lost != nil {
		return errors.Join(err, lost)
	}
	err = errors.Join(err, b.show(&payEnd{
		Card: after.id().String(), Masked: after.First6 + "******" + after.Last4, Wallet: after.Wallet, Approved: b.approved,
		Before: b.before.Money, After: after.Money,
	}))
	if odd := b.network.Figures().Unexpected; len(odd) > 0 {
		err = errors.Join(err, fmt.Errorf("the switch did not answer as its dialect promises: %s", strings.Join(slices.Sorted(maps.Keys(odd)), "; ")))
	}
	return err
}

// standing is how the card stands now, with the purchases that are asked for.
func (b *buyer) standing(ctx context.Context, rrns ...string) (cardStanding, error) {
	return runJob[cardStanding](ctx, b.settings, b.stderr, jobCardStanding, cardAsked{
		Card: b.before.id().String(), Wallet: b.before.Wallet, RRNs: rrns,
	})
}

// step does one word.
func (b *buyer) step(ctx context.Context, w payWord) error {
	p, n := b.purchase, b.network
	switch w.name {
	case payAsk:
		a, err := n.Authorize(ctx, p)
		return b.answered(ctx, w, "0100", p, a, err)
	case payDuplicate:
		a, err := n.Repeat(ctx, p)
		return b.answered(ctx, w, "0101", p, a, err)
	case payReverse, payReversePart:
		a, err := n.Cancel(ctx, p, w.amount)
		return b.answered(ctx, w, "0400", p, a, err)
	case payReverseLate:
		code := p.Approval
		p.Approval = "" // the network has not heard it
		a, err := n.CancelAdvice(ctx, p, 0)
		p.Approval = code
		return b.answered(ctx, w, "0420", p, a, err)
	case payStandIn, payStandInAmount:
		return b.standIn(ctx, w)
	case payClear, payClearOver, payClearUnder, payClearOverTenth, payClearUnderTenth, payClearTwice:
		return b.clear(ctx, w)
	}
	return b.refund(ctx, w)
}

// standIn tells what the network approved in our place. Its own amount is that of this message only.
func (b *buyer) standIn(ctx context.Context, w payWord) error {
	p := b.purchase
	asked := p.Amount
	if w.amount > 0 {
		p.Amount, b.asked = w.amount, w.amount
	}
	a, err := b.network.StandIn(ctx, p, "00")
	err = b.answered(ctx, w, "0120", p, a, err)
	p.Amount = asked
	return err
}

// answered shows an answer and what the ledger says then.
func (b *buyer) answered(ctx context.Context, w payWord, sent string, p *cardnet.Purchase, a cardnet.Answer, err error) error {
	if errors.Is(err, cardnet.ErrNoAnswer) {
		return fmt.Errorf("%s: %w", sent, err)
	}
	if err != nil {
		return err
	}
	s := &payStep{
		Step: w.String(), Sent: sent, Answer: a.MTI, ActionCode: a.ActionCode, Amount: p.Amount,
		Milliseconds: milliseconds(a.Latency), RRN: p.RRN,
	}
	if a.Approval != noApprovalCode {
		s.Approval = a.Approval
	}
	b.approved = b.approved || (a.Approved() && (sent == "0100" || sent == "0101" || sent == "0120") && p == b.purchase)
	return b.tell(ctx, s)
}

// noApprovalCode is DE38 where nothing was approved.
const noApprovalCode = "000000"

// tell adds what the ledger says to a step, and shows it: of the purchase, and of a refund beside it.
func (b *buyer) tell(ctx context.Context, s *payStep) error {
	now, err := b.standing(ctx, s.RRN, b.purchase.RRN)
	if err != nil {
		return err
	}
	own := now.under(s.RRN)
	s.Held, s.Posted, s.State, s.card = own.Held, own.Posted, own.State, now.Status
	if s.RRN != b.purchase.RRN {
		about := now.under(b.purchase.RRN)
		s.Purchase = &about
	}
	return b.show(s)
}

// ledger is how the purchase stands now.
func (b *buyer) ledger(ctx context.Context) (purchaseStanding, error) {
	now, err := b.standing(ctx, b.purchase.RRN)
	return now.under(b.purchase.RRN), err
}

// merchantCode is DE18 as clearing has it.
func (b *buyer) merchantCode() uint16 {
	n, _ := strconv.ParseUint(b.purchase.MCC, 10, 16) // four digits
	return uint16(n)
}
