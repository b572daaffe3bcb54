package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// What the API and the line are given to do. A rate leaves the processors room: what is measured then is
// how one is in the way of the other, not how they share too little.
const (
	appConnections = 32                 // keep-alive connections of app servers
	appWallets     = 256                // that they work with
	appRate        = 500                // allocations per second beside the line
	appRateMost    = wallet.RateDefault // as many as a token may ask for
	lineRate       = 500                // authorizations per second
	lineCards      = 4000               // that pay, the first of them of the wallets that the API works with
	lineRounds     = 5                  // alone, and beside the API, in turn; the middle one of each counts
)

// walletLoads measures allocations over HTTP on the embedded store, each durable when it is answered; then the
// line's p99 at a fixed rate while the API does nothing, while it does appRate allocations a second, as many as
// a token may ask for, and while app servers ask as fast as they are answered, which takes whatever the processors
// have. App servers and the network are processes of their own.
func walletLoads(figures map[string]any, length time.Duration) error {
	dir, err := os.MkdirTemp(".", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	house, err := openHouse(filepath.Join(dir, "data"), lineCards)
	if err != nil {
		return err
	}
	defer house.close()
	desk, err := house.openDesk()
	if err != nil {
		return err
	}
	defer desk.close()
	full, err := desk.load(0, length)
	if err != nil {
		return err
	}
	figures["wallet_allocations_per_s"], figures["wallet_p99_ms"] = int(full.PerSecond), milliseconds(full.P99)
	figures["wallet_p50_ms"] = milliseconds(full.P50)
	return house.beside(figures, desk, length)
}

// beside measures the line alone and beside the API, in turn: what drifts, drifts for all of them.
func (h *house) beside(figures map[string]any, desk *desk, length time.Duration) error {
	var serial uint64
	loads := []struct {
		name     string
		rate     int // of the API; -1: it does nothing
		p50, p99 []time.Duration
	}{{name: "alone", rate: -1}, {name: "beside", rate: appRate}, {name: "most", rate: appRateMost}, {name: "saturated", rate: 0}}
	var asked [2]float64 // beside, most
	for range lineRounds {
		for i := range loads {
			l := &loads[i]
			api := make(chan error, 1)
			go func() {
				if l.rate < 0 {
					api <- nil
					return
				}
				r, err := desk.load(l.rate, length)
				if l.rate > 0 {
					asked[i-1] += r.PerSecond / lineRounds
				}
				api <- err
			}()
			r, err := (&errand{Addr: h.addr, Rate: lineRate, Length: length, Serial: serial, PANs: h.pans}).apart()
			if err := errors.Join(err, <-api); err != nil {
				return err
			}
			serial = r.Serial
			l.p50, l.p99 = append(l.p50, r.P50), append(l.p99, r.P99)
		}
	}
	figures["line_rate_per_s"], figures["line_wallet_rate_per_s"], figures["line_wallet_rate_per_s_most"] = lineRate, int(asked[0]), int(asked[1])
	alone := middle(loads[0].p99).Seconds()
	for _, l := range loads {
		figures["line_p50_ms_"+l.name], figures["line_p99_ms_"+l.name] = milliseconds(middle(l.p50)), milliseconds(middle(l.p99))
		if l.rate >= 0 {
			figures["line_p99_ratio_"+l.name] = rounded(middle(l.p99).Seconds() / alone)
		}
	}
	figures["line_p99_ms_alone_least"], figures["line_p99_ms_alone_most"] = milliseconds(slices.Min(loads[0].p99)), milliseconds(slices.Max(loads[0].p99))
	return nil
}

func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// desk is the wallet API of a house.
type desk struct {
	server *http.Server
	addr   string
	cards  []spec.CardID // of wallets w0, w1 …
	served chan error
	serial uint64
}

const deskToken = "bench"

func (h *house) openDesk() (*desk, error) {
	hasher, err := spec.NewHasher(make([]byte, 32)) // as the house's
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	api, err := wallet.New(wallet.Options{
		Teller:     teller.New(h.book, teller.Options{Programs: []teller.Program{{Name: "prepaid", Ranges: []string{"354012"}, Currency: spec.JPY}}, Hash: hasher.Hash}),
		Currencies: map[string]spec.Currency{"prepaid": spec.JPY}, Log: log, Rate: 1e6,
		Authenticator: wallet.Tokens{{Hash: wallet.TokenHash(deskToken), Identity: wallet.Identity{
			Name: "bench", Tenant: "bench", Programs: []string{"prepaid"}, Scopes: []wallet.Scope{wallet.Everything},
		}}},
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &desk{server: api.Server(log), addr: l.Addr().String(), served: make(chan error, 1)}
	for i := range appWallets {
		d.cards = append(d.cards, seededCard(i))
	}
	go func() { d.served <- d.server.Serve(l) }()
	return d, nil
}

// load has app servers ask this desk.
func (d *desk) load(rate int, length time.Duration) (outcome, error) {
	o, err := (&errand{Addr: d.addr, Rate: rate, Length: length, Serial: d.serial, Cards: d.cards}).apart()
	d.serial = o.Serial
	return o, err
}

func (d *desk) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := d.server.Shutdown(ctx)
	if end := <-d.served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: closing the API:", err)
	}
}
