package authswitch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// readFrames reads and hands over messages until there is a reason to end.
func (c *conn) readFrames() ending {
	more := false // whole frames are waiting that there was no room for
	for {
		if !c.waitForRoom() {
			return endClosed
		}
		if !more {
			if end := c.readFrame(); end != "" {
				return end
			}
		}
		var end ending
		if more, end = c.hand(); end != "" {
			return end
		}
	}
}

// waitForRoom pauses while too many answers are outstanding, until half of them are on the
// wire. It is false when the connection is closed.
func (c *conn) waitForRoom() bool {
	limit := int64(c.link.Limits.InFlightMax)
	if c.taken-c.released < limit {
		return true
	}
	c.refill()
	if c.taken-c.released < limit {
		return true
	}
	c.link.metrics.pauses.Inc()
	open := c.out.await(c.taken - limit/2)
	c.date.pause()
	c.refill()
	return open
}

func (c *conn) refill() { c.spare, c.released = c.out.reuse(c.spare) }

// readFrame waits for the bytes of one or more frames, or for a part of one.
func (c *conn) readFrame() ending {
	if err := c.limitFrameTime(); err != nil {
		return c.endOf(err)
	}
	if c.draining.Load() { // after the deadline was set, which drain sets as well
		return endDrained
	}
	space := c.in.space()
	from := time.Now()
	n, err := c.net.Read(space)
	now := time.Now()
	c.in.took(n, len(space))
	c.date.took(from, now, n < len(space))
	if n == 0 && err != nil { // one that came with bytes comes again
		return c.endOf(err)
	}
	c.link.lastFrame.Store(now.UnixNano())
	return ""
}

// limitFrameTime gives the rest of a frame its time, counted from the read that brought its
// first bytes. Between frames a connection may be silent for as long as it likes.
func (c *conn) limitFrameTime() error {
	var deadline time.Time
	switch partial := c.in.waiting() > 0; {
	case partial && (!c.armed || c.fresh):
		since := c.date.read
		if c.date.behind {
			since = time.Now()
		}
		deadline = since.Add(c.link.Limits.FrameTimeMax)
	case !partial && c.armed:
	default:
		return nil
	}
	c.armed, c.fresh = !deadline.IsZero(), false
	return c.net.SetReadDeadline(deadline)
}

// endOf finds out what an error of reading means.
func (c *conn) endOf(err error) ending {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if c.draining.Load() {
			return endDrained
		}
		c.link.metrics.badFrame("stalled")
		c.logBad("frame stalled", fmt.Sprintf("the rest of a frame did not come within %s", c.link.Limits.FrameTimeMax))
		return endStalled
	case errors.Is(err, io.EOF):
		return endPeer
	case errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe): // by ourselves
		return endClosed
	}
	c.log.Debug("read failed", "error", err)
	return endBroken
}

// hand decodes all whole frames there is room for, and hands them over together. A panic on
// the way is the end of this connection and of no other.
func (c *conn) hand() (more bool, end ending) {
	defer func() {
		if cause := recover(); cause != nil {
			more, end = false, c.panicked("a message was handled", cause)
		}
	}()
	before := c.taken
	frames, more, end := c.cut()
	if frames > 0 {
		c.link.metrics.took(&c.classes, frames, time.Since(c.date.read))
	}
	if taken := c.taken - before; taken > 0 {
		c.link.metrics.inFlight.Add(float64(taken))
		c.deliver()
	}
	return more, end
}

// deliver hands over what has been decoded and puts out what was answered here.
func (c *conn) deliver() {
	c.out.cork()
	if len(c.batch) > 0 {
		c.link.handler.Handle(c.batch)
	}
	c.out.uncork(c.here)
	clear(c.batch)
	c.batch, c.here = c.batch[:0], c.here[:0]
}

// cut decodes frame after frame; more is true when it stopped for lack of room.
func (c *conn) cut() (frames int, more bool, end ending) {
	for c.taken-c.released < int64(c.link.Limits.InFlightMax) {
		frame, ok, err := c.in.next()
		if err != nil {
			c.link.metrics.badFrame(frameReason(err))
			c.logBad("frame cannot be cut", err.Error())
			return frames, false, endBad
		}
		if !ok {
			return frames, false, ""
		}
		c.fresh = true
		frames++
		if end := c.accept(frame); end != "" {
			return frames, false, end
		}
	}
	return frames, true, ""
}

func frameReason(err error) string {
	if framing, ok := errors.AsType[*FramingError](err); ok {
		return framing.Reason
	}
	return "other"
}
