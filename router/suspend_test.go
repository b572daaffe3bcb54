package router_test

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// suspended is the last event of a log that somebody must look at.
func (h *history) suspended(log string) (found balance.Event) {
	done := make(chan error, 1)
	h.book.Store().Scan(log, 1, balance.Forward, func(sealed balance.Sealed) bool {
		var e balance.Entry
		if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
			h.t.Error(err)
			return false
		}
		for i := range e.Events {
			if e.Events[i].Kind == balance.Suspended {
				found = e.Events[i]
			}
		}
		return true
	}, func(err error) { done <- err })
	if err := <-done; err != nil {
		h.t.Fatal(err)
	}
	return found
}

// TestWhatIsInSuspenseSaysWhatItWas has an advice come again with other content, and one for a card that is nobody's.
func TestWhatIsInSuspenseSaysWhatItWas(t *testing.T) {
	inHistory(t, func(t *testing.T, h *history) {
		q := sale(1000)
		q.MTI, q.ActionCode = 120, [2]byte{'0', '0'}
		copy(q.Approval[:], "777771")
		h.ask(q)
		copy(q.Approval[:], "777772")
		q.Amount, q.RRN, q.Merchant = 1500, spec.RRN{'R', '2'}, spec.MerchantID{'S', '2'}
		h.ask(q)
		told := func(name string, d balance.Details) {
			if d.Amount != q.Amount || d.Currency != spec.JPY || d.RRN != q.RRN || d.Merchant != q.Merchant || d.NetworkCode != q.Approval {
				t.Errorf("%s: %+v", name, d)
			}
		}
		told("other content", h.suspended("w").Details)
		if p := h.known(q); p.Hold != 1000 || p.Details.Amount != 1000 || p.Details.NetworkCode == q.Approval {
			t.Errorf("the first one is %+v now", p)
		}
		h.card.Hash = spec.CardHash{8}
		h.ask(q)
		told("nobody's card", h.suspended("suspense:prepaid:2000-01-01").Details)
	})
}
