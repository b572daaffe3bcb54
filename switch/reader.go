package authswitch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"sekisho/spec"
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
	c.fresh = true // the frame's time goes on when we do
	c.refill()
	return open
}

func (c *conn) refill() { c.spare, c.released = c.out.reuse(c.spare) }

// readFrame waits for the bytes of one or more frames, or for a part of one.
func (c *conn) readFrame() ending {
	if c.failed != nil {
		return c.endOf(c.failed)
	}
	if err := c.limitFrameTime(); err != nil {
		return c.endOf(err)
	}
	if c.draining.Load() { // after the deadline was set, which drain sets as well
		return endDrained
	}
	space := c.in.space()
	n, err := c.net.Read(space)
	now := time.Now()
	c.in.took(n, len(space))
	c.date.took(now, n < len(space))
	if n == 0 && err != nil {
		return c.endOf(err)
	}
	c.failed = err
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

// accept makes a call of a frame and finds out whose it is.
func (c *conn) accept(frame []byte) ending {
	k := c.call(frame)
	if len(frame) == 0 {
		k.kind = keepAlive
		c.link.metrics.keepAlives.Inc()
		c.here = append(c.here, k)
		return ""
	}
	l, r := c.link, &k.request
	r.At, r.Deadline, r.Link, r.Policy = c.date.at, time.Time{}, l.Name, l.policy
	if l.policy.Budget > 0 {
		r.Deadline = r.At.Add(l.policy.Budget)
	}
	if err := l.Dialect.Decode(k.frame, r); err != nil {
		return c.reject(k, err)
	}
	r.Policy = l.policy
	c.classes.add(r.Class)
	answer, what := l.judge(r)
	switch what {
	case route:
		k.pending = true
		c.batch = append(c.batch, k)
	case reply:
		k.response = answer
		c.here = append(c.here, k)
	case drop:
		l.metrics.unsolicited.Inc()
		c.forget(k)
	case hangUp:
		c.forget(k)
		l.metrics.badFrame("mti")
		c.logBad("message cannot be answered", "MTI "+r.MTI.String()+" is not known, and DE7 or DE11 is missing")
		return endBad
	}
	return ""
}

// call takes a call that is free, with a copy of the frame.
func (c *conn) call(frame []byte) *call {
	if len(c.spare) == 0 {
		c.refill()
	}
	var k *call
	if n := len(c.spare); n > 0 {
		k, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		k = &call{conn: c}
	}
	c.taken++
	k.kind = message
	k.hold(frame)
	return k
}

// forget takes back a call that never left.
func (c *conn) forget(k *call) {
	c.taken--
	c.spare = append(c.spare, k)
}

// reject answers a frame that did not decode, where that can be done; else the connection
// ends.
func (c *conn) reject(k *call, err error) ending {
	what := "a frame that the dialect refuses without saying why"
	reason := "other"
	if field, ok := errors.AsType[*spec.FieldError](err); ok {
		what, reason = field.Error(), fieldReason(field.Field) // it holds no byte of the frame; another error might
	}
	c.link.metrics.badFrame(reason)
	c.logBad("frame did not decode", what)
	if !k.request.Answerable() {
		c.forget(k)
		return endBad
	}
	c.classes.add(k.request.Class)
	k.kind = rejected
	k.response = spec.Response{Reason: spec.FormatError}
	c.here = append(c.here, k)
	return ""
}

func fieldReason(field int) string {
	switch field {
	case 0:
		return "mti"
	case 1:
		return "bitmap"
	}
	return fmt.Sprintf("de%d", field)
}

// logBad writes a line about a bad frame, unless there were many.
func (c *conn) logBad(event, cause string) {
	if ok, left := c.link.badLines.allow(time.Now()); ok {
		c.log.Warn(event, "cause", cause, "left_out", left)
	}
}
