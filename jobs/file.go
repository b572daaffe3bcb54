package jobs

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/spec/clearing"
)

// fileLog is the log of a clearing file: that it was taken, how far it is placed, and that it is closed.
//
//	FileTaken   first entry: the file's SHA-256 and size in Note, its sum; no placement
//	FileTaken   later entries: without a placement, Count is the DE71 up to which everything is placed but
//	            what may wait for a later record; then one for each placement, of what is placed for good
//	FileClosed  last entry: one for each placement, with the number of records and the sum of DE4
type fileLog struct {
	book     *balance.Book
	id       clearing.FileID
	triesMax int
}

func (f *fileLog) name() string { return "file:" + f.id.String() }

// standing is where a file stands by its log.
type standing struct {
	begun  time.Time // zero: it was never taken
	note   string    // of the bytes that it was taken with
	closed bool
	upTo   uint32 // DE71
	placed Tally  // up to there, but for what may wait
}

// noteOf names the bytes of a file.
func noteOf(t *clearing.Totals) string {
	return fmt.Sprintf("sha256 %s, %d bytes", hex.EncodeToString(t.SHA256[:]), t.Bytes)
}

// take begins the log of a file, unless it has begun. mine is false when it had.
func (f *fileLog) take(ctx context.Context, t *clearing.Totals) (mine bool, err error) {
	key := balance.ClearingKey(f.id, 0)
	return f.append(ctx, func(v *balance.View) ([]balance.Event, bool) {
		if v.Version > 0 {
			return nil, true
		}
		if record, ready := v.Record(key); !ready || record != nil { // another load's, in the entry that is being made
			return nil, ready
		}
		return []balance.Event{{
			Kind: balance.FileTaken, Key: key, Actor: loading, Note: noteOf(t),
			Clearing: balance.Clearing{Amount: t.Sum},
		}}, true
	})
}

// reach records how far a file is placed.
func (f *fileLog) reach(ctx context.Context, upTo uint32, placed Tally) error {
	_, err := f.append(ctx, func(*balance.View) ([]balance.Event, bool) {
		first := balance.Event{Kind: balance.FileTaken, Actor: loading, Clearing: balance.Clearing{Count: uint64(upTo)}}
		return append([]balance.Event{first}, placed.events(balance.FileTaken)...), true
	})
	return err
}

// close ends the log of a file. mine is false when it had ended already.
func (f *fileLog) close(ctx context.Context, placed Tally) (mine bool, err error) {
	key := balance.CallKey("file closed", f.id.String())
	return f.append(ctx, func(v *balance.View) ([]balance.Event, bool) {
		record, ready := v.Record(key)
		if !ready || record != nil {
			return nil, ready
		}
		events := placed.events(balance.FileClosed)
		events[0].Key = key
		return events, true
	})
}

// append has something decided about the log and waits until it is durable. What the store does not take
// is tried again.
func (f *fileLog) append(ctx context.Context, decide func(v *balance.View) (events []balance.Event, ready bool)) (appended bool, err error) {
	for try := 0; ; try++ {
		m := &filing{decide: decide, done: make(chan error, 1)}
		f.book.Submit(balance.Post{Log: f.name(), At: time.Now(), Mover: m})
		select {
		case err = <-m.done:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		switch {
		case err == nil:
			return m.appended, nil
		case !passing(err) || try == f.triesMax:
			return false, fmt.Errorf("log of the file: %w", err)
		}
		if err := pause(ctx, try); err != nil {
			return false, err
		}
	}
}

// filing is a change of the log of a file on its way through the book.
type filing struct {
	decide   func(v *balance.View) ([]balance.Event, bool)
	appended bool
	done     chan error
}

// Decide implements [balance.Mover].
func (m *filing) Decide(v *balance.View) balance.Decision {
	events, _ := m.decide(v)
	return balance.Decision{Events: events}
}

// Done implements [balance.Mover].
func (m *filing) Done(d balance.Decision, err error) {
	m.appended = err == nil && len(d.Events) > 0
	m.done <- err
}

// Overdue implements [balance.Mover]; it has no deadline.
func (m *filing) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// standing reads where the file stands.
func (f *fileLog) standing(ctx context.Context) (standing, error) {
	var s standing
	var e balance.Entry
	var unread error
	done := make(chan error, 1)
	f.book.Store().Scan(f.name(), 1, balance.Forward, func(sealed balance.Sealed) bool {
		if unread = balance.DecodeEntry(sealed.Body, &e); unread == nil {
			s.take(&e)
		}
		return unread == nil && ctx.Err() == nil
	}, func(err error) { done <- err })
	select {
	case err := <-done: // from here on nothing visits any more
		if err == nil {
			err = unread
		}
		if err != nil {
			return standing{}, fmt.Errorf("reading the log of the file: %w", err)
		}
		return s, ctx.Err()
	case <-ctx.Done():
		return standing{}, ctx.Err()
	}
}

// take goes on with the next entry. One entry can have what two loads at once had to say.
func (s *standing) take(e *balance.Entry) {
	further := false // whether the placements that follow are of a later record than those before
	for i := range e.Events {
		switch ev := &e.Events[i]; {
		case ev.Kind == balance.FileClosed:
			s.closed = true
		case ev.Kind != balance.FileTaken:
		case ev.Note != "":
			s.begun, s.note = time.UnixMilli(e.At), ev.Note
		case ev.Clearing.Placement == balance.PlacementNone:
			upTo := uint32(ev.Clearing.Count) //nolint:gosec // written from a DE71
			if further = upTo > s.upTo; further {
				s.upTo, s.placed = upTo, Tally{}
			}
		case further:
			s.placed.take(ev)
		}
	}
}

// otherBytes says whether the file was taken, with other bytes than these.
func (s *standing) otherBytes(t *clearing.Totals) bool {
	return !s.begun.IsZero() && s.note != noteOf(t)
}
