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

// What waits for an append is decided together and is in one entry. A call that wants a version finds it only as the
// first of its entry: what others do in the same entry has no version yet, whatever is guessed. Who reads finds what is in the log.

func TestOfCallsInOneEntryOnlyTheFirstFindsItsVersion(t *testing.T) {
	for _, first := range []uint64{0, 1} { // whether the first of the entry wants a version
		synctest.Test(t, func(t *testing.T) {
			delay := func(balance.Append) time.Duration { return 10 * time.Millisecond }
			d := newDesk(t, balance.MemoryOptions{Single: true, Delay: delay, ReadDelay: time.Millisecond})
			w := d.wallet(Opening{}, 0)
			version := d.snapshot(w).Version + 1
			type end struct {
				done Done
				err  error
				call Call
			}
			ends, looked := make(chan end, 1+16), make(chan Snapshot, 1)
			ask := func(key string, wants uint64) {
				c := call(key)
				c.IfMatch = wants
				go func() {
					done, err := d.TopUp(context.Background(), c, w, 10, key)
					ends <- end{done, err, c}
				}()
				synctest.Wait()
			}
			ask("on its way", 0)
			won, wanted := 0, []uint64{first * version, 0, version, version + 1}
			for i := range 16 {
				ask(fmt.Sprint("together ", i), wanted[i%4])
				if i == 7 {
					go func() { s, _ := d.Wallet(context.Background(), caller(), w); looked <- s }()
					synctest.Wait()
				}
			}
			for range 1 + 16 {
				e := <-ends
				if e.err != nil {
					refused(t, "changed since", e.err, &VersionError{version + 1})
					continue
				}
				if e.call.IfMatch != 0 {
					won++
				}
				again, err := d.TopUp(context.Background(), e.call, w, 10, e.done.Events[0].Note)
				e.done.Replayed = true
				if err != nil || !reflect.DeepEqual(again, e.done) || e.done.Version > version+1 {
					t.Errorf("again: %v\n got %+v\nwant %+v", err, again, e.done)
				}
			}
			if won != int(first) { //nolint:gosec // 0 or 1
				t.Errorf("%d calls found version %d", won, version)
			}
			if s := <-looked; s.Version != version || s.Posted != 10 {
				t.Errorf("read meanwhile: version %d posted %d", s.Version, s.Posted)
			}
		})
	}
}
