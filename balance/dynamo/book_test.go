package dynamo_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/spec"
)

// topUp is a request that gives a wallet some yen, under its own key.
type topUp struct {
	key    balance.Key
	amount spec.Money
	done   chan error
}

func newTopUp(name string, amount spec.Money) *topUp {
	return &topUp{key: balance.CallKey("top-up", name), amount: amount, done: make(chan error, 1)}
}

func (u *topUp) Decide(v *balance.View) balance.Decision {
	if record, ready := v.Record(u.key); !ready || record != nil {
		return balance.Decision{}
	}
	return balance.Decision{Events: []balance.Event{{
		Kind: balance.Funded, Key: u.key, Answer: balance.Answer{Reason: spec.Approved},
		Posted: u.amount, Counter: balance.Account{Kind: balance.AccountTopUp, Name: "p"},
	}}}
}

func (u *topUp) Done(_ balance.Decision, err error)              { u.done <- err }
func (u *topUp) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func submit(b *balance.Book, log string, u *topUp) error {
	b.Submit(balance.Post{Log: log, At: time.Now(), Mover: u})
	return <-u.done
}

// bookOn is a book on a store of its own. Both are closed with the test.
func bookOn(t *testing.T, endpoint string) (driver, *balance.Book) {
	t.Helper()
	d := node(t, endpoint, func(o *dynamo.Options) { o.AppendTimeout = 500 * time.Millisecond })
	b := balance.NewBook(d.Store, balance.Options{RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d, b
}

// One wallet that everybody wants: what comes while its append is in flight goes into the next.
func TestAHotWalletTakesMuchLessThanAUnitARequest(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d, b := bookOn(t, server.URL())
	server.SetFaults(func(c dynamotest.Call) dynamotest.Fault {
		if c.Writes() {
			return dynamotest.Slow(5 * time.Millisecond)
		}
		return dynamotest.Fault{}
	})
	const clients, each = 128, 15
	begin := time.Now()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for n := range each {
				if err := submit(b, "hot", newTopUp(fmt.Sprint(c, "-", n), 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	units := float64(d.Stats().WriteUnits.Load()) / (clients * each)
	t.Logf("%d requests in %v, %.3f units a request", clients*each, took, units)
	if units > 0.2 {
		t.Errorf("%.3f units a request, want at most 0.2", units)
	}
	audit, err := balance.Verify(t.Context(), d.Store, nil)
	if err != nil || !audit.OK() || audit.Posted != clients*each {
		t.Errorf("verify: %v, %d posted, %q", err, audit.Posted, audit.Problems)
	}
}

// A wallet's usual entry, as the book writes it.
func TestAnAuthorizationIsOneItemOfLessThanAKilobyte(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d, b := bookOn(t, server.URL())
	const log, n = "wallet-with-a-name-of-the-longest-kind-that-is-given-in-practice", 10
	for i := range n {
		before := d.Stats().WriteUnits.Load()
		if err := submit(b, log, newTopUp(fmt.Sprint(i), 1000)); err != nil {
			t.Fatal(err)
		}
		if units := d.Stats().WriteUnits.Load() - before; units != 1 {
			t.Errorf("entry %d takes %d units, want 1", i+1, units)
		}
	}
	if n := d.Stats().ReadUnits.Load(); n > 1 {
		t.Errorf("%d read units, want the one of the first load", n)
	}
}
