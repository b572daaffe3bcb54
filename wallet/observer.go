package wallet

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// requestIDHeader is the header of an answer with the id of its request: a new random one, whatever the caller sent.
const requestIDHeader = "Request-Id"

// observer is around every request: it names and counts it, logs a line at debug, and turns a panic into an answer.
type observer struct{ api *API }

// ServeHTTP implements [http.Handler]. Of the address only the pattern of the route is logged: what
// stands in a path, a header or a body is the caller's.
func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := o.api
	began := time.Now()
	seen := &answer{ResponseWriter: w}
	if strings.HasPrefix(r.URL.Path, "/v1") {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Connection", "close") // see identify
	id := rand.Text()
	w.Header().Set(requestIDHeader, id)
	defer func() {
		if fault := recover(); fault != nil {
			a.log.Error("panic while a request was served", "route", routeOf(r), "request_id", id, "kind", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
			if seen.status == 0 {
				write(seen, problemOf(CodeInternal))
			}
		}
		took := time.Since(began)
		a.metrics.answered(routeOf(r), seen.status, took)
		a.log.LogAttrs(r.Context(), slog.LevelDebug, "wallet request", slog.String("route", routeOf(r)),
			slog.String("request_id", id), slog.Int("status", seen.status), slog.Duration("took", took))
	}()
	if !asItStands(r) || r.Method == http.MethodConnect {
		a.unrouted(seen, r)
		return
	}
	a.mux.ServeHTTP(seen, r)
}

// routeOf is the pattern that took the request: POST /v1/cards/{id}/freeze.
func routeOf(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "none"
	}
	return r.Pattern
}

// answer remembers the status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *answer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
