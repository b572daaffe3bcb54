// Package wallet is the HTTP API through which app servers work with the wallets of their people: it
// translates between JSON and package teller, and decides nothing about money.
package wallet

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sekisho/spec"
)

// Opener opens a sealed card number. Whoever has one handles card data in the clear.
type Opener interface {
	Open(card spec.CardID, sealed []byte) (spec.PAN, error)
}

// Options of an API.
type Options struct {
	Teller        Teller
	Authenticator Authenticator            // nil: nobody is let in
	Currencies    map[string]spec.Currency // of each program
	Opener        Opener                   // nil: no number can be shown
	Log           *slog.Logger             // nil: nothing is logged
	Metrics       *Metrics                 // nil: nothing is counted
	Rate          float64                  // requests per second and token; 0: RateDefault
	Version       string                   // of the program, for the document
	Now           func() time.Time
}

// API is the wallet API. It is safe for several goroutines.
type API struct {
	teller     Teller
	opener     Opener
	who        Authenticator
	log        *slog.Logger
	metrics    *Metrics
	now        func() time.Time
	limits     *limits
	inFlight   *inFlight
	mux        *http.ServeMux
	huma       huma.API
	currencies map[string]spec.Currency // of each program
	routes     []route
	asked      map[*huma.Schema]bool // the schemas of what is asked
	documents  documents
}

// New makes an API. The error names what a route of ours lacks: it is a fault of the program.
func New(o Options) (*API, error) {
	if o.Teller == nil {
		return nil, errors.New("the wallet API needs a teller")
	}
	a := &API{
		teller: o.Teller, opener: o.Opener, who: o.Authenticator, log: o.Log, metrics: o.Metrics, now: o.Now,
		inFlight: newInFlight(), mux: http.NewServeMux(), currencies: o.Currencies, asked: map[*huma.Schema]bool{},
	}
	if a.who == nil {
		a.who = Tokens{}
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.limits = newLimits(o.Rate, a.now)
	a.huma = humago.New(a.mux, a.config(o.Version))
	if err := a.register(); err != nil {
		return nil, err
	}
	if err := a.document(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("/", a.unrouted)
	return a, nil
}

// register adds every route.
func (a *API) register() error {
	return first(
		a.registerWallets(), a.registerTiers(), a.registerCards(), a.registerCardChanges(), a.registerReveal(), a.registerTokens(), a.registerMoney(), a.registerBalances(),
		a.registerMembers(), a.registerActivity(), a.registerEvents(),
	)
}

// Bounds of a request.
const (
	bodyMax       = 64 << 10 // bytes
	headerMax     = 16 << 10 // bytes
	depthMax      = 16       // of JSON within JSON
	answerTimeMax = 10 * time.Second
)

// Server is an HTTP server for the API, with its time limits. The caller gives it a listener.
func (a *API) Server(log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: a.Handler(), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxHeaderBytes: headerMax,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10*time.Second + answerTimeMax, IdleTimeout: time.Minute,
	}
}

// Handler serves the API.
func (a *API) Handler() http.Handler { return &observer{api: a} }

// unrouted answers what no route takes. Whoever has no token learns nothing else.
func (a *API) unrouted(w http.ResponseWriter, r *http.Request) {
	if a.identify(w, r) == nil {
		return
	}
	allowed := a.allowed(r)
	if len(allowed) == 0 {
		write(w, problemOf(CodeNotFound))
		return
	}
	w.Header()["Allow"] = allowed
	write(w, problemOf(CodeMethodNotAllowed))
}

// allowed are the methods that an address takes; none where there is nothing.
func (a *API) allowed(r *http.Request) (methods []string) {
	if !asItStands(r) {
		return nil
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(context.WithoutCancel(r.Context()))
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "/" && pattern != "" {
			methods = append(methods, method)
		}
	}
	return methods
}

// asItStands says whether the path of a request is written in its one way. The mux would send other spellings to
// the right one, and so repeat them.
func asItStands(r *http.Request) bool { return path.Clean("/"+r.URL.Path) == r.URL.Path }
