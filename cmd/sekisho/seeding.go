package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// seeder begins wallets in a book, several at once.
type seeder struct {
	book   *balance.Book
	source source
	at     time.Time
	actor  balance.Actor

	opened, unchanged atomic.Int64
}

// seedsInFlight is how many wallets are begun at the same time: they share the writes to disk.
const seedsInFlight = 256

// errOther says that a wallet of this id is there already and is not this one.
var errOther = errors.New("the wallet exists already with other content")

// seed begins all wallets. After the first that cannot be begun no more are taken; the error names
// all that could not.
func (s *seeder) seed(given context.Context, openings []opening) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, len(openings))
	ctx, stop := context.WithCancel(given)
	defer stop()
	for range min(seedsInFlight, len(openings)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(openings) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if errs[i] = s.open(&openings[i]); errs[i] != nil {
					stop()
				}
			}
		})
	}
	workers.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return given.Err()
}

// open begins one wallet, or finds that it was begun like this before.
func (s *seeder) open(o *opening) error {
	if err := s.free(o); err != nil {
		return err
	}
	opened := false
	for i := range o.parts {
		p := &planting{key: partKey(o.parts[i].Log, i), print: o.print, first: i == 0, done: make(chan error, 1)}
		p.events, p.rows = part(&o.parts[i], i, p.key, o.print, s.actor), o.parts[i].Rows()
		s.book.Submit(balance.Post{Log: o.parts[i].Log, At: s.at, Mover: p})
		if err := <-p.done; err != nil {
			return s.explain(o, err)
		}
		opened = opened || p.planted
	}
	if opened {
		s.opened.Add(1)
	} else {
		s.unchanged.Add(1)
	}
	return nil
}

// partKey is the key of a part: with it, the same file again changes nothing.
func partKey(id string, n int) balance.Key {
	if n == 0 {
		return balance.CallKey("seed", id)
	}
	return balance.CallKey("seed", id, strconv.Itoa(n))
}

// part is the events of a part. All but the first only issue cards.
func part(o *balance.Opening, n int, key balance.Key, print spec.Fingerprint, actor balance.Actor) []balance.Event {
	events := o.Events(key, print, actor)
	if n > 0 {
		events = events[1:] // without opening it again
		events[0].Key, events[0].Fingerprint = key, print
	}
	return events
}

// free sees that no number leads to another wallet, before anything of a wallet is recorded.
func (s *seeder) free(o *opening) error {
	type answer struct {
		row   balance.Row
		found bool
		err   error
	}
	for _, n := range o.numbers {
		answered := make(chan answer, 1)
		s.book.Store().Card(n.hash, func(row balance.Row, found bool, err error) { answered <- answer{row, found, err} })
		a := <-answered
		switch {
		case a.err != nil:
			return s.explain(o, a.err)
		case a.found && a.row.Log != o.parts[0].Log:
			return s.source.at(n.path, "%s (wallet %s) leads to wallet %s already: expected a number of its own", n.masked, o.parts[0].Log, a.row.Log)
		}
	}
	return nil
}

func (s *seeder) explain(o *opening, err error) error {
	id := o.parts[0].Log
	switch {
	case errors.Is(err, errOther):
		return s.source.at(o.path, "wallet %s exists already with other content: expected what it was seeded with, or an id of its own", id)
	case errors.Is(err, balance.ErrRowExists):
		if err := s.free(o); err != nil {
			return err
		}
	}
	return fmt.Errorf("wallet %s: %w", id, err)
}

// planting is the part of a wallet on its way through the book.
type planting struct {
	key     balance.Key
	print   spec.Fingerprint
	first   bool
	events  []balance.Event
	rows    []balance.Row
	planted bool
	done    chan error
}

// Decide implements [balance.Mover].
func (p *planting) Decide(v *balance.View) balance.Decision {
	record, ready := v.Record(p.key)
	switch {
	case !ready:
		return balance.Decision{}
	case record != nil && record.Fingerprint == p.print:
		return balance.Decision{}
	case record != nil || p.first != (v.Version == 0):
		return balance.Decision{Undecided: errOther}
	}
	return balance.Decision{Events: p.events, Rows: p.rows}
}

// Done implements [balance.Mover].
func (p *planting) Done(d balance.Decision, err error) {
	p.planted = len(d.Events) > 0
	p.done <- err
}

// Overdue implements [balance.Mover]; it has no deadline.
func (p *planting) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }
