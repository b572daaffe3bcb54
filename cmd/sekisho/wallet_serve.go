package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// walletServer is the wallet API while it is served. A nil walletServer is none.
type walletServer struct {
	server  *http.Server
	address net.Addr
}

// Addr is where it listens; empty for none.
func (w *walletServer) Addr() string {
	if w == nil {
		return ""
	}
	return w.address.String()
}

// Drain takes nothing new and waits for the answers that are on their way.
func (w *walletServer) Drain(ctx context.Context) error {
	if w == nil {
		return nil
	}
	if err := w.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("draining the wallet API: %w", err), w.server.Close())
	}
	return nil
}

// Close ends it at once.
func (w *walletServer) Close() error {
	if w == nil {
		return nil
	}
	return w.server.Close()
}

// openWallet starts the wallet API, when there is to be one.
func (e *engine) openWallet(ctx context.Context, s *settings) error {
	if s.WalletAPI == nil {
		return nil
	}
	api, err := e.walletAPI(s)
	if err != nil {
		return fmt.Errorf("wallet API: %w", err)
	}
	listener, err := listenFor(ctx, s.WalletAPI.Listen, s.WalletAPI.Connections)
	if err != nil {
		return listenError("wallet_api.listen", s.WalletAPI.Listen, err)
	}
	e.wallet = &walletServer{api.Server(e.log), listener.Addr()}
	address := e.wallet.Addr()
	e.walletAddr.Store(&address)
	e.serving.Go(func() {
		if err := e.wallet.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			e.fail(fmt.Errorf("wallet API: %w", err))
		}
	})
	return nil
}

// walletAPI makes the API over the book.
func (e *engine) walletAPI(s *settings) (*wallet.API, error) {
	seals, err := vaultToSeal(s, e.log)
	if err != nil {
		return nil, err
	}
	metrics, err := wallet.NewMetrics(e.registry)
	if err != nil {
		return nil, err
	}
	t := teller.Options{Programs: s.Tellers, Shared: sharedPrograms(s.WalletAPI.Tokens), Hash: e.hasher.Hash}
	o := wallet.Options{
		Authenticator: s.WalletAPI.Tokens, Log: e.log, Metrics: metrics, Rate: s.WalletAPI.Rate, Version: version(),
		Currencies: map[string]spec.Currency{},
	}
	for i := range s.Tellers {
		o.Currencies[s.Tellers[i].Name] = s.Tellers[i].Currency
	}
	if seals != nil {
		o.Opener = seals
		t.Seal = func(card spec.CardID, number spec.PAN) (string, error) {
			sealed, err := seals.Seal(card, number)
			return string(sealed), err
		}
	}
	o.Teller = teller.New(e.book, t)
	return wallet.New(o)
}
