package jobs_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"sekisho/jobs"
	"sekisho/spec"
)

func TestAMessageInSuspenseSaysWhyItIsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, why string
		play      func(s *shop)
	}{
		{"a 0220 where none is served", "this 0220 is not served on its link", func(s *shop) {
			s.completed(s.buy(first, 700))
		}},
		{"a 0220 of a balance", "this 0220 is not served on its link", func(s *shop) {
			s.policy.FinancialServed = true
			s.buy(first, 0, advised(220), func(q *spec.Request) { q.Processing = [6]byte([]byte("300000")) })
		}},
		{"a 0220 in another currency", "its amount is in no usable currency", func(s *shop) {
			s.policy.FinancialServed = true
			s.buy(first, 700, advised(220), dollars)
		}},
		{"a 0220 whose billing says nothing", "its amount is in no usable currency", func(s *shop) {
			s.buy(first, 700, advised(220), dollars, func(q *spec.Request) { q.BillingCurrency = spec.JPY })
		}},
		{"a 0120 in another currency", "its amount is in no usable currency", func(s *shop) {
			s.buy(first, 700, advised(120), dollars)
		}},
		{"a 0120 in another currency than its purchase", "its amount is in no usable currency", func(s *shop) {
			v := s.buy(first, 700)
			advised(120)(&v.request)
			dollars(&v.request)
			s.ask(v.request, first)
		}},
		{"a 0120 with the key of another", "its key came before with other content", func(s *shop) {
			v := s.buy(first, 700, advised(120))
			v.request.Amount = 800
			s.ask(v.request, first)
		}},
		{"a 0120 of nobody's card", "the card is not known", func(s *shop) { s.buy(nobody, 700, advised(120)) }},
		{"a 0220 of nobody's card", "the card is not known", func(s *shop) { s.buy(nobody, 700, advised(220)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, "ordered")
				defer s.close()
				c.play(s)
				item := s.only()
				if why := strings.Join(item.Why, "; "); why != c.why || item.What != "advice" {
					t.Errorf("%s: %q, want %q", item.What, why, c.why)
				}
				if shown, err := jobs.FindItem(t.Context(), s.store, item.ID); err != nil || strings.Join(shown.Why, "; ") != c.why {
					t.Errorf("found: %v, %+v", err, shown)
				}
			})
		})
	}
}

// advised makes a message an advice of what the network approved.
func advised(mti spec.MTI) func(*spec.Request) {
	return func(q *spec.Request) {
		q.MTI, q.ActionCode = mti, [2]byte{'0', '0'}
		q.Fields.Add(39)
	}
}

func dollars(q *spec.Request) { q.Currency = 840 }
