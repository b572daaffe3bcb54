package balance

import "sync/atomic"

// Stats count what a book did since it began.
type Stats struct {
	Loads     atomic.Uint64 // wallets read from the store
	Searches  atomic.Uint64 // logs searched for an old key
	Conflicts atomic.Uint64 // decisions made again because another node was faster
	InDoubt   atomic.Uint64 // answers of the store that left the outcome unknown
	Resolved  atomic.Uint64 // of those, entries that turned out to be in
	Shed      atomic.Uint64 // requests that found too many before them
}

// Stats of the book.
func (b *Book) Stats() *Stats { return &b.stats }
