package teller

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
)

// A caller who left asks again elsewhere and is told what holds then. What still waits where it left is not decided
// any more; only an append that is under way already may land.
func TestACallWhoseCallerLeftIsNotDecidedAnyMore(t *testing.T) {
	for name, both := range map[string]bool{"one wallet": false, "two wallets": true} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, balance.MemoryOptions{Single: true})
			w, other := d.wallet(Opening{}, 0), d.wallet(Opening{}, 0)
			card := d.card(w, 0)
			slow := d.node(balance.MemoryOptions{Single: true, Delay: func(a balance.Append) time.Duration {
				for _, e := range a.Entries {
					if e.Log == w {
						return time.Second
					}
				}
				return 0
			}})
			ask := func(ctx context.Context, n *desk) error {
				if both {
					_, err := n.Transfer(ctx, call("k"), w, other, 100, "")
					return err
				}
				_, err := n.Allocate(ctx, call("k"), w, card, 100)
				return err
			}
			renamed, left := make(chan error, 1), make(chan error, 1)
			go func() { _, err := slow.RenameWallet(context.Background(), call("rename"), w, "x"); renamed <- err }()
			synctest.Wait()
			ctx, leave := context.WithCancel(context.Background())
			go func() { left <- ask(ctx, slow) }()
			synctest.Wait()
			leave()
			refused(t, name+", to whom left", <-left, ErrUnknown)
			refused(t, name+", elsewhere", ask(context.Background(), d), &FundsError{Need: 100})
			d.must(d.TopUp(context.Background(), d.next(), w, 100, "later"))
			if err := <-renamed; err != nil {
				t.Error(err)
			}
			slow.snapshot(w)
			if s, o := d.snapshot(w), d.snapshot(other); s.Allocated != 0 || s.Posted != 100 || o.Posted != 0 {
				t.Errorf("%s: it happened without anybody asking again: %+v", name, s.Balances)
			}
			if err := ask(context.Background(), d); err != nil {
				t.Errorf("%s, again: %v", name, err)
			}
			d.verified()
		})
	}
}

// Whether an earlier try with the same key did it cannot be told while the log cannot be read: so that is what is said.
func TestATryWhoseKeyCannotBeLookedUpDoesNotSayThatNothingHappened(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	other := d.wallet(Opening{}, 0)
	group := d.WalletID("t1", "life 0")
	steps := life(group, other, someone("me"), someone("you"))
	for i, step := range steps {
		d.must(step.do(d.Teller, call(fmt.Sprint("life ", i))))
	}
	for broken := range 8 { // reads that go well before the first that does not
		for i, step := range steps {
			var reads atomic.Int64
			fault := func(string) error {
				if reads.Add(1) > int64(broken) {
					return errors.New("throttled")
				}
				return nil
			}
			node := d.node(balance.MemoryOptions{Single: true, ReadFault: fault})
			_, err := step.do(node.Teller, call(fmt.Sprint("life ", i)))
			if err != nil && !errors.Is(err, ErrUnknown) {
				t.Errorf("%s, after %d reads: %v", step.name, broken, err)
			}
		}
	}
}
