package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
)

func (s *shop) expire(at time.Time) jobs.Expired {
	s.Helper()
	r, err := jobs.Expire(s.Context(), s.book, at, nil)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// expired counts the events that release a hold which ran out.
func (s *shop) expired() (n int) {
	s.events(func(_ string, _ int, e *balance.Event) {
		if e.Kind == balance.Expired {
			n++
		}
	})
	return n
}

func TestHoldsThatRanOutAreReleasedOnceAndCounted(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, kind)
				defer s.close()
				s.begin("idle", 20_000, 6)
				check, sold, hotel := s.buy(first, 1), s.buy(first, 1_000), s.buy(second, 5_000, mcc(7011))
				s.load(s.offline(nobody, 5)) // makes house logs
				begun := time.Now()
				time.Sleep(40 * day)
				for _, step := range []struct {
					at      time.Time
					expired int
					amount  spec.Money
				}{
					{begun, 0, 0},
					{begun.Add(day), 1, 1}, // a card check; the clock is far beyond, the hotel's end as well
					{begun.Add(day), 0, 0},
					{begun.Add(7 * day), 1, 1_000},
					{time.Now(), 1, 5_000},
					{time.Now(), 0, 0},
				} {
					r := s.expire(step.at)
					if r.Job != "expire" || r.Wallets != 2 || r.Expired != step.expired || *r.Amount != step.amount {
						t.Errorf("as of %s: %+v, want %d of %d in 2 wallets", step.at, r, step.expired, step.amount)
					}
				}
				for _, v := range []*sale{check, sold, hotel} {
					if state := s.state(v); state != "expired" {
						t.Errorf("%d is %s, want expired", v.request.Amount, state)
					}
				}
				if _, available := s.money(first); available != funds-10_000 {
					t.Errorf("available is %d", available)
				}
				if placed := s.load(s.presented(sold)); placed != "matched" {
					t.Errorf("cleared after it ran out it is %s", placed)
				}
				s.verify()
			})
		})
	}
}

func TestAHoldThatRanOutCountsAsReleasedBeforeItIsTidied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.buy(first, 90_000)
		if got := s.buy(first, 90_000).response.Reason; got != spec.InsufficientFunds {
			t.Errorf("while it is held: %s", got)
		}
		time.Sleep(7 * day)
		if got := s.buy(first, 90_000).response.Reason; got != spec.Approved {
			t.Errorf("after it ran out: %s", got)
		}
		if r := s.expire(time.Now()); r.Expired != 0 {
			t.Errorf("the purchase has tidied already, the job says %+v", r)
		}
	})
}

func TestSeveralNodesExpireEachHoldOnceAndCountItOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		const wallets, nodes = 40, 3
		for i := range wallets {
			s.begin(fmt.Sprintf("w%d", i), 20_000, 100+i)
			s.buy(100+i, 500)
			s.buy(100+i, 700)
		}
		time.Sleep(8 * day)
		var mu sync.Mutex
		var told struct {
			Expired int
			Amount  spec.Money
		}
		var running sync.WaitGroup
		for range nodes {
			running.Go(func() {
				node := s.memory.Node(balance.MemoryOptions{Single: true, ReadDelay: time.Millisecond, Delay: func(balance.Append) time.Duration { return 2 * time.Millisecond }})
				book := balance.NewBook(node, balance.Options{RetryMin: time.Millisecond})
				r, err := jobs.Expire(t.Context(), book, time.Now(), nil)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				told.Expired += r.Expired
				told.Amount += *r.Amount
				mu.Unlock()
				if err := book.Close(context.Background()); err != nil {
					t.Error(err)
				}
				if err := node.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		if n := s.expired(); n != 2*wallets || told.Expired != n || told.Amount != wallets*1_200 {
			t.Errorf("%d events; the nodes count %d of %d; want %d of %d", n, told.Expired, told.Amount, 2*wallets, wallets*1_200)
		}
		s.verify()
	})
}

func TestAWalletOfVeryManyHoldsIsCountedInFull(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, kind)
			defer s.close()
			const holds = 1_300
			for range holds {
				s.buy(first, 10)
			}
			time.Sleep(8 * day)
			if r := s.expire(time.Now()); r.Expired != holds || *r.Amount != 10*holds || s.expired() != holds {
				t.Errorf("%s: %+v, want %d; %d events", kind, r, holds, s.expired())
			}
			s.verify()
		})
	}
}

func TestABusyWalletLosesNothingWhileItsHoldsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		for range 50 {
			s.buy(first, 100)
		}
		time.Sleep(8 * day)
		var buying sync.WaitGroup
		approvals := make(chan spec.Reason, 200)
		buying.Go(func() {
			for range cap(approvals) {
				approvals <- s.buy(first, 10).response.Reason
			}
		})
		counted := 0
		for range 5 {
			counted += s.expire(time.Now()).Expired
		}
		buying.Wait()
		for range cap(approvals) {
			if got := <-approvals; got != spec.Approved {
				t.Errorf("a purchase is answered with %s", got)
			}
		}
		if n := s.expired(); n != 50 || counted > n {
			t.Errorf("%d events, %d counted, want 50", n, counted)
		}
		if _, available := s.money(first); available != funds-10_000-200*10 {
			t.Errorf("available is %d", available)
		}
		s.verify()
	})
}

func TestAnExpiryThatIsCancelledSaysSo(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := jobs.Expire(ctx, s.book, time.Now(), nil); err == nil {
		t.Error("it says it is done")
	}
}

func TestAWalletThatCannotBeReadDoesNotKeepTheOthersFromBeingTidied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.begin("other", 20_000, 6)
		s.buy(first, 500)
		s.buy(6, 500)
		time.Sleep(8 * day)
		unreadable := errors.New("its bytes are gone")
		node := s.memory.Node(balance.MemoryOptions{ReadFault: func(log string) error {
			if log == "other" {
				return unreadable
			}
			return nil
		}})
		book := balance.NewBook(node, balance.Options{})
		r, err := jobs.Expire(t.Context(), book, time.Now(), nil)
		if !errors.Is(err, unreadable) || !strings.Contains(err.Error(), "wallet other") || r.Expired != 1 || r.Wallets != 2 {
			t.Errorf("%v, %+v", err, r)
		}
		if err := errors.Join(book.Close(context.Background()), node.Close()); err != nil {
			t.Error(err)
		}
	})
}
