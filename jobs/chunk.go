package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec/clearing"
)

// chunk is a part of a file that is placed together.
type chunk struct {
	records []clearing.Record
	upTo    uint32 // DE71 of the last record that was read
	seen    uint32 // records read up to there
	err     error  // of the reading: io.EOF at the end of the file
}

// read reads the whole file and hands over what is wanted of it, chunk by chunk. While one is worked on
// the next is read. Nothing of a chunk is handed over unless its bytes are those that were checked.
func (n *fileLoad) read(ctx context.Context, wanted func(*clearing.Record) bool, use func(*chunk) error) error {
	free, full := make(chan *chunk, 2), make(chan *chunk, 2)
	for range cap(free) {
		free <- &chunk{records: make([]clearing.Record, 0, n.limits.ChunkMax)}
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() { // ends with the file, or when stop is closed
		defer close(ended)
		r := clearing.NewReader(n.bytes.again(), n.Hasher)
		for err := error(nil); err == nil; {
			select {
			case c := <-free:
				err = c.fill(r, wanted)
				if errors.Is(err, io.EOF) && r.Totals().SHA256 != n.totals.SHA256 {
					c.err = ErrChanged
				}
				full <- c
			case <-stop:
				return
			}
		}
	}()
	defer func() {
		close(stop)
		<-ended
	}()
	for {
		select {
		case c := <-full:
			if c.err != nil && !errors.Is(c.err, io.EOF) {
				return c.err
			}
			if err := use(c); err != nil || c.err != nil {
				return err
			}
			free <- c
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fill reads the next records that are wanted.
func (c *chunk) fill(r *clearing.Reader, wanted func(*clearing.Record) bool) error {
	c.records = c.records[:0]
	for len(c.records) < cap(c.records) && c.err == nil {
		c.records = c.records[:len(c.records)+1]
		q := &c.records[len(c.records)-1]
		if c.err = r.Next(q); c.err != nil || !wanted(q) {
			c.records = c.records[:len(c.records)-1]
		}
	}
	c.seen, c.upTo = r.Totals().Records, r.Totals().Count
	var reject *clearing.Reject
	if errors.As(c.err, &reject) {
		c.err = ErrChanged // it had no fault when it was checked
	}
	return c.err
}

// How long a record waits that the store did not take, before it is tried again.
const (
	pauseMin = 50 * time.Millisecond
	pauseMax = 5 * time.Second
)

// place places records. Those that could not be decided because of the store are tried again, in their
// order, before anything behind them.
func (n *fileLoad) place(ctx context.Context, records []clearing.Record, last bool) ([]router.Placed, error) {
	placed := make([]router.Placed, len(records))
	left := make([]int, len(records)) // which of the records are not placed
	for i := range left {
		left[i] = i
	}
	for try, again := 0, records; ; try++ {
		now, err := n.Router.Clear(ctx, &n.filing, again, last)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failed, why := left[:0:0], err
		for i, of := range left {
			if err == nil {
				placed[of] = now[i]
			}
			if err == nil && now[i].Err == nil {
				continue
			}
			failed = append(failed, of)
			if err == nil && (why == nil || !passing(now[i].Err)) {
				why = fmt.Errorf("record %d: %w", records[of].Number, now[i].Err)
			}
		}
		if len(failed) == 0 {
			return placed, nil
		}
		if (err == nil && !passing(why)) || try == n.limits.TriesMax {
			return nil, why
		}
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
		left, again = failed, make([]clearing.Record, 0, len(failed))
		for _, of := range failed {
			again = append(again, records[of])
		}
	}
}

// passing says whether an error is one that may be gone after a while. Nothing was recorded.
func passing(err error) bool {
	return errors.Is(err, balance.ErrOverloaded) || errors.Is(err, balance.ErrUnread) || errors.Is(err, balance.ErrNotTaken) ||
		errors.Is(err, router.ErrBehind)
}

// pause waits before the next try: longer each time.
func pause(ctx context.Context, try int) error {
	t := time.NewTimer(min(pauseMax, pauseMin<<min(try, 10)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
