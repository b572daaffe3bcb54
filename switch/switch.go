// Package authswitch is the network side of the switch: it keeps the connections of card
// networks, cuts what arrives into messages, hands them on in batches and writes the answers.
package authswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"sekisho/spec"
)

// Handler decides what the messages are answered; it is the switch's view of the router.
type Handler interface {
	// Handle takes over the messages of one connection, in the order in which they came. Each
	// is answered exactly once, now or later, from any goroutine. Handle never blocks, and the
	// slice is the caller's again when it returns. It is called by several goroutines, one for
	// each connection. A request with SignedOff is authorized by none: it is answered as before, or with
	// NotSignedOn.
	Handle(batch []spec.Call)
}

// Switch serves links. It is made by New.
type Switch struct {
	log   *slog.Logger
	links []*link

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	closing   bool
	running   sync.WaitGroup // listeners and connections
}

// New makes a switch of these links. metrics may be nil. A configuration that is wrong
// (LinkConfig.Check), or two links of one name, is an error.
func New(log *slog.Logger, handler Handler, metrics *Metrics, links ...LinkConfig) (*Switch, error) {
	if metrics == nil {
		metrics = newMetrics()
	}
	s := &Switch{log: log, listeners: make(map[net.Listener]struct{})}
	for _, config := range links {
		if err := config.Check(); err != nil {
			return nil, err
		}
		if s.link(config.Name) != nil {
			return nil, fmt.Errorf("two links are called %q", config.Name)
		}
		s.links = append(s.links, newLink(config, handler, log, metrics))
	}
	return s, nil
}

func (s *Switch) link(name string) *link {
	for _, l := range s.links {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// States are the links in the order in which they were configured.
func (s *Switch) States() []LinkState {
	states := make([]LinkState, len(s.links))
	for i, l := range s.links {
		states[i] = l.state()
	}
	return states
}

// Serve takes the connections of a link from l, which it closes in the end. It returns nil
// after Drain or Close, else why no more connections can be taken. A link can have several
// listeners.
func (s *Switch) Serve(name string, l net.Listener) error {
	link := s.link(name)
	if link == nil {
		return errors.Join(fmt.Errorf("there is no link called %q", name), l.Close())
	}
	if !s.open(l) {
		return l.Close()
	}
	defer s.running.Done()
	defer s.forget(l)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			s.admit(link, nc)
		case s.isClosing():
			return nil
		case passing(err):
			link.log.Error("cannot take a connection for now", "error", err)
			time.Sleep(acceptPause)
		default:
			return fmt.Errorf("link %q: take a connection: %w", name, err)
		}
	}
}

// acceptPause is how long accepting waits for file descriptors to become free again.
const acceptPause = 50 * time.Millisecond

// passing says whether an error of accept can go by itself, such as a lack of descriptors.
func passing(err error) bool {
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}

// open adds a listener, unless the switch is closing.
func (s *Switch) open(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.listeners[l] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *Switch) forget(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, mine := s.listeners[l]; mine {
		delete(s.listeners, l)
		_ = l.Close() // nothing is lost with it
	}
}

func (s *Switch) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

func (s *Switch) admit(l *link, nc net.Conn) {
	c, err := l.join(nc)
	if err != nil {
		l.metrics.refused.Inc()
		if ok, left := l.refusals.allow(time.Now()); ok {
			l.log.Warn("connection refused", "peer", nc.RemoteAddr().String(), "cause", err, "left_out", left)
		}
		_ = nc.Close()
		return
	}
	s.running.Add(1) // Serve itself is running, so nobody can be past waiting for zero
	go func() {
		defer s.running.Done()
		c.serve()
	}()
}

// Drain ends the switch in order: no new connections, no new messages; what has been read is
// answered, each connection is closed in the direction of the peer, and then altogether. It
// returns when all are, nil; or when ctx ends, its error, after closing what is left.
func (s *Switch) Drain(ctx context.Context) error {
	s.stop((*conn).drain)
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		left := 0
		for _, state := range s.States() {
			left += state.Connections
		}
		s.Close()
		return fmt.Errorf("drain: %d connections were not done: %w", left, context.Cause(ctx))
	}
}

// Close ends the switch at once. It returns when all its goroutines have ended. Answers that
// come later go nowhere.
func (s *Switch) Close() {
	s.stop(func(c *conn) { c.close(endClosed) })
	s.running.Wait()
}

// stop closes the listeners and ends every connection.
func (s *Switch) stop(end func(*conn)) {
	s.mu.Lock()
	s.closing = true
	for l := range s.listeners {
		_ = l.Close() // nothing is lost with it
		delete(s.listeners, l)
	}
	s.mu.Unlock()
	for _, l := range s.links {
		l.each(true, end)
	}
}
