package cardnet

import (
	"slices"
	"sync"
)

// shelf holds what a run has bought and not yet cancelled, oldest first. Whoever takes a
// purchase owns it until it is put back.
type shelf struct {
	mu    sync.Mutex
	cards map[Card][]*Purchase
	seen  []Purchase // copies of the last answered ones, for repeats
	next  int
}

// seenMax purchases are remembered for repeats: half a second at full speed or more.
const seenMax = 512

func newShelf() *shelf { return &shelf{cards: make(map[Card][]*Purchase)} }

func (s *shelf) put(p *Purchase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards[p.Card] = append(s.cards[p.Card], p)
}

// take gives the purchase on the card that is nearest to a place, or nil.
func (s *shelf) take(c Card, place uint64, fits func(*Purchase) bool) *Purchase {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.cards[c]
	for i := range row {
		at := int((place + uint64(i)) % uint64(len(row))) //nolint:gosec // below the length
		if fits(row[at]) {
			return s.remove(c, at)
		}
	}
	return nil
}

// takeLargest gives the purchase of which most is held, the oldest of them if there are
// several, or nil.
func (s *shelf) takeLargest(c Card) *Purchase {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.cards[c]
	if len(row) == 0 {
		return nil
	}
	largest := 0
	for i, p := range row {
		if p.book.held > row[largest].book.held {
			largest = i
		}
	}
	return s.remove(c, largest)
}

func (s *shelf) remove(c Card, at int) *Purchase {
	row := s.cards[c]
	p := row[at]
	s.cards[c] = slices.Delete(row, at, at+1)
	return p
}

// answered remembers a copy for repeats.
func (s *shelf) answered(p Purchase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) < seenMax {
		s.seen = append(s.seen, p)
		return
	}
	s.seen[s.next] = p
	s.next = (s.next + 1) % seenMax
}

// remembered gives a copy of an answered purchase.
func (s *shelf) remembered(place uint64) (p Purchase, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return Purchase{}, false
	}
	return s.seen[place%uint64(len(s.seen))], true
}
