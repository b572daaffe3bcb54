package teller

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

func TestACardIsPaidWithAtOnceAndItsNumberIsKeptNowhere(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 5000)
		card := d.card(w, 1200)
		number := d.drawn.of(card, 0)
		if resp := d.pay(number, spec.Request{MTI: 100, Amount: 1200}); resp.Reason != spec.Approved {
			t.Errorf("%s: the very first payment: %s", store.name, resp.Reason)
		}
		if resp := d.pay(number, spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.InsufficientFunds {
			t.Errorf("%s: one yen more: %s", store.name, resp.Reason)
		}
		c := d.snapshot(w).Cards[0]
		year := time.Now().UTC().Year() + CardYearsDefault
		if string(c.First6[:]) != number[:6] || string(c.Last4[:]) != number[12:] || int(c.Expiry)/100 != year%100 || c.Sealed == "" ||
			c.Number == [8]byte{} || len(number) != 16 || number[:12] != "354012000000" {
			t.Errorf("%s: the card is %+v", store.name, c.Issued)
		}
		logs(t, d, func(log string, e balance.Sealed) {
			for _, part := range []string{number, number[:12], number[6:]} {
				if bytes.Contains(e.Body, []byte(part)) || bytes.Contains(e.Snapshot, []byte(part)) {
					t.Errorf("%s: entry %d of %s has digits of a number", store.name, e.Version, log)
				}
			}
		})
	}
}

func logs(t *testing.T, d *desk, visit func(log string, e balance.Sealed)) {
	t.Helper()
	var names []string
	done := make(chan error, 1)
	d.store.Logs(func(log string, _ uint64) bool { names = append(names, log); return true }, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, log := range names {
		d.store.Scan(log, 1, balance.Forward, func(e balance.Sealed) bool { visit(log, e); return true }, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

type counting struct {
	mu   sync.Mutex
	n    uint64 // numbers drawn
	ids  uint64
	each uint64
}

func (c *counting) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(b)
	if len(b) == len(spec.CardID{}) {
		c.ids++
		binary.BigEndian.PutUint64(b, c.ids)
		return len(b), nil
	}
	at := c.n / c.each
	c.n++
	b[0], b[1], b[2] = byte(at/100%10), byte(at/10%10), byte(at%10)
	return len(b), nil
}

func TestANumberThatIsTakenIsDrawnAgain(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		source := &counting{each: 3} // each number is drawn three times
		d := newDesk(t, store.store, func(o *Options) { o.Random = source })
		w := d.wallet(Opening{Owner: someone("me")}, 0)
		numbers := map[string]bool{}
		for range 5 {
			numbers[d.drawn.of(d.card(w, 0), 0)] = true
		}
		card := d.snapshot(w).Cards[0].ID
		d.must(d.Reissue(t.Context(), d.next(), w, card))
		if s := d.snapshot(w); len(numbers) != 5 || len(s.Cards) != 5 || source.n != 16 { // the first of each three
			t.Errorf("%s: %d numbers, %d cards, %d draws", store.name, len(numbers), len(s.Cards), source.n)
		}
		d.verified()
	}
}

func TestARangeThatIsUsedUpIsSaidAndLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) { o.Random = &counting{each: 1 << 40} })
	w := d.wallet(Opening{}, 0)
	d.card(w, 0)
	version := d.snapshot(w).Version
	_, err := d.Issue(t.Context(), d.next(), w, Issuing{})
	refused(t, "the range is used up", err, ErrUnavailable)
	if s := d.snapshot(w); s.Version != version {
		t.Errorf("version %d after %d", s.Version, version)
	}
}

func TestAReplacedNumberIsRefusedAndStillFindsItsCardForClearing(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 1000)
		card := d.card(w, 800)
		before := d.pay(d.drawn.of(card, 0), spec.Request{MTI: 100, Amount: 300})
		stan := d.stan
		d.must(d.Stolen(t.Context(), d.next(), w, card))
		if resp := d.pay(d.drawn.of(card, 0), spec.Request{MTI: 100, Amount: 1}); resp.Reason != spec.CardStolen {
			t.Errorf("%s: stolen: %s", store.name, resp.Reason)
		}
		done := d.must(d.Reissue(t.Context(), d.next(), w, card))
		previous, number := d.drawn.of(card, 0), d.drawn.of(card, 1)
		if e := done.Events[0]; e.Card != card || string(e.Issued.Last4[:]) != number[12:] || previous == number {
			t.Errorf("%s: reissued: %+v", store.name, e)
		}
		for _, row := range []struct {
			what, number string
			want         spec.Reason
		}{{"the old number", previous, spec.CardClosed}, {"the new number", number, spec.Approved}} {
			if resp := d.pay(row.number, spec.Request{MTI: 100, Amount: 100}); resp.Reason != row.want {
				t.Errorf("%s: %s: %s", store.name, row.what, resp.Reason)
			}
		}
		if p := d.clear(previous, 300, stan, before.Approval); p != balance.PlacedMatched {
			t.Errorf("%s: clearing by the old number is %s", store.name, p)
		}
		s := d.snapshot(w)
		if c := s.card(card); s.Posted != 700 || c.Held != 100 || c.Status != balance.CardActive || c.Sealed != "sealed 2 of "+card.String() {
			t.Errorf("%s: %+v %+v", store.name, s.Balances, c)
		}
		if _, of, err := d.CardOf(t.Context(), caller(), card); err != nil || of.ID != w {
			t.Errorf("%s: by its id: %v", store.name, err)
		}
		d.verified()
	}
}

func TestAnIdIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	card, person := spec.CardID{1, 2, 255}, someone("me")
	if got, ok := ParseCard(card.String()); !ok || got != card {
		t.Errorf("%s is read as %s", card, got)
	}
	if _, ok := ParsePerson("per_" + strings.Repeat("0", 24)); ok {
		t.Error("the id of nobody is somebody")
	}
	if got, ok := ParsePerson(person.String()); !ok || got != person {
		t.Errorf("%s is read as %s", person, got)
	}
	for _, text := range []string{
		"", "crd_", card.String()[4:], card.String() + "0", "per_" + card.String()[4:], "crd_0102FF000000000000000000", "crd_0102fg000000000000000000",
	} {
		if _, ok := ParseCard(text); ok {
			t.Errorf("%q is read", text)
		}
	}
}

func TestACardExpiresSoManyYearsAfterTheMonthOfItsIssue(t *testing.T) {
	t.Parallel()
	japan := time.FixedZone("JST", 9*60*60)
	at := time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		program Program
		want    uint16
	}{
		{Program{CardYears: 5, Zone: time.UTC}, 3112}, {Program{CardYears: 3, Zone: time.UTC}, 2912}, {Program{CardYears: 5, Zone: japan}, 3201},
	} {
		if got := expiry(at, &row.program); got != row.want {
			t.Errorf("%d, want %d", got, row.want)
		}
	}
}

func TestTheCardsOfAPersonCountOverAllPrograms(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{}, func(o *Options) {
		o.Programs = append(o.Programs, Program{Name: "gold", Ranges: []string{"354013000000"}, Currency: spec.JPY, CardsMax: 2})
	})
	me := someone("me")
	w := d.wallet(Opening{Owner: me}, 0)
	first := d.card(w, 0)
	d.card(w, 0)
	c := d.next()
	c.Programs = []string{"prepaid", "gold"}
	gold := d.must(d.Open(t.Context(), c, Opening{Form: balance.Personal, Program: "gold", Owner: me})).Log
	c.Key = "issue"
	_, err := d.Issue(t.Context(), c, gold, Issuing{})
	refused(t, "the third, of the other program", err, &CapError{What: "cards", Max: 2})
	d.must(d.Close(t.Context(), d.next(), w, first))
	d.must(d.Issue(t.Context(), c, gold, Issuing{}))
}
