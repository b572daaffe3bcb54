package authswitch

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"sekisho/spec"
)

// writeSizeFull is the number of bytes from which on answers are written before more of
// them are built.
const writeSizeFull = 64 << 10

// writeAnswers puts answers on the wire, all that have come in one write, until the
// connection ends.
func (c *conn) writeAnswers() {
	defer close(c.written)
	defer func() {
		if cause := recover(); cause != nil {
			c.close(c.panicked("an answer was built", cause))
		}
	}()
	w := writer{conn: c, answers: c.link.metrics.newAnswerCounts()}
	var calls []*call
	for {
		var more bool
		if calls, more = c.out.take(calls); !more {
			return
		}
		for rest := calls; len(rest) > 0; {
			n := w.build(rest)
			if end := c.writeFrame(w.buf); end != "" {
				c.close(end)
				return
			}
			if w.unreadable {
				c.close(endBad)
				return
			}
			c.out.release(rest[:n])
			c.link.metrics.wrote(w.answers, n)
			rest = rest[n:]
		}
	}
}

// writeFrame writes answers with their headers. A peer may take its time, as long as it
// takes something.
func (c *conn) writeFrame(buf []byte) ending {
	for len(buf) > 0 {
		if err := c.net.SetWriteDeadline(time.Now().Add(c.link.Limits.WriteStallMax)); err != nil {
			return endBroken
		}
		n, err := c.net.Write(buf)
		buf = buf[n:]
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return endBroken
		case n == 0:
			return endUnread
		}
	}
	return ""
}

// writer builds what one write sends.
type writer struct {
	conn       *conn
	buf        []byte
	answers    answerCounts
	unreadable bool // there was a frame that not even a format error can be answered to
}

// build fills the buffer with the answers to the first n of calls.
func (w *writer) build(calls []*call) (n int) {
	now := time.Now()
	debug := w.conn.log.Enabled(context.Background(), slog.LevelDebug)
	w.buf = w.buf[:0]
	for n < len(calls) && len(w.buf) < writeSizeFull && !w.unreadable {
		w.append(calls[n], now, debug)
		n++
	}
	return n
}

// append adds one answer, unless it has to stay unsaid.
func (w *writer) append(k *call, now time.Time, debug bool) {
	l := w.conn.link
	start, width := len(w.buf), l.Framing.HeaderSize()
	if k.kind == keepAlive {
		w.buf = append(w.buf, make([]byte, width)...)
		l.Framing.PutHeader(w.buf[start:], 0)
		return
	}
	if k.kind == message {
		w.report(k, now, debug)
	}
	if k.response.Silent {
		l.metrics.silent.Inc()
		return
	}
	if w.tooLate(k, now) {
		l.metrics.droppedLate.Inc()
		return
	}
	w.buf = append(w.buf, make([]byte, width)...)
	w.buf = l.Dialect.AppendReply(w.buf, k.frame, k.response)
	length := len(w.buf) - start - width
	if length <= 0 || length > l.Framing.SizeMax() {
		w.buf = w.buf[:start]
		w.unbuilt(k, length)
		return
	}
	l.Framing.PutHeader(w.buf[start:], length)
	w.answers.add(k.response.Reason, now.Sub(k.request.At))
}

// tooLate says whether an answer must not be sent any more: the network has decided for us by
// now, and would not know that money is held as well. It is the last look before the wire, so
// it is the same for a profile that answers Late instead of staying silent: such an answer
// needs an entry first, and approves nothing. An advice or a reversal is acknowledged however
// late.
func (w *writer) tooLate(k *call, now time.Time) bool {
	switch k.request.Class {
	case spec.Authorization, spec.Financial:
		return k.kind == message && k.response.Reason.Approves() && k.request.Late(now)
	case spec.AuthorizationAdvice, spec.FinancialAdvice, spec.FileUpdate, spec.Reversal, spec.ReversalAdvice,
		spec.Administrative, spec.NetworkManagement, spec.Answer, spec.ClassUnknown:
	}
	return false
}

// unbuilt deals with a message the dialect finds no answer to.
func (w *writer) unbuilt(k *call, length int) {
	w.conn.link.metrics.unbuilt.Inc()
	if k.kind == rejected {
		w.unreadable = true
		return
	}
	w.conn.log.Error("no answer could be built", "mti", k.request.MTI.String(), "stan", k.request.STAN,
		"reason", k.response.Reason.String(), "length", max(length, 0))
}

// report writes the line of a decision: at debug, and at error when there was none.
func (w *writer) report(k *call, now time.Time, debug bool) {
	level := slog.LevelDebug
	left := 0
	if k.response.Reason.Undecided() {
		var ok bool
		if ok, left = w.conn.link.undecided.allow(now); !ok {
			return
		}
		level = slog.LevelError
	} else if !debug {
		return
	}
	r := &k.request
	w.conn.log.Log(context.Background(), level, "decision", "mti", r.MTI.String(), "stan", r.STAN, "rrn", r.RRN.String(),
		"card", r.Card.Masked(), "reason", k.response.Reason.String(), "repeat", k.response.Repeat,
		"silent", k.response.Silent, "micros", now.Sub(r.At).Microseconds(), "left_out", left)
}
