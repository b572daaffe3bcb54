package wallet_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/wallet"
)

// asked is what every route asks for. It is written by hand, so that a change of it is seen.
func asked() map[string]wallet.Scope {
	return map[string]wallet.Scope{
		"POST /v1/wallets":                            wallet.WalletsWrite,
		"GET /v1/wallets/{id}":                        wallet.WalletsRead,
		"POST /v1/wallets/{id}/tier":                  wallet.TiersWrite,
		"POST /v1/wallets/{id}/name":                  wallet.WalletsWrite,
		"GET /v1/wallets/{id}/balance":                wallet.WalletsRead,
		"GET /v1/wallets/{id}/activity":               wallet.WalletsRead,
		"GET /v1/wallets/{id}/events":                 wallet.WalletsRead,
		"GET /v1/wallets/{id}/members":                wallet.WalletsRead,
		"POST /v1/wallets/{id}/members":               wallet.MembersWrite,
		"POST /v1/wallets/{id}/members/{person}/role": wallet.MembersWrite,
		"DELETE /v1/wallets/{id}/members/{person}":    wallet.MembersWrite,
		"GET /v1/wallets/{id}/cards":                  wallet.CardsRead,
		"GET /v1/cards/{id}":                          wallet.CardsRead,
		"POST /v1/wallets/{id}/cards":                 wallet.CardsWrite,
		"POST /v1/cards/{id}/freeze":                  wallet.CardsWrite,
		"POST /v1/cards/{id}/unfreeze":                wallet.CardsWrite,
		"POST /v1/cards/{id}/lost":                    wallet.CardsWrite,
		"POST /v1/cards/{id}/stolen":                  wallet.CardsWrite,
		"POST /v1/cards/{id}/close":                   wallet.CardsWrite,
		"POST /v1/cards/{id}/reissue":                 wallet.CardsWrite,
		"POST /v1/cards/{id}/rules":                   wallet.CardsWrite,
		"POST /v1/cards/{id}/name":                    wallet.CardsWrite,
		"POST /v1/cards/{id}/reveal":                  wallet.NumbersRead,
		"POST /v1/cards/{id}/tokens":                  wallet.NumbersWrite,
		"GET /v1/cards/{id}/tokens":                   wallet.CardsRead,
		"DELETE /v1/cards/{id}/tokens/{token}":        wallet.NumbersWrite,
		"POST /v1/wallets/{id}/top-ups":               wallet.TopUpsWrite,
		"POST /v1/wallets/{id}/allocations":           wallet.AllocationsWrite,
		"POST /v1/transfers":                          wallet.TransfersWrite,
	}
}

// operation is what the document says of a route, as far as tests use it.
type operation struct {
	Scope      wallet.Scope `json:"x-scope"`
	Parameters []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema  json.RawMessage `json:"schema"`
			Example json.RawMessage `json:"example"`
		} `json:"content"`
	} `json:"requestBody"`
}

func (o *operation) example() string {
	return string(o.RequestBody.Content["application/json"].Example)
}

// operations are all routes of the document.
func operations(t *testing.T, api *wallet.API) map[string]*operation {
	t.Helper()
	var document struct {
		Paths map[string]map[string]*operation `json:"paths"`
	}
	if err := json.Unmarshal(api.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	all := map[string]*operation{}
	for path, methods := range document.Paths {
		for method, o := range methods {
			all[strings.ToUpper(method)+" "+path] = o
		}
	}
	return all
}

// pathOf fills in a route's path.
func pathOf(route, id, card, person string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	if strings.HasPrefix(path, "/v1/cards/") {
		id = card
	}
	return method, strings.NewReplacer("{id}", id, "{person}", person, "{token}", "tok_0123456789abcdef01234567").Replace(path)
}

// posts are those that change something under an Idempotency-Key.
func posts(t *testing.T, api *wallet.API) map[string]*operation {
	t.Helper()
	all := operations(t, api)
	maps.DeleteFunc(all, func(route string, _ *operation) bool { return !strings.HasPrefix(route, "POST ") })
	return all
}

func TestEveryRouteIsDeniedToWhoeverMayNot(t *testing.T) {
	t.Parallel()
	var tokens wallet.Tokens
	for _, s := range wallet.Scopes() {
		tokens = append(tokens, token("only-"+string(s), "t1", s))
		var others []wallet.Scope
		for _, o := range wallet.Scopes() {
			if o != s && o != wallet.Everything {
				others = append(others, o)
			}
		}
		tokens = append(tokens, token("all-but-"+string(s), "t1", others...))
	}
	tokens = append(tokens, token("nothing", "t1"), token("dev", "t1", wallet.Everything))
	h := newHouse(t, func(o *wallet.Options) { o.Authenticator = tokens })
	id, card := h.funded(1000)
	want := asked()
	routes := operations(t, h.api)
	for route := range want {
		if routes[route] == nil {
			t.Errorf("%s is not in the document", route)
		}
	}
	for route, o := range routes {
		scope := want[route]
		if scope == "" || o.Scope != scope {
			t.Errorf("%s asks for %q, expected %q", route, o.Scope, scope)
			continue
		}
		method, path := pathOf(route, id, card, "per_0123456789abcdef01234567")
		for token, status := range map[string]int{
			"none": 401, "unknown": 401, "nothing": 403, "all-but-" + string(scope): 403, "only-" + string(scope): 0, "only-*": 0,
		} {
			a := h.send(request{method: method, path: path, token: token, body: o.example()})
			switch {
			case status == 0 && (a.status == 401 || a.status == 403), status != 0 && a.status != status:
				t.Errorf("%s with token %s: %d", route, token, a.status)
			case status == 401 && a.header.Get("WWW-Authenticate") == "":
				t.Errorf("%s: 401 without WWW-Authenticate", route)
			}
		}
	}
}

func TestWithoutATokenNothingIsLearnt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *wallet.Options) { o.Authenticator = nil })
	for _, path := range []string{"/v1/wallets/x", "/v1/nothing", "/", "/v1//wallets", "/v1/wallets/../wallets", "/metrics"} {
		a := h.send(request{method: "GET", path: path})
		if a.status != 401 || a.str("code") != "unauthenticated" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	h = newHouse(t, nil)
	if a := h.get("/v1/nothing"); a.status != 404 || a.str("code") != "not_found" {
		t.Errorf("no such route: %d %s", a.status, a.text)
	}
	a := h.send(request{method: "PUT", path: "/v1/wallets"})
	if a.status != 405 || !slices.Equal(a.header["Allow"], []string{"POST"}) {
		t.Errorf("no such method: %d %v", a.status, a.header["Allow"])
	}
	for _, r := range []request{
		{method: "POST", path: "/v1//wallets"},
		{method: "POST", path: "/v1/./wallets"},
		{method: "POST", path: "/v1/x/../wallets"},
		{method: "POST", path: "/v1/wallets/"},
		{method: "GET", path: "/v1/cards/..%2fX"},
		{method: "DELETE", path: "/v1//wallets"},
	} {
		if a := h.send(r); a.status != 404 || a.str("code") != "not_found" || a.header["Allow"] != nil {
			t.Errorf("%s %s: %d %v", r.method, r.path, a.status, a.header["Allow"])
		}
	}
	for name, header := range map[string]string{"another scheme": "Basic dev", "no token": "Bearer ", "only a word": "Bearer", "two": "Bearer dev dev"} {
		if a := h.send(request{method: "GET", path: "/v1/wallets/x", header: map[string]string{"Authorization": header}}); a.status != 401 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestWhatIsAnothersIsAnsweredLikeWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	const nobody, noCard = "wal_000000000000000000000000", "crd_000000000000000000000000"
	for route, o := range operations(t, h.api) {
		if route == "POST /v1/wallets" {
			continue
		}
		send := func(id, card string) answer {
			method, path := pathOf(route, id, card, "per_0123456789abcdef01234567")
			body := strings.NewReplacer("wal_5f1c0a9be2d94a7c8b3e6f10", id, "crd_0123456789abcdef01234567", card).Replace(o.example())
			return h.send(request{method: method, path: path, token: "other", body: body})
		}
		there, not := send(id, card), send(nobody, noCard)
		if there.status != 404 || there.text != not.text || there.status != not.status {
			t.Errorf("%s: of another %d %s\nof nobody %d %s", route, there.status, there.text, not.status, not.text)
		}
	}
}

func TestAProgramThatTheTokenMayNotUseIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	if a := h.post("/v1/wallets", `{"kind": "personal", "program": "gold"}`); a.status != 422 || a.str("field") != "program" {
		t.Errorf("got %d %s", a.status, a.text)
	}
}

// somebody lets in whoever sends a header of a proxy, as an identity provider of one's own would.
type somebody struct{}

func (somebody) Authenticate(r *http.Request) (*wallet.Identity, error) {
	name := r.Header.Get("X-Who")
	if name == "" {
		return nil, errors.New("nobody")
	}
	return &wallet.Identity{Name: name, Tenant: "t9", Programs: []string{"prepaid"}, Scopes: []wallet.Scope{wallet.WalletsWrite}}, nil
}

func TestAnotherWayToKnowWhoCallsCanTakeThePlaceOfTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *wallet.Options) { o.Authenticator = somebody{} })
	open := request{method: "POST", path: "/v1/wallets", body: `{"kind": "personal", "program": "prepaid"}`}
	if a := h.send(open); a.status != 401 {
		t.Errorf("nobody: %d", a.status)
	}
	open.header = map[string]string{"X-Who": "app"}
	if a := h.send(open); a.status != 201 {
		t.Errorf("somebody: %d %s", a.status, a.text)
	}
}

func TestThePagesAreThereForEverybodyAndLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for path, kind := range map[string]string{"/docs": "text/html; charset=utf-8", "/openapi.json": "application/json", "/openapi-3.0.json": "application/json"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		h.api.Handler().ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		page := w.Body.String()
		for _, from := range []string{"src=", "@import", "url(", "<script", "//cdn", "https://"} {
			if path == "/docs" && strings.Contains(page, from) {
				t.Errorf("the page has %q", from)
			}
		}
		if path != "/docs" {
			continue
		}
		if strings.Contains(page, "Scope: ") || strings.Contains(page, "wallets:write`") || !strings.Contains(page, "Scope <code>wallets:write</code>") {
			t.Error("the page tells of scopes otherwise than once, as code")
		}
		for route := range operations(t, h.api) {
			if _, at, _ := strings.Cut(route, " "); !strings.Contains(page, ">"+at+"<") {
				t.Errorf("the page does not tell of %s", route)
			}
		}
		if !strings.Contains(page, `id="insufficient_funds"`) {
			t.Error("the page has no place for the type of a problem")
		}
	}
}

func TestOnlyAKnownCallerKeepsTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, path := range []string{"/v1/wallets/wal_x", "/v1/transfers", "/nowhere", "/docs", "/openapi.json"} {
		a := h.send(request{method: "GET", path: path, token: "none"})
		if got := a.header.Get("Connection"); got != "close" {
			t.Errorf("%s without a token: %d, Connection: %q", path, a.status, got)
		}
		a = h.send(request{method: "GET", path: path})
		if got := a.header.Get("Connection"); got != "" && a.status >= 400 {
			t.Errorf("%s with one: %d, Connection: %q", path, a.status, got)
		}
	}
	if s := h.api.Server(slog.New(slog.DiscardHandler)); s.IdleTimeout > time.Minute || s.ReadHeaderTimeout > 5*time.Second {
		t.Errorf("a connection may say nothing for %v, at first for %v", s.IdleTimeout, s.ReadHeaderTimeout)
	}
}
