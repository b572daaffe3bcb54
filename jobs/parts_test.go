package jobs_test

import "testing"

func TestASaleInPartsIsComparedWithWhatWasAuthorizedHoweverItStands(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"a new DE31 as part 1 of 1 for a purchase cleared in full: a double sale", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, costs(400)), s.presented(v, costs(400), part(1, 1), otherReference(5)))
		}, "matched over", 99_200, 89_200, "settled"},
		{"part 1 of 1, twice", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, costs(400), part(1, 1)), s.presented(v, costs(400), part(1, 1), otherReference(5)))
		}, "matched over", 99_200, 89_200, "settled"},
		{"the last part first, and the others under references of their own", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, costs(400), part(2, 2)), s.presented(v, costs(600), part(1, 2), otherReference(5)))
		}, "matched matched", 99_000, 89_000, "settled"},
		{"taken back, and presented anew in parts that come to more", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack)) + ", " +
				s.load(s.presented(v, costs(600), part(1, 2), otherReference(5)), s.presented(v, costs(50_000), part(2, 2), otherReference(5)))
		}, "matched other, matched over", 49_400, 39_400, "settled"},
		{"taken back, and presented anew in parts that come to as much", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack)) + ", " +
				s.load(s.presented(v, costs(600), part(1, 3), otherReference(5)), s.presented(v, costs(300), part(2, 3), otherReference(5)), s.presented(v, costs(100), part(3, 3), otherReference(5)))
		}, "matched other, matched matched matched", 99_000, 89_000, "settled"},
		{"completed, and presented in parts that come to more", func(s *shop) (*sale, string) {
			s.policy.FinancialServed = true
			v := s.buy(first, 1000)
			s.completed(v)
			return v, s.load(s.presented(v, costs(600), part(1, 2)), s.presented(v, costs(50_000), part(2, 2)))
		}, "matched over", 49_400, 39_400, "settled"},
		{"refused, and presented in parts: nothing was held, so it is matched", func(s *shop) (*sale, string) {
			v := s.buy(first, 95_000)
			return v, s.load(s.presented(v, costs(600), part(1, 2)), s.presented(v, costs(50_000), part(2, 2)))
		}, "matched matched", 49_400, 39_400, "settled"},
		{"the rest ran out after the first part: it is matched, and flagged", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			placed := s.load(s.presented(v, costs(600), part(1, 2)))
			pass(8 * day)
			return v, placed + ", " + s.load(s.presented(v, costs(50_000), part(2, 2)))
		}, "matched, matched", 49_400, 39_400, "settled"},
	})
}
