package jobs_test

import (
	"testing"
	"time"
)

// aged lets a hundred and fifty days pass, so that what was bought has left the memory of the wallet, and
// starts the book again.
func aged(s *shop) {
	pass(150 * day)
	for range 3 { // entries: with them old keys leave
		s.buy(first, 0)
		pass(time.Hour)
	}
	s.reopen()
}

func TestWhatLeftTheWalletsMemoryIsFoundInItsLog(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"a purchase that ran out long ago", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			aged(s)
			return v, s.load(s.presented(v))
		}, "matched", 99_000, 89_000, "settled"},
		{"its only link is the merchant and the time", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			aged(s)
			return v, s.load(s.presented(v, unnamed, approval("999999")))
		}, "matched", 99_000, 89_000, "settled"},
		{"a sale that is cleared, under a new DE31", func(s *shop) (*sale, string) {
			v := charged(s)
			aged(s)
			return v, s.load(s.presented(v, otherReference(9)))
		}, "over", 98_000, 88_000, "settled"},
		{"a sale that is cleared, under the same DE31", func(s *shop) (*sale, string) {
			v := charged(s)
			aged(s)
			return v, s.load(s.presented(v))
		}, "suspended", 99_000, 89_000, "settled"},
		{"the reversal of a presentment", func(s *shop) (*sale, string) {
			v := charged(s)
			aged(s)
			return v, s.load(s.presented(v, takesBack))
		}, "other", 100_000, 90_000, "unsettled"},
		{"a chargeback", func(s *shop) (*sale, string) {
			v := charged(s)
			aged(s)
			return v, s.load(s.presented(v, function(1442, 450)))
		}, "other", 100_000, 90_000, "settled"},
		{"a reversal that has waited all that time", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			placed := s.load(s.presented(v, takesBack))
			aged(s)
			return v, placed + ", " + s.load(s.presented(v))
		}, "suspended, matched", 100_000, 90_000, "unsettled"},
		{"the second part of a sale", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			placed := s.load(s.presented(v, costs(400), part(1, 2)))
			aged(s)
			return v, placed + ", " + s.load(s.presented(v, costs(600), part(2, 2)))
		}, "matched, matched", 99_000, 89_000, "settled"},
		{"a refund that was paid at once", func(s *shop) (*sale, string) {
			s.policy.RefundAtOnce = true
			v := s.buy(first, 700, refund)
			aged(s)
			return v, s.load(s.presented(v))
		}, "other", 100_700, 90_700, "settled"},
		{"201 days: it is not looked for any more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			pass(51 * day)
			aged(s)
			return v, s.load(s.presented(v))
		}, "forced", 99_000, 89_000, "expired"},
	})
}
