package balance

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

func TestAnEntryTakesNoMoreThanItsBound(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return time.Millisecond }}, Options{EntryMax: 10 * eventSizeMax}, func(b *Book, s *MemoryStore) {
		fund(t, b, "w", 1000)
		var all []*spend
		for n := range 100 {
			m := newSpend(n, 1)
			all = append(all, m)
			b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
		}
		for _, m := range all {
			<-m.done
		}
		if err := s.longest(t); err > 10 {
			t.Errorf("an entry has %d events", err)
		}
	})
}

// What people call things may be long: an entry does not grow by it without bound.
func TestAnEntryOfLongTextsTakesNoMoreThanItsBound(t *testing.T) {
	inMemory(t, MemoryOptions{Single: true, Delay: func(Append) time.Duration { return time.Millisecond }}, Options{}, func(b *Book, s *MemoryStore) {
		fund(t, b, "w", 1000)
		var all []*spend
		for n := range 2000 {
			m := newSpend(n, 1)
			m.name = strings.Repeat("\u540d", NameMax/4)
			all = append(all, m)
			b.Submit(Post{Log: "w", At: time.Now(), Mover: m})
		}
		for _, m := range all {
			<-m.done
		}
		entries := s.shared.entries("w")
		for _, e := range entries {
			if len(e.Body) > b.options.EntryMax {
				t.Errorf("an entry has %d bytes", len(e.Body))
			}
		}
		if len(entries) > 100 {
			t.Errorf("%d entries: what waits goes together", len(entries))
		}
	})
}

// What runs out on closed cards gives money back: that is two events for each.
func TestAnEntryIsReadAgainHoweverMuchRanOutOnClosedCards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemoryStore(MemoryOptions{Single: true})
		began := time.Now()
		ends := began.Add(time.Hour)
		b := NewBook(store, Options{})
		post := func(b *Book, at time.Time, events ...Event) chan error {
			m := &closing{events: events, done: make(chan error, 1)}
			b.Submit(Post{Log: "w", At: at, Mover: m})
			return m.done
		}
		must := func(done chan error) {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		must(post(b, began, Event{Kind: Opened, Program: "p", Currency: spec.JPY}))
		for i := range 400 {
			card, k := spec.CardID{1, byte(i), byte(i >> 8)}, CallKey("p", strconv.Itoa(i))
			must(post(b, began,
				Event{Kind: Funded, Posted: 10, Counter: Account{AccountTopUp, "p"}},
				Event{Kind: CardIssued, Card: card, Status: CardActive},
				Event{Kind: Allocated, Card: card, Allocated: 10},
				Event{Kind: Authorized, Card: card, Purchase: k, State: Open, Hold: 10, Details: Details{Amount: 10, Expires: ends.UnixMilli()}, Counter: Account{AccountSettlement, "n"}},
				Event{Kind: CardChanged, Card: card, Status: CardClosed},
			))
		}
		closeBook(t, b)
		b = NewBook(store.Node(MemoryOptions{Single: true, ReadDelay: time.Second}), Options{})
		var all []chan error
		for i := range 301 { // they wait together for the log; the last of them is the first after the end
			at := ends.Add(-time.Millisecond)
			if i == 300 {
				at = ends
			}
			all = append(all, post(b, at, Event{Kind: Funded, Posted: 1, Counter: Account{AccountTopUp, "p"}}))
		}
		for _, done := range all {
			must(done)
		}
		one := Event{Kind: Funded, Posted: 1, Counter: Account{AccountTopUp, "p"}}
		must(post(b, ends, slices.Repeat([]Event{one}, EventsMax)...))
		if err := <-post(b, ends, slices.Repeat([]Event{one}, EventsMax+1)...); !errors.Is(err, ErrTooMany) {
			t.Errorf("more than an entry takes: %v", err)
		}
		closeBook(t, b)
		if longest := store.longest(t); longest > EventsMax {
			t.Errorf("an entry has %d events", longest)
		}
		entries := store.shared.entries("w")
		var last Entry
		if err := DecodeEntry(entries[len(entries)-1].Body, &last); err != nil || last.After.Allocated != 0 {
			t.Errorf("on closed cards is %d, %v", last.After.Allocated, err)
		}
		if a, err := Verify(t.Context(), store, nil); err != nil || len(a.Problems) > 0 || a.Held != 0 {
			t.Errorf("verify: %v, %v, held %d", err, a.Problems, a.Held)
		}
	})
}

// closing appends events.
type closing struct {
	events []Event
	done   chan error
}

func (m *closing) Decide(*View) Decision           { return Decision{Events: m.events} }
func (m *closing) Done(_ Decision, err error)      { m.done <- err }
func (m *closing) Overdue(*Decision) (Mover, bool) { return nil, false }

// longest is the most events of an entry.
func (s *MemoryStore) longest(t *testing.T) (most int) {
	for _, e := range s.shared.entries("w") {
		var d Entry
		if err := DecodeEntry(e.Body, &d); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(d.Events))
	}
	return most
}
