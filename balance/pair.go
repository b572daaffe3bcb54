package balance

import "errors"

// A post that names a second log is decided on both wallets at once, and both entries go in together or
// neither. The shard of the lower name decides; the shard of the other lends its wallet and decides nothing
// for it meanwhile. Since everybody waits only for a higher name than those it has, nobody waits for ever.

// loan is a wallet that another shard decides on.
type loan struct {
	slot    *slot
	from    *shard
	wallet  *Wallet
	unsaved int
}

// ErrOneSided says that a decision about two logs has events for one of them only.
var ErrOneSided = errors.New("a decision about two logs must have events for both, or for none")

// pairs says whether the task needs its wallet for itself: it borrows another, or lends its own.
func (t *task) pairs() bool { return t.Other != "" || t.lend != nil }

// pair deals with such a task at the head of a slot, once its wallet has nothing that ran out.
func (s *shard) pair(sl *slot) {
	t := sl.parked[0]
	draft := s.draft(sl, t.At.UnixMilli())
	draft.Add(sl.wallet.RanOut(t.At)...)
	if draft.Events() > 0 {
		s.launch(sl, &draft, nil, nil)
		return
	}
	sl.wallet.settle()
	s.flush() // what the other shard appends comes after it
	sl.paired = true
	if t.lend != nil {
		sl.parked = sl.parked[1:]
		t.lend(&loan{slot: sl, from: s, wallet: sl.wallet, unsaved: sl.unsaved}, nil)
		return
	}
	from := s.book.shardOf(t.Other)
	from.tell(func() {
		from.take(&task{Post: Post{Log: t.Other, At: t.At}, lend: func(l *loan, err error) {
			s.tell(func() { s.borrowed(sl, t, l, err) })
		}})
	})
}

// borrowed decides a task once its second wallet is here, or could not be had.
func (s *shard) borrowed(sl *slot, t *task, l *loan, err error) {
	if len(sl.parked) == 0 || sl.parked[0] != t { // it was given up
		s.unpair(sl, l, false)
		return
	}
	if err != nil {
		sl.parked = sl.parked[1:]
		s.finish(t, err)
		s.unpair(sl, nil, false)
		return
	}
	at := t.At.UnixMilli()
	mine := &View{Wallet: sl.wallet, Now: t.At, Dated: max(at, sl.wallet.At), found: t.found}
	theirs := &View{Wallet: l.wallet, Now: t.At, Dated: max(at, l.wallet.At), found: t.foundOther}
	first, second := mine, theirs
	if t.swapped {
		first, second = theirs, mine
	}
	first.Other = second
	d := s.ask(t, first)
	switch {
	case d.Undecided != nil:
		sl.parked = sl.parked[1:]
		s.finish(t, d.Undecided)
		s.unpair(sl, l, false)
	case len(mine.Needs) > 0:
		s.searchFor(sl, t, l, sl.log, mine.Needs, &t.found)
	case len(theirs.Needs) > 0:
		s.searchFor(sl, t, l, l.wallet.Log, theirs.Needs, &t.foundOther)
	default:
		t.decision = d
		s.settlePair(sl, t, l)
	}
}

// searchFor looks up what a decision about two logs needs from one of them, and asks again.
func (s *shard) searchFor(sl *slot, t *task, l *loan, log string, needs []Query, into *map[Query]Found) {
	s.book.stats.Searches.Add(1)
	found := newSearch(needs)
	s.book.store.Scan(log, 0, Backward, found.visit, func(err error) {
		s.tell(func() {
			if err = errors.Join(err, found.err); err != nil {
				s.book.options.Log.Error("log not searched", "log", log, "error", err)
				err = errors.Join(ErrUnread, err)
			} else {
				if *into == nil {
					*into = map[Query]Found{}
				}
				found.answers(*into)
			}
			s.borrowedAgain(sl, t, l, err)
		})
	})
}

func (s *shard) borrowedAgain(sl *slot, t *task, l *loan, err error) {
	if err == nil {
		s.borrowed(sl, t, l, nil)
		return
	}
	if len(sl.parked) > 0 && sl.parked[0] == t {
		sl.parked = sl.parked[1:]
		s.finish(t, err)
	}
	s.unpair(sl, l, false)
}

// settlePair brings a decision on its way.
func (s *shard) settlePair(sl *slot, t *task, l *loan) {
	d := &t.decision
	here, there := d.Events, d.Also
	if t.swapped {
		here, there = there, here
	}
	switch {
	case len(here) == 0 && len(there) == 0:
		s.freshPair(sl, t, l)
		return
	case len(here) == 0 || len(there) == 0:
		s.failPair(sl, t, l, ErrOneSided)
		return
	case max(len(here), len(there)) > EventsMax:
		s.failPair(sl, t, l, ErrTooMany)
		return
	}
	sl.parked = sl.parked[1:]
	t.decided = true
	if !s.book.store.Ordered() {
		sl.wallet.begin()
		l.wallet.begin()
	}
	attempt := Attempt(s.book.options.Random())
	f := &flight{slot: sl, tasks: []*task{t}, awaits: true, of: sl.lineage, unsaved: sl.unsaved, loan: l, loanUnsaved: l.unsaved}
	f.append.Rows = d.Rows
	f.append.Entries = []Sealed{
		s.seal(sl.wallet, here, t, attempt, &sl.unsaved),
		s.seal(l.wallet, there, t, attempt, &l.unsaved),
	}
	sl.paired, sl.flight = false, f
	s.send(f)
}

func (s *shard) failPair(sl *slot, t *task, l *loan, err error) {
	sl.parked = sl.parked[1:]
	s.finish(t, err)
	s.unpair(sl, l, false)
}

// seal makes the entry of one side.
func (s *shard) seal(w *Wallet, events []Event, t *task, attempt Attempt, unsaved *int) Sealed {
	draft := w.Draft(t.At.UnixMilli())
	draft.Add(events...)
	e, body := draft.Seal(attempt)
	sealed := Sealed{Log: w.Log, Version: e.Version, Attempt: attempt, At: e.At, Body: body}
	sealed.Snapshot = s.snapshot(w, len(body), unsaved)
	return sealed
}

// freshPair ends a task that appends nothing, when both wallets are as they are on the store.
func (s *shard) freshPair(sl *slot, t *task, l *loan) {
	end := func(fresh bool, err error) {
		if len(sl.parked) == 0 || sl.parked[0] != t {
			s.unpair(sl, l, false)
			return
		}
		if fresh || err != nil {
			sl.parked = sl.parked[1:]
			s.finish(t, err)
		} else {
			t.found, t.foundOther = nil, nil
		}
		s.unpair(sl, l, !fresh)
	}
	if s.book.store.Ordered() {
		s.flush()
		s.book.store.Append([]Append{{}}, func(_ int, r Result) { // after everything both rest on
			s.tell(func() {
				if r.Outcome != In {
					end(false, storeError(r))
					return
				}
				end(true, nil)
			})
		})
		return
	}
	newer := false
	see := func(Sealed) bool { newer = true; return false }
	s.book.store.Scan(sl.log, sl.wallet.Version+1, Forward, see, func(err error) {
		if err != nil {
			s.tell(func() { end(false, errors.Join(ErrUnread, err)) })
			return
		}
		s.book.store.Scan(l.wallet.Log, l.wallet.Version+1, Forward, see, func(err error) {
			s.tell(func() {
				if err != nil {
					err = errors.Join(ErrUnread, err)
				}
				end(!newer && err == nil, err)
			})
		})
	})
}

// unpair ends a pair that has no entry on its way: the wallet that was lent goes back, stale when others may
// have appended to either.
func (s *shard) unpair(sl *slot, l *loan, stale bool) {
	if l != nil {
		l.giveBack(stale)
	}
	sl.paired = false
	if stale {
		s.refresh(sl)
		return
	}
	s.advance(sl)
}

// refresh brings a wallet to what its log has by now.
func (s *shard) refresh(sl *slot) {
	if s.book.store.Ordered() {
		s.load(sl)
		return
	}
	s.catchUp(sl, nil)
}

// giveBack returns a wallet to its shard.
func (l *loan) giveBack(stale bool) {
	l.from.tell(func() {
		sl := l.slot
		sl.paired, sl.unsaved = false, l.unsaved
		l.from.open--
		if stale || sl.spoiled {
			sl.spoiled = false
			l.from.refresh(sl)
			return
		}
		l.from.advance(sl)
	})
}

// landedPair deals with the wallet that was lent when the outcome of the pair's entries is known.
func (f *flight) landedPair(in, undo bool) {
	l := f.loan
	if l == nil {
		return
	}
	f.loan = nil
	switch {
	case in:
		l.wallet.settle()
	case undo:
		l.wallet.undo()
		l.unsaved = f.loanUnsaved
	}
	l.giveBack(!in)
}

// loadedPair has the wallet that was lent loaded again by its shard: what is in memory cannot be trusted.
func (f *flight) loadedPair() {
	l := f.loan
	if l == nil {
		return
	}
	f.loan = nil
	l.from.tell(func() {
		l.slot.paired, l.slot.spoiled = false, false
		l.from.open--
		l.from.load(l.slot)
	})
}
