package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"sekisho/balance"
	"sekisho/balance/embedded"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/jcb"
	authswitch "sekisho/switch"
)

// line measures durable authorizations through the whole switch, and the bare loop beside it.
func line(figures map[string]any, cards int, length time.Duration) error {
	dir, err := os.MkdirTemp(".", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	house, err := openHouse(filepath.Join(dir, "data"), cards)
	if err != nil {
		return err
	}
	defer house.close()
	bare, err := openBare(filepath.Join(dir, "bare"), house.dialect)
	if err != nil {
		return err
	}
	defer bare.close()
	t := newTemplate(house.dialect)
	var serial atomic.Uint64
	for _, s := range []shape{{1, 1}, {8, 32}, {64, 16}} {
		var ours, theirs result
		before := cpu()
		ours, err = load(house.addr, s, &t, house.pans, &serial, length)
		spent := cpu() - before
		if err == nil {
			theirs, err = load(bare.addr, s, &t, house.pans, &serial, length)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		if ours.refused > 0 {
			return fmt.Errorf("%s: %d refused, so it was not authorizations that were measured", s, ours.refused)
		}
		figures["auth_per_s_"+s.String()] = int(ours.perSecond)
		figures["bare_per_s_"+s.String()] = int(theirs.perSecond)
		figures["ratio_"+s.String()] = rounded(ours.perSecond / theirs.perSecond)
		figures["cpu_us_per_auth_"+s.String()] = rounded(spent.Seconds() * 1e6 / (ours.perSecond * length.Seconds()))
		figures["p50_ms_"+s.String()], figures["p99_ms_"+s.String()] = milliseconds(ours.p50), milliseconds(ours.p99)
		figures["bare_p50_ms_"+s.String()], figures["bare_p99_ms_"+s.String()] = milliseconds(theirs.p50), milliseconds(theirs.p99)
	}
	return nil
}

// cpu is what the process has used, the load generator included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func rounded(f float64) float64 { return float64(int(f*1000+0.5)) / 1000 }

func milliseconds(d time.Duration) float64 { return rounded(float64(d.Microseconds()) / 1000) }

// house is the switch as serve puts it together.
type house struct {
	dialect *jcb.Dialect
	store   balance.Store
	book    *balance.Book
	network *authswitch.Switch
	addr    string
	pans    [][8]byte
	served  chan error
}

func openHouse(dir string, cards int) (*house, error) {
	h := &house{dialect: newDialect(), served: make(chan error, 1)}
	hasher, err := spec.NewHasher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	h.store, _, err = embedded.Open(embedded.Options{Dir: dir, CheckValue: hasher.CheckValue(), Logger: log, Fatal: func(err error) { panic(err) }})
	if err != nil {
		return nil, err
	}
	h.book = balance.NewBook(h.store, balance.Options{Log: log})
	if err := h.seed(hasher, cards); err != nil {
		return nil, err
	}
	programs := []router.Program{{Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Rules: risk.Program{Currency: spec.JPY}}}
	h.network, err = authswitch.New(log, router.New(h.book, programs, log, nil), nil, authswitch.LinkConfig{
		Name: "jcb", DialectName: "jcb", Dialect: h.dialect, Framing: authswitch.Length2Zero2,
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h.addr = l.Addr().String()
	go func() { h.served <- h.network.Serve("jcb", l) }()
	return h, nil
}

func (h *house) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := h.network.Drain(ctx)
	err = errors.Join(err, <-h.served, h.book.Close(ctx), h.store.Close())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: closing:", err)
	}
}

// seededCard is the id of the card of the nth wallet.
func seededCard(n int) spec.CardID {
	return spec.CardID{byte(n), byte(n >> 8), byte(n >> 16), 1} //nolint:gosec // parts of a number
}

// seed begins one wallet a card, many at once.
func (h *house) seed(hasher *spec.Hasher, cards int) error {
	done := make(chan error, cards)
	for i := range cards {
		pan := cardNumber(i)
		o := balance.Opening{Log: fmt.Sprintf("w%d", i), Program: "prepaid", Currency: spec.JPY, Posted: 1e9, Cards: []balance.OpeningCard{{
			ID: seededCard(i), Number: hasher.Hash([]byte(pan)), Status: balance.CardActive, Allocated: 1e9,
			Issued: balance.Issued{Expiry: 3112},
		}}}
		var p [8]byte
		for j := range p {
			p[j] = (pan[2*j]-'0')<<4 | (pan[2*j+1] - '0')
		}
		h.pans = append(h.pans, p)
		h.book.Submit(balance.Post{Log: o.Log, At: time.Now(), Mover: &begin{o.Events(balance.CallKey("bench", o.Log), 1, balance.Actor{}), o.Rows(), done}})
	}
	for range cards {
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}

// begin is a wallet that begins.
type begin struct {
	events []balance.Event
	rows   []balance.Row
	done   chan error
}

// Decide implements [balance.Mover].
func (b *begin) Decide(*balance.View) balance.Decision {
	return balance.Decision{Events: b.events, Rows: b.rows}
}

// Done implements [balance.Mover].
func (b *begin) Done(_ balance.Decision, err error) { b.done <- err }

// Overdue implements [balance.Mover].
func (b *begin) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }
