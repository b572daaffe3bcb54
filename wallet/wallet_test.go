package wallet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/vault"
	"sekisho/wallet"
)

// house is an API on a store in memory, with everything that it needs.
type house struct {
	t      *testing.T
	store  *balance.MemoryStore
	book   *balance.Book
	teller *teller.Teller
	api    *wallet.API
	log    *logged
	keys   atomic.Int64
	vault  *vault.Vault
}

// logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// token is one of the tokens of the tests, by its scopes.
func token(text, tenant string, scopes ...wallet.Scope) wallet.Token {
	return wallet.Token{Hash: wallet.TokenHash(text), Identity: wallet.Identity{
		Name: "app-" + text, Tenant: tenant, Programs: []string{"prepaid"}, Scopes: scopes,
	}}
}

func newHouse(t *testing.T, change func(o *wallet.Options)) *house {
	t.Helper()
	return houseOn(t, balance.NewMemoryStore(balance.MemoryOptions{}), change)
}

// another is a second node on the same store.
func (h *house) another() *house {
	h.t.Helper()
	return houseOn(h.t, h.store.Node(balance.MemoryOptions{}), nil)
}

func houseOn(t *testing.T, store *balance.MemoryStore, change func(o *wallet.Options)) *house {
	t.Helper()
	h := &house{t: t, store: store, log: &logged{}}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.book = balance.NewBook(h.store, balance.Options{Log: log})
	var err error
	if h.vault, err = vault.Development(); err != nil {
		t.Fatal(err)
	}
	h.teller = h.newTeller()
	o := wallet.Options{
		Teller: h.teller, Opener: h.vault, Log: log, Version: "test", Currencies: map[string]spec.Currency{"prepaid": spec.JPY},
		Authenticator: wallet.Tokens{token("dev", "t1", wallet.Everything), token("other", "t2", wallet.Everything)},
	}
	if change != nil {
		change(&o)
	}
	if h.api, err = wallet.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.book.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) newTeller() *teller.Teller {
	h.t.Helper()
	hasher, err := spec.NewHasher([]byte("a made-up key for tests only"))
	if err != nil {
		h.t.Fatal(err)
	}
	return teller.New(h.book, teller.Options{
		Programs: []teller.Program{{Name: "prepaid", Ranges: []string{"354012"}, Currency: spec.JPY, WalletMax: 1_000_000, TransferMax: 100_000, MonthMax: 150_000, Tiers: []teller.Tier{{Name: "verified", WalletMax: 2_000_000, MonthMax: 160_000}}}},
		Hash:     hasher.Hash,
		Seal: func(card spec.CardID, number spec.PAN) (string, error) {
			sealed, err := h.vault.Seal(card, number)
			return string(sealed), err
		},
	})
}

// stand is a teller that can be made to wait or to fail.
type stand struct {
	wallet.Teller
	hold        atomic.Bool
	begun, goOn chan struct{}
	fail        error
	failRead    error
	fault       bool
}

// request is one to send; what is not said is as an app server would send it.
type request struct {
	method, path, token, key, body string
	header                         map[string]string
	noKey                          bool
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	fields map[string]any
}

func (h *house) send(r request) answer {
	h.t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req := httptest.NewRequestWithContext(h.t.Context(), r.method, r.path, body)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	switch r.token {
	case "":
		req.Header.Set("Authorization", "Bearer dev")
	case "none":
	default:
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key == "" {
		r.key = "key-" + strconv.FormatInt(h.keys.Add(1), 10)
	}
	if r.method != http.MethodGet && !r.noKey {
		req.Header.Set("Idempotency-Key", r.key)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.api.Handler().ServeHTTP(w, req)
	judged(h.t, req, w)
	for name, values := range w.Header() {
		if len(values) != 1 && name != "Allow" {
			h.t.Errorf("%s %s answered %d with %s %d times", r.method, r.path, w.Code, name, len(values))
		}
	}
	if id := w.Header().Get("Request-Id"); len(id) < 20 || id == r.header["X-Request-Id"] || id == r.header["Request-Id"] {
		h.t.Errorf("%s %s answered %d with the id %q", r.method, r.path, w.Code, id)
	}
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &a.fields); err != nil {
			h.t.Errorf("%s %s answered no JSON object: %v", r.method, r.path, err)
		}
	}
	return a
}

func (h *house) post(path, body string) answer {
	return h.send(request{method: "POST", path: path, body: body})
}
func (h *house) get(path string) answer { return h.send(request{method: "GET", path: path}) }

// must sends a POST that has to succeed, and returns its answer.
func (h *house) must(path, body string) answer {
	h.t.Helper()
	a := h.post(path, body)
	if a.status/100 != 2 {
		h.t.Fatalf("POST %s: %d %s\n%s", path, a.status, a.text, h.log)
	}
	return a
}

// str is a field of an answer, behind dots.
func (a answer) at(path string) any {
	var now any = a.fields
	for name := range strings.SplitSeq(path, ".") {
		if i, err := strconv.Atoi(name); err == nil {
			list, ok := now.([]any)
			if !ok || i >= len(list) {
				return nil
			}
			now = list[i]
			continue
		}
		object, ok := now.(map[string]any)
		if !ok {
			return nil
		}
		now = object[name]
	}
	return now
}

func (a answer) str(path string) string { s, _ := a.at(path).(string); return s }
func (a answer) num(path string) int    { f, _ := a.at(path).(float64); return int(f) }

// funded opens a wallet with money and a card.
func (h *house) funded(amount int) (id, card string) {
	h.t.Helper()
	id = h.must("/v1/wallets", `{"kind": "personal", "program": "prepaid", "name": "Hana"}`).str("id")
	h.must("/v1/wallets/"+id+"/top-ups", `{"amount": {"amount": `+strconv.Itoa(amount)+`, "currency": "JPY"}, "reference": "r-1"}`)
	return id, h.must("/v1/wallets/"+id+"/cards", `{"name": "groceries"}`).str("id")
}

// jpy is an amount of yen as JSON.
func jpy(n int) string { return `{"amount": ` + strconv.Itoa(n) + `, "currency": "JPY"}` }
