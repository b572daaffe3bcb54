package balance

// look has a task decided that only wants to know: on the wallet as it is once what ran out is released,
// without any of it being recorded. Its answer rests on the same as every other.
func (s *shard) look(sl *slot) {
	t := sl.parked[0]
	sl.wallet.begin()
	draft := sl.wallet.Draft(t.At.UnixMilli())
	for ranOut := sl.wallet.RanOut(t.At); len(ranOut) > 0; ranOut = sl.wallet.RanOut(t.At) {
		draft.Add(ranOut...)
	}
	view := View{Wallet: sl.wallet, Now: t.At, Late: t.isLate(), found: t.found}
	d := s.ask(t, &view)
	sl.wallet.undo()
	switch {
	case d.Undecided != nil:
		sl.parked = sl.parked[1:]
		s.finish(t, d.Undecided)
	case len(view.Needs) > 0:
		s.search(sl, view.Needs)
	default:
		sl.parked = sl.parked[1:]
		d.Events, d.Also, d.Rows = nil, nil, nil
		t.decision, t.decided = d, true
		if s.book.store.Ordered() {
			s.send(&flight{slot: sl, tasks: []*task{t}})
			return
		}
		s.catchUp(sl, []*task{t})
	}
}
