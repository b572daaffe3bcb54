package jobs_test

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// completed is the 0220 of a sale.
func (s *shop) completed(v *sale) {
	s.Helper()
	q := v.request
	q.MTI, q.ActionCode, q.Approval = 220, [2]byte{'0', '0'}, v.approval
	s.ask(q, first)
}

// paid is a sale by 0200, posted at once.
func (s *shop) paid(amount spec.Money, change ...func(*spec.Request)) *sale {
	s.Helper()
	v := s.bought(first, amount, change...)
	v.request.MTI = 200
	v.response = s.ask(v.request, first)
	v.approval = v.response.Approval
	return v
}

// closeCard closes the first card, whose 90,000 go back to the wallet.
func (s *shop) closeCard(n int) {
	s.Helper()
	s.do("w", &plain{events: []balance.Event{{Kind: balance.Allocated, Card: cardID(n), Allocated: -90_000}, {Kind: balance.CardChanged, Card: cardID(n), Status: balance.CardClosed, Answer: balance.Answer{Reason: spec.Approved}}}})
}

func TestWhatWasPostedOnlineIsNotPostedAgainByClearing(t *testing.T) {
	served := func(play func(s *shop) (*sale, string)) func(s *shop) (*sale, string) {
		return func(s *shop) (*sale, string) {
			s.policy.FinancialServed, s.policy.RefundAtOnce = true, true
			return play(s)
		}
	}
	tell(t, []story{
		{"a completion, presented in two parts", served(func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.completed(v)
			return v, s.load(s.presented(v, costs(600), part(1, 2)), s.presented(v, costs(400), part(2, 2)))
		}), "matched matched", 99000, 89000, "settled"},
		{"a completion, of which the parts come to less", served(func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.completed(v)
			return v, s.load(s.presented(v, costs(600), part(1, 2)), s.presented(v, costs(300), part(2, 2)))
		}), "matched matched", 99100, 89100, "settled"},
		{"a completion, its presentment taken back and corrected", served(func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.completed(v)
			return v, s.load(s.presented(v), s.presented(v, takesBack), s.presented(v, costs(900), otherReference(77)))
		}), "matched other matched", 99100, 89100, "settled"},
		{"a completion, its presentment taken back", served(func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.completed(v)
			return v, s.load(s.presented(v, costs(1200)), s.presented(v, costs(1200), takesBack))
		}), "over other", 99000, 89000, "paid"},
		{"a completion that comes after a presentment was taken back", served(func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			placed := s.load(s.presented(v), s.presented(v, takesBack))
			s.completed(v)
			return v, placed
		}), "matched other", 99000, 89000, "paid"},
		{"a 0200, presented, presented again under another reference", served(func(s *shop) (*sale, string) {
			v := s.paid(1000)
			return v, s.load(s.presented(v), s.presented(v, otherReference(4)))
		}), "matched over", 98000, 88000, "settled"},
		{"a refund paid at once, presented, taken back, presented again", served(func(s *shop) (*sale, string) {
			v := s.paid(700, refund)
			return v, s.load(s.presented(v), s.presented(v, takesBack), s.presented(v, otherReference(7)))
		}), "other other other", 100700, 90700, "settled"},
	})
}

func TestWhatBelongsToASaleWithoutAuthorizationIsForcedToo(t *testing.T) {
	tell(t, []story{{"in two parts", func(s *shop) (*sale, string) {
		v := s.bought(first, 1000)
		return nil, s.load(s.presented(v, costs(600), part(1, 2)), s.presented(v, costs(400), part(2, 2)))
	}, "forced forced", 99000, 89000, ""}})
}

func TestAClosedCardThatOwesIsPaidBackFirst(t *testing.T) {
	tell(t, []story{{"a sale after the close, and its reversal", func(s *shop) (*sale, string) {
		v := s.bought(first, 1000)
		s.closeCard(first)
		placed := s.load(s.presented(v), s.presented(v, takesBack))
		return nil, placed
	}, "forced other", 100000, 0, ""}})
}

func TestAPumpThatAskedForMuchIsNotMatchedByItsCap(t *testing.T) {
	tell(t, []story{{"20,000 asked, 1 presented under another code", func(s *shop) (*sale, string) {
		v := s.buy(first, 20_000, mcc(5541))
		return v, s.load(s.presented(v, costs(1), approval("999999"), func(d *clearing.Draft) { d.RRN = spec.RRN{'0'} }))
	}, "forced", 99999, 69999, "open"}})
}
