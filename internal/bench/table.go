package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/balance/dynamo/local"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
)

// tableLatency is how long the stub takes for a call, about what DynamoDB does.
const tableLatency = 5 * time.Millisecond

// table measures authorizations on a DynamoDB store: spread over cards, and all on one wallet, beside
// one call after another; then once on DynamoDB Local for reference. Requests go to the router
// itself, without the network in front.
func table(figures map[string]any, length time.Duration) error {
	server := dynamotest.New()
	defer server.Stop()
	h, err := openTable(server.URL(), 256)
	if err != nil {
		return err
	}
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Slow(tableLatency) })
	serial := h.pay(1, 1, length)
	spread := h.pay(256, 256, length)
	before := cpu()
	hot := h.pay(256, 1, length)
	figures["table_cpu_us_per_auth_hot"] = rounded((cpu() - before).Seconds() * 1e6 / float64(hot.paid))
	figures["table_serial_per_s"] = int(serial.perSecond)
	figures["table_spread_per_s"], figures["units_per_auth"] = int(spread.perSecond), rounded(spread.units)
	figures["table_hot_per_s"], figures["hot_units_per_auth"] = int(hot.perSecond), rounded(hot.units)
	figures["hot_speedup"] = rounded(hot.perSecond / serial.perSecond)
	h.close()
	return reference(figures, length)
}

// reference measures DynamoDB Local, where it can be had.
func reference(figures map[string]any, length time.Duration) error {
	endpoint, stop, err := local.Start(context.Background())
	if errors.Is(err, exec.ErrNotFound) {
		figures["dynamodb_local"] = "not measured: " + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	h, err := openTable(endpoint, 64)
	if err != nil {
		return err
	}
	defer h.close()
	r := h.pay(64, 64, length)
	figures["dynamodb_local_per_s"], figures["dynamodb_local_units_per_auth"] = int(r.perSecond), rounded(r.units)
	return nil
}

// tableHouse is a node without its network.
type tableHouse struct {
	store  *dynamo.Store
	book   *balance.Book
	router *router.Router
	cards  []spec.Card
	serial atomic.Uint32
}

func openTable(endpoint string, cards int) (*tableHouse, error) {
	store, err := dynamo.Open(context.Background(), dynamo.Options{Table: "bench", Endpoint: endpoint, Create: true})
	if err != nil {
		return nil, err
	}
	h := &tableHouse{store: store, book: balance.NewBook(store, balance.Options{})}
	h.router = router.New(h.book, []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Rules: risk.Program{Currency: spec.JPY},
	}}, slog.New(slog.DiscardHandler), nil)
	done := make(chan error, cards)
	for i := range cards {
		card := spec.Card{Length: 16, Luhn: true, Hash: spec.CardHash{byte(i), byte(i >> 8), 1}} //nolint:gosec // parts of a number
		copy(card.Range[:], "35401200")
		h.cards = append(h.cards, card)
		o := balance.Opening{Log: fmt.Sprint("w", i), Program: "prepaid", Currency: spec.JPY, Posted: 1e12, Cards: []balance.OpeningCard{{
			ID: spec.CardID{byte(i), byte(i >> 8), 1}, Number: card.Hash, Status: balance.CardActive, Allocated: 1e12, Issued: balance.Issued{Expiry: 9912}, //nolint:gosec // as above
		}}}
		h.book.Submit(balance.Post{Log: o.Log, At: time.Now(), Mover: &begin{o.Events(balance.CallKey("bench", o.Log), 1, balance.Actor{}), o.Rows(), done}})
	}
	for range cards {
		if err := <-done; err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *tableHouse) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(h.book.Close(ctx), h.store.Close()); err != nil {
		fmt.Println("bench: closing:", err)
	}
}

// paid is what a load on the table got.
type paid struct {
	perSecond, units float64
	paid             int64
}

// pay keeps so many purchases under way, spread over so many cards.
func (h *tableHouse) pay(inFlight, cards int, length time.Duration) paid {
	var count atomic.Int64
	var clients sync.WaitGroup
	units := h.store.Stats().WriteUnits.Load()
	began := time.Now()
	for range inFlight {
		clients.Go(func() {
			for time.Since(began) < length {
				n := h.serial.Add(1)
				p := &tablePurchase{answer: make(chan spec.Response, 1)}
				p.request = purchaseOf(h.cards[int(n)%cards], n)
				h.router.Handle([]spec.Call{p})
				if r := <-p.answer; r.Reason == spec.Approved {
					count.Add(1)
				}
			}
		})
	}
	clients.Wait()
	n := count.Load()
	used := float64(h.store.Stats().WriteUnits.Load() - units)
	return paid{float64(n) / time.Since(began).Seconds(), used / float64(n), n}
}

var tablePolicy = spec.Policy{ReversedBefore: spec.ReversedBefore, AccountVerification: spec.Approved}

func purchaseOf(card spec.Card, n uint32) spec.Request {
	now := time.Now()
	r := spec.Request{
		MTI: 100, Class: spec.Authorization, At: now, Link: "jcb", Policy: &tablePolicy, Card: card, Processing: [6]byte{'0', '0', '0', '0', '0', '0'},
		Amount: 1, Currency: spec.JPY, Sent: now.Unix(), STAN: n % 1_000_000, Acquirer: 8871, MCC: 5411, EntryMode: 51, LocalTime: 123456, LocalDate: 1124,
	}
	copy(r.RRN[:], fmt.Sprintf("%012d", n))
	copy(r.Merchant[:], "SHOP0001")
	return r
}

type tablePurchase struct {
	request spec.Request
	answer  chan spec.Response
}

// Request implements [spec.Call].
func (p *tablePurchase) Request() *spec.Request { return &p.request }

// Answer implements [spec.Call].
func (p *tablePurchase) Answer(r spec.Response) { p.answer <- r }
