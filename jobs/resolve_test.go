package jobs_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// inBubble plays something with a shop in a bubble of time, and holds that every log adds up after it.
func inBubble(t *testing.T, play func(s *shop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		play(s)
		s.verify()
	})
}

// noBilling makes a record one of dollars whose DE6 is no yen at all.
func noBilling(d *clearing.Draft) {
	d.Currency, d.Billing, d.BillingCurrency, d.Exponents = usd, 0, spec.JPY, "84023920"
	d.Further = append(d.Further, clearing.Field{DE: 6, Value: "0"})
}

func sen(d *clearing.Draft) { d.Amount, d.Exponents = 120_000, "3922" }

func TestWhatTheLoaderCannotPostIsForcedWithAnAmountOnly(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*clearing.Draft){"yen with two decimals": sen, "dollars whose DE6 is nothing": noBilling} {
		for of, card := range map[string]int{"a known card": first, "an unknown card": nobody} {
			t.Run(name+" of "+of, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(s *shop) {
					s.load(s.offline(card, 1200, change))
					item := s.only()
					r := jobs.Resolve{ID: item.ID, Action: jobs.ActionForce}
					if card == nobody {
						r.Wallet, r.Card = "w", cardID(first).String()
					}
					if _, err := s.resolve(r); !errors.Is(err, router.ErrNoAmount) || s.only().Standing != jobs.ItemOpen {
						t.Errorf("forced: %v, it is %s", err, item.Standing)
					}
					r.Amount = 1200
					if done, err := s.resolve(r); err != nil || done.Posted != -1200 {
						t.Errorf("with an amount: %+v, %v", done, err)
					}
				})
			})
		}
	}
}

func givesBack(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) }

// attached posts the one item in suspense to a sale.
func (s *shop) attached(v *sale, amount spec.Money) (jobs.Resolved, error) {
	s.Helper()
	key := balance.MessageKey(spec.ClassUnknown, cardID(v.card), v.request.Sent, v.request.STAN, v.request.Acquirer)
	return s.resolve(jobs.Resolve{ID: s.only().ID, Action: jobs.ActionAttach, Purchase: key.String(), Amount: amount})
}

func (s *shop) stands(v *sale, state string, posted, available spec.Money) {
	s.Helper()
	p, a := s.money(first)
	if got := s.state(v); got != state || p != posted || a != available {
		s.Errorf("it is %s, posted %d and available %d; want %s, %d and %d", got, p, a, state, posted, available)
	}
}

func TestARefundThatIsAttachedToAnOpenSaleLeavesItsHold(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		v := s.buy(first, 1000)
		s.load(s.presented(v, givesBack, otherReference(9), costs(10), in(usd)))
		if done, err := s.attached(v, 300); err != nil || done.Posted != 300 {
			t.Errorf("%+v, %v", done, err)
		}
		s.stands(v, "open", 100_300, 89_300)
		if placed := s.load(s.presented(v)); placed != "matched" {
			t.Errorf("the sale is then %s", placed)
		}
		s.stands(v, "settled", 99_300, 89_300)
	})
}

func TestAPartThatIsAttachedReleasesTheHoldOnlyWhenItIsTheLast(t *testing.T) {
	t.Parallel()
	unsure := func(s *shop, n, of uint8) *sale {
		v := s.buy(first, 1000, approved("777777"))
		s.buy(first, 1001, approved("777777"))
		if placed := s.load(s.presented(v, costs(100), unnamed, part(n, of))); placed != "ambiguous" {
			s.Fatalf("it is %s", placed)
		}
		return v
	}
	for _, c := range []struct {
		n, of     uint8
		state     string
		available spec.Money
	}{{1, 2, "open", 87_999}, {2, 2, "settled", 88_899}, {1, 1, "settled", 88_899}} {
		inBubble(t, func(s *shop) {
			v := unsure(s, c.n, c.of)
			if done, err := s.attached(v, 0); err != nil || done.Posted != -100 {
				t.Errorf("%+v, %v", done, err)
			}
			s.stands(v, c.state, 99_900, c.available)
			if c.of == 2 {
				if placed := s.load(s.presented(v, costs(900), unnamed, part(3-c.n, 2))); placed != "matched" {
					t.Errorf("the other part is %s", placed)
				}
				s.stands(v, "settled", 99_000, 87_999)
			}
		})
	}
}

func TestASecondPresentmentDebitsWhateverItsDE3(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		v := charged(s)
		if placed := s.load(s.presented(v, function(1240, 205), givesBack)); placed != "other" {
			t.Errorf("of a known sale it is %s", placed)
		}
		s.stands(v, "settled", 98_000, 88_000)
		s.load(s.presented(s.bought(first, 300), function(1240, 280), givesBack))
		item := s.only()
		done, err := s.resolve(jobs.Resolve{ID: item.ID, Action: jobs.ActionForce})
		if err != nil || done.Posted != -300 || item.What != "second presentment" {
			t.Errorf("a %s of an unknown sale posts %d, %v", item.What, done.Posted, err)
		}
	})
}

func (s *shop) forced(want spec.Money) {
	s.Helper()
	before, _ := s.money(first)
	if done, err := s.resolve(jobs.Resolve{ID: s.only().ID, Action: jobs.ActionForce}); err != nil || done.Posted != want {
		s.Errorf("forced: %+v, %v; want %d", done, err, want)
	}
	if after, _ := s.money(first); after-before != want {
		s.Errorf("the wallet has %d more, want %d", after-before, want)
	}
}

func (s *shop) isPosted() {
	s.Helper()
	before, _ := s.money(first)
	_, err := s.resolve(jobs.Resolve{ID: s.only().ID, Action: jobs.ActionForce, Amount: 400})
	if after, _ := s.money(first); !errors.Is(err, router.ErrPosted) || after != before {
		s.Errorf("forced: %v, the wallet has %d more", err, after-before)
	}
}

func TestWhatWasPostedSinceIsNotPostedFromSuspense(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) { // a chargeback, before its sale and after it
		v := s.buy(first, 1000)
		disputed := s.presented(v, function(1442, 450))
		if placed := s.load(disputed) + ", " + s.load(s.presented(v)) + ", " + s.load(disputed); placed != "suspended, matched, other" {
			t.Errorf("placed %s", placed)
		}
		s.isPosted()
	})
	inBubble(t, func(s *shop) { // a 0120 in no usable currency, and its clearing
		v := s.buy(first, 400, advised(120), dollars, approved("777777"))
		if placed := s.load(s.presented(v, in(spec.JPY))); placed != "matched" {
			t.Errorf("placed %s", placed)
		}
		s.isPosted()
	})
}

func TestAReversalThatIsForcedDoesTheOpposite(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		sold := s.presented(s.bought(first, 500), takesBack)
		s.load(sold)
		s.forced(500)
		if placed := s.load(sold); placed != "suspended" { // it was done
			t.Errorf("once more it is %s", placed)
		}
	})
	inBubble(t, func(s *shop) {
		s.load(s.presented(s.bought(first, 500), givesBack, takesBack))
		s.forced(-500)
	})
	inBubble(t, func(s *shop) {
		s.load(s.presented(s.bought(first, 500), givesBack, in(usd), func(d *clearing.Draft) { d.Billing, d.BillingCurrency = 700, 978 }))
		if _, err := s.resolve(jobs.Resolve{ID: s.only().ID, Action: jobs.ActionForce}); !errors.Is(err, router.ErrNoAmount) {
			t.Error(err)
		}
	})
}

func TestAReversalAdviceInSuspenseCanOnlyBeReturned(t *testing.T) {
	t.Parallel()
	for of, card := range map[string]int{"a known card": first, "an unknown card": nobody} {
		t.Run(of, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(s *shop) {
				v := s.buy(card, 500)
				s.cancel(v)
				if card == first { // the same key with other content
					s.stan--
					v.request.Amount = 400
					s.cancel(v)
				}
				r := jobs.Resolve{ID: s.only().ID, Action: jobs.ActionForce, Amount: 400}
				if card == nobody {
					r.Wallet, r.Card = "w", cardID(first).String()
				}
				if _, err := s.resolve(r); !errors.Is(err, router.ErrReversal) || s.only().Standing != jobs.ItemOpen {
					t.Errorf("forced: %v, it is %s", err, s.only().Standing)
				}
				if _, err := s.resolve(jobs.Resolve{ID: r.ID, Action: jobs.ActionReturn}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWhatIsForcedIsDE6WhereDE4IsForeign(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		v := s.bought(first, 1000, foreign(2000))
		s.buy(first, 300, approved("777777"))
		s.buy(first, 301, approved("777777"))
		if placed := s.load(s.presented(v, unnamed, approval("777777"))); placed != "ambiguous" {
			t.Errorf("placed %s", placed)
		}
		s.forced(-2000)
	})
}

func TestARecordIsNotAttachedToAPurchaseOfAnotherCard(t *testing.T) {
	t.Parallel()
	inBubble(t, func(s *shop) {
		s.ambiguous()
		if _, err := s.attached(s.buy(second, 302), 0); !errors.Is(err, router.ErrNoPurchase) {
			t.Error(err)
		}
	})
}
