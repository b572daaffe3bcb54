package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/embedded"
	"sekisho/jobs"
	"sekisho/router"
	"sekisho/spec"
	authswitch "sekisho/switch"
)

// engine is the switch with everything it runs on, put together and serving.
type engine struct {
	store      balance.Store
	book       *balance.Book
	hasher     *spec.Hasher
	router     *router.Router
	control    *control // nil for a table: there every command opens the table itself
	registry   *prometheus.Registry
	network    atomic.Pointer[authswitch.Switch] // nil until the links are open
	admin      *http.Server
	wallet     *walletServer          // nil: it is not served
	walletAddr atomic.Pointer[string] // of it, once it listens
	log        *slog.Logger

	links     []listening
	adminAddr net.Addr
	state     atomic.Pointer[standing]
	failed    chan error    // what ended it from inside; one is enough
	ended     chan struct{} // closed when it begins to end
	endOnce   sync.Once
	endErr    error // what ending came to
	serving   sync.WaitGroup
}

// standing is where an engine stands: opening the store, waiting for the table, serving, draining or
// failed, and why when it does not go on.
type standing struct{ state, reason string }

// listening is a link and where it really listens, whatever port was asked for.
type listening struct {
	Name    string `json:"name"`
	Dialect string `json:"dialect"`
	Framing string `json:"framing"`
	Listen  string `json:"listen"`
	address net.Addr
}

// assemble opens the admin port, then the store, then the links. It returns once all of them are open;
// until then, and for as long as a table cannot be reached, /readyz is red.
func assemble(ctx context.Context, s *settings, log *slog.Logger) (_ *engine, err error) {
	e := &engine{log: log, registry: newRegistry(), failed: make(chan error, 1), ended: make(chan struct{})}
	e.setState("opening the store")
	if s.Dynamo == nil { // before a port of the one who serves it is in the way
		if err := embedded.Free(s.Dir); err != nil {
			return nil, fmt.Errorf("store %s: %w", s.Dir, err)
		}
	}
	if err := e.openAdmin(ctx, s); err != nil {
		return nil, err
	}
	if e.store, e.hasher, err = waitForStore(ctx, s, log, e.diskFailed, e.waiting); err != nil {
		return nil, errors.Join(err, e.admin.Close())
	}
	if t, ok := e.store.(*dynamo.Store); ok {
		registerTable(e.registry, t)
	}
	e.book = balance.NewBook(e.store, balance.Options{Shards: s.Shards, Log: log, RetryMax: bookRetryMax})
	registerBook(e.registry, e.book)
	if err := e.listen(ctx, s); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	if s.Dynamo == nil {
		l := &ledger{settings: s, store: e.store, book: e.book, router: e.router, hasher: e.hasher, metrics: jobs.NewMetrics(e.registry), log: log}
		if e.control, err = openControl(ctx, l, allJobs()); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if err := e.openWallet(ctx, s); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.setState("serving")
	return e, nil
}

// bookRetryMax bounds how long an append without known outcome waits before it is sent again: a table
// that comes back is used again within a second.
const bookRetryMax = 500 * time.Millisecond

func (e *engine) openAdmin(ctx context.Context, s *settings) error {
	listener, err := listenFor(ctx, s.Admin, adminConnections)
	if err != nil {
		return listenError("admin.listen", s.Admin, err)
	}
	e.adminAddr = listener.Addr()
	e.admin = newAdmin(e.registry, e.readiness, e.log)
	e.serving.Go(func() {
		if err := e.admin.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			e.fail(fmt.Errorf("admin port: %w", err))
		}
	})
	return nil
}

// listen starts the links.
func (e *engine) listen(ctx context.Context, s *settings) error {
	configs := make([]authswitch.LinkConfig, 0, len(s.Links))
	for i := range s.Links {
		l := &s.Links[i]
		d, err := dialectNamed(l.Dialect).make(e.hasher, l.Fields, l.Profile)
		if err != nil {
			return fmt.Errorf("link %s: %w", l.Name, err)
		}
		configs = append(configs, authswitch.LinkConfig{Name: l.Name, Dialect: d, DialectName: l.Dialect, Framing: l.Framing, Limits: l.Limits})
	}
	metrics, err := authswitch.NewMetrics(e.registry)
	if err != nil {
		return err
	}
	e.router = router.New(e.book, s.Programs, e.log, router.NewMetrics(e.registry))
	network, err := authswitch.New(e.log, e.router, metrics, configs...)
	if err != nil {
		return err
	}
	e.network.Store(network)
	var open net.ListenConfig
	for i := range s.Links {
		l := &s.Links[i]
		listener, err := open.Listen(ctx, "tcp", l.Listen)
		if err != nil {
			return listenError("links["+strconv.Itoa(i)+"].listen", l.Listen, err)
		}
		e.links = append(e.links, listening{l.Name, l.Dialect, l.Framing.String(), listener.Addr().String(), listener.Addr()})
		e.serving.Go(func() {
			if err := network.Serve(l.Name, listener); err != nil {
				e.fail(fmt.Errorf("link %s: %w", l.Name, err))
			}
		})
	}
	return nil
}

// Addr is where a link listens; nil when there is no such link.
func (e *engine) Addr(link string) net.Addr {
	for i := range e.links {
		if e.links[i].Name == link {
			return e.links[i].address
		}
	}
	return nil
}

// Failed gives the error that ends the switch from inside, such as a disk that fails.
func (e *engine) Failed() <-chan error { return e.failed }

func (e *engine) fail(err error) {
	e.setState("failed")
	select {
	case e.failed <- err:
	default: // it is ending already
	}
}

// diskFailed is called by the store before it tells anybody that a write has failed. It holds the
// store there: nothing is answered any more, and whoever runs the switch ends the process.
func (e *engine) diskFailed(err error) {
	e.fail(err)
	<-e.ended
}

func (e *engine) setState(s string) { e.state.Store(&standing{state: s}) }

// waiting says that the table cannot be reached, and why.
func (e *engine) waiting(err error) {
	e.state.Store(&standing{"waiting for the table", err.Error()})
}

func (e *engine) readiness() readiness {
	now := e.state.Load()
	r := readiness{Ready: now.state == "serving", State: now.state, Reason: now.reason, Links: []authswitch.LinkState{}}
	if api := e.walletAddr.Load(); api != nil {
		r.WalletAPI = *api
	}
	if network := e.network.Load(); network != nil {
		r.Links = network.States()
	}
	return r
}

// Drain ends the switch in order: what was read is decided, made durable and answered, then
// everything is closed. When ctx ends first the rest is closed as it is, and the error says so.
func (e *engine) Drain(ctx context.Context) error {
	e.setState("draining")
	e.control.Stop()
	calls := make(chan error, 1)
	go func() { calls <- e.wallet.Drain(ctx) }() // beside the links; awaited below
	err := e.network.Load().Drain(ctx)
	if err != nil {
		err = fmt.Errorf("draining: %w", err)
	}
	return errors.Join(err, <-calls, e.end(ctx))
}

// Close ends the switch at once. What was answered is durable; what was not is not answered.
func (e *engine) Close() error {
	e.setState("draining")
	if network := e.network.Load(); network != nil {
		network.Close()
	}
	if err := e.wallet.Close(); err != nil {
		return errors.Join(err, e.end(context.Background()))
	}
	return e.end(context.Background())
}

// endTimeMax bounds what closing takes beyond draining.
const endTimeMax = 2 * time.Second

// end closes what is under the links, once; every later call has the same outcome.
func (e *engine) end(ctx context.Context) error {
	e.endOnce.Do(func() { e.endErr = e.endNow(ctx) })
	return e.endErr
}

func (e *engine) endNow(ctx context.Context) error {
	var errs []error
	close(e.ended)
	if err := e.control.Close(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := closeBook(ctx, e.book); err != nil {
		errs = append(errs, fmt.Errorf("closing the book: %w", err))
	}
	if err := e.store.Close(); err != nil {
		errs = append(errs, fmt.Errorf("closing the store: %w", err))
	}
	if e.admin != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeMax)
		defer cancel()
		if err := e.admin.Shutdown(ctx); err != nil { // a scrape that does not end
			errs = append(errs, e.admin.Close())
		}
	}
	e.serving.Wait()
	return errors.Join(errs...)
}
