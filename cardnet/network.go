// Package cardnet is a card network to practise on: it connects to a switch, signs on, pays,
// cancels and stands in, and checks every answer against its request. It speaks a JCB-style
// dialect (unofficial) through moov's codec and client and shares no code with the switch,
// so that a misreading on one side does not hide one on the other. Afterwards it writes the
// clearing file for what it has sold, with the writer of spec/clearing.
package cardnet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moov-io/iso8583"
)

// Network is the practice network's side of one link. Its methods are safe for several
// goroutines, but one [Purchase] is one goroutine's.
type Network struct {
	cfg     Config
	table   *iso8583.MessageSpec
	serial  atomic.Uint64 // of messages; STAN and RRN come from it
	window  chan struct{} // one element a message in flight
	books   *books
	tally   *tally
	stop    context.CancelFunc
	keepers sync.WaitGroup

	mu      sync.Mutex
	live    []*session
	turn    int
	changed chan struct{} // closed when live grows or the network closes
	closing bool          // Close has begun
	closed  bool          // nothing is sent any more
}

// What can come of a message besides an answer.
var (
	// ErrNoAnswer says that a message left and no answer came, in time or at all. What the
	// switch made of it is unknown: send it again with [Network.Again], or reverse it.
	ErrNoAnswer = errors.New("no answer: what the switch made of the message is unknown")
	// ErrClosed says that the network was closed.
	ErrClosed = errors.New("the practice network is closed")

	errTimeout = errors.New("the time for an answer is over")
)

// Dial connects all connections of the link and signs on. On an error nothing is left open.
// Later a connection that is lost is opened again, with growing pauses, and signs on again.
// [Network.Close] must be called.
func Dial(ctx context.Context, cfg Config) (*Network, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	n := &Network{
		cfg:     cfg,
		table:   newTable(),
		window:  make(chan struct{}, cfg.InFlight),
		books:   newBooks(),
		tally:   newTally(),
		changed: make(chan struct{}),
	}
	if cfg.Sales {
		n.books.sales = make(map[saleKey]*soldLine)
	}
	n.serial.Store(rand.Uint64N(1e12)) //nolint:gosec // only has to differ from other runs
	sessions := make([]*session, 0, cfg.Connections)
	for range cfg.Connections {
		s, err := n.open(ctx)
		if err != nil {
			for _, s := range sessions {
				s.end(ErrClosed)
			}
			return nil, err
		}
		sessions = append(sessions, s)
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	for _, s := range sessions {
		n.publish(s)
		n.keepers.Go(func() { n.keep(keep, s) })
	}
	return n, nil
}

// Close signs off, if the switch answers in time and unless [Config.StayOn] says otherwise, and
// ends every connection and goroutine.
// It takes at most the time-out of an answer, or until ctx ends. An error says that the
// switch did not confirm the sign-off. A second Close does nothing. Messages in flight end with [ErrNoAnswer].
func (n *Network) Close(ctx context.Context) error {
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		return nil
	}
	n.closing = true
	signOff := len(n.live) > 0 && !n.cfg.StayOn
	n.mu.Unlock()
	var err error
	if signOff {
		_, err = n.Manage(ctx, SignOff)
	}
	n.mu.Lock()
	n.closed = true
	close(n.changed)
	n.mu.Unlock()
	n.stop()
	n.keepers.Wait()
	if err != nil {
		return fmt.Errorf("sign off from %s: %w", n.cfg.Addr, err)
	}
	return nil
}

// Dialect is "jcb" or "quicpay".
func (n *Network) Dialect() string { return n.cfg.Dialect }

// exchange sends a message over any connection and waits for its answer, at most for the
// time-out. It returns how long the switch took.
func (n *Network) exchange(ctx context.Context, m message) (message, time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, n.cfg.Timeout, errTimeout)
	defer cancel()
	select {
	case n.window <- struct{}{}:
		defer func() { <-n.window }()
	case <-ctx.Done():
		return message{}, 0, fmt.Errorf("send a %s: %d messages are in flight already: %w", m.mti, n.cfg.InFlight, errNotSent)
	}
	for {
		s, err := n.pick(ctx)
		if err != nil {
			return message{}, 0, fmt.Errorf("send a %s: %w", m.mti, err)
		}
		start := time.Now()
		answer, err := s.exchange(ctx, m)
		if errors.Is(err, errNotSent) && s.cause() != nil {
			continue // the connection had just gone; the message never left
		}
		return answer, time.Since(start), err
	}
}

// pick waits for a connection that is up and takes them in turn.
func (n *Network) pick(ctx context.Context) (*session, error) {
	for {
		s, changed, err := n.next()
		if s != nil || err != nil {
			return s, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("not connected to %s: %w", n.cfg.Addr, errNotSent)
		}
	}
}

func (n *Network) next() (*session, <-chan struct{}, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, nil, ErrClosed
	}
	for range n.live {
		n.turn = (n.turn + 1) % len(n.live)
		if s := n.live[n.turn]; s.cause() == nil {
			return s, nil, nil
		}
	}
	return nil, n.changed, nil
}

func (n *Network) publish(s *session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live = append(n.live, s)
	if !n.closed {
		close(n.changed)
		n.changed = make(chan struct{})
	}
}

func (n *Network) withdraw(s *session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live = slices.DeleteFunc(n.live, func(other *session) bool { return other == s })
}
