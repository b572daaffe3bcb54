// Package embedded is a balance.Store on this machine's disk: one log, written in groups, each made
// durable by one write that all who wait share.
package embedded

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"sekisho/balance"
	"sekisho/spec"
)

// Store keeps logs in the segments of one directory. It is safe for several goroutines.
//
// What makes it true that what is answered is durable: an append is checked against the heads and
// copied into the forming group under one lock, so the log's order is the order of the appends.
// One goroutine writes groups, each chained to the one before by its hash, and answers only when
// the write has returned. While it writes the next group forms: there are no timers, a group is
// what came during the last write.
type Store struct {
	disk      Disk
	log       *slog.Logger
	fatal     func(error)
	readOnly  bool
	torn      *TornTail // that was there when it was opened
	segments  segmentDir
	size      int64 // of a segment, bytes
	queuedMax int
	held      io.Closer
	prepare   *preparer
	tail      tail // of the writer alone

	files files

	names names
	cards directory

	reads   chan *request // as long as askMax: sending never blocks
	asked   atomic.Int64  // requests not answered yet
	running struct{ write, prepare, read sync.WaitGroup }

	mu      sync.Mutex
	work    *sync.Cond // there is something to write, or the end has come
	heads   heads
	forming *group
	sealed  []*group // complete but for their hash, waiting to be written in this order
	queued  int      // bytes of sealed
	writing *group   // being written, nil when none is
	free    []*group
	durable position // everything before it is durable
	known   uint32   // rows of the directory that are durable
	failed  error    // set once, by the first write that failed
	closing bool
}

// Errors of one append or read.
var (
	ErrTooLarge = fmt.Errorf("%w: it is larger than a segment holds", balance.ErrShape)
	ErrReadOnly = errors.New("the store was opened to be read only")
	errFailed   = errors.New("the store's disk has failed")
)

// Ordered is true: entries of a log may follow each other before the first is durable.
func (s *Store) Ordered() bool { return true }

// TornTail is what was dropped at the log's end when the store was opened; nil when nothing was.
func (s *Store) TornTail() *TornTail { return s.torn }

// Close writes what was appended, answers everything and gives the directory free. The error is
// that of the write that failed, if one did.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.work.Signal()
	s.running.write.Wait()
	if s.prepare != nil {
		s.prepare.close()
	}
	s.running.prepare.Wait()
	close(s.reads)
	s.running.read.Wait()
	return errors.Join(s.failed, s.tail.close(), s.files.close(), s.held.Close())
}

// Peek finds a card in memory, where all cards are.
func (s *Store) Peek(hash spec.CardHash) (balance.Row, bool) {
	row, _, found := s.cards.find(hash)
	return row, found
}

// Card finds a card for certain; see [balance.Store].
func (s *Store) Card(hash spec.CardHash, done func(row balance.Row, found bool, err error)) {
	row, n, found := s.cards.find(hash)
	s.mu.Lock()
	err, durable := s.failed, !found || n < s.known
	if err == nil && !durable {
		err = s.ask(&request{
			run:  func(*reader) { done(row, true, nil) },
			fail: func(err error) { done(balance.Row{}, false, err) },
		}, false)
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		done(balance.Row{}, false, err)
	case durable:
		done(row, found, nil)
	}
}
