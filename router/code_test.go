package router

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

func TestTheApprovalCodesOfACardDifferAndAreReal(t *testing.T) {
	for _, card := range []spec.CardID{{}, {255, 255, 255, 255, 255, 255, 255, 255}, {1, 2, 3, 4, 5, 6, 7, 8}} {
		seen := make(map[spec.ApprovalCode]bool, codes)
		for n := range uint32(codes) {
			c := approvalCode(card, n)
			if seen[c] || !c.Real() {
				t.Fatalf("code %s of number %d was given before, or is none", c, n)
			}
			seen[c] = true
		}
		for n := range uint32(1000) {
			c := inquiryCode(balance.MessageKey(spec.Authorization, card, int64(n), n, 8871))
			if seen[c] || !c.Real() {
				t.Fatalf("inquiry code %s is a purchase's", c)
			}
		}
	}
}

func TestAmountsAreScaledWithoutOverflowAndNeverUpWhereMoneyIsGiven(t *testing.T) {
	const most = 999_999_999_999
	for _, c := range []struct{ amount, to, from, near, down spec.Money }{
		{500, 1500, 1000, 750, 750},
		{1, 1, 2, 1, 0},
		{1, 1, 3, 0, 0},
		{most, most, most, most, most},
		{most, most, 1, 1<<62 - 1, 1<<62 - 1},
		{5, 0, 7, 0, 0},
		{5, 7, 0, 0, 0},
		{-5, 7, 7, 0, 0},
	} {
		if got := scale(c.amount, c.to, c.from); got != c.near {
			t.Errorf("scale(%d, %d, %d) = %d, want %d", c.amount, c.to, c.from, got, c.near)
		}
		if got := scaleDown(c.amount, c.to, c.from); got != c.down {
			t.Errorf("scaleDown(%d, %d, %d) = %d, want %d", c.amount, c.to, c.from, got, c.down)
		}
	}
}
