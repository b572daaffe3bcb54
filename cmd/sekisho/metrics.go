package main

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sekisho/balance"
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

// registerBook shows what a book counts.
func registerBook(registry prometheus.Registerer, book *balance.Book) {
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
