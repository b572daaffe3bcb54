package cardnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// keep holds one connection of the link up: it waits until the session ends and opens the
// next one, until ctx ends.
func (n *Network) keep(ctx context.Context, s *session) {
	for s != nil {
		n.watch(ctx, s)
		n.withdraw(s)
		s.end(ErrClosed)
		if ctx.Err() == nil {
			n.cfg.Logger.Warn("connection lost", slog.String("addr", n.cfg.Addr), slog.Any("cause", s.cause()))
		}
		s = n.reopen(ctx)
	}
}

// watch returns when the session or ctx has ended. Meanwhile it sends the echoes.
func (n *Network) watch(ctx context.Context, s *session) {
	var tick <-chan time.Time
	if n.cfg.EchoEvery > 0 {
		ticker := time.NewTicker(n.cfg.EchoEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.done():
			return
		case <-tick:
			if err := n.manageOn(ctx, s, EchoTest); err != nil && s.cause() == nil {
				n.cfg.Logger.Warn("echo refused", slog.String("addr", n.cfg.Addr), slog.Any("cause", err))
			}
		}
	}
}

// reopen opens a session and publishes it; nil when ctx ended first. The pauses double up to
// the configured longest.
func (n *Network) reopen(ctx context.Context) *session {
	for pause := min(backoffFirst, n.cfg.BackoffMax); ; pause = min(2*pause, n.cfg.BackoffMax) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		s, err := n.open(ctx)
		if err == nil {
			n.cfg.Logger.Info("connected again", slog.String("addr", n.cfg.Addr))
			n.publish(s)
			return s
		}
		if ctx.Err() == nil {
			n.cfg.Logger.Debug("cannot connect again yet", slog.Any("cause", err))
		}
	}
}

// open connects and signs on.
func (n *Network) open(ctx context.Context) (*session, error) {
	dial, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
	defer cancel()
	conn, err := n.cfg.DialContext(dial, "tcp", n.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the switch at %s: %w", n.cfg.Addr, err)
	}
	s, err := newSession(conn, n.table, n.unexpected)
	if err != nil {
		_ = conn.Close() // the error that matters is the other one
		return nil, fmt.Errorf("connect to the switch at %s: %w", n.cfg.Addr, err)
	}
	if err := n.manageOn(ctx, s, SignOn); err != nil {
		s.end(ErrClosed)
		return nil, fmt.Errorf("sign on to %s: %w", n.cfg.Addr, err)
	}
	return s, nil
}

// manageOn sends a network management message on one connection and wants 00.
func (n *Network) manageOn(ctx context.Context, s *session, code Code) error {
	ctx, cancel := context.WithTimeoutCause(ctx, n.cfg.Timeout, errTimeout)
	defer cancel()
	asked := n.management(mtiNetwork, code, time.Now())
	replied, err := s.exchange(ctx, asked)
	if err != nil {
		return err
	}
	if a := n.judged(asked, replied, 0); a.ActionCode != actionApproved {
		return errors.New("the switch answered " + a.ActionCode)
	}
	return nil
}

// end fails the session and waits until nothing of it runs.
func (s *session) end(cause error) {
	s.fail(cause)
	<-s.done()
}
