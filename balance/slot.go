package balance

import (
	"fmt"
	"slices"
	"time"
)

// slot is the place of one log in a shard: its wallet once it is loaded, and what waits for it.
type slot struct {
	log     string
	wallet  *Wallet // nil while it is being loaded
	lineage uint64  // how often it was loaded: what was decided before a load counts no more after it
	reading bool    // the log is being loaded or searched
	paired  bool    // the wallet is lent to another shard, or waits for another
	spoiled bool    // what it rests on was not taken while it was lent
	flight  *flight // the append whose outcome is awaited before anything else is decided
	parked  []*task // not decided yet, oldest first
	read    bool    // the last round only read, and others waited: they come first now
	settled []*task // decided without an event, while the log's end is read
	retries int

	unsaved int // what the entries since the last snapshot cost

	newer, older *slot // in the order of use
}

func (sl *slot) busy() bool { return sl.reading || sl.paired || sl.flight != nil }

// readsFirst puts what only reads before everything else that waits, for none of that has been answered; but not
// twice before what cannot be decided in one entry with it.
func (sl *slot) readsFirst() {
	if sl.read {
		sl.read = false
		return
	}
	last := -1 // of those that read
	for i, t := range sl.parked {
		if t.Read {
			last = i
		}
	}
	if last < 1 {
		return
	}
	slices.SortStableFunc(sl.parked[:last+1], func(a, b *task) int {
		switch {
		case a.Read == b.Read:
			return 0
		case a.Read:
			return -1
		}
		return 1
	})
}

// slot finds the slot of a log, or makes one and starts loading its wallet.
func (s *shard) slot(log string) *slot {
	if sl, ok := s.slots[log]; ok {
		s.used.touch(sl)
		return sl
	}
	if len(s.slots) >= max(1, s.book.options.WalletsMax/len(s.book.shards)) {
		s.evict()
	}
	sl := &slot{log: log}
	s.slots[log] = sl
	s.used.touch(sl)
	s.load(sl)
	return sl
}

// evict drops the wallet that was not used for longest and has nothing to do.
func (s *shard) evict() {
	for sl := s.used.oldest; sl != nil; sl = sl.newer {
		if !sl.busy() && len(sl.parked) == 0 {
			s.used.remove(sl)
			delete(s.slots, sl.log)
			return
		}
	}
}

// load reads a wallet from the store. What was decided is handed over first: the wallet must find its
// own last entry there.
func (s *shard) load(sl *slot) {
	s.flush()
	sl.reading, sl.wallet = true, nil
	sl.lineage++
	s.book.stats.Loads.Add(1)
	s.book.store.Load(sl.log, func(l Loaded, err error) {
		w, unsaved, err := s.restore(sl.log, l, err)
		s.tell(func() {
			sl.reading, sl.wallet, sl.unsaved = false, w, unsaved
			if err != nil {
				s.book.options.Log.Error("wallet not loaded", "log", sl.log, "error", err)
				s.failParked(sl, fmt.Errorf("%w: %w", ErrUnread, err))
				return
			}
			s.advance(sl)
		})
	})
}

// failParked ends everything that waits for a wallet that cannot be read; the next request
// tries again.
func (s *shard) failParked(sl *slot, err error) {
	for _, t := range sl.parked {
		s.finish(t, err)
	}
	sl.parked = nil
	s.used.remove(sl)
	delete(s.slots, sl.log)
}

// search reads the log backwards for what the first parked task needs, and decides it again.
func (s *shard) search(sl *slot, needs []Query) {
	s.flush()
	sl.reading = true
	t := sl.parked[0]
	s.book.stats.Searches.Add(1)
	found := newSearch(needs)
	s.book.store.Scan(sl.log, 0, Backward, found.visit, func(err error) {
		s.tell(func() {
			sl.reading = false
			if err == nil {
				err = found.err
			}
			if len(sl.parked) == 0 || sl.parked[0] != t { // it left meanwhile
				s.advance(sl)
				return
			}
			if err != nil {
				s.book.options.Log.Error("log not searched", "log", sl.log, "error", err)
				sl.parked = sl.parked[1:]
				s.finish(t, fmt.Errorf("%w: %w", ErrUnread, err))
			} else {
				if t.found == nil {
					t.found = map[Query]Found{}
				}
				found.answers(t.found)
			}
			s.advance(sl)
		})
	})
}

// catchUp reads what other nodes have appended since: after a conflict, and so that an answer that
// appends nothing rests on the last version. When there was something it is decided again.
func (s *shard) catchUp(sl *slot, settled []*task) {
	s.flush()
	sl.reading, sl.settled = true, settled
	var newer []Sealed
	s.book.store.Scan(sl.log, sl.wallet.Version+1, Forward, func(e Sealed) bool {
		newer = append(newer, e)
		return true
	}, func(err error) {
		s.tell(func() {
			sl.reading, sl.settled = false, nil
			if err == nil {
				err = replay(sl.wallet, newer)
			}
			for i := range newer {
				sl.unsaved += s.cost(len(newer[i].Body))
				if newer[i].Snapshot != nil {
					sl.unsaved = 0
				}
			}
			switch {
			case err != nil:
				for _, t := range settled {
					s.finish(t, fmt.Errorf("%w: %w", ErrUnread, err))
				}
				s.load(sl)
				return
			case len(newer) == 0 && len(settled) == 0: // something was in the way that is not there
				s.load(sl)
				return
			case len(newer) == 0:
				for _, t := range settled {
					s.finish(t, nil)
				}
			default:
				sl.parked = append(settled, sl.parked...)
				for _, t := range settled {
					t.found, t.foundOther, t.decided = nil, nil, false
				}
			}
			s.advance(sl)
		})
	})
}

// recency is the order in which slots were used.
type recency struct{ oldest, newest *slot }

func (r *recency) touch(sl *slot) {
	if r.newest == sl {
		return
	}
	r.remove(sl)
	sl.older = r.newest
	if r.newest != nil {
		r.newest.newer = sl
	}
	r.newest = sl
	if r.oldest == nil {
		r.oldest = sl
	}
}

func (r *recency) remove(sl *slot) {
	if sl.older != nil {
		sl.older.newer = sl.newer
	}
	if sl.newer != nil {
		sl.newer.older = sl.older
	}
	if r.oldest == sl {
		r.oldest = sl.newer
	}
	if r.newest == sl {
		r.newest = sl.older
	}
	sl.newer, sl.older = nil, nil
}

// restore makes a wallet from what a store loaded, and says what the entries after its snapshot cost.
func (s *shard) restore(log string, l Loaded, err error) (w *Wallet, unsaved int, _ error) {
	if err != nil {
		return nil, 0, err
	}
	w = NewWallet(log)
	if l.Snapshot != nil {
		if w, err = DecodeSnapshot(l.Snapshot); err != nil {
			return nil, 0, err
		}
	}
	for i := range l.Entries {
		unsaved += s.cost(len(l.Entries[i].Body))
	}
	return w, unsaved, replay(w, l.Entries)
}

func replay(w *Wallet, entries []Sealed) error {
	var e Entry
	for i := range entries {
		if err := DecodeEntry(entries[i].Body, &e); err != nil {
			return err
		}
		if err := w.Replay(&e, entries[i].Body); err != nil {
			return err
		}
	}
	return nil
}

// backoff is how long to wait before the same entry is sent for the nth time again, between
// half and the whole of a doubling time.
func (b *Book) backoff(n int) time.Duration {
	d := b.options.RetryMax
	if n < 16 {
		d = min(d, b.options.RetryMin<<n)
	}
	return d/2 + time.Duration(b.options.Random()%uint64(d/2+1)) //nolint:gosec // positive
}
