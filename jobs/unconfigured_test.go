package jobs_test

import (
	"testing"

	"sekisho/router"
	"sekisho/spec"
)

func TestARecordOfAProgramThatIsNotConfiguredAnyMoreGoesToSuspense(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		v, w := s.buy(first, 1000), charged(s)
		programs := s.programs
		s.programs = []router.Program{}
		s.reopen()
		if placed := s.load(s.presented(v), s.presented(w, takesBack), told(603, 0)); placed != "suspended other none" {
			t.Errorf("placed %s", placed)
		}
		if item := s.only(); item.Why[0] != "its program is not configured" || item.Wallet != "w" {
			t.Errorf("%+v", item)
		}
		s.stands(w, "unsettled", 100_000, 89_000)
		s.programs = programs
		s.reopen()
		if done, err := s.attached(v, 0); err != nil || done.Posted != -1000 {
			t.Errorf("when it is configured again: %+v, %v", done, err)
		}
	})
}

func TestAReversalOfASaleAbroadNeedsNoDE6(t *testing.T) {
	t.Parallel()
	withoutDE6 := func(s *shop, v *sale) string {
		r := s.presented(v, takesBack)
		r.Billing, r.BillingCurrency = 0, 0
		return s.load(r)
	}
	tell(t, []story{
		{"after it", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			return v, s.load(s.presented(v)) + ", " + withoutDE6(s, v)
		}, "matched, other", 100_000, 90_000, "unsettled"},
		{"before it", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			return v, withoutDE6(s, v) + ", " + s.load(s.presented(v))
		}, "suspended, matched", 100_000, 90_000, "unsettled"},
	})
}

func TestOnlyTheAmountThatIsPostedMustHaveTheDecimalsOfItsCurrency(t *testing.T) {
	t.Parallel()
	exponents := func(s *shop, v *sale, text string, settlement spec.Currency) string {
		d := s.presented(v)
		d.Exponents, d.SettlementCurrency, d.Settlement = text, settlement, 7
		return s.load(d)
	}
	tell(t, []story{
		{"the decimals of DE50 are not known", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, exponents(s, v, "39209990", 999)
		}, "matched", 99_000, 89_000, "settled"},
		{"DE49 is posted, and has others", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, exponents(s, v, "39228402", usd)
		}, "suspended", 100_000, 89_000, "open"},
		{"DE51 is posted, and DE49 has others", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			return v, exponents(s, v, "840339209782", 978)
		}, "matched", 98_000, 88_000, "settled"},
		{"DE51 is posted, and has others", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			return v, exponents(s, v, "840239229782", 978)
		}, "suspended", 100_000, 88_000, "open"},
	})
}
