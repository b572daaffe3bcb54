// Package dynamo is a balance.Store on one DynamoDB table, for any number of nodes that know nothing
// of each other: an entry goes in only where none is yet.
package dynamo

import (
	"context"
	"fmt"
	"net/http"

	"sekisho/balance"
	"sekisho/spec"
)

// Store keeps logs in a table. It is safe for several goroutines.
//
// What it rests on: an entry is an item under its log and version, written on the condition that
// none is there, and never touched again. So there is nothing to lock and nothing to repair, an
// entry that is sent again is found to be in, and what was read once is right for good. Each append
// is tried once; whose outcome is not known the caller sends again.
type Store struct {
	options Options
	api     api
	table   tableAPI
	http    *http.Transport
	base    context.Context //nolint:containedctx // values of the opener, for calls that outlive it

	appends *crew
	reads   *crew
	scans   *crew
	line    line

	known   *known
	laid    laid
	lookups lookups
	stats   Stats
}

// Ordered is false: one append a log is in flight.
func (s *Store) Ordered() bool { return false }

// Append appends each element of batch; see [balance.Store]. Elements are sent at the same time, up
// to a bound; beyond what may wait they are Out with balance.ErrStoreBusy.
func (s *Store) Append(batch []balance.Append, done func(i int, r balance.Result)) {
	for i := range batch {
		a := &batch[i]
		if a.Barrier() {
			s.line.barrier(func() { done(i, balance.Result{Outcome: balance.In}) })
			continue
		}
		if err := a.Check(); err != nil {
			done(i, out(err))
			continue
		}
		place := s.line.enter()
		queued := s.appends.put(func() {
			r := s.try(a)
			s.settle(a, r)
			done(i, r)
			s.line.leave(place)
		})
		if !queued {
			s.stats.Busy.Add(1)
			done(i, out(fmt.Errorf("%w: %d appends wait already", balance.ErrStoreBusy, s.options.WaitMax)))
			s.line.leave(place)
		}
	}
}

// settle takes note of an outcome before the caller hears of it.
func (s *Store) settle(a *balance.Append, r balance.Result) {
	s.lookups.appended(a.Rows, r.Outcome == balance.In)
	switch r.Outcome {
	case balance.In:
		for i := range a.Entries {
			s.known.saw(a.Entries[i].Log, a.Entries[i].Version)
		}
	case balance.Conflict:
		s.stats.Conflicts.Add(1)
		if r.Theirs != nil {
			s.known.saw(r.Theirs.Log, r.Theirs.Version)
		}
	case balance.Unknown:
		s.stats.Unknown.Add(1)
		return
	case balance.Out:
		return
	}
	for i := range a.Entries {
		s.forgetPieces(&a.Entries[i])
	}
}

// Load reads a log downwards to its newest snapshot; see [balance.Store].
func (s *Store) Load(log string, done func(balance.Loaded, error)) {
	s.ask(s.reads, func() { done(s.load(log)) }, func(err error) { done(balance.Loaded{}, err) })
}

// Scan visits the entries of a log; see [balance.Store]. visit may block: the next page is read
// when it has returned.
func (s *Store) Scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool, done func(error)) {
	s.ask(s.scans, func() { done(s.scan(log, from, d, visit)) }, done)
}

// Logs visits every log; see [balance.Store]. It reads the whole table, a page at a time. visit may
// block: the next page is read when it has returned.
func (s *Store) Logs(visit func(log string, last uint64) bool, done func(error)) {
	s.ask(s.scans, func() { done(s.list(visit)) }, done)
}

// Peek finds a card whose row is in memory and known to be durable.
func (s *Store) Peek(hash spec.CardHash) (balance.Row, bool) { return s.lookups.rows.find(hash) }

// Card finds a card for certain, in memory or by a consistent read; see [balance.Store]. That
// there is none may be up to Options.AbsentFor old when the row was appended by another node.
// Errors: balance.ErrStoreBusy beyond Options.LookupsPerSecond.
func (s *Store) Card(hash spec.CardHash, done func(row balance.Row, found bool, err error)) {
	if !s.lookups.ask(hash, &s.stats, done) {
		return
	}
	s.ask(s.reads, func() {
		row, found, err := s.lookUp(hash)
		s.lookups.answer(hash, row, found, err)
	}, func(err error) { s.lookups.answer(hash, balance.Row{}, false, err) })
}

func (s *Store) lookUp(hash spec.CardHash) (balance.Row, bool, error) {
	s.stats.Lookups.Add(1)
	key := cardKey(hash)
	found, err := s.get(key, 0)
	if err != nil || len(found) == 0 {
		return balance.Row{}, false, err
	}
	value, err := valueOf(key, 0, found)
	if err != nil {
		return balance.Row{}, false, err
	}
	row, err := decodeRow(hash, value)
	return row, err == nil, err
}

// ask has a crew do something, or says that too much is waiting.
func (s *Store) ask(c *crew, do func(), busy func(error)) {
	if !c.put(do) {
		s.stats.Busy.Add(1)
		busy(fmt.Errorf("%w: %d reads wait already", balance.ErrStoreBusy, s.options.WaitMax))
	}
}

// Close waits until everything that was asked is answered.
func (s *Store) Close() error {
	s.appends.close()
	s.reads.close()
	s.scans.close()
	s.http.CloseIdleConnections()
	return nil
}
