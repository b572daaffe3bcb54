package teller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
)

// claims counts what the house logs of keys have.
func claims(t *testing.T, d *desk) (n int) {
	t.Helper()
	logs(t, d, func(log string, sealed balance.Sealed) {
		if strings.HasPrefix(log, callsLogs) {
			n++
		}
	})
	return n
}

func TestAKeyMeansOneTransferOfTheTenantWhicheverTheWallets(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			d := newDesk(t, store.store)
			a, b, third := d.wallet(Opening{}, 500), d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
			c := call("k")
			first := d.must(d.Transfer(ctx, c, a, b, 100, ""))
			again := d.node(store.store)
			other := c
			other.Body++
			for name, do := range map[string]func() (Done, error){
				"the other way":   func() (Done, error) { return again.Transfer(ctx, c, b, a, 100, "") },
				"another sender":  func() (Done, error) { return again.Transfer(ctx, c, third, b, 100, "") },
				"to another":      func() (Done, error) { return again.Transfer(ctx, c, a, third, 100, "") },
				"another body":    func() (Done, error) { return again.Transfer(ctx, other, a, b, 100, "") },
				"of no wallet":    func() (Done, error) { return again.Transfer(ctx, c, "wal_none", b, 100, "") },
				"on this node":    func() (Done, error) { return d.Transfer(ctx, c, b, a, 100, "") },
				"with a version":  func() (Done, error) { o := c; o.IfMatch = 1; return d.Transfer(ctx, o, b, a, 100, "") },
				"once more of it": func() (Done, error) { return again.Transfer(ctx, other, b, a, 100, "") },
			} {
				_, err := do()
				refused(t, name, err, ErrOtherBody)
			}
			done := d.must(again.Transfer(ctx, c, a, b, 100, ""))
			if !done.Replayed || done.Version != first.Version {
				t.Errorf("again: %+v", done)
			}
			if n := claims(t, d); n != 1 {
				t.Errorf("the key is taken %d times", n)
			}
			in, err := d.Events(ctx, caller(), b, d.snapshot(b).Version-1, 1)
			if err != nil || in[0].Events[0].Key != first.Events[0].Key || in[0].Events[0].Fingerprint != first.Events[0].Fingerprint || in[0].Events[0].Posted != 100 {
				t.Errorf("the receiver has %+v, %v", in, err)
			}
			if s, r := d.snapshot(a), d.snapshot(b); s.Posted != 400 || r.Posted != 600 {
				t.Errorf("%d and %d", s.Posted, r.Posted)
			}
			d.verified()
		})
	}
}

func TestAKeyIsTheTenantsAndTheRoutesOwn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	a, b := d.wallet(Opening{}, 500), d.wallet(Opening{}, 500)
	c := call("k")
	d.must(d.Transfer(t.Context(), c, a, b, 100, ""))
	c.Route = "POST /another"
	d.must(d.Transfer(t.Context(), c, b, a, 100, ""))
	c.Tenant = "t2"
	_, err := d.Transfer(t.Context(), c, b, a, 100, "")
	refused(t, "another tenant", err, ErrNotFound)
	d.verified()
}

func TestATransferThatWasRefusedCanBeAskedAgainAndNothingElseWithItsKey(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	a, b := d.wallet(Opening{}, 50), d.wallet(Opening{}, 500)
	c := call("k")
	_, err := d.Transfer(t.Context(), c, a, b, 100, "")
	refused(t, "too much", err, &FundsError{100, 50})
	_, err = d.Transfer(t.Context(), c, b, a, 100, "")
	refused(t, "the other way", err, ErrOtherBody)
	d.must(d.TopUp(t.Context(), d.next(), a, 50, "more"))
	if done := d.must(d.Transfer(t.Context(), c, a, b, 100, "")); done.Replayed {
		t.Error("what was never done is called done")
	}
	c = call("l")
	c.IfMatch = 1
	_, err = d.Transfer(t.Context(), c, b, a, 100, "")
	refused(t, "another version", err, &VersionError{d.snapshot(b).Version})
	c.IfMatch = d.snapshot(b).Version
	d.must(d.Transfer(t.Context(), c, b, a, 100, ""))
	if n := claims(t, d); n != 2 {
		t.Errorf("%d keys are taken", n)
	}
	_, err = d.Transfer(t.Context(), call("m"), a, b, 0, "")
	refused(t, "no amount", err, &FieldError{"amount", "must be above zero"})
	if n := claims(t, d); n != 2 {
		t.Error("what cannot be asked takes a key")
	}
}

func TestOneOfManyTransfersWithOneKeyIsDoneThoughNodesRace(t *testing.T) {
	t.Parallel()
	faults := balance.FaultChances{Out: 50, Unknown: 50, UnknownIn: 100, UnknownLate: 50}
	for seed := range uint64(4) {
		d := newDesk(t, balance.MemoryOptions{Single: true})
		var nodes []*desk
		for n := range uint64(2) {
			nodes = append(nodes, d.node(balance.MemoryOptions{Single: true, LateBy: time.Millisecond, Fault: balance.RandomFaults(2*seed+n, faults)}))
		}
		var wallets []string
		for range 4 {
			wallets = append(wallets, d.wallet(Opening{}, 100))
		}
		var mu sync.Mutex
		done := map[string]int{} // by sender
		var all sync.WaitGroup
		for n := range 16 {
			all.Go(func() {
				from, to := wallets[n%4], wallets[(n+1)%4]
				_, err := nodes[n/4%2].Transfer(context.Background(), call("one"), from, to, 10, "")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					done[from]++
				case !errors.Is(err, ErrOtherBody):
					t.Error(err)
				}
			})
		}
		all.Wait()
		moved := 0
		for _, w := range wallets {
			if d.snapshot(w).Posted != 100 {
				moved++
			}
		}
		if len(done) != 1 || moved != 2 || claims(t, d) != 1 {
			t.Errorf("seed %d: done from %v, %d wallets moved, %d claims", seed, done, moved, claims(t, d))
		}
		d.verified()
	}
}

func TestAClaimWhoseOutcomeIsNotKnownIsNoTransferAndTheNextTryGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	a, b := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	reached, gate := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := d.node(balance.MemoryOptions{Single: true, BeforeAppend: func(balance.Append) []balance.Append {
		once.Do(func() { close(reached) })
		<-gate
		return nil
	}})
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() { _, err := slow.Transfer(ctx, call("k"), a, b, 10, ""); left <- err }()
	<-reached // the claim is on its way
	leave()
	refused(t, "a caller who left", <-left, ErrUnknown)
	close(gate)
	done := d.must(slow.Transfer(t.Context(), call("k"), a, b, 10, ""))
	if done.Replayed || claims(t, d) != 1 || d.snapshot(b).Posted != 10 {
		t.Errorf("it is done: %+v, %d claims, %d there", done, claims(t, d), d.snapshot(b).Posted)
	}
	broken := errors.New("no disk")
	unread := d.node(balance.MemoryOptions{Single: true, ReadFault: func(log string) error {
		if strings.HasPrefix(log, callsLogs) {
			return broken
		}
		return nil
	}})
	_, err := unread.Transfer(t.Context(), call("k"), a, b, 10, "")
	refused(t, "claims that cannot be read", err, ErrUnknown)
	d.verified()
}

// A node that ends between the two leaves a claim and nothing else.
func TestATransferIsDoneAfterItsClaimAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	a, b := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	c := call("k")
	for want, known := range []bool{false, true} {
		if got, err := d.claim(t.Context(), &c, c.print("transfer", a, b)); err != nil || got.Replayed != known {
			t.Fatal(want, got, err)
		}
	}
	if done := d.must(d.Transfer(t.Context(), c, a, b, 10, "")); done.Replayed || d.snapshot(a).Posted != 490 {
		t.Errorf("%+v", done)
	}
	if claims(t, d) != 1 {
		t.Errorf("%d claims", claims(t, d))
	}
}

func TestAKeyMeansNothingAnyMoreAfterItsTime(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		d := newDesk(t, store.store, func(o *Options) { o.Now = func() time.Time { return at } })
		a, b := d.wallet(Opening{}, 500), d.wallet(Opening{}, 500)
		c := call("k")
		neighbours := 0
		others := func() { // come to the same logs, so that the key leaves memory
			for n := neighbours; ; n++ {
				o := call(fmt.Sprint("neighbour ", n))
				if CallsLog("t1", o.key()) == CallsLog("t1", c.key()) {
					d.must(d.Transfer(t.Context(), o, a, b, 1, ""))
					neighbours = n + 1
					return
				}
			}
		}
		d.must(d.Transfer(t.Context(), c, a, b, 10, ""))
		at = at.Add(KeysKept)
		others()
		_, err := d.Transfer(t.Context(), c, b, a, 10, "")
		refused(t, store.name+": within it", err, ErrOtherBody)
		if done := d.must(d.Transfer(t.Context(), c, a, b, 10, "")); !done.Replayed {
			t.Errorf("%s: done twice", store.name)
		}
		at = at.Add(claimKept - KeysKept + time.Millisecond)
		others()
		if done := d.must(d.Transfer(t.Context(), c, b, a, 10, "")); done.Replayed || claims(t, d) != 4 {
			t.Errorf("%s: a key is kept for ever", store.name)
		}
		d.verified()
	}
}

func TestLogsOfATenantAreCalledTheSameOnEveryNode(t *testing.T) {
	t.Parallel()
	c := call("k")
	key := c.key()
	long, colon := strings.Repeat("x", TenantMax), "a:b"
	for _, tenant := range []string{"t1", long, colon} {
		for _, log := range []string{AuditLog(tenant, "2026-11-24"), CallsLog(tenant, key)} {
			if len(log) > balance.LogNameMax || strings.Count(log, ":") != 2 {
				t.Errorf("%s: %s", tenant, log)
			}
		}
	}
	if log := AuditLog("t1", "2026-11-24"); log != "audit:t1:2026-11-24" || !AuditedOn(log, "2026-11-24") || AuditedOn(log, "2026-11-25") {
		t.Error(log)
	}
	if !AuditedOn(AuditLog(long, "2026-11-24"), "2026-11-24") || AuditedOn(CallsLog("t1", key), "2026-11-24") {
		t.Error("another log is one of the day, or one of the day is not")
	}
	if log := CallsLog("t1", key); log != fmt.Sprintf("calls:t1:%02x", key[1]) {
		t.Error(log)
	}
	if AuditLog(long, "d") == AuditLog(long[1:], "d") || AuditLog("a:b", "d") == AuditLog("a:c", "d") {
		t.Error("two tenants have one log")
	}
}

// What was refused for days and then done is known for as long as what was done at once.
func TestAKeyThatWasRefusedForDaysMeansItsTransferFromWhenItIsDone(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		d := newDesk(t, store.store, func(o *Options) { o.Now = func() time.Time { return at } })
		a, b, third := d.wallet(Opening{}, 50), d.wallet(Opening{}, 500), d.wallet(Opening{}, 500)
		k, n := call("k"), 0
		pass := func(by time.Duration) { // others come to the same logs, so that the key leaves memory
			at = at.Add(by)
			for ; ; n++ {
				if o := call(fmt.Sprint("neighbour ", n)); CallsLog("t1", o.key()) == CallsLog("t1", k.key()) {
					d.must(d.Transfer(t.Context(), o, b, third, 1, ""))
					d.must(d.TopUp(t.Context(), d.next(), a, 1, fmt.Sprint(n)))
					n++
					return
				}
			}
		}
		_, err := d.Transfer(t.Context(), k, a, b, 100, "")
		refused(t, "too little", err, &FundsError{100, 50})
		pass(3 * 24 * time.Hour)
		_, err = d.Transfer(t.Context(), k, a, b, 100, "")
		refused(t, "still too little", err, &FundsError{100, 51})
		pass(3*24*time.Hour + 12*time.Hour)
		d.must(d.TopUp(t.Context(), d.next(), a, 100, "more"))
		first := d.must(d.Transfer(t.Context(), k, a, b, 100, ""))
		for range 6 { // up to six days after it was done
			pass(24 * time.Hour)
			_, err := d.Transfer(t.Context(), k, third, b, 7, "")
			refused(t, "of another", err, ErrOtherBody)
			if done := d.must(d.Transfer(t.Context(), k, a, b, 100, "")); !done.Replayed || done.Version != first.Version {
				t.Errorf("%s: again: %+v", store.name, done)
			}
		}
		d.verified()
	}
}
