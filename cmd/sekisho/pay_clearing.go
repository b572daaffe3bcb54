package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
)

// clear presents the purchase.
func (b *buyer) clear(ctx context.Context, w payWord) error {
	now, err := b.ledger(ctx)
	if err != nil {
		return err
	}
	amount := int64(now.Held)
	if amount == 0 {
		amount = b.asked
	}
	tenth := max(amount/10, 1)
	switch w.name {
	case payClearOver:
		amount += w.amount
	case payClearUnder:
		amount -= w.amount
	case payClearOverTenth:
		amount += tenth
	case payClearUnderTenth:
		amount -= tenth
	}
	if amount <= 0 || amount > moneyMax {
		return fmt.Errorf("nothing would be left to present: %s is held", yen(now.Held))
	}
	sale := b.sale(b.purchase, amount)
	if err := b.present(ctx, w, sale); err != nil || w.name != payClearTwice {
		return err
	}
	return b.present(ctx, w, sale)
}

// refund announces money that goes back and has it cleared, or has it cleared alone.
func (b *buyer) refund(ctx context.Context, w payWord) error {
	now, err := b.ledger(ctx)
	if err != nil {
		return err
	}
	amount := w.amount
	if amount == 0 {
		amount = int64(max(now.Posted, 0))
	}
	if amount == 0 {
		amount = b.asked
	}
	back := *b.purchase
	back.RRN, back.STAN, back.At, back.Amount, back.Approval = newRRN(), 0, time.Now(), amount, ""
	back = fresh(&back)
	if w.name != payRefundUnlinked {
		a, err := b.network.Refund(ctx, &back)
		if err := b.answered(ctx, w, "0100", &back, a, err); err != nil {
			return err
		}
		if !a.Approved() {
			return b.show(&payNote{w.String(), "the refund was declined, so that no record is presented for it"})
		}
	}
	sale := b.sale(&back, amount)
	sale.Refund = true
	return b.present(ctx, w, sale)
}

// fresh is a purchase with these elements of which the network knows nothing yet.
func fresh(p *cardnet.Purchase) cardnet.Purchase {
	return cardnet.Purchase{
		Card: p.Card, Amount: p.Amount, MCC: p.MCC, Merchant: p.Merchant, Terminal: p.Terminal, Shop: p.Shop, Entry: p.Entry,
		RRN: p.RRN, At: p.At,
	}
}

// sale is a purchase as clearing tells of it, with the elements as they were sent.
func (b *buyer) sale(p *cardnet.Purchase, amount int64) cardnet.Sale {
	approval := p.Approval
	if approval == "" {
		approval = noApprovalCode
	}
	return cardnet.Sale{
		Number: b.number, Expiry: b.before.Expiry, Amount: spec.Money(amount), Currency: spec.JPY,
		At: p.At.In(time.FixedZone("JST", 9*60*60)), RRN: p.RRN, Approval: approval, Acquirer: payAcquirer,
		MCC: b.merchantCode(), Merchant: p.Merchant, Terminal: p.Terminal, Shop: p.Shop, Entry: p.Entry,
	}
}

// present writes a clearing file with one record, loads it and shows where the record was placed.
func (b *buyer) present(ctx context.Context, w payWord, sale cardnet.Sale) error {
	if sale.Amount <= payCheckAmountMost {
		return b.show(&payNote{w.String(), "1 or 2 yen are taken for a card check, which is not presented"})
	}
	report, err := b.load(ctx, sale)
	if err != nil {
		return err
	}
	return b.tell(ctx, &payStep{
		Step: w.String(), Sent: "1240", Placed: placedIn(&report), Amount: int64(sale.Amount), FileID: report.FileID, RRN: sale.RRN,
	})
}

// payFileTries is how many names of files are tried: a file of today may have one already.
const payFileTries = 8

// load writes and loads the file. It is gone afterwards: there is a card number in it.
func (b *buyer) load(ctx context.Context, sale cardnet.Sale) (report jobs.LoadReport, err error) {
	link := b.link.Name
	if b.link.Dialect != cardnet.DialectJCB {
		if named, err := clearingLink(b.settings, ""); err == nil {
			link = named
		}
	}
	dir, err := os.MkdirTemp("", "sekisho-pay-")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "pay.clr")
	for range payFileTries {
		file := cardnet.Clearing{
			Sales: []cardnet.Sale{sale}, Date: time.Now().UTC(), Sequence: rand.IntN(100_000), //nolint:gosec // only has to differ
		}
		err = toFile(path, nil, func(w io.Writer) error {
			_, err := file.Write(w)
			return err
		})
		if err != nil {
			return report, fmt.Errorf("clearing file: %w", err)
		}
		report, err = runJob[jobs.LoadReport](ctx, b.settings, b.stderr, clearingLoadJob, clearingLoadOptions{File: path, Link: link})
		if err == nil || !strings.Contains(err.Error(), "duplicate") {
			return report, err
		}
	}
	return report, err
}

// placedIn is where the one record of a file was placed.
func placedIn(r *jobs.LoadReport) string {
	for _, c := range []struct {
		class   cardnet.Placement
		records uint64
	}{
		{cardnet.Matched, r.Matched},
		{cardnet.Forced, r.Forced},
		{cardnet.Over, r.Over},
		{cardnet.Ambiguous, r.Ambiguous},
		{cardnet.Suspended, r.Suspended},
		{cardnet.Other, r.Other},
	} {
		if c.records > 0 {
			return string(c.class)
		}
	}
	return ""
}
