package router_test

import (
	"fmt"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

func TestHowLongMoneyIsHeld(t *testing.T) {
	const day = 24 * time.Hour
	for _, row := range []struct {
		mcc    uint16
		amount spec.Money
		pre    bool
		want   time.Duration
	}{
		{5411, 1, false, day},
		{5411, 200, false, day},
		{5411, 201, false, 7 * day},
		{5411, 100, true, 30 * day},
		{3366, 5000, false, 30 * day}, // car hire
		{7512, 5000, false, 30 * day},
		{7513, 5000, false, 30 * day},
		{7519, 5000, false, 30 * day},
		{4411, 5000, false, 30 * day}, // a cruise
		{3501, 5000, false, 30 * day}, // hotels
		{7011, 100, false, 30 * day},
		{7012, 5000, false, 30 * day},
		{7520, 5000, false, 7 * day},
		{5541, 1, false, 7 * day}, // a pump
		{5542, 2, false, 7 * day},
		{5541, 3, false, day},
	} {
		for _, mti := range []spec.MTI{100, 120} {
			t.Run(fmt.Sprint(mti, " mcc ", row.mcc, " ", row.amount), func(t *testing.T) {
				inHistory(t, func(t *testing.T, h *history) {
					q := sale(row.amount)
					q.MTI, q.MCC, q.ActionCode, q.Conditions = mti, row.mcc, [2]byte{'0', '0'}, 0
					if row.pre {
						q.Conditions = spec.PreAuthorization
						q.Fields.Add(61)
					}
					h.ask(q)
					for _, at := range []struct {
						after time.Duration
						want  spec.Money
					}{{row.want - time.Second, row.amount}, {time.Second, 0}} {
						later(at.after)
						h.ask(spec.Request{MTI: 420, Amount: 1, Sent: time.Now().Unix(), STAN: 999, Acquirer: 9}) // lets what ran out go
						if b := h.balances(); b.Held != at.want {
							t.Errorf("%s later %d are held, want %d", at.after, b.Held, at.want)
						}
					}
				})
			})
		}
	}
}

// TestAFullSaleTwoDaysAfterThePumpIsComparedWithTheCap has one yen held when the sale comes.
func TestAFullSaleTwoDaysAfterThePumpIsComparedWithTheCap(t *testing.T) {
	for _, row := range []struct {
		amount spec.Money
		placed balance.Placement
		flag   balance.Flags
	}{
		{4_800, balance.PlacedMatched, balance.FlagWithinTolerance},
		{50_000, balance.PlacedOver, balance.FlagOver},
	} {
		t.Run(fmt.Sprint(row.amount), func(t *testing.T) {
			inHistory(t, func(t *testing.T, h *history) {
				q := sale(1)
				q.MCC, q.Conditions = 5541, 0
				code := h.ask(q).Approval.String()
				later(48 * time.Hour)
				full := q
				full.Amount = row.amount
				if placed := h.present(full, code, nil); placed != row.placed {
					t.Errorf("placed as %s, want %s", placed, row.placed)
				}
				got := h.known(q)
				if odd := got.Flags & (balance.FlagNotOpen | balance.FlagOver | balance.FlagWithinTolerance); odd != row.flag || got.Posted != row.amount {
					t.Errorf("flags %b posted %d, want %b and %d", odd, got.Posted, row.flag, row.amount)
				}
			})
		})
	}
}
