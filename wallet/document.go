package wallet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// documents are the descriptions of the API, made once.
type documents struct {
	v31, v30, page []byte
}

// OpenAPI is the document of the API in OpenAPI 3.1.0, JSON.
func (a *API) OpenAPI() []byte { return a.documents.v31 }

// OpenAPI30 is the same in OpenAPI 3.0.3, JSON.
func (a *API) OpenAPI30() []byte { return a.documents.v30 }

const introduction = `People hold money in wallets, alone or as a group. They issue prepaid cards at once, allocate money to a card, pay with it, take the rest back and close it.

Money is an integer in the minor unit of its currency: {"amount": 1200, "currency": "JPY"} is 1,200 yen. Times are RFC 3339 in UTC with milliseconds, so that they sort as text. Ids have a prefix: wal_, crd_, per_.

Every POST needs a header Idempotency-Key. The same request with the same key happens once and is answered the same, for 7 days, on every node and after every restart. A request that was refused (4xx) is not kept: sent again with the same key and body it is decided afresh, and may succeed. The key of a transfer or a reveal is bound to its body from its first use on, also when that was refused. A 2xx means that what happened is durable. Every answer has a header Request-Id: tell it when you ask about the request.

Every change of a wallet raises its version by one. Send If-Match with the version you know, and nothing happens when the wallet has changed since.

Card numbers appear in one place only: POST /v1/cards/{id}/reveal. Security codes (CVV2) are not stored and not available.

JCB-style, unofficial: no conformity with any network's rules is claimed.`

// config is what huma is told. Its own pages and hooks stay away: they would load from elsewhere, and
// add fields of theirs to answers.
func (a *API) config(version string) huma.Config {
	if version == "" {
		version = "0"
	}
	config := huma.DefaultConfig("Sekisho wallet API", version)
	config.Info.Description = introduction
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.DocsPath, config.OpenAPIPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	config.RejectUnknownQueryParameters = true
	jsonOnly := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}
	config.Formats = map[string]huma.Format{"application/json": jsonOnly, problemContentType: jsonOnly, "json": jsonOnly}
	config.Servers = []*huma.Server{{URL: "/", Description: "this server"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "A token of wallet_api.tokens in the configuration."},
	}
	config.Tags = []*huma.Tag{
		{Name: "Wallets", Description: "Whose money it is: one person's or a group's."},
		{Name: "Cards", Description: "Prepaid cards, each with the money that was allocated to it."},
		{Name: "Money", Description: "Money that comes in, goes to a card and back, or to another wallet."},
		{Name: "Members", Description: "The people of a group. A member spends through cards of their own."},
		{Name: "History", Description: "What happened, for people and for programs."},
	}
	return config
}

// schemaName is what a generated client calls what a type of ours is: WalletCreate, CardList.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if of, ok := strings.CutPrefix(name, "List"); ok {
		return of + "List"
	}
	return name
}

// document makes the documents once all routes are there, and serves them.
func (a *API) document() error {
	a.open()
	v31, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	short, err := a.huma.OpenAPI().Downgrade()
	if err != nil {
		return fmt.Errorf("writing the document in 3.0: %w", err)
	}
	var v30 bytes.Buffer
	if err := json.Indent(&v30, short, "", "  "); err != nil {
		return fmt.Errorf("writing the document in 3.0: %w", err)
	}
	page, err := a.page()
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	a.documents = documents{v31: append(v31, '\n'), v30: append(v30.Bytes(), '\n'), page: page}
	a.serveDocument("/openapi.json", "application/json", a.documents.v31)
	a.serveDocument("/openapi-3.0.json", "application/json", a.documents.v30)
	a.serveDocument("/docs", "text/html; charset=utf-8", a.documents.page)
	return nil
}

// open takes from what is answered the promise that nothing will ever be added to it; what is asked
// stays closed.
func (a *API) open() {
	for _, s := range a.huma.OpenAPI().Components.Schemas.Map() {
		if closed, ok := s.AdditionalProperties.(bool); ok && !closed && !a.asked[s] {
			s.AdditionalProperties = nil
		}
	}
}

func (a *API) serveDocument(path, contentType string, text []byte) {
	made := time.Now()
	a.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		http.ServeContent(w, r, "", made, bytes.NewReader(text))
	})
}
