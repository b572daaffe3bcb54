package authswitch

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hall is a listener in memory, for a bubble of synctest.
type hall struct {
	conns chan net.Conn
	gone  chan struct{}
	once  sync.Once
}

func newHall() *hall { return &hall{conns: make(chan net.Conn), gone: make(chan struct{})} }

func (h *hall) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.gone:
		return nil, net.ErrClosed
	}
}

func (h *hall) Close() error {
	h.once.Do(func() { close(h.gone) })
	return nil
}

func (h *hall) Addr() net.Addr { return &net.TCPAddr{} }

// countedConn counts the writes of the switch.
type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// house is a switch of one link, with its peers.
type house struct {
	*Switch
	t       *testing.T
	hall    *hall
	framing Framing
	metrics *figures
	writes  atomic.Int64
	served  chan error
}

// newHouse starts a switch in memory. It ends with the test.
func newHouse(t *testing.T, handler Handler, config LinkConfig) *house {
	t.Helper()
	h := &house{t: t, hall: newHall(), framing: config.Framing, metrics: newFigures(t), served: make(chan error, 1)}
	config.Name, config.DialectName = "net", "plain"
	if config.Dialect == nil {
		config.Dialect = &plain{}
	}
	var err error
	if h.Switch, err = New(slog.New(slog.DiscardHandler), handler, h.metrics.Metrics, config); err != nil {
		t.Fatal(err)
	}
	go func() { h.served <- h.Serve("net", h.hall) }()
	t.Cleanup(func() {
		h.Close()
		if err := <-h.served; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return h
}

// dial is a new connection to the switch.
func (h *house) dial() *peer {
	h.t.Helper()
	ours, theirs := net.Pipe()
	select {
	case h.hall.conns <- countedConn{theirs, &h.writes}:
	case <-h.hall.gone:
		h.t.Fatal("the listener is closed")
	}
	return newPeer(h.t, ours, h.framing)
}

// peer is a card network's side of a connection.
type peer struct {
	t       *testing.T
	conn    net.Conn
	framing Framing
}

func newPeer(t *testing.T, conn net.Conn, framing Framing) *peer {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{t, conn, framing}
}

// send writes these messages in one write.
func (p *peer) send(frames ...[]byte) {
	p.t.Helper()
	if err := p.write(framed(p.framing, frames...)); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

func (p *peer) write(b []byte) error {
	_ = p.conn.SetWriteDeadline(time.Now().Add(time.Minute))
	_, err := p.conn.Write(b)
	return err
}

// receive reads one message; the error is io.EOF when the switch has closed.
func (p *peer) receive() ([]byte, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(time.Minute))
	header := make([]byte, p.framing.HeaderSize())
	if _, err := io.ReadFull(p.conn, header); err != nil {
		return nil, err
	}
	var padded [headerSizeMax]byte
	copy(padded[:], header)
	length, err := p.framing.length(padded)
	if err != nil {
		return nil, err
	}
	b := make([]byte, length)
	_, err = io.ReadFull(p.conn, b)
	return b, err
}

// expect reads one answer after the other and compares.
func (p *peer) expect(want ...answered) {
	p.t.Helper()
	for _, w := range want {
		b, err := p.receive()
		if err != nil {
			p.t.Fatalf("want %v, got error %v", w, err)
		}
		if got := parseAnswer(b); got != w {
			p.t.Fatalf("answer is %v, want %v", got, w)
		}
	}
}

// expectClosed checks that the switch closes without another word.
func (p *peer) expectClosed() {
	p.t.Helper()
	b, err := p.receive()
	if !errors.Is(err, io.EOF) {
		p.t.Fatalf("want the connection closed, got %d bytes and error %v", len(b), err)
	}
}
