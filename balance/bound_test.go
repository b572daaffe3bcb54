package balance

import (
	"strings"
	"testing"
	"time"
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
