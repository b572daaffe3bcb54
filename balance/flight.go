package balance

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// flight is an entry on its way into the store, with the tasks that were decided in it or that
// rest on it.
type flight struct {
	slot    *slot
	append  Append // the same each time it is sent
	tasks   []*task
	awaits  bool   // nothing else is decided for the wallet until the outcome is known
	of      uint64 // the slot's lineage when it was decided
	unsaved int    // the slot's, before

	loan        *loan // the second wallet, of entries of two logs
	loanUnsaved int   // its, before
}

// advance decides what is parked for a wallet, as far as it can be decided now.
func (s *shard) advance(sl *slot) {
	for !sl.busy() && len(sl.parked) > 0 {
		s.decide(sl)
	}
	if len(sl.parked) == 0 {
		sl.parked = nil
	}
}

// decide makes the next entry of a wallet out of the first task parked for it, and on a single
// store of those behind it as well. What ran out is released before. There what only reads comes first of
// all: it sees the version before the entry, and none that is half made.
func (s *shard) decide(sl *slot) {
	together := !s.book.store.Ordered()
	if together {
		sl.readsFirst()
	}
	if sl.parked[0].pairs() {
		s.pair(sl)
		return
	}
	if sl.parked[0].Look {
		s.look(sl)
		return
	}
	draft := s.draft(sl, sl.parked[0].At.UnixMilli())
	var decided []*task
	var rows []Row
	size, reads := 0, 0
	for len(sl.parked) > 0 && (decided == nil || together) {
		t := sl.parked[0]
		if t.pairs() || t.Look || !s.release(sl, &draft, t.At) || (t.Read && draft.Events() > 0) {
			break
		}
		view := View{
			Wallet: sl.wallet, Now: t.At, Late: t.isLate(), found: t.found,
			Dated: draft.at, Ahead: draft.Events(),
		}
		d := s.ask(t, &view)
		if len(view.Needs) > 0 && d.Undecided == nil {
			if draft.Events() == 0 && decided == nil {
				s.search(sl, view.Needs)
				return
			}
			break
		}
		if len(d.Rows) > 0 && len(decided) > 0 {
			break // alone, so that a number that exists already fails only its own task
		}
		if !draft.room(len(d.Events)) {
			if draft.Events() > 0 {
				break
			}
			d = Decision{Undecided: ErrTooMany}
		}
		t.decision = d
		sl.parked = sl.parked[1:]
		if d.Undecided != nil {
			s.finish(t, d.Undecided)
			continue
		}
		decided, t.decided = append(decided, t), true
		if t.Read {
			reads++
		}
		draft.Add(d.Events...)
		rows = append(rows, d.Rows...)
		for i := range d.Events {
			size += d.Events[i].sizeMax()
		}
		if size >= s.book.options.EntryMax || draft.Events() >= EventsMax/2 || len(rows) > 0 {
			break
		}
	}
	sl.read = together && draft.Events() == 0 && reads == len(decided) && len(sl.parked) > 0
	s.launch(sl, &draft, rows, decided)
}

// draft begins the next entry of a wallet, in such a way that it can be taken back where others append too.
func (s *shard) draft(sl *slot, at int64) Draft {
	if !s.book.store.Ordered() {
		sl.wallet.begin()
	}
	return sl.wallet.Draft(at)
}

// ask has a request decided. A panic is that request's own and leaves no trace: nothing has been
// changed by then.
func (s *shard) ask(t *task, v *View) (d Decision) {
	defer func() {
		if cause := recover(); cause != nil {
			s.book.options.Log.Error("panic while a request was decided", "log", t.Log, "stack", string(debug.Stack()))
			d = Decision{Undecided: ErrPanic}
		}
	}()
	return t.Mover.Decide(v)
}

// release puts what ran out into the draft. It returns false when that alone is an entry, or has no room in it:
// the task then is decided in the next. Each that ran out on a closed card gives money back with it.
func (s *shard) release(sl *slot, draft *Draft, now time.Time) bool {
	ranOut := sl.wallet.RanOut(now)
	if draft.Events() > 0 && !draft.room(2*len(ranOut)) {
		return false
	}
	draft.Add(ranOut...)
	return draft.Events()+len(ranOut) < EventsMax/2
}

// launch sends a draft off. Without events the tasks rest on what is there: on an ordered store
// on all that was appended before, on a single store on the last version of the log.
func (s *shard) launch(sl *slot, draft *Draft, rows []Row, decided []*task) {
	if draft.Events() == 0 {
		sl.wallet.settle()
		switch {
		case len(decided) == 0:
		case s.book.store.Ordered():
			s.send(&flight{slot: sl, tasks: decided})
		default:
			s.catchUp(sl, decided)
		}
		return
	}
	attempt := Attempt(s.book.options.Random())
	e, body := draft.Seal(attempt)
	sealed := Sealed{Log: sl.log, Version: e.Version, Attempt: attempt, At: e.At, Body: body}
	unsaved := sl.unsaved
	sealed.Snapshot = s.snapshot(sl.wallet, len(body), &sl.unsaved)
	f := &flight{slot: sl, append: Append{Entries: []Sealed{sealed}, Rows: rows}, tasks: decided, of: sl.lineage, unsaved: unsaved}
	f.awaits = !s.book.store.Ordered() || len(rows) > 0
	if f.awaits {
		sl.flight = f
	}
	s.send(f)
}

// A snapshot larger than this is not written: no store takes it.
const snapshotMax = 12 << 20

// snapshot is what goes beside an entry of this size, when the entries since the last one weigh more.
func (s *shard) snapshot(w *Wallet, size int, unsaved *int) []byte {
	*unsaved += s.cost(size)
	if *unsaved <= s.snapshotAfter()*s.cost(w.weight()) {
		return nil
	}
	*unsaved = 0
	if w.weight() >= snapshotMax {
		return nil
	}
	return AppendSnapshot(nil, w)
}

// snapshotAfter is how many times as much as a snapshot the entries since the last must cost before
// the next is written.
func (s *shard) snapshotAfter() int {
	if s.book.store.Ordered() {
		return 2
	}
	return 20
}

// cost is what bytes cost on the store: themselves on a disk, units of a kilobyte on a table.
func (s *shard) cost(bytes int) int {
	if s.book.store.Ordered() {
		return bytes
	}
	return (bytes + 1023) / 1024
}

func (s *shard) send(f *flight) {
	s.batch = append(s.batch, f.append)
	s.flights = append(s.flights, f)
}

// flush hands what was decided in this round to the store in one call.
func (s *shard) flush() {
	if len(s.batch) == 0 {
		return
	}
	batch, flights := s.batch, s.flights
	s.batch, s.flights = make([]Append, 0, len(batch)), make([]*flight, 0, len(flights))
	for _, f := range flights {
		if !f.awaits {
			s.open -= len(f.tasks)
			s.inStore.Add(1)
		}
	}
	s.book.store.Append(batch, func(i int, r Result) {
		f := flights[i]
		if !f.awaits && r.Outcome == In {
			for _, t := range f.tasks {
				t.done(nil)
			}
			s.leftStore()
			return
		}
		s.tell(func() { s.landed(f, r) })
	})
}

// refused deals with an entry that an ordered store did not take. What was decided after it rests on
// it and is not taken either, so the wallet begins again from what the store has. A store that
// does not know what it wrote is dead, and so is the process soon.
func (s *shard) refused(f *flight, r Result) {
	s.book.options.Log.Error("entry not appended", "log", f.slot.log, "error", r.Err)
	for _, t := range f.tasks {
		t.done(storeError(r))
	}
	s.leftStore()
	if sl := f.slot; s.slots[sl.log] == sl && sl.lineage == f.of && !sl.reading && len(f.append.Entries) > 0 {
		if sl.paired {
			sl.spoiled = true
			return
		}
		s.load(sl)
	}
}

// leftStore counts an append whose tasks are ended; a shard that is closing waits for the last.
func (s *shard) leftStore() {
	if s.inStore.Add(-1) == 0 && s.closed.Load() {
		s.signal()
	}
}

// landed deals with the outcome of an append that the wallet waits for, or that went wrong.
func (s *shard) landed(f *flight, r Result) {
	if !f.awaits {
		s.refused(f, r)
		return
	}
	if r.Outcome == Conflict && r.Theirs != nil && r.Theirs.Attempt == f.append.Entries[0].Attempt {
		r.Outcome = In // ours, from an attempt whose answer was lost
		s.book.stats.Resolved.Add(1)
	}
	if r.Outcome == In || r.Outcome == Conflict {
		delete(s.doubts, f.slot)
	}
	switch sl := f.slot; r.Outcome {
	case In:
		sl.flight, sl.retries = nil, 0
		sl.wallet.settle()
		f.landedPair(true, false)
		for _, t := range f.tasks {
			s.finish(t, nil)
		}
		s.advance(sl)
	case Conflict:
		s.book.stats.Conflicts.Add(1)
		if r.Theirs == nil && len(f.append.Rows) > 0 {
			sl.flight, sl.retries = nil, 0
			for _, t := range f.tasks {
				s.finish(t, ErrRowExists)
			}
		} else {
			s.redecide(sl, f)
		}
		f.landedPair(false, !s.book.store.Ordered())
		if s.book.store.Ordered() {
			s.load(sl)
			return
		}
		sl.wallet.undo()
		sl.unsaved = f.unsaved
		s.catchUp(sl, nil)
	case Out, Unknown:
		if r.Outcome == Out && errors.Is(r.Err, ErrGap) { // what it was decided on is not in the log
			s.book.options.Log.Error("the log ends before the version that was known", "log", sl.log, "version", f.append.Entries[0].Version)
			s.redecide(sl, f)
			f.loadedPair()
			s.load(sl)
			return
		}
		if r.Outcome == Out && errors.Is(r.Err, ErrShape) { // no store will ever take it
			delete(s.doubts, sl)
			sl.flight, sl.retries = nil, 0
			for _, t := range f.tasks {
				s.finish(t, storeError(r))
			}
			f.loadedPair()
			s.load(sl)
			return
		}
		s.again(f, r)
	}
}

// redecide puts the tasks of an entry that is not in back to the front.
func (s *shard) redecide(sl *slot, f *flight) {
	delete(s.doubts, sl)
	sl.flight, sl.retries = nil, 0
	for _, t := range f.tasks {
		t.found, t.foundOther, t.decided = nil, nil, false
	}
	sl.parked = append(f.tasks, sl.parked...)
}

// again sends the same entry once more after a while: it is the only way to know whether it is
// in, and nothing else may be decided for the wallet before that.
func (s *shard) again(f *flight, r Result) {
	sl := f.slot
	if sl.retries == 0 {
		s.doubts[sl] = time.Now()
		s.book.options.Log.Warn("append in doubt", "log", sl.log, "version", f.append.Entries[0].Version, "error", r.Err)
	}
	if r.Outcome == Unknown {
		s.book.stats.InDoubt.Add(1)
	}
	time.AfterFunc(s.book.backoff(sl.retries), func() {
		s.tell(func() {
			if sl.flight == f {
				s.send(f)
			}
		})
	})
	sl.retries++
}

// storeError is why a request was not recorded.
func storeError(r Result) error {
	switch {
	case r.Outcome == Out:
		return fmt.Errorf("%w: %w", ErrNotTaken, r.Err)
	case r.Outcome == Conflict:
		return fmt.Errorf("%w: another has its version", ErrNotTaken)
	case r.Err != nil:
		return r.Err
	}
	return ErrClosed
}
