package jobs_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

func (s *shop) suspense(o jobs.ListOptions) []*jobs.Item {
	s.Helper()
	return s.listing(o).Items
}

func (s *shop) listing(o jobs.ListOptions) jobs.Listing {
	s.Helper()
	l, err := jobs.ListSuspense(context.Background(), s.store, o, nil)
	if err != nil {
		s.Fatal(err)
	}
	return l
}

// only is the one thing in suspense.
func (s *shop) only() *jobs.Item {
	s.Helper()
	items := s.suspense(jobs.ListOptions{})
	if len(items) != 1 {
		s.Fatalf("%d items in suspense, want one", len(items))
	}
	return items[0]
}

func (s *shop) resolve(r jobs.Resolve) (jobs.Resolved, error) {
	r.Who, r.Why = "sato", "confirmed with the shop"
	return r.Do(context.Background(), s.book, s.router)
}

// ambiguous leaves a presentment in suspense that two purchases fit.
func (s *shop) ambiguous() (one, two *sale) {
	s.Helper()
	one = s.buy(first, 300, approved("777777"))
	two = s.buy(first, 301, approved("777777"))
	placed := s.load(s.presented(one, costs(302), unnamed))
	if placed != "ambiguous" {
		s.Fatalf("it is placed %s", placed)
	}
	return one, two
}

func TestWhatIsInSuspenseIsListedWithWhereItIsFromAndWhy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.aDay()
		time.Sleep(50 * time.Hour)
		var lines []string
		for _, i := range s.suspense(jobs.ListOptions{}) {
			lines = append(lines, strings.Join([]string{i.ID, string(i.Standing), i.Program, i.Wallet, i.What, i.From(), i.Merchant, i.Currency, strings.Join(i.Why, "; ")}, "|"))
			if i.Age(time.Now()) != 2 {
				t.Errorf("%s is %d days old, want 2", i.ID, i.Age(time.Now()))
			}
		}
		golden(t, "suspense.txt", strings.Join(lines, "\n")+"\n")
		for o, want := range map[jobs.ListOptions]int{{Program: "prepaid"}: 4, {Program: "other"}: 0, {Wallet: "w"}: 2, {Wallet: "rich", Program: "prepaid"}: 1} {
			if got := s.suspense(o); len(got) != want {
				t.Errorf("%+v: %d items, want %d", o, len(got), want)
			}
		}
	})
}

func TestALimitLeavesOutTheYoungestItemsAndCountsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		for range 7 {
			s.load(s.offline(nobody, 640))
			time.Sleep(time.Second)
		}
		all := s.suspense(jobs.ListOptions{})
		returned := func(n int) {
			if _, err := s.resolve(jobs.Resolve{ID: all[n].ID, Action: jobs.ActionReturn}); err != nil {
				t.Fatal(err)
			}
		}
		returned(0)
		// What was placed in a wallet is open until that is known.
		posted := jobs.Resolve{ID: all[2].ID, Action: jobs.ActionForce, Wallet: "w", Card: cardID(first).String()}
		if _, err := s.resolve(posted); err != nil {
			t.Fatal(err)
		}
		open := []*jobs.Item{all[1], all[3], all[4], all[5], all[6]}
		for limit := range 7 {
			for _, every := range []bool{false, true} {
				want := open
				if every {
					want = all
				}
				most := len(want)
				if limit > 0 {
					most = min(limit, most)
				}
				l := s.listing(jobs.ListOptions{Limit: limit, All: every})
				same := slices.EqualFunc(l.Items, want[:most], func(a, b *jobs.Item) bool { return a.ID == b.ID })
				if !same || l.Open != len(open) || l.More != len(want)-most {
					t.Errorf("limit %d, all %v: %d items, %d open, %d more; want %d, %d, %d", limit, every, len(l.Items), l.Open, l.More, most, len(open), len(want)-most)
				}
			}
		}
		if p, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), yen, nil); err != nil || p.Suspense != len(open) {
			t.Errorf("the position says %d open, %v", p.Suspense, err)
		}
	})
}

func TestAnItemIsAttachedForcedOrReturnedOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action string
		posted spec.Money
	}{{jobs.ActionAttach, -302}, {jobs.ActionForce, -302}, {jobs.ActionReturn, 0}} {
		t.Run(c.action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, "ordered")
				defer s.close()
				one, two := s.ambiguous()
				s.buy(second, 302, approved("777777")) // of another card: not like it
				item := s.only()
				alike, err := jobs.Lookalikes(t.Context(), s.store, item)
				if err != nil || len(alike) != 2 || alike[0].Hold+alike[1].Hold != 601 || alike[0].Alike[0] != "approval code" {
					t.Fatalf("%v, %+v", err, alike)
				}
				r := jobs.Resolve{ID: item.ID, Action: c.action}
				if c.action == jobs.ActionAttach {
					for i := range alike {
						if alike[i].Amount == 301 {
							r.Purchase = alike[i].Purchase
						}
					}
				}
				before, _ := s.money(first)
				done, err := s.resolve(r)
				if after, _ := s.money(first); err != nil || after-before != c.posted || done.Posted != c.posted {
					t.Errorf("%v: %+v, the wallet has %d more; want %d", err, done, after-before, c.posted)
				}
				if c.action == jobs.ActionAttach && (s.state(two) != "settled" || s.state(one) != "open") {
					t.Errorf("the one is %s, the other %s; want open and settled", s.state(one), s.state(two))
				}
				alike, err = jobs.Lookalikes(t.Context(), s.store, item)
				if sum := alike[0].Posted + alike[1].Posted; err != nil || (c.action == jobs.ActionAttach && sum != 302) {
					t.Errorf("%v: %d is posted for the purchases like it", err, sum)
				}
				if _, err := s.resolve(r); !errors.Is(err, router.ErrResolved) || !strings.Contains(err.Error(), "by sato at") {
					t.Errorf("again: %v", err)
				}
				if open := s.suspense(jobs.ListOptions{}); len(open) != 0 {
					t.Errorf("it is still open: %+v", open[0])
				}
				all := s.suspense(jobs.ListOptions{All: true})
				if len(all) != 1 || all[0].Standing != jobs.ItemResolved || all[0].Resolution.Who != "sato" || all[0].Resolution.Why != "confirmed with the shop" || all[0].Resolution.Posted != c.posted {
					t.Errorf("with all: %+v", all)
				}
				s.verify()
			})
		})
	}
}

func TestAnItemOfAnUnknownCardIsPlacedInOneWallet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		s.begin("other", 20_000, 6)
		s.load(s.offline(nobody, 640))
		item := s.only()
		if item.Wallet != "" || item.Card != "" {
			t.Errorf("its card is %q of wallet %q", item.Card, item.Wallet)
		}
		force := jobs.Resolve{ID: item.ID, Action: jobs.ActionForce, Wallet: "w", Card: cardID(first).String()}
		for _, c := range []struct {
			change func(r *jobs.Resolve)
			want   string
		}{
			{func(r *jobs.Resolve) { r.Wallet, r.Card = "", "" }, "name the wallet and the card"},
			{func(r *jobs.Resolve) { r.Wallet = "nobody" }, "there is no such wallet"},
			{func(r *jobs.Resolve) { r.Card = cardID(6).String() }, "it has no card"},
			{func(r *jobs.Resolve) { r.Action, r.Purchase = jobs.ActionAttach, "01"+strings.Repeat("00", 20)+"01" }, router.ErrNoPurchase.Error()},
		} {
			r := force
			c.change(&r)
			if _, err := s.resolve(r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v, want %q", r, err, c.want)
			}
			if s.only().Standing != jobs.ItemOpen {
				t.Errorf("after %q it is %s", c.want, s.only().Standing)
			}
		}
		// Two at once, for two wallets: one of them wins, and the other learns it.
		other := force
		other.Wallet, other.Card = "other", cardID(6).String()
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, r := range []jobs.Resolve{force, other} {
			both.Go(func() { _, errs[i] = s.resolve(r) })
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("want one to win: %v, %v", errs[0], errs[1])
		}
		if posted := -s.settled(); posted != -640 {
			t.Errorf("%d is posted in all, want -640", posted)
		}
		all := s.suspense(jobs.ListOptions{All: true})
		if len(all) != 1 || all[0].Standing != jobs.ItemResolved || all[0].Resolution.Posted != -640 {
			t.Errorf("%+v", all)
		}
		s.verify()
	})
}

// settled is what went to the network.
func (s *shop) settled() spec.Money {
	s.Helper()
	audit, err := balance.Verify(context.Background(), s.store, nil)
	if err != nil {
		s.Fatal(err)
	}
	return audit.Accounts[balance.Account{Kind: balance.AccountSettlement, Name: "jcb"}].Posted
}

func TestAResolutionThatWasCutOffIsFinishedInItsWallet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.begin("other", 20_000, 6)
		s.load(s.offline(nobody, 640))
		item := s.only()
		s.do(item.Log, &plain{events: []balance.Event{{ // what the first half leaves
			Kind: balance.Resolved, Key: router.ResolutionKey(item.ID), Actor: balance.Actor{Kind: balance.ActorOperator, Name: "sato"},
			Counter: balance.Account{Kind: balance.AccountWallet, Name: "w"},
		}}})
		if standing := s.only().Standing; standing != jobs.ItemClaimed {
			t.Errorf("it is %s, want claimed", standing)
		}
		position, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), yen, nil)
		if err != nil || position.Suspense != 1 {
			t.Errorf("%v: %d open, want 1", err, position.Suspense)
		}
		for _, r := range []jobs.Resolve{
			{ID: item.ID, Action: jobs.ActionForce, Wallet: "other", Card: cardID(6).String()},
			{ID: item.ID, Action: jobs.ActionReturn},
		} {
			if _, err := s.resolve(r); err == nil || !strings.Contains(err.Error(), "is being placed in wallet w by sato") {
				t.Errorf("%+v: %v", r, err)
			}
		}
		done, err := s.resolve(jobs.Resolve{ID: item.ID, Action: jobs.ActionForce, Wallet: "w", Card: cardID(first).String()})
		if err != nil || done.Posted != -640 || done.Wallet != "w" {
			t.Errorf("%v: %+v", err, done)
		}
		found, err := jobs.FindItem(t.Context(), s.store, item.ID)
		if err != nil || found.Standing != jobs.ItemResolved || found.Resolution.Wallet != "w" || found.Resolution.Posted != -640 {
			t.Errorf("%v: %+v", err, found)
		}
		s.verify()
	})
}

func TestAReversalInSuspenseIsClosedByItsOriginal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		sold := s.buy(first, 500)
		s.load(s.presented(sold, takesBack))
		item := s.only()
		if item.What != "reversal of a sale" {
			t.Errorf("it is a %s", item.What)
		}
		s.load(s.presented(sold))
		if open := s.suspense(jobs.ListOptions{}); len(open) != 0 {
			t.Errorf("it is still open: %+v", open[0])
		}
		if all := s.suspense(jobs.ListOptions{All: true}); len(all) != 1 || all[0].Standing != jobs.ItemMet {
			t.Errorf("with all: %+v", all)
		}
		r, err := jobs.ReportSettlement(t.Context(), s.store, time.Now(), yen, nil)
		if err != nil || !r.OK || len(r.Lines) != 1 || r.Lines[0].Undone.Posted != -500 || r.Networks[0].Day != 0 || r.Networks[0].Others != 0 {
			t.Errorf("the day it came and went: %v, %+v", err, r)
		}
		if _, err := s.resolve(jobs.Resolve{ID: item.ID, Action: jobs.ActionForce}); err == nil || !strings.Contains(err.Error(), "its original came later") {
			t.Errorf("resolving it: %v", err)
		}
	})
}

func TestWhatIsInSuspenseIsCalledWhatItIs(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	v := s.buy(first, 300)
	for want, d := range map[string]*clearing.Draft{
		"fee": fee("20", 40), "reversal of a fee": fee("19", 40, otherReference(1), takesBack),
		"sale": s.offline(nobody, 9), "reversal of a sale": s.presented(v, takesBack),
		"refund":     s.offline(nobody, 9, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) }),
		"chargeback": s.presented(v, function(1442, 450)), "second presentment": s.presented(v, function(1240, 205)),
		"reversal of a dispute record": s.presented(v, function(1442, 450), takesBack),
	} {
		before := len(s.suspense(jobs.ListOptions{}))
		s.load(d)
		s.reopen()
		items := s.suspense(jobs.ListOptions{})
		if len(items) != before+1 {
			t.Fatalf("%s: %d items in suspense, want %d", want, len(items), before+1)
		}
		found := slices.ContainsFunc(items, func(i *jobs.Item) bool { return i.What == want && i.Amount == d.Amount })
		if !found {
			t.Errorf("none of %d items is a %s of %d", len(items), want, d.Amount)
		}
	}
}

func TestAResolutionThatSaysTooLittleOrTooMuchIsWrongUse(t *testing.T) {
	t.Parallel()
	good := jobs.Resolve{ID: "w@1.1", Action: jobs.ActionForce, Who: "sato", Why: "because"}
	for _, amount := range []spec.Money{0, 1, 999_999_999_999} {
		right := good
		right.Amount = amount
		if err := right.Check(); err != nil {
			t.Error(err)
		}
	}
	for name, change := range map[string]func(r *jobs.Resolve){
		"no version":           func(r *jobs.Resolve) { r.ID = "w" },
		"version 0":            func(r *jobs.Resolve) { r.ID = "w@0.1" },
		"no event":             func(r *jobs.Resolve) { r.ID = "w@1" },
		"another form":         func(r *jobs.Resolve) { r.ID = "w@01.1" },
		"no action":            func(r *jobs.Resolve) { r.Action = "" },
		"attach to nothing":    func(r *jobs.Resolve) { r.Action = jobs.ActionAttach },
		"attach to a message":  func(r *jobs.Resolve) { r.Action, r.Purchase = jobs.ActionAttach, "0101" },
		"force and a purchase": func(r *jobs.Resolve) { r.Purchase = "01" },
		"return and an amount": func(r *jobs.Resolve) { r.Action, r.Amount = jobs.ActionReturn, 1 },
		"a wallet alone":       func(r *jobs.Resolve) { r.Wallet = "w" },
		"a house log":          func(r *jobs.Resolve) { r.Wallet, r.Card = "fees:prepaid", cardID(1).String() },
		"no card id":           func(r *jobs.Resolve) { r.Wallet, r.Card = "w", "1234" },
		"a negative amount":    func(r *jobs.Resolve) { r.Amount = -1 },
		"thirteen digits":      func(r *jobs.Resolve) { r.Amount = jobs.AmountMax + 1 },
		"all there is":         func(r *jobs.Resolve) { r.Amount = math.MaxInt64 },
		"nobody":               func(r *jobs.Resolve) { r.Who = " " },
		"no reason":            func(r *jobs.Resolve) { r.Why = "" },
		"too long a reason":    func(r *jobs.Resolve) { r.Why = strings.Repeat("x", balance.NoteMax+1) },
	} {
		r := good
		change(&r)
		var wrong *jobs.ShapeError
		if err := r.Check(); !errors.As(err, &wrong) {
			t.Errorf("%s is taken: %v", name, err)
		}
	}
}

func TestNoSuchItemIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		for _, id := range []string{"w@1.1", "w@99.1", "nobody@1.1"} {
			var none *jobs.NoItemError
			if _, err := s.resolve(jobs.Resolve{ID: id, Action: jobs.ActionReturn}); !errors.As(err, &none) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}
