package router_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// inHistory runs a test with a wallet of one card, on either kind of store.
func inHistory(t *testing.T, test func(t *testing.T, h *history)) {
	t.Helper()
	for name, ordered := range map[string]bool{"ordered": true, "single": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHistory(t, 1, ordered)
				defer func() {
					if err := errors.Join(h.book.Close(context.Background()), h.book.Store().Close()); err != nil {
						t.Error(err)
					}
				}()
				test(t, h)
				audit, err := balance.Verify(context.Background(), h.book.Store(), nil)
				if err != nil || !audit.OK() {
					t.Errorf("verify: %v %q", err, audit.Problems)
				}
			})
		})
	}
}

// later lets time pass, in a bubble that inHistory made.
func later(d time.Duration) { time.Sleep(d) }

// sale is a 0100 of now with all that a purchase is known by.
func sale(amount spec.Money) spec.Request {
	return spec.Request{
		MTI: 100, Amount: amount, Sent: time.Now().Unix(), STAN: 1, Acquirer: 8, MCC: 5812, EntryMode: 51, LocalDate: 101, LocalTime: 90000,
		RRN: spec.RRN{'R', '1'}, Merchant: spec.MerchantID{'S'}, Conditions: spec.PreAuthorization,
	}
}

// advice is the network's of a request, with no more than its key, amount and answer.
func advice(of spec.Request, code string) spec.Request {
	q := spec.Request{MTI: 120, Amount: of.Amount, Sent: of.Sent, STAN: of.STAN, Acquirer: of.Acquirer, ActionCode: [2]byte{'0', '0'}}
	copy(q.Approval[:], code)
	return q
}

// known is what the wallet knows of the purchase of a request.
func (h *history) known(q spec.Request) (p balance.Purchase) {
	key := balance.MessageKey(spec.ClassUnknown, spec.CardID{1}, q.Sent, q.STAN, q.Acquirer)
	m := &plainMove{done: make(chan error, 1), see: func(v *balance.View) {
		if found, ready := v.Purchase(key); ready && found != nil {
			p = *found
		}
	}}
	h.book.Submit(balance.Post{Log: "w", At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		h.t.Fatal(err)
	}
	return p
}

func TestWhatAnAdviceLeavesOutIsAsItWasKnown(t *testing.T) {
	inHistory(t, func(t *testing.T, h *history) {
		q := sale(1000)
		h.ask(q)
		want := h.known(q).Details
		h.ask(advice(q, "777777"))
		copy(want.NetworkCode[:], "777777")
		if got := h.known(q).Details; got != want || got.RRN != q.RRN {
			t.Errorf("after its advice %+v, want %+v", got, want)
		}
	})
}

// present loads a file with one presentment of a request, changed by edit, and says where it was placed.
func (h *history) present(of spec.Request, code string, edit func(r *clearing.Record)) balance.Placement {
	h.files++
	id, _ := clearing.ParseFileID(fmt.Sprintf("001%s%011d%05d", "260101", 88791, h.files))
	r := clearing.Record{
		Number: 2, MTI: 1240, Function: 200, Card: h.card, Currency: spec.JPY, Acquirer: 8, Local: time.Now().Unix(), MCC: of.MCC, Amount: of.Amount, RRN: of.RRN, Merchant: of.Merchant,
	}
	copy(r.Processing[:], "000000")
	r.Fields.Add(3)
	copy(r.Approval[:], code)
	copy(r.Reference[:], fmt.Sprintf("7%022d", h.files))
	if edit != nil {
		edit(&r)
	}
	placed, err := h.router.Clear(context.Background(), &router.Filing{File: id, Day: time.Now(), Taken: time.Now(), Link: "jcb", Parts: true}, []clearing.Record{r}, true)
	if err != nil || placed[0].Err != nil {
		h.t.Fatal(err, placed)
	}
	return placed[0].Placement
}

// forget has the wallet forget what is not open, by time and by other messages.
func (h *history) forget(after time.Duration) {
	time.Sleep(after)
	for n := range uint32(4) {
		time.Sleep(3 * time.Hour)
		h.ask(spec.Request{MTI: 420, Amount: 1, Sent: time.Now().Unix(), STAN: 900 + n, Acquirer: 9})
	}
}

// TestAnAdviceOfAPurchaseLongRunOutKeepsBothCodes has the hold run out and the purchase leave the wallet's memory
// before its advice comes, of another amount. Whoever names it by either code finds it.
func TestAnAdviceOfAPurchaseLongRunOutKeepsBothCodes(t *testing.T) {
	for name, find := range map[string]func(h *history, q spec.Request, ours string) bool{
		"a presentment with our code": func(h *history, q spec.Request, ours string) bool {
			return h.present(q, ours, func(r *clearing.Record) { r.RRN, r.Amount = spec.RRN{'0'}, 900 }) == balance.PlacedMatched
		},
		"a presentment with the network's": func(h *history, q spec.Request, _ string) bool {
			return h.present(q, "777777", func(r *clearing.Record) { r.RRN, r.Amount = spec.RRN{'0'}, 900 }) == balance.PlacedMatched
		},
		"a presentment with our code and the amount that we were asked": func(h *history, q spec.Request, ours string) bool {
			return h.present(q, ours, func(r *clearing.Record) { r.RRN, r.Merchant = spec.RRN{}, spec.MerchantID{} }) == balance.PlacedMatched
		},
		"a reversal with our code and amount": func(h *history, q spec.Request, ours string) bool {
			q = spec.Request{MTI: 420, Amount: 1000, Sent: time.Now().Unix(), STAN: 2, Acquirer: 8, Merchant: q.Merchant}
			copy(q.Approval[:], ours)
			return h.ask(q).Reason == spec.Approved
		},
		"a reversal with the network's code and amount": func(h *history, q spec.Request, _ string) bool {
			q = spec.Request{MTI: 420, Amount: 900, Sent: time.Now().Unix(), STAN: 2, Acquirer: 8, Merchant: q.Merchant}
			copy(q.Approval[:], "777777")
			return h.ask(q).Reason == spec.Approved
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHistory(t, func(t *testing.T, h *history) {
				q := sale(1000)
				q.Conditions = 0
				ours := h.ask(q).Approval.String()
				h.forget(8 * 24 * time.Hour)
				late := advice(q, "777777")
				late.Amount = 900
				h.ask(late)
				if b := h.balances(); b.Held != 900 {
					t.Fatalf("held %d, want 900", b.Held)
				}
				if !find(h, q, ours) {
					t.Errorf("not found")
				}
				if b := h.balances(); b.Held != 0 {
					t.Errorf("held %d afterwards, want 0", b.Held)
				}
			})
		})
	}
}

// TestWhatIsMovedBackLongAfterwardsLeavesNothingPosted has the network refuse in our place what we posted at once,
// when the purchase has left the wallet's memory.
func TestWhatIsMovedBackLongAfterwardsLeavesNothingPosted(t *testing.T) {
	inHistory(t, func(t *testing.T, h *history) {
		h.policy.FinancialServed = true
		q := sale(1000)
		q.MTI = 200
		h.ask(q)
		h.forget(0)
		if b := h.balances(); b.Posted != funds-1000 {
			t.Fatalf("posted %d", b.Posted)
		}
		refused := advice(q, "")
		refused.ActionCode = [2]byte{'0', '5'}
		h.ask(refused)
		if p, b := h.known(q), h.balances(); p.Posted != 0 || p.Online != 0 || b.Posted != funds || b.Allocated != funds {
			t.Errorf("%d are posted for it, %d by messages, and the wallet has %d", p.Posted, p.Online, b.Posted)
		}
	})
}

// TestKeysAreMatchableForTwoHundredDays has a purchase named by its DE37 or DE38 alone, a day before it need not be
// found any more.
func TestKeysAreMatchableForTwoHundredDays(t *testing.T) {
	const last = 199 * 24 * time.Hour
	for name, find := range map[string]func(h *history, q spec.Request, ours string){
		"by its DE37": func(h *history, q spec.Request, _ string) {
			h.ask(spec.Request{MTI: 420, Amount: 1000, Sent: time.Now().Unix(), STAN: 2, Acquirer: 8, RRN: q.RRN})
		},
		"by its DE38": func(h *history, q spec.Request, ours string) {
			q = spec.Request{MTI: 420, Amount: 1000, Sent: time.Now().Unix(), STAN: 2, Acquirer: 8, Merchant: q.Merchant}
			copy(q.Approval[:], ours)
			h.ask(q)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHistory(t, func(t *testing.T, h *history) {
				q := sale(1000)
				ours := h.ask(q).Approval.String()
				h.forget(0) // what comes after it is no reason to read on
				h.forget(last - 24*time.Hour)
				find(h, q, ours)
				if p := h.known(q); p.State != balance.Reversed {
					t.Errorf("it is %s, want reversed", p.State)
				}
			})
		})
	}
	t.Run("by its clearing", func(t *testing.T) {
		inHistory(t, func(t *testing.T, h *history) {
			q := sale(1000)
			ours := h.ask(q).Approval.String()
			h.forget(0)
			h.forget(last - 24*time.Hour)
			if placed := h.present(q, ours, nil); placed != balance.PlacedMatched {
				t.Errorf("it is %s, want matched", placed)
			}
		})
	})
}
