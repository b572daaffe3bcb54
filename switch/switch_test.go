package authswitch

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// serveTCP starts a switch of one link on loopback.
func serveTCP(t testing.TB, handler Handler, config LinkConfig) (s *Switch, address string) {
	t.Helper()
	config.Name = "net"
	if config.Dialect == nil {
		config.Dialect = &plain{}
	}
	s, err := New(slog.New(slog.DiscardHandler), handler, nil, config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve("net", l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return s, l.Addr().String()
}

func dialTCP(t *testing.T, address string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, conn, Length2Zero2)
}

func TestDrainAnswersWhatIsInFlightThenClosesInOrder(t *testing.T) {
	desk := newDesk()
	s, address := serveTCP(t, desk, LinkConfig{})
	p := dialTCP(t, address)
	p.send(purchase(1), purchase(2))
	calls := []spec.Call{desk.take(), desk.take()}
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(t.Context()) }()
	waitUntilDeaf(s)

	p.send(purchase(3)) // too late, and unread it would make the kernel reset the connection
	for i, call := range calls {
		call.Answer(spec.Response{Reason: spec.Approved})
		p.expect(answered{"0110", i + 1, spec.Approved})
	}
	p.expectClosed()
	select {
	case err := <-drained:
		t.Fatalf("drained with %v before the peer has closed", err)
	default:
	}
	p.send(purchase(4)) // the other direction is open until the peer closes it
	_ = p.conn.Close()
	if err := <-drained; err != nil {
		t.Fatalf("drain: %v", err)
	}
	if len(desk.calls) != 0 {
		t.Error("a message was taken while draining")
	}
}

// waitUntilDeaf waits until no connection of the switch reads messages any more.
func waitUntilDeaf(s *Switch) {
	for {
		l := s.links[0]
		l.mu.Lock()
		reading := l.reading
		l.mu.Unlock()
		if reading == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		call := desk.take()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err := h.Drain(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 connections") {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("drain took %v, want 20s", took)
		}
		call.Answer(spec.Response{Reason: spec.Approved})
		p.expectClosed()
	})
}

func TestDrainAnswersWhatIsReadAndHadNoRoomYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{Limits: Limits{InFlightMax: 2}})
		p := h.dial()
		p.send(purchase(1), purchase(2), purchase(3), purchase(4), purchase(5))
		drained := make(chan error, 1)
		go func() { drained <- h.Drain(t.Context()) }()
		synctest.Wait()
		for i := range 5 {
			desk.take().Answer(spec.Response{Reason: spec.Approved})
			p.expect(answered{"0110", i + 1, spec.Approved})
		}
		p.expectClosed()
		if err := <-drained; err != nil {
			t.Error(err)
		}
	})
}

func TestDrainDoesNotWaitForTheRestOfAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{Limits: Limits{InFlightMax: 1}})
		p := h.dial()
		whole := framed(p.framing, purchase(1), purchase(2))
		if err := p.write(whole[:len(whole)-1]); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		drained := make(chan error, 1)
		go func() { drained <- h.Drain(t.Context()) }()
		synctest.Wait()
		desk.take().Answer(spec.Response{Reason: spec.Approved})
		p.expect(answered{"0110", 1, spec.Approved})
		if err := <-drained; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestAConnectionThatComesWhileDrainingIsNotTaken(t *testing.T) {
	s, err := New(quiet(), approveAll{}, nil, LinkConfig{Name: "net", Dialect: &plain{}})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	ours, theirs := net.Pipe()
	s.admit(s.links[0], theirs)
	newPeer(t, ours, Length2Zero2).expectClosed()
}

func TestDrainOfIdleConnectionsEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		p.expect(answered{"0110", 1, spec.Approved})
		began := time.Now()
		if err := h.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		p.expectClosed()
	})
}

func TestAPeerThatClosesItsHalfGetsItsAnswers(t *testing.T) {
	desk := newDesk()
	_, address := serveTCP(t, desk, LinkConfig{})
	p := dialTCP(t, address)
	p.send(purchase(1))
	if err := p.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	desk.take().Answer(spec.Response{Reason: spec.Approved})
	p.expect(answered{"0110", 1, spec.Approved})
	p.expectClosed()
}

func TestAnswersBeforeABadFrameReachAPeerThatGoesOnSending(t *testing.T) {
	_, address := serveTCP(t, approveAll{}, LinkConfig{})
	p := dialTCP(t, address)
	bytes := framed(p.framing, purchase(1))
	bytes = append(bytes, 0, 10, 1, 1) // and much behind it that nobody will cut
	bytes = append(bytes, make([]byte, 100_000)...)
	if err := p.write(bytes); err != nil {
		t.Fatal(err)
	}
	p.expect(answered{"0110", 1, spec.Approved})
	p.expectClosed()
}

func TestOneConnectionMoreThanTheLinkTakesIsClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		most := DefaultLimits().ConnectionsMax
		peers := make([]*peer, most)
		for i := range peers {
			peers[i] = h.dial()
		}
		h.dial().expectClosed()
		h.metrics.want(t, 1, "connections_refused_total")
		h.metrics.want(t, float64(most), "connections")
		_ = peers[0].conn.Close()
		synctest.Wait()
		p := h.dial()
		p.send(purchase(1))
		p.expect(answered{"0110", 1, spec.Approved})
	})
}

func TestCloseEndsEverythingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		call := desk.take()
		h.Close()
		p.expectClosed()
		call.Answer(spec.Response{Reason: spec.Approved})
		if err := h.Serve("net", newHall()); err != nil {
			t.Errorf("Serve after Close: %v", err)
		}
	})
}

func TestWhatIsWrongWithALinkIsSaid(t *testing.T) {
	good := LinkConfig{Name: "net", Dialect: &plain{}}
	for _, c := range []struct {
		want   string
		change func(*LinkConfig)
	}{
		{"a link has no name", func(c *LinkConfig) { c.Name = "" }},
		{`link "net" has no dialect`, func(c *LinkConfig) { c.Dialect = nil }},
		{"no framing that is known", func(c *LinkConfig) { c.Framing = framingEnd }},
		{"frame limit 10000 is above 9999", func(c *LinkConfig) { c.Framing, c.Limits.FrameMax = ASCII4, 10_000 }},
	} {
		bad := good
		c.change(&bad)
		if _, err := New(slog.New(slog.DiscardHandler), approveAll{}, nil, bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
	if _, err := New(slog.New(slog.DiscardHandler), approveAll{}, nil, good, good); err == nil {
		t.Error("two links of one name are taken")
	}
	s, err := New(slog.New(slog.DiscardHandler), approveAll{}, nil, good)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve("other", newHall()); err == nil {
		t.Error("an unknown link is served")
	}
	if err := s.Serve("net", brokenListener{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Serve on a broken listener: %v", err)
	}
}

type brokenListener struct{}

func (brokenListener) Accept() (net.Conn, error) { return nil, io.ErrUnexpectedEOF }
func (brokenListener) Close() error              { return nil }
func (brokenListener) Addr() net.Addr            { return &net.TCPAddr{} }
