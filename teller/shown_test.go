package teller

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// audited is what the logs of a day have, of all tenants.
func audited(t *testing.T, d *desk, day string) (all []Audited) {
	t.Helper()
	logs(t, d, func(log string, sealed balance.Sealed) {
		if !AuditedOn(log, day) {
			return
		}
		var e balance.Entry
		if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
			t.Fatal(err)
		}
		for i := range e.Events {
			if a, ok := ShownOf(&e.Events[i], e.At); ok {
				all = append(all, a)
			}
		}
	})
	return all
}

func TestWhoAskedForANumberIsRecordedBeforeItIsShown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)
	for _, store := range stores {
		d := newDesk(t, store.store, func(o *Options) { o.Now = func() time.Time { return at } })
		w := d.wallet(Opening{}, 0)
		card := d.card(w, 0)
		s := Showing{Wallet: w, Card: card, Who: "app, for Hana", Reason: "checkout: again", Result: "shown"}
		c := d.next()
		node := d.node(store.store, func(o *Options) { o.Now = func() time.Time { return at } })
		for i, teller := range []*desk{d, d, node} {
			if known, err := teller.Shown(t.Context(), c, s); err != nil || known != (i > 0) {
				t.Errorf("%s, time %d: known %v, %v", store.name, i, known, err)
			}
		}
		if known, err := node.Shown(t.Context(), d.next(), s); err != nil || known {
			t.Errorf("%s: under another key it is known: %v, %v", store.name, known, err)
		}
		want := Audited{At: at, Tenant: "t1", Showing: s}
		got := audited(t, d, "2026-11-24")
		if len(got) != 4 {
			t.Fatalf("%s: %d showings", store.name, len(got))
		}
		for _, a := range got {
			if a != want {
				t.Errorf("%s: recorded %+v", store.name, a)
			}
		}
		d.verified()
	}
}

func TestAKeyOfAShowingIsThatOfNoOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{}, 0)
	card, other := d.card(w, 0), d.card(w, 0)
	s := Showing{Wallet: w, Card: card, Reason: "checkout", Result: "shown"}
	c := d.next()
	if _, err := d.Shown(t.Context(), c, s); err != nil {
		t.Fatal(err)
	}
	body := c
	body.Body++
	_, err := d.Shown(t.Context(), body, s)
	refused(t, "another body", err, ErrOtherBody)
	s.Card = other
	_, err = d.Shown(t.Context(), c, s)
	refused(t, "another card", err, ErrOtherBody)
	if n := len(audited(t, d, time.Now().UTC().Format(time.DateOnly))); n != 1 {
		t.Errorf("%d are recorded", n)
	}
}

func TestAnAttemptThatWasRefusedIsRecordedWhateverItsReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	card := spec.CardID{1, 2}
	number := d.drawn.of(d.card(d.wallet(Opening{}, 0), 0), 0)
	var want []string
	for _, reason := range []string{"", strings.Repeat("x", reasonMax+1), "it is " + number, "a\nb", "why"} {
		c := call("")
		known, err := d.Shown(t.Context(), c, Showing{Card: card, Reason: reason, Result: "refused"})
		if err != nil || known {
			t.Errorf("%q: %v, %v", reason, known, err)
		}
		want = append(want, noReason)
	}
	want[len(want)-1] = "why"
	var got []string
	for _, a := range audited(t, d, time.Now().UTC().Format(time.DateOnly)) {
		got = append(got, a.Reason)
		if a.Wallet != "" || a.Card != card || a.Result != "refused" || a.Who != "app" {
			t.Errorf("recorded %+v", a)
		}
	}
	if !reflect.DeepEqual(got, want) || claims(t, d) != 0 {
		t.Errorf("reasons %q, %d claims", got, claims(t, d))
	}
	for field, s := range map[string]Showing{
		"reason": {Card: card, Result: "shown"}, "result": {Card: card, Reason: "why", Result: "not: so"},
	} {
		_, err := d.Shown(t.Context(), d.next(), s)
		if f, ok := err.(*FieldError); !ok || f.Field != field { //nolint:errorlint // it is not wrapped
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, ok := ShownOf(&balance.Event{Kind: balance.CallTaken, Note: "shown: why"}, 0); ok {
		t.Error("another event is a showing")
	}
	d.verified()
}

func TestAShowingWhoseRecordIsNotKnownIsNotAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	gate := make(chan struct{})
	slow := d.node(balance.MemoryOptions{Single: true, BeforeAppend: func(balance.Append) []balance.Append { <-gate; return nil }})
	s := Showing{Card: spec.CardID{1}, Reason: "why", Result: "shown"}
	for _, c := range []Call{call("k"), call("")} {
		_, err := slow.Shown(ctx, c, s)
		refused(t, fmt.Sprintf("key %q", c.Key), err, ErrUnknown)
	}
	close(gate)
}
