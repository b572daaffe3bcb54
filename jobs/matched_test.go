package jobs_test

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec/clearing"
)

func later(seconds int64) func(*clearing.Draft) {
	return func(d *clearing.Draft) { d.Local += seconds }
}

func TestAPresentmentIsNotMatchedBeyondItsRules(t *testing.T) {
	t.Parallel()
	const days = 86400
	tell(t, []story{
		{"a hotel, 60 days apart", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200, mcc(7011))
			return v, s.load(s.presented(v, unnamed, costs(1100), later(60*days)))
		}, "matched", 98_900, 88_900, "settled"},
		{"a hotel, a second more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200, mcc(7011))
			return v, s.load(s.presented(v, unnamed, costs(1100), later(60*days+1)))
		}, "forced", 98_900, 87_700, "open"},
		{"a shop, 35 days apart", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, unnamed, costs(1100), later(35*days)))
		}, "matched", 98_900, 88_900, "settled"},
		{"a shop, a second more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, unnamed, costs(1100), later(35*days+1)))
		}, "forced", 98_900, 87_700, "open"},
		{"DE37 of another acquirer", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, approval("000000"), func(d *clearing.Draft) { d.Acquirer = 88716 }))
		}, "forced", 98_800, 87_600, "open"},
		{"DE37 of another acquirer, under another DE38", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, approval("999999"), costs(700), func(d *clearing.Draft) { d.Acquirer = 88716 }))
		}, "forced", 99_300, 88_100, "open"},
		{"a refund of the same merchant, minute and amount", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200, refund)
			return v, s.load(s.presented(v, unnamed, approval("999999")))
		}, "other", 101_200, 91_200, "refund_due"},
		{"a cruise is no hotel", present(10_000, 10_001, mcc(4411)), "over", 89_999, 79_999, "settled"},
		{"a reversal of the same number in another currency", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack, in(usd)))
		}, "matched suspended", 99_000, 89_000, "settled"},
	})
}

func TestARecordSaysHowItsSaleIsOdd(t *testing.T) {
	t.Parallel()
	const judged = balance.FlagOver | balance.FlagDoubleSale | balance.FlagWithinTolerance | balance.FlagNotOpen | balance.FlagNoAuthorization
	for name, c := range map[string]struct {
		play func(s *shop)
		want balance.Flags // of the last record
	}{
		"as it was held":   {func(s *shop) { present(1000, 1000)(s) }, 0},
		"within tolerance": {func(s *shop) { present(1000, 1200, mcc(5812))(s) }, balance.FlagWithinTolerance},
		"over":             {func(s *shop) { present(1000, 1201, mcc(5812))(s) }, balance.FlagOver},
		"a double sale":    {func(s *shop) { s.load(s.presented(charged(s), otherReference(5))) }, balance.FlagDoubleSale},
		"reversed": {func(s *shop) {
			v := s.buy(first, 1000)
			s.cancel(v)
			s.load(s.presented(v, costs(5000)))
		}, balance.FlagNotOpen},
		"the rest ran out": {func(s *shop) {
			v := s.buy(first, 1000)
			s.load(s.presented(v, costs(600), part(1, 2)))
			pass(8 * day)
			s.load(s.presented(v, costs(5000), part(2, 2)))
		}, balance.FlagNotOpen},
		"without an authorization": {func(s *shop) { s.load(s.offline(first, 9)) }, balance.FlagNoAuthorization},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(s *shop) {
				c.play(s)
				var last balance.Flags
				s.events(func(log string, _ int, e *balance.Event) {
					if log == "w" && e.Key.Kind() == balance.KeyClearing {
						last = e.Flags & judged
					}
				})
				if last != c.want {
					t.Errorf("flags %b, want %b", last, c.want)
				}
			})
		})
	}
}
