package embedded

import "sekisho/balance"

// request is something to be read, by one of the readers.
type request struct {
	run  func(*reader) // reads and answers
	fail func(error)   // answers that it cannot be read
}

// ask hands a request to the readers: at once when all that it rests on is durable, else with the
// group that is durable last. An error says that it was not taken. s.mu is held.
func (s *Store) ask(r *request, durable bool) error {
	switch {
	case s.failed != nil:
		return s.failed
	case s.closing:
		return balance.ErrClosed
	case s.asked.Load() >= int64(cap(s.reads)):
		return balance.ErrStoreBusy
	}
	s.asked.Add(1)
	if g := s.newest(); !durable && g != nil {
		g.waiting = append(g.waiting, r)
		return nil
	}
	s.reads <- r
	return nil
}

// read works on requests until there are no more.
func (s *Store) read() {
	r := newReader(&s.files)
	for q := range s.reads {
		q.run(r)
		s.asked.Add(-1)
	}
}

// askHead asks for something that begins with a log's last entry.
func (s *Store) askHead(log string, run func(r *reader, h head), fail func(error)) {
	s.mu.Lock()
	h := s.heads.find(log).head
	err := s.ask(&request{run: func(r *reader) { run(r, h) }, fail: fail}, h.last < s.durable)
	s.mu.Unlock()
	if err != nil {
		fail(err)
	}
}

// Load reads the newest snapshot of a log and the entries after it; see [balance.Store].
func (s *Store) Load(log string, done func(balance.Loaded, error)) {
	s.askHead(log, func(r *reader, h head) {
		l, err := r.load(log, h)
		done(l, err)
	}, func(err error) { done(balance.Loaded{}, err) })
}

// Scan visits the entries of a log; see [balance.Store]. It reads them into its reader's buffer of
// 64 KiB, one that is larger into memory of its own while it is visited; upwards it keeps eight bytes
// an entry besides.
func (s *Store) Scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
	s.askHead(log, func(r *reader, h head) {
		if d == balance.Backward {
			done(r.scanDown(log, h, from, visit))
			return
		}
		done(r.scanUp(log, h, from, visit))
	}, done)
}

// Logs visits every log; see [balance.Store].
func (s *Store) Logs(visit func(log string, last uint64) bool, done func(error)) {
	s.mu.Lock()
	err := s.ask(&request{run: func(*reader) {
		s.visitLogs(visit)
		done(nil)
	}, fail: done}, s.newest() == nil)
	s.mu.Unlock()
	if err != nil {
		done(err)
	}
}

// visitLogs takes the heads in portions, so that appends get between.
func (s *Store) visitLogs(visit func(log string, last uint64) bool) {
	var portion [1024]head
	for first := uint32(0); ; first += uint32(len(portion)) {
		n := 0
		s.mu.Lock()
		for i := first; i < s.heads.rows.length && n < len(portion); i++ {
			portion[n] = *s.heads.rows.at(i)
			n++
		}
		s.mu.Unlock()
		for _, h := range portion[:n] {
			if !visit(s.names.get(h.name), h.version) {
				return
			}
		}
		if n < len(portion) {
			return
		}
	}
}

// settle finds out who is in the way of an append, and answers: In when it is the append itself,
// sent again. s.mu is held; an error says that nothing will be answered.
func (s *Store) settle(i int, a *balance.Append, done func(int, balance.Result)) error {
	entries := a.Entries
	var last [2]head
	durable := true
	for k := range entries {
		last[k] = s.heads.find(entries[k].Log).head
		durable = durable && last[k].last < s.durable
	}
	for k := range a.Rows {
		if _, n, found := s.cards.find(a.Rows[k].Hash); found && n >= s.known {
			durable = false
		}
	}
	return s.ask(&request{
		run:  func(r *reader) { done(i, r.settle(entries, last)) },
		fail: func(err error) { done(i, balance.Result{Outcome: balance.Unknown, Err: err}) },
	}, durable)
}
