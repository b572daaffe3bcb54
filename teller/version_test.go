package teller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

func TestOneKeyForTwoCardsIsAnotherRequest(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{}, 500)
	a, b := d.card(w, 0), d.card(w, 0)
	c := d.next()
	d.must(d.Freeze(t.Context(), c, w, a))
	_, err := d.Freeze(t.Context(), c, w, b)
	refused(t, "the other card", err, ErrOtherBody)
	_, err = d.Close(t.Context(), c, w, a)
	refused(t, "another move", err, ErrOtherBody)
}

func TestWhatACallDidIsFoundAmongWhatOthersDid(t *testing.T) {
	t.Parallel()
	app, clock := balance.Actor{Kind: balance.ActorCaller, Name: "app"}, balance.Actor{}
	mine, theirs := balance.CallKey("mine"), balance.CallKey("theirs")
	events := []balance.Event{
		{Kind: balance.Expired, Actor: clock},
		{Kind: balance.CardChanged, Actor: app, Key: mine},
		{Kind: balance.Allocated, Actor: app},
		{Kind: balance.Expired, Actor: clock},
		{Kind: balance.Funded, Actor: app, Key: theirs},
		{Kind: balance.Allocated, Actor: app},
	}
	for _, row := range []struct {
		key  balance.Key
		want []balance.Kind
	}{
		{mine, []balance.Kind{balance.CardChanged, balance.Allocated}},
		{theirs, []balance.Kind{balance.Funded, balance.Allocated}},
		{balance.CallKey("nobody"), nil},
	} {
		if got := kinds(group(events, row.key)); !slices.Equal(got, row.want) {
			t.Errorf("%v, want %v", got, row.want)
		}
	}
}

func TestVersionsAreComparedWithWhatTheCallWouldBeDoneTo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 0)
		version := d.snapshot(w).Version
		won := make(chan bool, 16)
		for i := range 16 { // on a single store they come into one entry
			go func() {
				c := call(fmt.Sprint("if ", i))
				c.IfMatch = version
				_, err := d.TopUp(ctx, c, w, 10, fmt.Sprint("if ", i))
				var v *VersionError
				if err != nil && (!errors.As(err, &v) || v.Now <= version) {
					t.Errorf("%s: %v", store.name, err)
				}
				won <- err == nil
			}()
		}
		n := 0
		for range 16 {
			if <-won {
				n++
			}
		}
		if s := d.snapshot(w); n != 1 || s.Posted != 10 {
			t.Errorf("%s: %d calls found the wallet at version %d, it has %d", store.name, n, version, s.Posted)
		}
	}
}

// What waits for an append is decided together and is in one entry: each call finds what those before it did.

func TestOfCallsInOneEntryOnlyOneFindsItsVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := func(balance.Append) time.Duration { return 10 * time.Millisecond }
		d := newDesk(t, balance.MemoryOptions{Single: true, Delay: delay, ReadDelay: time.Millisecond})
		w := d.wallet(Opening{}, 0)
		version := d.snapshot(w).Version
		ctx := context.Background()
		first := make(chan error, 1)
		go func() { _, err := d.TopUp(ctx, call("first"), w, 1, "first"); first <- err }()
		synctest.Wait() // it is on its way
		type end struct {
			done Done
			err  error
			call Call
		}
		ends := make(chan end, 16)
		for i := range 16 {
			go func() {
				c := call(fmt.Sprint("together ", i))
				if i%2 == 0 {
					c.IfMatch = version + 1
				}
				done, err := d.TopUp(ctx, c, w, 10, fmt.Sprint("together ", i))
				ends <- end{done, err, c}
			}()
		}
		looked := make(chan Snapshot, 1)
		synctest.Wait()
		go func() { s, _ := d.Wallet(ctx, caller(), w); looked <- s }()
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		won := 0
		for range 16 {
			e := <-ends
			if e.err != nil {
				refused(t, "changed since", e.err, &VersionError{version + 2})
				continue
			}
			if e.call.IfMatch != 0 {
				won++
			}
			again, err := d.TopUp(ctx, e.call, w, 10, e.done.Events[0].Note)
			e.done.Replayed = true
			if err != nil || !reflect.DeepEqual(again, e.done) || e.done.Version != version+2 {
				t.Errorf("again: %v\n got %+v\nwant %+v", err, again, e.done)
			}
		}
		if s := <-looked; won > 1 || s.Version != version+2 || s.Posted != 1+10*spec.Money(8+won) || s.At != d.snapshot(w).At {
			t.Errorf("%d calls found version %d; read meanwhile: version %d posted %d", won, version+1, s.Version, s.Posted)
		}
	})
}
