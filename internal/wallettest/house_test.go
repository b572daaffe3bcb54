package wallettest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// house is some switches over the same logs, each with a wallet API of its own.
type house struct {
	t      *testing.T
	hasher *spec.Hasher
	nodes  []*node
	http   *http.Client
	keys   atomic.Int64
	stan   atomic.Uint32
	loss   int // of ten tries of a POST, how many have their connection cut when all of it is sent

	mu      sync.Mutex
	numbers map[spec.CardID]spec.PAN // the latest of each card that was issued here
	dialed  int                      // connections that were made to the APIs,
	ended   int                      // and those that their servers are done with
	quiet   *sync.Cond
}

// node is one of them.
type node struct {
	store  balance.Store
	book   *balance.Book
	router *router.Router
	addr   string // of its API
}

// token is what every app server of these tests has.
const token = "dev"

// openHouse starts a switch on each store.
func openHouse(t *testing.T, stores ...balance.Store) *house {
	t.Helper()
	h := &house{t: t, numbers: map[spec.CardID]spec.PAN{}}
	h.quiet = sync.NewCond(&h.mu)
	h.http = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 128, DialContext: h.dial}}
	var err error
	if h.hasher, err = spec.NewHasher([]byte("a made-up key for tests only")); err != nil {
		t.Fatal(err)
	}
	for _, store := range stores {
		h.nodes = append(h.nodes, h.open(store, nil))
	}
	return h
}

// open starts a switch; what is random about numbers comes from random, nil for crypto/rand.
func (h *house) open(store balance.Store, random io.Reader) *node {
	h.t.Helper()
	n := &node{store: store, book: balance.NewBook(store, balance.Options{RetryMin: time.Millisecond, RetryMax: 4 * time.Millisecond})}
	log := slog.New(slog.DiscardHandler)
	n.router = router.New(n.book, []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Rules: risk.Program{Currency: spec.JPY},
	}}, log, nil)
	api, err := wallet.New(wallet.Options{
		Teller: teller.New(n.book, teller.Options{
			Programs: []teller.Program{{Name: "prepaid", Ranges: []string{"354012000000"}, Currency: spec.JPY, Tiers: []teller.Tier{{Name: "verified"}}}}, Hash: h.hasher.Hash, Seal: h.keep, Random: random,
		}),
		Opener: h, Currencies: map[string]spec.Currency{"prepaid": spec.JPY}, Log: log, Version: "test", Rate: 1e6,
		Authenticator: wallet.Tokens{{Hash: wallet.TokenHash(token), Identity: wallet.Identity{
			Name: "app", Tenant: "t1", Programs: []string{"prepaid"}, Scopes: []wallet.Scope{wallet.Everything},
		}}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	n.addr = l.Addr().String()
	server := api.Server(log)
	server.ConnState = h.connection
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h.http.CloseIdleConnections() // one that was never used would be waited for
		err := server.Shutdown(ctx)
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
		if err = errors.Join(err, n.book.Close(ctx), store.Close()); err != nil {
			h.t.Error(err)
		}
	})
	return n
}

// dial makes a connection to an API.
func (h *house) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err == nil {
		h.mu.Lock()
		h.dialed++
		h.mu.Unlock()
	}
	return conn, err
}

// connection notes what a server does with a connection.
func (h *house) connection(_ net.Conn, s http.ConnState) {
	if s != http.StateClosed {
		return
	}
	h.mu.Lock()
	h.ended++
	h.mu.Unlock()
	h.quiet.Broadcast()
}

// settled waits until no server is busy with a request that was sent before, its answer lost or not. Nobody
// sends meanwhile.
func (h *house) settled() {
	h.http.CloseIdleConnections()
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.ended < h.dialed {
		h.quiet.Wait()
	}
}

// keep remembers a number that was drawn, as the network will know it.
func (h *house) keep(card spec.CardID, number spec.PAN) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.numbers[card] = number
	return "kept elsewhere", nil
}

// Open implements [wallet.Opener].
func (h *house) Open(card spec.CardID, _ []byte) (spec.PAN, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.numbers[card], nil
}

// any is one of the nodes.
func (h *house) any() *node { return h.nodes[rand.IntN(len(h.nodes))] }

// pay has the latest number of a card pay at a node, and tells why that is answered as it is.
func (h *house) pay(n *node, card string, amount int64) spec.Reason {
	id, _ := teller.ParseCard(card)
	h.mu.Lock()
	number := h.numbers[id]
	h.mu.Unlock()
	return h.payWith(n, number, amount)
}

var policy = spec.Policy{ReversedBefore: spec.ReversedBefore, AccountVerification: spec.Approved}

func (h *house) payWith(n *node, number spec.PAN, amount int64) spec.Reason {
	now := time.Now()
	p := &purchase{answer: make(chan spec.Response, 1), request: spec.Request{
		MTI: 100, Class: spec.Authorization, At: now, Link: "jcb", Policy: &policy, Card: h.hasher.Card([]byte(number.Digits())), Processing: [6]byte([]byte("000000")),
		Amount: spec.Money(amount), Currency: spec.JPY, Sent: now.Unix(), STAN: h.stan.Add(1), Acquirer: 8871, MCC: 5411, EntryMode: 51, LocalTime: 123456, LocalDate: 1124,
	}}
	n.router.Handle([]spec.Call{p})
	return (<-p.answer).Reason
}

// purchase is a 0100 on its way.
type purchase struct {
	request spec.Request
	answer  chan spec.Response
}

// Request implements [spec.Call].
func (p *purchase) Request() *spec.Request { return &p.request }

// Answer implements [spec.Call].
func (p *purchase) Answer(r spec.Response) { p.answer <- r }

// verify wants the ledger to add up, and tells of how many logs.
func (h *house) verify() {
	h.t.Helper()
	audit, err := balance.Verify(context.Background(), h.nodes[0].store, nil)
	if err != nil || !audit.OK() {
		h.t.Errorf("verify: %v, %q", err, audit.Problems)
	}
}
