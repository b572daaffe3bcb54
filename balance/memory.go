package balance

import (
	"sync"
	"time"

	"sekisho/spec"
)

// MemoryStore keeps logs in memory. It stands in for either kind of real store: ordered, as one
// on this machine's disk, or single, as one across a network, with the faults such stores have
// when its options ask for them. It is safe for several goroutines.
type MemoryStore struct {
	shared  *memoryLogs
	options MemoryOptions
	pending sync.WaitGroup // calls that have not been answered

	mu      sync.Mutex
	queue   []memoryCall // calls that take no time, in their order
	running bool         // a goroutine is working through queue
	seen    map[spec.CardHash]Row
	failed  error // set by an unknown outcome in ordered mode: nothing works any more
}

// MemoryOptions say what a MemoryStore is like. The functions are called one at a time, in the
// order of the appends, and must not call the store. The zero value is an ordered store
// without faults.
type MemoryOptions struct {
	Single       bool                       // one append a log in flight, answers in any order
	Delay        func(Append) time.Duration // how long an append takes; nil: no time
	ReadDelay    time.Duration              // how long Load, Scan, Logs and Card take
	Fault        func(Append) Fault         // what goes wrong with an append; nil: nothing
	LateBy       time.Duration              // how long after its answer a FaultUnknownLate lands
	ReadFault    func(log string) error     // error of a Load or Scan; nil: none
	BeforeAppend func(Append) []Append      // what another node appends just before this; nil: nothing
}

// NewMemoryStore makes an empty store.
func NewMemoryStore(o MemoryOptions) *MemoryStore {
	logs := &memoryLogs{logs: map[string][]Sealed{}, rows: map[spec.CardHash]Row{}}
	return &MemoryStore{shared: logs, options: o, seen: map[spec.CardHash]Row{}}
}

// Node is another process's view of the same logs, with faults of its own: a second node of a
// cluster or, once this one was closed or has failed, the same node started again.
func (s *MemoryStore) Node(o MemoryOptions) *MemoryStore {
	return &MemoryStore{shared: s.shared, options: o, seen: map[spec.CardHash]Row{}}
}

// Ordered says whether appends become durable in the order in which they were made.
func (s *MemoryStore) Ordered() bool { return !s.options.Single }

// Append appends each element of batch; see [Store].
func (s *MemoryStore) Append(batch []Append, done func(i int, r Result)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range batch {
		fault, delay := FaultNone, time.Duration(0)
		if s.options.Fault != nil {
			fault = s.options.Fault(a)
		}
		if s.options.Delay != nil {
			delay = s.options.Delay(a)
		}
		s.start(memoryCall{delay: delay, act: func() func() {
			r := s.append(a, fault)
			return func() { done(i, r) }
		}})
	}
}

// Load reads the newest snapshot of a log and the entries after it; see [Store].
func (s *MemoryStore) Load(log string, done func(Loaded, error)) {
	s.read(func() func() {
		if err := s.readError(log); err != nil {
			return func() { done(Loaded{}, err) }
		}
		var l Loaded
		l.Entries = s.shared.entries(log)
		for i := len(l.Entries) - 1; i >= 0; i-- {
			if len(l.Entries[i].Snapshot) > 0 {
				snapshot := l.Entries[i]
				l.Snapshot, l.Entries = &snapshot, l.Entries[i+1:]
				break
			}
		}
		return func() { done(l, nil) }
	})
}

// Scan visits the entries of a log; see [Store].
func (s *MemoryStore) Scan(log string, from uint64, d Direction, visit func(Sealed) bool, done func(error)) {
	s.read(func() func() {
		if err := s.readError(log); err != nil {
			return func() { done(err) }
		}
		entries := s.shared.entries(log)
		return func() {
			visitEntries(entries, from, d, visit)
			done(nil)
		}
	})
}

func visitEntries(entries []Sealed, from uint64, d Direction, visit func(Sealed) bool) {
	last := uint64(len(entries))
	if d == Forward {
		for v := max(from, 1); v <= last && visit(entries[v-1]); v++ {
		}
		return
	}
	if from == 0 || from > last {
		from = last
	}
	for v := from; v >= 1 && visit(entries[v-1]); v-- {
	}
}

// Logs visits every log; see [Store].
func (s *MemoryStore) Logs(visit func(log string, last uint64) bool, done func(error)) {
	s.read(func() func() {
		if err := s.readError(""); err != nil {
			return func() { done(err) }
		}
		names, lasts := s.shared.names()
		return func() {
			for i, name := range names {
				if !visit(name, lasts[i]) {
					break
				}
			}
			done(nil)
		}
	})
}

// Peek finds a card that this node has met; an ordered store, which has no other nodes, finds all.
func (s *MemoryStore) Peek(hash spec.CardHash) (Row, bool) {
	if s.Ordered() {
		return s.shared.row(hash)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row, found := s.seen[hash]
	return row, found
}

// Card finds a card for certain; see [Store].
func (s *MemoryStore) Card(hash spec.CardHash, done func(Row, bool, error)) {
	s.read(func() func() {
		if err := s.readError(""); err != nil {
			return func() { done(Row{}, false, err) }
		}
		row, found := s.shared.row(hash)
		if found {
			s.meet(row)
		}
		return func() { done(row, found, nil) }
	})
}

// Close waits until every call has been answered. The logs stay with the store's other nodes.
func (s *MemoryStore) Close() error {
	s.pending.Wait()
	return nil
}

func (s *MemoryStore) meet(rows ...Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range rows {
		s.seen[row.Hash] = row
	}
}

func (s *MemoryStore) readError(log string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil && s.options.ReadFault != nil {
		return s.options.ReadFault(log)
	}
	return s.failed
}

func (s *MemoryStore) read(act func() func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start(memoryCall{delay: s.options.ReadDelay, act: act})
}
