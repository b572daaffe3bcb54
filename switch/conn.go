package authswitch

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/spec"
)

// conn is one connection: a goroutine that reads and one that writes. What the reader owns
// is in the first group of fields, what both see is in the outbox.
type conn struct {
	link *link
	net  net.Conn
	log  *slog.Logger

	in       intake
	date     dating
	armed    bool        // the socket has a deadline for the rest of a frame
	fresh    bool        // that deadline is of a frame which has been cut since
	spare    []*call     // to use for what comes next
	batch    []spec.Call // decoded, for the handler
	here     []*call     // answered by the link itself
	taken    int64       // calls let out since the beginning
	released int64       // calls that came back, when last looked at
	classes  classCounts

	out      *outbox
	draining atomic.Bool
	written  chan struct{} // closed when the writer has ended
	once     sync.Once
	end      ending // guarded by once
}

// ending is why a connection came to its end, as the log and the counter say it.
type ending string

const (
	endPeer    ending = "peer_closed"
	endDrained ending = "drained"
	endBad     ending = "bad_frame"
	endStalled ending = "frame_stalled"
	endUnread  ending = "answers_not_read"
	endBroken  ending = "broken"
	endPanic   ending = "panic"
	endClosed  ending = "closed"
)

// orderly says whether what is in flight is answered before the connection is closed.
func (e ending) orderly() bool {
	switch e {
	case endPeer, endDrained, endBad, endStalled:
		return true
	case endUnread, endBroken, endPanic, endClosed:
		return false
	}
	return false
}

// socketBufferSize keeps the kernel from holding many seconds of messages, whose age nobody
// could tell, or megabytes of answers that a peer does not read.
const socketBufferSize = 256 << 10

// sparesMax is how many calls a connection keeps that are not in flight.
const sparesMax = 256

func newConn(l *link, nc net.Conn) *conn {
	if sock, ok := nc.(interface{ SetReadBuffer(int) error }); ok {
		_ = sock.SetReadBuffer(socketBufferSize) // a hint; without it messages are only dated worse
	}
	if sock, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		_ = sock.SetWriteBuffer(socketBufferSize)
	}
	c := &conn{
		link:    l,
		net:     nc,
		log:     l.log.With("peer", nc.RemoteAddr().String()),
		in:      intake{framing: l.Framing, frameMax: l.Limits.FrameMax},
		out:     newOutbox(min(sparesMax, l.Limits.InFlightMax)),
		written: make(chan struct{}),
	}
	c.date.begin(time.Now())
	return c
}

// serve runs the connection from its beginning to its end.
func (c *conn) serve() {
	c.log.Info("connection opened")
	go c.writeAnswers()
	end := c.readFrames()
	c.link.deafen()
	if end.orderly() {
		c.finish(end)
	}
	c.close(end)
	<-c.written
	_, released := c.out.reuse(nil)
	c.link.metrics.inFlight.Sub(float64(c.taken - released))
	c.link.metrics.closed(c.end)
	c.link.leave(c)
	c.log.Info("connection closed", "cause", string(c.end), "messages", c.taken, "unanswered", c.taken-released)
}

// finish waits for the answers to what has been read, and then for the peer to close. Bytes
// that arrived and were not read would make the kernel reset the connection, and with it
// destroy answers that have been sent: so our direction is closed first, and what the peer
// still says is read to its end.
func (c *conn) finish(end ending) {
	c.out.end(c.taken)
	var timeout <-chan time.Time // Drain has its own
	if end != endDrained {
		timer := time.NewTimer(c.link.Limits.ClosingTimeMax)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-c.written:
	case <-timeout:
		return
	}
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || end == endPeer || half.CloseWrite() != nil {
		return
	}
	if c.net.SetReadDeadline(time.Now().Add(c.link.Limits.LingerTimeMax)) == nil {
		_, _ = io.Copy(io.Discard, c.net) // whatever ends it, the connection is closed next
	}
}

// drain lets the reader end after what it has read.
func (c *conn) drain() {
	if !c.draining.Swap(true) {
		_ = c.net.SetReadDeadline(time.Unix(1, 0)) // an error means that it is closed already
	}
}

// close ends the connection at once; the first cause is the one that counts.
func (c *conn) close(end ending) {
	c.once.Do(func() {
		c.end = end
		c.out.close()
		_ = c.net.Close() // nothing more is to be sent
	})
}

// answer passes on the answer to a call, from any goroutine.
func (c *conn) answer(k *call, r spec.Response) {
	taken, twice := c.out.put(k, r)
	if taken {
		return
	}
	c.link.metrics.droppedClosed.Inc()
	if twice {
		c.log.Error("a message was answered twice, the second answer is dropped", "reason", r.Reason.String())
	}
}
