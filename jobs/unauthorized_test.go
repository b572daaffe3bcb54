package jobs_test

import (
	"testing"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

func TestASaleThatIsNotOpenIsPostedAndSaid(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"without an authorization: forced", func(s *shop) (*sale, string) {
			return nil, s.load(s.offline(first, 700))
		}, "forced", 99_300, 89_300, ""},
		{"DE38 000000: the equal hold beside it is left alone", func(s *shop) (*sale, string) {
			v := s.buy(first, 700)
			return v, s.load(s.presented(v, unnamed, approval("000000")))
		}, "forced", 99_300, 88_600, "open"},
		{"DE38 000000, its DE37 and acquirer are known", func(s *shop) (*sale, string) {
			v := s.buy(first, 700)
			return v, s.load(s.presented(v, approval("000000")))
		}, "matched", 99_300, 89_300, "settled"},
		{"without an authorization and above the balance: below zero", func(s *shop) (*sale, string) {
			return nil, s.load(s.offline(first, 95_000))
		}, "forced", 5000, -5000, ""},
		{"declined", func(s *shop) (*sale, string) {
			v := s.buy(first, 95_000)
			if v.response.Reason != spec.InsufficientFunds {
				s.Errorf("answered %s", v.response.Reason)
			}
			return v, s.load(s.presented(v, costs(1000)))
		}, "matched", 99_000, 89_000, "settled"},
		{"declined, taken back and presented anew", func(s *shop) (*sale, string) {
			v := s.buy(first, 95_000)
			return v, s.load(s.presented(v, costs(1000)), s.presented(v, costs(1000), takesBack), s.presented(v, costs(1200), otherReference(7)))
		}, "matched other matched", 98_800, 88_800, "settled"},
		{"reversed", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.cancel(v)
			return v, s.load(s.presented(v))
		}, "matched", 99_000, 89_000, "settled"},
		{"reversed, in parts, the last one first", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.cancel(v)
			return v, s.load(s.presented(v, costs(600), part(3, 3)), s.presented(v, costs(200), part(1, 3)), s.presented(v, costs(300), part(2, 3)))
		}, "matched matched matched", 98_900, 88_900, "settled"},
		{"expired", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			pass(8 * day)
			return v, s.load(s.presented(v))
		}, "matched", 99_000, 89_000, "settled"},
		{"amount changed by a second authorization, the first reversed", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			changed := s.buy(first, 1300)
			s.cancel(v)
			return changed, s.load(s.presented(changed))
		}, "matched", 98_700, 88_700, "settled"},
	})
}

func TestASaleInPartsIsReleasedWithItsLast(t *testing.T) {
	t.Parallel()
	parts := func(s *shop, v *sale, amounts ...spec.Money) (drafts []*clearing.Draft) {
		for i, a := range amounts {
			drafts = append(drafts, s.presented(v, costs(a), part(uint8(i+1), uint8(len(amounts))))) //nolint:gosec // few
		}
		return drafts
	}
	tell(t, []story{
		{"the first of two: the rest stays held", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(parts(s, v, 400, 600)[0])
		}, "matched", 99_600, 89_000, "open"},
		{"both in order, in one file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(parts(s, v, 400, 500)...)
		}, "matched matched", 99_100, 89_100, "settled"},
		{"both, the last one first", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			p := parts(s, v, 400, 600)
			return v, s.load(p[1], p[0])
		}, "matched matched", 99_000, 89_000, "settled"},
		{"in two files", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			p := parts(s, v, 400, 600)
			return v, s.load(p[0]) + ", " + s.load(p[1])
		}, "matched, matched", 99_000, 89_000, "settled"},
		{"together above what was held", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(parts(s, v, 700, 600)...)
		}, "matched over", 98_700, 88_700, "settled"},
		{"the same part again", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			p := parts(s, v, 400, 600)
			return v, s.load(p[0], p[0], p[1])
		}, "matched suspended matched", 99_000, 89_000, "settled"},
		{"the rest never comes: it runs out", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			placed := s.load(parts(s, v, 400, 600)[0])
			pass(8 * day)
			s.buy(first, 0)
			return v, placed
		}, "matched", 99_600, 89_600, "partly_settled"},
		{"a part and its reversal in one file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			p := parts(s, v, 400, 600)
			return v, s.load(p[0], p[1], s.presented(v, costs(400), part(1, 2), takesBack))
		}, "matched matched other", 99_400, 89_400, "settled"},
	})
}

func TestASaleThatComesTwiceIsNeverPostedTwiceByMistake(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"the same DE31 again, in one file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v))
		}, "matched suspended", 99_000, 89_000, "settled"},
		{"the same DE31 again, in a later file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v)) + ", " + s.load(s.presented(v, costs(900)))
		}, "matched, suspended", 99_000, 89_000, "settled"},
		{"double sale: a new DE31 for a purchase that is cleared", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, otherReference(5)))
		}, "matched over", 98_000, 88_000, "settled"},
		{"forced twice under two references", func(s *shop) (*sale, string) {
			d := s.offline(first, 700)
			again := *d
			otherReference(6)(&again)
			return nil, s.load(d, &again)
		}, "forced forced", 98_600, 88_600, ""},
		{"taken back and presented anew", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack), s.presented(v, otherReference(7)))
		}, "matched other matched", 99_000, 89_000, "settled"},
		{"taken back, and the same once more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack), s.presented(v))
		}, "matched other suspended", 100_000, 90_000, "unsettled"},
		{"taken back before it came, and the same once more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, takesBack), s.presented(v), s.presented(v))
		}, "other matched suspended", 100_000, 90_000, "unsettled"},
		{"the same once more in a later file, after its reversal", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v)) + ", " + s.load(s.presented(v, takesBack)) + ", " + s.load(s.presented(v))
		}, "matched, other, suspended", 100_000, 90_000, "unsettled"},
	})
}

func TestPartsAreNotReadWhereTheProfileHasNone(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	v := s.buy(first, 1000)
	loader := s.loader()
	loader.Parts = false
	report, err := loader.Load(t.Context(), inMemory(s.filed(s.presented(v, costs(400), part(1, 2)), s.presented(v, costs(600), part(2, 2)))))
	if err != nil || report.Matched != 1 || report.Suspended != 1 {
		t.Errorf("loaded %+v, %v", report, err)
	}
	if posted, available := s.money(first); posted != 99_600 || available != 89_600 || s.state(v) != "settled" {
		t.Errorf("posted %d and available %d, the sale is %s", posted, available, s.state(v))
	}
}
