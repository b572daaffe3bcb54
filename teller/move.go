package teller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// KeysKept is how long, at least, a call with a known key is answered with what was done then.
const KeysKept = balance.CallKept

// Done is what a call did, on whatever node and however often it is asked: the same for all.
type Done struct {
	Log      string          // the wallet
	Version  uint64          // of the entry that it caused
	At       time.Time       // of that entry
	Replayed bool            // it was done by an earlier call with this key
	Events   []balance.Event // what happened in the log, as stored, at least one; those of cards tell all of the card
}

// move is one call on its way through the book.
type move struct {
	call  *Call
	key   balance.Key
	print spec.Fingerprint
	kept  time.Duration // how long the key is known; 0: KeysKept
	again bool          // act also when it was done before
	used  balance.Key   // must be new as well; zero: nothing
	since time.Duration
	sees  func(w *balance.Wallet) bool // nil, before it runs: the caller's wallets
	// act says what happens in the log, at least one event, and in the other log of the move, on one version of
	// the wallet. What changes nothing is an event as well: else a late repeat would be decided anew. It may be
	// asked again.
	act  func(v *balance.View) (here, there []balance.Event, err error)
	rows []balance.Row

	left    func() error // not nil: nobody waits for it any more
	outcome outcome      // of the last decision
	ended   chan outcome
}

// outcome is what became of a move.
type outcome struct {
	done Done
	err  error
}

// Decide implements [balance.Mover]. What is refused appends nothing and is told only once it is certain
// that the version it rests on is the last. Once its caller has left it does nothing: who asks again elsewhere
// and is refused can rely on that, but for an append that is under way already.
func (m *move) Decide(v *balance.View) balance.Decision {
	m.outcome = outcome{}
	if err := m.left(); err != nil {
		return balance.Decision{Undecided: err}
	}
	if !m.sees(v.Wallet) {
		return m.refuse(ErrNotFound)
	}
	record, ready := v.RecordSince(m.key, v.Now.Add(-cmp.Or(m.kept, KeysKept)).UnixMilli())
	used, sure := (*balance.Record)(nil), true
	if m.used != (balance.Key{}) {
		used, sure = v.RecordSince(m.used, v.Now.Add(-m.since).UnixMilli())
	}
	switch {
	case !ready || !sure:
		return balance.Decision{}
	case record != nil && record.Fingerprint != m.print:
		return m.refuse(ErrOtherBody)
	case record != nil && !m.again:
		m.outcome.done = Done{Log: v.Log, Version: record.Version, Replayed: true}
		return balance.Decision{}
	case used != nil:
		return m.refuse(&ReferenceError{used.Version})
	}
	if m.call.IfMatch != 0 && (m.call.IfMatch != v.Version || v.Ahead > 0) { // nobody has seen what is ahead
		return m.refuse(&VersionError{v.Version + uint64(min(v.Ahead, 1))}) //nolint:gosec // 0 or 1
	}
	here, there, err := m.act(v)
	if err != nil {
		return m.refuse(err)
	}
	return m.decide(v, here, there)
}

// decide puts the key on what happens, and notes what is answered.
func (m *move) decide(v *balance.View, here, there []balance.Event) balance.Decision {
	actor := m.call.actor()
	for _, events := range [][]balance.Event{here, there} {
		for i := range events {
			events[i].Actor, events[i].Answer.Reason = actor, spec.Approved
		}
	}
	here[0].Key, here[0].Fingerprint = m.key, m.print
	after(v.Wallet, here)
	m.outcome.done = Done{Log: v.Log, Version: v.Version + 1, At: time.UnixMilli(v.Dated).UTC(), Events: here}
	d := balance.Decision{Events: here, Also: there, Rows: m.rows}
	if m.used != (balance.Key{}) {
		// An event has one key. The other is kept by one before it that says nothing else, so that whoever
		// reads what the call did, from its own key on, does not meet it.
		d.Events = append([]balance.Event{{Kind: here[0].Kind, Key: m.used, Actor: actor, Answer: here[0].Answer}}, here...)
	}
	return d
}

// after fills in what cards have after events, as the log will have it.
func after(w *balance.Wallet, events []balance.Event) {
	now := map[spec.CardID]balance.CardBalance{}
	for i := range events {
		e := &events[i]
		if e.Card == (spec.CardID{}) {
			continue
		}
		b, ok := now[e.Card]
		if !ok {
			card, _ := w.Card(e.Card)
			b = card.CardBalance
		}
		b.Allocated += e.Allocated
		now[e.Card], e.After = b, b
	}
}

func (m *move) refuse(err error) balance.Decision {
	m.outcome.err = err
	return balance.Decision{}
}

// Done implements [balance.Mover].
func (m *move) Done(_ balance.Decision, err error) {
	o := m.outcome
	if err != nil {
		o = outcome{err: undone(err)}
	}
	if errors.Is(err, balance.ErrUnread) {
		o.err = keyed(o.err)
	}
	m.ended <- o
}

// Overdue implements [balance.Mover]: a call has no deadline.
func (m *move) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// run has a move done. What was done before is read from the log.
func (t *Teller) run(ctx context.Context, log, other string, m *move) (Done, error) {
	d, err := t.once(ctx, log, other, m)
	if err != nil || !d.Replayed {
		return d, err
	}
	return t.replay(ctx, d, m.key)
}

// once has a move done, or finds the version at which it was done before.
func (t *Teller) once(ctx context.Context, log, other string, m *move) (Done, error) {
	if err := m.call.check(); err != nil {
		return Done{}, err
	}
	m.key, m.left, m.ended = m.call.key(), ctx.Err, make(chan outcome, 1)
	if m.sees == nil {
		m.sees = func(w *balance.Wallet) bool { return t.sees(&m.call.Caller, w) }
	}
	if len(log) > balance.LogNameMax || len(other) > balance.LogNameMax || log == "" {
		return Done{}, ErrNotFound
	}
	t.book.Submit(balance.Post{Log: log, Other: other, At: t.options.Now(), Mover: m})
	select {
	case o := <-m.ended:
		return o.done, o.err
	case <-ctx.Done():
		return Done{}, fmt.Errorf("%w (%w)", ErrUnknown, ctx.Err())
	}
}

// replay reads what was done under a key from the entry that it caused.
func (t *Teller) replay(ctx context.Context, d Done, key balance.Key) (Done, error) {
	var e balance.Entry
	err := t.scan(ctx, d.Log, d.Version, balance.Forward, func(entry *balance.Entry) bool {
		e = *entry
		return false
	})
	if err != nil {
		return Done{}, keyed(err)
	}
	if e.Version != d.Version {
		return Done{}, fmt.Errorf("%w (entry %d of %s is not there)", ErrUnknown, d.Version, d.Log)
	}
	d.At, d.Events = time.UnixMilli(e.At).UTC(), group(e.Events, key)
	if len(d.Events) == 0 {
		return Done{}, ErrOtherBody
	}
	return d, nil
}

// group is what one call did among the events of an entry: that with its key, and those behind it that the
// same caller caused and that have no key of their own.
func group(events []balance.Event, key balance.Key) []balance.Event {
	for i := range events {
		if events[i].Key != key {
			continue
		}
		end := i + 1
		for end < len(events) && events[end].Key == (balance.Key{}) && events[end].Actor == events[i].Actor {
			end++
		}
		return events[i:end:end]
	}
	return nil
}

// scan reads entries of a log, from a version on; it waits.
func (t *Teller) scan(ctx context.Context, log string, from uint64, d balance.Direction, visit func(*balance.Entry) bool) error {
	done := make(chan error, 1)
	var broken error
	t.book.Store().Scan(log, from, d, func(s balance.Sealed) bool {
		var e balance.Entry
		if broken = balance.DecodeEntry(s.Body, &e); broken != nil {
			return false
		}
		return ctx.Err() == nil && visit(&e)
	}, func(err error) { done <- err })
	select {
	case err := <-done:
		switch {
		case err != nil:
			return fmt.Errorf("%w (%w)", ErrUnavailable, err)
		case broken != nil:
			return fmt.Errorf("%w (%w)", ErrUnavailable, broken)
		}
		return ctx.Err()
	case <-ctx.Done():
		return fmt.Errorf("%w (%w)", ErrUnavailable, ctx.Err())
	}
}
