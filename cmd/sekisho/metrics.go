package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sekisho/balance"
	"sekisho/balance/dynamo"
)

// newRegistry has the figures of the process; the rooms add theirs.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	return registry
}

// registerTable shows what a DynamoDB store counts.
func registerTable(registry prometheus.Registerer, store *dynamo.Store) {
	stats := store.Stats()
	for _, c := range []struct {
		name, help string
		count      *atomic.Uint64
	}{
		{"write_units", "Write units that DynamoDB reported.", &stats.WriteUnits},
		{"read_units", "Read units that DynamoDB reported.", &stats.ReadUnits},
		{"calls", "Requests sent.", &stats.Calls},
		{"appends", "Appends tried.", &stats.Appends},
		{"conflicts", "Appends that found another's entry or row in the way.", &stats.Conflicts},
		{"throttled", "Calls refused because there were too many.", &stats.Throttled},
		{"unknown", "Appends whose outcome is not known.", &stats.Unknown},
		{"refused", "Calls refused for another reason.", &stats.Refused},
		{"busy", "Calls not made because too much was waiting here.", &stats.Busy},
		{"lookups", "Directory rows read.", &stats.Lookups},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "sekisho_dynamodb_" + c.name + "_total", Help: c.help},
			func() float64 { return float64(c.count.Load()) },
		))
	}
}

// registerBook shows what a book counts.
func registerBook(registry prometheus.Registerer, book *balance.Book) {
	for _, g := range []struct {
		name, help string
		value      func(balance.Waiting) float64
	}{
		{"waiting_requests", "Requests parked, looked up or being appended.", func(w balance.Waiting) float64 { return float64(w.Requests) }},
		{"in_doubt_wallets", "Wallets whose last append has no known outcome.", func(w balance.Waiting) float64 { return float64(w.InDoubt) }},
		{"in_doubt_seconds", "For how long the oldest of them has been in doubt.", func(w balance.Waiting) float64 { return w.Oldest.Seconds() }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: "sekisho_book_" + g.name, Help: g.help},
			func() float64 { return g.value(book.Waiting()) },
		))
	}
	stats := book.Stats()
	for _, c := range []struct {
		name, help string
		count      *atomic.Uint64
	}{
		{"loads", "Wallets read from the store.", &stats.Loads},
		{"searches", "Logs searched for an old key.", &stats.Searches},
		{"conflicts", "Decisions made again because another node was faster.", &stats.Conflicts},
		{"in_doubt", "Answers of the store that left the outcome of an append unknown.", &stats.InDoubt},
		{"resolved", "Appends in doubt that turned out to be in.", &stats.Resolved},
		{"shed", "Requests that found too many before them.", &stats.Shed},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "sekisho_book_" + c.name + "_total", Help: c.help},
			func() float64 { return float64(c.count.Load()) },
		))
	}
}
