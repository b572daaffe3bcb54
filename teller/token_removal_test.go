package teller

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// anyToken means whatever device token was added first.
func anyToken(balance.Key) bool { return true }

// phone adds a device token, and says how it is meant.
func (d *desk) phone(wallet string, card spec.CardID, n int) (number string, meant func(balance.Key) bool) {
	d.t.Helper()
	c := d.next()
	d.must(d.AddToken(d.t.Context(), c, wallet, card, deviceNumber(n), fmt.Sprint("phone ", n)))
	return deviceNumber(n), func(k balance.Key) bool { return k == c.key() }
}

func TestARemovedDeviceTokenIsRefusedLikeAReplacedNumberAndStillFindsItsCard(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 5000)
		card := d.card(w, 3000)
		lost, meant := d.phone(w, card, 1)
		kept, _ := d.phone(w, card, 2)
		sale := d.pay(lost, spec.Request{MTI: 100, Amount: 300})
		stan := d.stan
		taken := spec.Request{MTI: 100, Amount: 200, STAN: 900_001, Sent: 1_790_000_000}
		d.pay(lost, taken)
		other := d
		if store.store.Single { // else one node alone appends
			other = d.node(store.store)
		}
		if resp := other.pay(lost, spec.Request{MTI: 100, Amount: 1, STAN: 900_002, Sent: 1_790_000_000}); resp.Reason != spec.Approved {
			t.Errorf("%s: on another node before: %s", store.name, resp.Reason)
		}
		c := d.next()
		done := d.must(d.RemoveToken(t.Context(), c, w, card, meant))
		token, ok := TokenOf(&done.Events[0])
		if !ok || !token.Removed || !Shows(&done.Events[0]) || token.Name != "phone 1" || token.Last4 != lost[len(lost)-4:] || !meant(token.Key) {
			t.Errorf("%s: its event tells another token", store.name)
		}
		for i, node := range []*desk{other, d} {
			asked := func(number string, n uint32) spec.Reason {
				return node.pay(number, spec.Request{MTI: 100, Amount: 10, STAN: 900_010 + 10*uint32(i) + n, Sent: 1_790_000_000}).Reason //nolint:gosec // 0 or 1
			}
			if got := asked(lost, 0); got != spec.CardClosed {
				t.Errorf("%s, node %d: the very next request: %s", store.name, i, got)
			}
			if a, b := asked(kept, 1), asked(d.drawn.of(card, 0), 2); a != spec.Approved || b != spec.Approved {
				t.Errorf("%s, node %d: the other token %s, the card %s", store.name, i, a, b)
			}
		}
		if resp := other.pay(lost, taken); resp.Reason != spec.Approved || !resp.Repeat {
			t.Errorf("%s: a repeat of what was approved before: %s", store.name, resp.Reason)
		}
		taken.MTI = 400
		if resp := other.pay(lost, taken); resp.Reason != spec.Approved || d.snapshot(w).Held != 341 {
			t.Errorf("%s: a reversal: %s, held are %d", store.name, resp.Reason, d.snapshot(w).Held)
		}
		if resp := d.pay(lost, spec.Request{MTI: 120, Amount: 50}); resp.Reason != spec.Approved || d.snapshot(w).Held != 391 {
			t.Errorf("%s: an advice: %s, held are %d", store.name, resp.Reason, d.snapshot(w).Held)
		}
		if p := other.clear(lost, 300, stan, sale.Approval); p != balance.PlacedMatched {
			t.Errorf("%s: clearing: %s", store.name, p)
		}
		if s := d.snapshot(w); s.Posted != 4700 || s.card(card).Held != 91 || s.card(card).Status != balance.CardActive {
			t.Errorf("%s: it has %d, the card %+v", store.name, s.Posted, s.card(card))
		}
		if tokens, err := other.Tokens(t.Context(), caller(), w, card); err != nil || len(tokens) != 1 || tokens[0].Name != "phone 2" {
			t.Errorf("%s: listed are %+v, %v", store.name, tokens, err)
		}
		_, err := other.RemoveToken(t.Context(), d.next(), w, card, meant)
		refused(t, store.name+": once more", err, ErrNotFound)
		again := d.must(other.RemoveToken(t.Context(), c, w, card, meant))
		done.Replayed = true
		if !reflect.DeepEqual(again, done) {
			t.Errorf("%s: asked again: %+v\nwant %+v", store.name, again, done)
		}
		_, err = d.AddToken(t.Context(), d.next(), w, card, lost, "found")
		refused(t, store.name+": the number again", err, ErrNumberTaken)
		d.verified()
	}
}

func TestWhichDeviceTokensAreNotRemoved(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w := d.wallet(Opening{}, 10)
	card, other := d.card(w, 10), d.card(w, 0)
	number, meant := d.phone(w, card, 1)
	d.phone(w, other, 2)
	// One as it was added before tokens could be removed.
	c, old := d.next(), deviceNumber(3)
	m := d.tokenMove(&c, w, other, d.options.Hash([]byte(old)), 1, note(old[len(old)-4:], "watch"))
	add := m.act
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		here, there, err = add(v)
		here[0].Profile.Token = [8]byte{}
		return here, there, err
	}
	d.must(d.run(t.Context(), w, "", m))
	version := d.snapshot(w).Version
	changed := d.next()
	changed.IfMatch = version - 1
	for what, row := range map[string]struct {
		call  Call
		card  spec.CardID
		meant func(balance.Key) bool
		want  error
	}{
		"no token at all":       {d.next(), card, func(balance.Key) bool { return false }, ErrNotFound},
		"that of another card":  {d.next(), other, meant, ErrNotFound},
		"of no card":            {d.next(), spec.CardID{1}, anyToken, ErrNotFound},
		"of another version":    {changed, card, meant, &VersionError{version}},
		"without a key":         {Call{Caller: caller()}, card, meant, &FieldError{"key", "must not be empty"}},
		"one whose hash is not": {d.next(), other, func(k balance.Key) bool { return k == c.key() }, wrongState("the device token was added before tokens could be removed: only the whole card can be stopped")},
	} {
		_, err := d.RemoveToken(t.Context(), row.call, w, row.card, row.meant)
		refused(t, what, err, row.want)
	}
	if s := d.snapshot(w); s.Version != version {
		t.Errorf("version %d after %d", s.Version, version)
	}
	if resp := d.pay(number, spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.Approved {
		t.Errorf("paid with it: %s", resp.Reason)
	}
	d.must(d.Close(t.Context(), d.next(), w, card))
	d.must(d.RemoveToken(t.Context(), d.next(), w, card, meant))
	if tokens, err := d.Tokens(t.Context(), caller(), w, card); err != nil || len(tokens) != 0 {
		t.Errorf("of a closed card: %+v, %v", tokens, err)
	}
	if tokens, err := d.Tokens(t.Context(), caller(), w, other); err != nil || len(tokens) != 2 {
		t.Errorf("of the other card: %+v, %v", tokens, err)
	}
	d.verified()
}

// Nothing is approved that was asked after the removal was answered, whoever else is at the wallet.
func TestAfterItsRemovalADeviceTokenIsRefusedHoweverManyPayWithIt(t *testing.T) {
	t.Parallel()
	single := balance.MemoryOptions{Single: true}
	d := newDesk(t, single)
	w := d.wallet(Opening{}, 100_000)
	card := d.card(w, 100_000)
	number, meant := d.phone(w, card, 1)
	nodes := []*desk{d, d.node(single), d.node(single)}
	gone := make(chan struct{})
	var payers, paid sync.WaitGroup
	for i := range 6 {
		payers.Add(1)
		paid.Go(func() {
			begun := sync.OnceFunc(payers.Done)
			defer begun()
			for n, after := uint32(0), false; ; n++ {
				select {
				case <-gone:
					after = true
				default:
				}
				q := spec.Request{MTI: 100, Amount: 1, STAN: 100_000*uint32(i) + n + 1, Sent: 1_790_000_000} //nolint:gosec // below 6
				switch resp := nodes[i%len(nodes)].pay(number, q); {
				case resp.Reason == spec.Approved && after:
					t.Errorf("payer %d is approved after it", i)
					return
				case resp.Reason == spec.Approved:
					begun()
				case resp.Reason == spec.CardClosed:
					return
				case resp.Reason != spec.StoreUnavailable: // others were faster too often: asked again
					t.Errorf("payer %d: %s", i, resp.Reason)
					return
				}
			}
		})
	}
	payers.Wait()
	_, err := d.RemoveToken(t.Context(), call("remove"), w, card, meant)
	close(gone)
	paid.Wait()
	if err != nil {
		t.Error(err)
	}
	d.verified()
}

func TestARemovedDeviceTokenMakesRoomForAnotherUntilTheCardHasHadFifty(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	w := d.wallet(Opening{}, 0)
	card := d.card(w, 0)
	for n := range TokensMax - 1 {
		d.phone(w, card, n)
	}
	for n := TokensMax - 1; n < TokensEverMax; n++ {
		_, meant := d.phone(w, card, n)
		_, err := d.AddToken(t.Context(), d.next(), w, card, deviceNumber(99), "one more")
		refused(t, "above the bound", err, &CapError{What: "device tokens", Max: TokensMax})
		d.must(d.RemoveToken(t.Context(), d.next(), w, card, meant))
	}
	_, err := d.AddToken(t.Context(), d.next(), w, card, deviceNumber(99), "one more")
	refused(t, "over its life", err, &CapError{What: "device tokens with those that were removed", Max: TokensEverMax})
	if tokens, err := d.Tokens(t.Context(), caller(), w, card); err != nil || len(tokens) != TokensMax-1 {
		t.Errorf("%d are listed, %v", len(tokens), err)
	}
	d.verified()
}
