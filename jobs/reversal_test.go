package jobs_test

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec/clearing"
)

func TestAReversalUndoesItsRecordWheneverItComes(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"after its original, in one file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack))
		}, "matched other", 100_000, 90_000, "unsettled"},
		{"before its original, in one file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, takesBack), s.presented(v))
		}, "other matched", 100_000, 90_000, "unsettled"},
		{"in a later file", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v)) + ", " + s.load(s.presented(v, takesBack))
		}, "matched, other", 100_000, 90_000, "unsettled"},
		{"of another amount than its original", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, costs(900), takesBack))
		}, "matched suspended", 99_000, 89_000, "settled"},
		{"twice", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v), s.presented(v, takesBack), s.presented(v, takesBack))
		}, "matched other suspended", 100_000, 90_000, "unsettled"},
		{"an orphan: nothing it is about ever came", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, takesBack))
		}, "suspended", 100_000, 89_000, "open"},
		{"an orphan in one file, its original in the next: undone at once", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, takesBack)) + ", " + s.load(s.presented(v))
		}, "suspended, matched", 100_000, 90_000, "unsettled"},
		{"an orphan, then an original of another amount: it waits on", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, costs(900), takesBack)) + ", " + s.load(s.presented(v))
		}, "suspended, matched", 99_000, 89_000, "settled"},
		{"of a chargeback that comes before its sale, first of all", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, function(1442, 450), takesBack), s.presented(v, function(1442, 450)), s.presented(v))
		}, "other other matched", 99_000, 89_000, "settled"},
		{"of its sale, with a chargeback behind it that waits as well", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, takesBack), s.presented(v, function(1442, 450)), s.presented(v))
		}, "other other matched", 101_000, 91_000, "unsettled"},
		{"of a sale that was forced", func(s *shop) (*sale, string) {
			d := s.offline(first, 700)
			undone := *d
			takesBack(&undone)
			return nil, s.load(d, &undone)
		}, "forced other", 100_000, 90_000, ""},
	})
}

func TestAFeeGoesToItsProgramAndNeverToAWallet(t *testing.T) {
	t.Parallel()
	named := func(n uint64) func(*clearing.Draft) {
		return func(d *clearing.Draft) { otherReference(n)(d) }
	}
	elsewhere := func(d *clearing.Draft) { d.ReceiverID = "88792000" }
	for _, c := range []struct {
		name   string
		drafts []*clearing.Draft
		placed string
		fees   int64 // what the program has of them
	}{
		{"one we receive", []*clearing.Draft{fee("19", 40)}, "other", 40},
		{"one we pay", []*clearing.Draft{fee("29", 40)}, "other", -40},
		{"both", []*clearing.Draft{fee("19", 100, named(1)), fee("29", 40, named(2))}, "other other", 60},
		{"one and its reversal", []*clearing.Draft{fee("19", 40, named(1)), fee("19", 40, named(1), takesBack)}, "other other", 0},
		{"its reversal before it", []*clearing.Draft{fee("19", 40, named(1), takesBack), fee("19", 40, named(1))}, "other other", 0},
		{"a reversal of none", []*clearing.Draft{fee("19", 40, named(1), takesBack)}, "suspended", 0},
		{"two of one sale", []*clearing.Draft{fee("19", 40, named(1)), fee("19", 40, named(1))}, "other other", 80},
		{"of another kind", []*clearing.Draft{fee("20", 40)}, "suspended", 0},
		{"in another currency", []*clearing.Draft{fee("19", 40, func(d *clearing.Draft) { d.Currency = 840 })}, "suspended", 0},
		{"for an institution that is no program's", []*clearing.Draft{fee("19", 40, elsewhere)}, "suspended", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, "ordered")
			if placed := s.load(c.drafts...); placed != c.placed {
				t.Errorf("placed %q, want %q", placed, c.placed)
			}
			var fees int64
			s.events(func(log string, _ int, e *balance.Event) {
				if e.Kind == balance.FeePosted {
					if log != "fees:prepaid" {
						t.Errorf("a fee is in %s", log)
					}
					fees += int64(e.Posted)
				}
			})
			if posted, _ := s.money(first); fees != c.fees || posted != funds {
				t.Errorf("fees %d, the wallet has %d; want %d and %d", fees, posted, c.fees, funds)
			}
			s.verify()
		})
	}
}
