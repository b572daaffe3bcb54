package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sekisho/teller"
)

// route is one operation of the API.
type route struct {
	method, path string
	scope        Scope // without one it is not registered
	id           string
	tag          string
	summary      string
	description  string
	status       int // of success; 0: 200
	also         int // another status of success, answered in the same form; 0: none
	example      string
	refuses      []Code                                          // what it can answer, beside what every route can
	denied       func(ctx context.Context, c *Caller, id string) // told of who may not, for a record; nil: nobody
}

// Caller is who calls and what the headers say, for every input of a route.
type Caller struct {
	who     *Identity
	call    teller.Call
	request string // the id of the request
}

// Resolve implements [huma.Resolver]: it takes over what the guard of the route found out.
func (c *Caller) Resolve(ctx huma.Context) []error {
	g, ok := ctx.(*guarded)
	if !ok {
		return []error{errors.New("a route without a guard")}
	}
	*c = g.caller
	return nil
}

func (c *Caller) requestID() string { return c.request }

// Keyed is the part of an input that every POST has.
type Keyed struct {
	Caller
	Key     string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"9f0d3c1e-6f5a-4a7e-9a51-1f3a55c0de01" doc:"A new random value for each thing that should happen, the same value when trying again. The same request gets the same answer for 7 days, with Idempotency-Replayed: true. A request that was refused (4xx) is not kept: sent again with the same key and body it is decided afresh. A try whose answer was lost may still take effect until one with its key is answered 2xx: a refusal of a later try, at another node, is final for that try only. The key of a transfer or a reveal is bound to its body from its first use on, also when that was refused."`
	IfMatch string `header:"If-Match" example:"\"12\"" doc:"The version of the wallet that this rests on. Has it changed since, the answer is 409 version_conflict."`
}

// Removal is the part of an input that every DELETE has.
type Removal struct {
	Key     string `header:"Idempotency-Key" maxLength:"255" doc:"As with POST, but may be left out: what is gone stays gone."`
	IfMatch string `header:"If-Match" doc:"The version of the wallet that this rests on."`
}

// changed is the answer to a change.
type changed[T any] struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version of the wallet after this, as it is sent in If-Match." example:"\"13\""`
	Replayed string `header:"Idempotency-Replayed" doc:"true when the answer is that of an earlier request with this key."`
	Body     T
}

func done[T any](status int, d teller.Done, body T) *changed[T] {
	return &changed[T]{Status: status, ETag: etag(d.Version), Replayed: replayed(d.Replayed), Body: body}
}

// replayed is the header Idempotency-Replayed; absent for what was done now.
func replayed(known bool) string {
	if known {
		return "true"
	}
	return ""
}

func etag(version uint64) string { return strconv.Quote(strconv.FormatUint(version, 10)) }

// add registers a route. Nothing is served without a scope.
func add[I, O any](a *API, r route, handle func(context.Context, *I) (*O, error)) error {
	if !slices.Contains(Scopes(), r.scope) || r.scope == Everything {
		return fmt.Errorf("route %s %s asks for the scope %q: expected one of Scopes that is not *", r.method, r.path, r.scope)
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Tags: []string{r.tag},
		Description:   strings.TrimSpace(r.description + "\n\n" + scopeSentence(r.scope)),
		DefaultStatus: r.status, MaxBodyBytes: bodyMax + 1, RejectUnknownQueryParameters: true,
		Security:    []map[string][]string{{"bearer": {}}},
		Middlewares: huma.Middlewares{a.guard(r)},
		Extensions:  map[string]any{"x-scope": r.scope},
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			request := ""
			if caller, ok := any(in).(interface{ requestID() string }); ok {
				request = caller.requestID()
			}
			return nil, a.problem(r, request, err)
		}
		return out, nil
	})
	a.note(r)
	return nil
}

// scopeSentence is what a description in the document says of the scope.
func scopeSentence(s Scope) string { return "Scope: `" + string(s) + "`." }

// note keeps what a registered route is for the documents.
func (a *API) note(r route) {
	a.routes = append(a.routes, r)
	for _, op := range a.operations() {
		if op.OperationID != r.id {
			continue
		}
		if r.also != 0 {
			same := *op.Responses[strconv.Itoa(op.DefaultStatus)]
			same.Description = http.StatusText(r.also)
			op.Responses[strconv.Itoa(r.also)] = &same
		}
		noteRefusals(op, r.codes())
		noteRequestID(op)
		if op.RequestBody == nil {
			continue
		}
		media := op.RequestBody.Content["application/json"]
		if r.example != "" {
			media.Example = json.RawMessage(r.example)
		}
		a.noteAsked(media.Schema)
	}
}

// noteAsked keeps which schemas describe what is asked, with those in them.
func (a *API) noteAsked(s *huma.Schema) {
	s = a.resolved(s)
	if s == nil || a.asked[s] {
		return
	}
	a.asked[s] = true
	a.noteAsked(s.Items)
	for _, child := range s.Properties {
		a.noteAsked(child)
	}
}

// guard lets in whoever may use the route, with what the headers and the body say.
func (a *API) guard(r route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		req, w := humago.Unwrap(hc)
		who := a.identify(w, req)
		if who == nil {
			return
		}
		if ok, seconds := a.limits.take(who); !ok {
			write(w, problemOf(CodeRateLimited).after(seconds))
			return
		}
		if !who.May(r.scope) {
			if r.denied != nil {
				r.denied(hc.Context(), &Caller{who: who, call: callOf(req, who), request: w.Header().Get(requestIDHeader)}, hc.Param("id"))
			}
			write(w, problemOf(CodeForbidden))
			return
		}
		call, text, p := a.readCall(w, req, who)
		if p != nil {
			write(w, p)
			return
		}
		if call.Key != "" {
			key := inFlightKey{who.Tenant, call.Route, call.Key}
			ok, full := a.inFlight.begin(key)
			if !ok {
				code := CodeKeyInFlight
				if full {
					code = CodeBusy
				}
				write(w, problemOf(code).after(retryAfterMin))
				return
			}
			defer a.inFlight.end(key)
		}
		ctx, cancel := context.WithTimeout(hc.Context(), answerTimeMax)
		defer cancel()
		next(&guarded{humaContext: hc, ctx: ctx, body: text, caller: Caller{who: who, call: call, request: w.Header().Get(requestIDHeader)}})
	}
}

// identify says who calls; nil for nobody that is known, who has the answer then. Only a known caller keeps the
// connection.
func (a *API) identify(w http.ResponseWriter, r *http.Request) *Identity {
	who, err := a.who.Authenticate(r)
	if err != nil || who == nil {
		write(w, problemOf(CodeUnauthenticated))
		return nil
	}
	w.Header().Del("Connection")
	return who
}

// callOf is a call as far as it is known without the headers and the body.
func callOf(r *http.Request, who *Identity) teller.Call {
	return teller.Call{
		Caller: teller.Caller{Tenant: who.Tenant, Programs: who.Programs, Actor: who.Name},
		Route:  r.Method + " " + r.URL.Path,
	}
}

// readCall reads what a request says of itself, besides the fields of its route.
func (a *API) readCall(w http.ResponseWriter, r *http.Request, who *Identity) (teller.Call, []byte, *Problem) {
	call := callOf(r, who)
	var p *Problem
	if call.IfMatch, p = ifMatch(r.Header.Values("If-Match")); p != nil {
		return call, nil, p
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return call, nil, nil
	}
	if call.Key, p = idempotencyKey(r); p != nil {
		return call, nil, p
	}
	b, p := readBody(w, r)
	if p != nil {
		return call, nil, p
	}
	call.Body = b.fingerprint
	return call, b.text, nil
}

// keyLengthMax bounds an Idempotency-Key, in bytes.
const keyLengthMax = 255

// idempotencyKey reads the key. What a DELETE removes is gone the second time as well, so it may go
// without one.
func idempotencyKey(r *http.Request) (string, *Problem) {
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case r.Method == http.MethodDelete && (len(keys) == 0 || len(keys) == 1 && keys[0] == ""):
		return rand.Text(), nil
	case len(keys) == 0, len(keys) == 1 && keys[0] == "":
		return "", problemOf(CodeKeyMissing)
	case len(keys) > 1, len(keys[0]) > keyLengthMax, strings.ContainsFunc(keys[0], func(c rune) bool { return c < ' ' || c > '~' }):
		return "", problemOf(CodeKeyInvalid)
	}
	return keys[0], nil
}

// ifMatch reads a version: "12", also without quotes, weak, or * for any.
func ifMatch(values []string) (uint64, *Problem) {
	if len(values) == 0 || (len(values) == 1 && values[0] == "*") {
		return 0, nil
	}
	text := strings.TrimPrefix(values[0], "W/")
	if inner, ok := strings.CutPrefix(text, `"`); ok {
		if text, ok = strings.CutSuffix(inner, `"`); !ok {
			return 0, problemOf(CodeIfMatchInvalid)
		}
	}
	version, err := strconv.ParseUint(text, 10, 63)
	if err != nil || version == 0 || len(values) > 1 {
		return 0, problemOf(CodeIfMatchInvalid)
	}
	return version, nil
}

// humaContext is huma's view of a request, by a name that leaves its method Context free.
type humaContext = interface{ huma.Context }

// guarded is a request that was let in: its body was read, its time is bounded.
type guarded struct {
	humaContext
	ctx    context.Context //nolint:containedctx // this is huma's context of one request
	body   []byte
	caller Caller
}

// Context implements [huma.Context].
func (g *guarded) Context() context.Context { return g.ctx }

// BodyReader implements [huma.Context].
func (g *guarded) BodyReader() io.Reader { return bytes.NewReader(g.body) }

// SetReadDeadline implements [huma.Context]; the body is here already.
func (g *guarded) SetReadDeadline(time.Time) error { return nil }

// Header implements [huma.Context]. Everything is JSON, whatever else was asked for or said.
func (g *guarded) Header(name string) string {
	switch name {
	case "Accept", "Content-Type":
		return "application/json"
	}
	return g.humaContext.Header(name)
}

// Unwrap leads huma's adapter to the request.
func (g *guarded) Unwrap() huma.Context { return g.humaContext }
