package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	authswitch "sekisho/switch"
)

// readiness is what /readyz says.
type readiness struct {
	Ready  bool                   `json:"ready"`
	State  string                 `json:"state"`            // see standing
	Reason string                 `json:"reason,omitempty"` // why it does not go on
	Links  []authswitch.LinkState `json:"links"`

	WalletAPI string `json:"wallet_api,omitempty"` // where it listens
}

// newAdmin is the server of the admin port. It reads; it never moves money.
func newAdmin(registry *prometheus.Registry, ready func() readiness, log *slog.Logger) *http.Server {
	errorLog := slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // a prober that hangs up has its answer
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		now := ready()
		w.Header().Set("Content-Type", "application/json")
		if !now.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(now)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		Registry: registry, ErrorLog: errorLog, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	}))
	return &http.Server{
		Handler: mux, ErrorLog: errorLog, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}
}
