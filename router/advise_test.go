package router_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/spec"
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
