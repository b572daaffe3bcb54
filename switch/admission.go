package authswitch

import (
	"errors"
	"fmt"
	"time"

	"sekisho/spec"
)

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
