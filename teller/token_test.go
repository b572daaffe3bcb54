package teller

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// deviceNumber is a number that nobody has, and that no desk draws within a test.
func deviceNumber(n int) string {
	digits := fmt.Appendf(nil, "354012000000%06d", n)
	return string(append(digits, checkDigit(digits)))
}

func TestADeviceTokenPaysWithItsCardAtOnce(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 5000)
		card := d.card(w, 1000)
		number := deviceNumber(871_946)
		if resp := d.pay(number, spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.CardUnknown {
			t.Errorf("%s: before: %s", store.name, resp.Reason)
		}
		c := d.next()
		done := d.must(d.AddToken(t.Context(), c, w, card, number, "phone"))
		if resp := d.pay(number, spec.Request{MTI: 100, Amount: 600}); resp.Reason != spec.Approved {
			t.Errorf("%s: the very next payment: %s", store.name, resp.Reason)
		}
		if resp := d.pay(d.drawn.of(card, 0), spec.Request{MTI: 100, Amount: 401}); resp.Reason != spec.InsufficientFunds {
			t.Errorf("%s: more than is left, with the card's own number: %s", store.name, resp.Reason)
		}
		if s := d.snapshot(w); s.Cards[0].Held != 600 || s.Cards[0].Name != "" || s.Cards[0].Status != balance.CardActive {
			t.Errorf("%s: the card has %+v", store.name, s.Cards[0].CardBalance)
		}
		if token, ok := TokenOf(&done.Events[0]); !ok || !Shows(&done.Events[0]) || token.Name != "phone" || token.Last4 != number[len(number)-4:] || token.Key != c.key() {
			t.Errorf("%s: its event tells another token", store.name)
		}
		d.must(d.Reissue(t.Context(), d.next(), w, card))
		if resp := d.pay(number, spec.Request{MTI: 100, Amount: 400}); resp.Reason != spec.Approved {
			t.Errorf("%s: after the card's re-issue: %s", store.name, resp.Reason)
		}
		d.must(d.Freeze(t.Context(), d.next(), w, card))
		d.must(d.AddToken(t.Context(), d.next(), w, card, deviceNumber(2), "watch"))
		if resp := d.pay(deviceNumber(2), spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.CardFrozen {
			t.Errorf("%s: of a frozen card: %s", store.name, resp.Reason)
		}
		tokens, err := d.Tokens(t.Context(), caller(), w, card)
		if err != nil || len(tokens) != 2 || tokens[0].Name != "phone" || tokens[1].Name != "watch" || !tokens[0].At.Equal(done.At) {
			t.Errorf("%s: %d are listed, %v", store.name, len(tokens), err)
		}
		logs(t, d, func(log string, e balance.Sealed) {
			if bytes.Contains(e.Body, []byte(number[12:17])) || bytes.Contains(e.Snapshot, []byte(number[12:17])) {
				t.Errorf("%s: entry %d of %s has digits of the token", store.name, e.Version, log)
			}
		})
		d.verified()
	}
}

func TestADeviceTokenIsAddedOnceForItsKeyWithoutItsNumberBeingToldByIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{}, 0)
	card := d.card(w, 0)
	c := call("once")
	first := d.must(d.AddToken(t.Context(), c, w, card, deviceNumber(1), "phone"))
	c.Body++ // whatever hash of the body there is: it must not be what is kept
	again := d.must(d.node(balance.MemoryOptions{Single: true}).AddToken(t.Context(), c, w, card, deviceNumber(1), "phone"))
	first.Replayed = true
	if !reflect.DeepEqual(again, first) {
		t.Errorf("again: version %d, replayed %v, after version %d", again.Version, again.Replayed, first.Version)
	}
	_, err := d.AddToken(t.Context(), c, w, card, deviceNumber(2), "phone")
	refused(t, "the key with another number", err, ErrOtherBody)
	alike := 1001
	for deviceNumber(alike)[15:] != deviceNumber(1)[15:] {
		alike += 1000
	}
	_, err = d.AddToken(t.Context(), c, w, card, deviceNumber(alike), "phone")
	refused(t, "the key with another number that ends alike", err, ErrOtherBody)
	_, err = d.AddToken(t.Context(), c, w, card, deviceNumber(1), "watch")
	refused(t, "the key with another name", err, ErrOtherBody)
}

func TestWhichDeviceTokensAreRefused(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 0)
		card, other, closed, lost := d.card(w, 0), d.card(w, 0), d.card(w, 0), d.card(w, 0)
		d.must(d.Close(t.Context(), d.next(), w, closed))
		d.must(d.Lost(t.Context(), d.next(), w, lost))
		good := deviceNumber(1)
		d.must(d.AddToken(t.Context(), d.next(), w, other, deviceNumber(2), "phone"))
		version := d.snapshot(w).Version
		odd := good[:len(good)-1] + string('0'+(good[len(good)-1]-'0'+1)%10)
		foreign := append([]byte("354013000000"), good[12:len(good)-1]...)
		luhn := &FieldError{"number", "must be 16 to 19 digits that pass Luhn"}
		for what, row := range map[string]struct {
			card         spec.CardID
			number, name string
			want         error
		}{
			"a wrong check digit":          {card, odd, "phone", luhn},
			"too short":                    {card, good[:15], "phone", luhn},
			"no digits":                    {card, strings.Repeat("x", 16), "phone", luhn},
			"nothing":                      {card, "", "phone", luhn},
			"of another range":             {card, string(append(foreign, checkDigit(foreign))), "phone", &FieldError{"number", "must be of a range of the card's program"}},
			"without a name":               {card, good, "", &FieldError{"name", "must not be empty"}},
			"a name with its middle":       {card, good, "p " + good[10:13] + "-" + good[13:15], &FieldError{"name", "must not hold digits of the number"}},
			"a name with it in full width": {card, good, "p " + written(good[10:15], 0xff10), &FieldError{"name", "must not hold digits of the number"}},
			"a closed card":                {closed, good, "phone", wrongState("the card is closed: it gets no device token")},
			"a lost card":                  {lost, good, "phone", wrongState("the card is lost: it gets no device token")},
			"no card":                      {spec.CardID{1}, good, "phone", ErrNotFound},
			"the number of this card":      {card, d.drawn.of(card, 0), "phone", ErrNumberTaken},
			"the number of another card":   {card, d.drawn.of(closed, 0), "phone", ErrNumberTaken},
			"the device token of another":  {card, deviceNumber(2), "phone", ErrNumberTaken},
			"the device token of the same": {other, deviceNumber(2), "phone", ErrNumberTaken},
		} {
			_, err := d.AddToken(t.Context(), d.next(), w, row.card, row.number, row.name)
			refused(t, store.name+": "+what, err, row.want)
			if err != nil && row.number != "" && strings.Contains(err.Error(), row.number) {
				t.Errorf("%s: the error repeats the number", what)
			}
		}
		stranger := d.next()
		stranger.Tenant = "t2"
		_, err := d.AddToken(t.Context(), stranger, w, card, good, "phone")
		refused(t, "another tenant", err, ErrNotFound)
		if _, err := d.Tokens(t.Context(), stranger.Caller, w, card); !errors.Is(err, ErrNotFound) {
			t.Errorf("listed to another tenant: %v", err)
		}
		if s := d.snapshot(w); s.Version != version {
			t.Errorf("%s: version %d after %d", store.name, s.Version, version)
		}
		if tokens, err := d.Tokens(t.Context(), caller(), w, card); err != nil || tokens != nil {
			t.Errorf("%s: %d are listed, %v", store.name, len(tokens), err)
		}
	}
}

func TestACardHasAtMostTenDeviceTokensHoweverManyAreAddedAtOnce(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 0)
		card, next := d.card(w, 0), d.card(w, 0)
		var adding sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			c := call(fmt.Sprint("token ", i))
			adding.Go(func() {
				_, err := d.AddToken(t.Context(), c, w, card, deviceNumber(i), fmt.Sprint("device ", i))
				for errors.Is(err, ErrBusy) {
					_, err = d.AddToken(t.Context(), c, w, card, deviceNumber(i), fmt.Sprint("device ", i))
				}
				errs[i] = err
			})
		}
		adding.Wait()
		added := 0
		for i, err := range errs {
			if err == nil {
				added++
				again, err := d.AddToken(t.Context(), call(fmt.Sprint("token ", i)), w, card, deviceNumber(i), fmt.Sprint("device ", i))
				if err != nil || !again.Replayed {
					t.Errorf("%s: asked again: %v, replayed %v", store.name, err, again.Replayed)
				}
				continue
			}
			refused(t, store.name+": above the bound", err, &CapError{What: "device tokens", Max: TokensMax})
		}
		tokens, err := d.Tokens(t.Context(), caller(), w, card)
		if added != TokensMax || len(tokens) != TokensMax || err != nil {
			t.Errorf("%s: %d were added, %d are listed, %v", store.name, added, len(tokens), err)
		}
		d.must(d.AddToken(t.Context(), d.next(), w, next, deviceNumber(99), "phone"))
		d.verified()
	}
}
