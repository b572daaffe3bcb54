package authswitch

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/spec"
)

// LinkConfig is one card network, whatever the number of its connections.
type LinkConfig struct {
	Name        string
	Dialect     spec.Dialect
	DialectName string // as it is called in the configuration, for display
	Framing     Framing
	Limits      Limits
}

// Limits bound what one link can take. What is zero gets the default of DefaultLimits.
type Limits struct {
	FrameMax       int           // bytes of one message, without its header
	InFlightMax    int           // messages of one connection without an answer on the wire; above it the socket is not read
	ConnectionsMax int           // connections of the link; more are closed at once
	FrameTimeMax   time.Duration // from the first byte of a frame to its last
	WriteStallMax  time.Duration // while the peer takes not one byte of what is written
	ClosingTimeMax time.Duration // for what is in flight when the peer hangs up or sends what cannot be cut or read
	LingerTimeMax  time.Duration // for the peer to close in its turn, after our last answer
}

// DefaultLimits are those of DOMAIN §7 and DESIGN 4.6.
func DefaultLimits() Limits {
	return Limits{
		FrameMax: 4096, InFlightMax: 4096, ConnectionsMax: 1024,
		FrameTimeMax: 5 * time.Second, WriteStallMax: 10 * time.Second,
		ClosingTimeMax: 5 * time.Second, LingerTimeMax: 3 * time.Second,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	orDefault(&l.FrameMax, d.FrameMax)
	orDefault(&l.InFlightMax, d.InFlightMax)
	orDefault(&l.ConnectionsMax, d.ConnectionsMax)
	orDefault(&l.FrameTimeMax, d.FrameTimeMax)
	orDefault(&l.WriteStallMax, d.WriteStallMax)
	orDefault(&l.ClosingTimeMax, d.ClosingTimeMax)
	orDefault(&l.LingerTimeMax, d.LingerTimeMax)
	return l
}

func orDefault[T int | time.Duration](limit *T, value T) {
	if *limit <= 0 {
		*limit = value
	}
}

// Check says what is wrong with the configuration, if anything is.
func (c LinkConfig) Check() error {
	switch {
	case c.Name == "":
		return errors.New("a link has no name")
	case c.Dialect == nil:
		return fmt.Errorf("link %q has no dialect", c.Name)
	case c.Framing >= framingEnd:
		return fmt.Errorf("link %q has no framing that is known", c.Name)
	case c.Limits.FrameMax > c.Framing.SizeMax():
		return fmt.Errorf("link %q: frame limit %d is above %d, the longest message that framing %s can announce",
			c.Name, c.Limits.FrameMax, c.Framing.SizeMax(), c.Framing)
	}
	return nil
}

// LinkState is a link as /readyz shows it.
type LinkState struct {
	Name        string    `json:"name"`
	Dialect     string    `json:"dialect"`
	Connections int       `json:"connections"`
	SignedOn    string    `json:"signed_on"` // on or off
	SignOn      string    `json:"sign_on"`   // optional, or required: before it nothing is authorized
	Serves      bool      `json:"serves"`    // requests are decided; not after a sign-off
	LastFrame   time.Time `json:"last_frame,omitzero"`
}

// link is a LinkConfig at work.
type link struct {
	LinkConfig
	policy    *spec.Policy
	handler   Handler
	log       *slog.Logger
	metrics   *linkMetrics
	signOn    signOn
	lastFrame atomic.Int64 // Unix nanoseconds
	badLines  throttle     // about bad frames
	refusals  throttle     // about connections not taken
	undecided throttle     // lines about messages without a decision

	mu       sync.Mutex
	conns    map[*conn]struct{}
	reading  int // connections that still listen to their peer
	draining bool
}

func newLink(config LinkConfig, handler Handler, log *slog.Logger, metrics *Metrics) *link {
	config.Limits = config.Limits.withDefaults()
	l := &link{
		LinkConfig: config,
		policy:     config.Dialect.Policy(),
		handler:    handler,
		log:        log.With("link", config.Name),
		metrics:    metrics.link(config.Name),
		conns:      make(map[*conn]struct{}),
	}
	l.signOn.required = l.policy.SignOnRequired
	return l
}

// join adds a connection; the error says why the link does not take it.
func (l *link) join(nc net.Conn) (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		return nil, errors.New("the switch is closing")
	}
	if len(l.conns) >= l.Limits.ConnectionsMax {
		return nil, fmt.Errorf("the link has its %d connections already", l.Limits.ConnectionsMax)
	}
	c := newConn(l, nc)
	l.conns[c] = struct{}{}
	l.reading++
	l.metrics.connections.Set(float64(len(l.conns)))
	return c, nil
}

// deafen says that a connection reads no more. With the last one the peer's sign-on ends: it
// will come back by new connections, maybe before the last answers of this one are written.
func (l *link) deafen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading--
	if l.reading == 0 {
		l.signOn.reset()
	}
}

// leave ends the membership of a connection.
func (l *link) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	l.metrics.connections.Set(float64(len(l.conns)))
}

// each calls do for every connection there is now; with stop no other joins afterwards.
func (l *link) each(stop bool, do func(*conn)) {
	l.mu.Lock()
	l.draining = l.draining || stop
	all := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		do(c)
	}
}

func (l *link) state() LinkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := LinkState{Name: l.Name, Dialect: l.DialectName, Connections: len(l.conns), SignedOn: l.signOn.String(), SignOn: l.signOn.rule(), Serves: l.signOn.serves()}
	if at := l.lastFrame.Load(); at != 0 {
		s.LastFrame = time.Unix(0, at).UTC()
	}
	return s
}
