package wallet_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// audit is what the house log of today has of a tenant.
func (h *house) audit(tenant string) (all []teller.Audited) {
	h.t.Helper()
	done := make(chan error, 1)
	h.store.Scan(teller.AuditLog(tenant, time.Now().UTC().Format(time.DateOnly)), 1, balance.Forward, func(s balance.Sealed) bool {
		var e balance.Entry
		if err := balance.DecodeEntry(s.Body, &e); err != nil {
			h.t.Error(err)
		}
		for i := range e.Events {
			if audited, ok := teller.ShownOf(&e.Events[i], e.At); ok {
				all = append(all, audited)
			}
		}
		return true
	}, func(err error) { done <- err })
	if err := <-done; err != nil {
		h.t.Error(err)
	}
	return all
}

// results are what came of each, with why it was asked for.
func results(all []teller.Audited) (results []string) {
	for _, a := range all {
		results = append(results, a.Result+": "+a.Reason)
	}
	return results
}

func TestEveryShowingOfANumberIsRecordedWithWhatCameOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	r := request{method: "POST", path: "/v1/cards/" + card + "/reveal", key: "k", body: `{"reason": "the holder asked"}`}
	first, again := h.send(r), h.send(r)
	if first.status != 200 || first.status != again.status || first.text != again.text || first.num("version") != 3 || first.header.Get("ETag") != `"3"` {
		t.Errorf("shown: %d, then %d", first.status, again.status)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("replayed: %q, then %q", first.header.Get("Idempotency-Replayed"), again.header.Get("Idempotency-Replayed"))
	}
	r.body = `{"reason": "I asked"}`
	if a := h.send(r); a.status != 422 || a.str("code") != "idempotency_key_reused" || a.at("pan") != nil {
		t.Errorf("the key with another reason: %d %s", a.status, a.str("code"))
	}
	all := h.audit("t1")
	if got := results(all); !slices.Equal(got, []string{"shown: the holder asked", "shown: the holder asked", "key reused: I asked"}) {
		t.Errorf("recorded %q", got)
	}
	for _, a := range all {
		if a.Card.String() != card || a.Wallet != id || a.Who != "app-dev" || a.Tenant != "t1" {
			t.Errorf("recorded %s of %s by %s of %s", a.Card, a.Wallet, a.Who, a.Tenant)
		}
	}
}

// shut is a vault that opens nothing.
type shut struct{}

func (shut) Open(spec.CardID, []byte) (spec.PAN, error) { return spec.PAN{}, errors.New("no key") }

func TestEveryRefusedAskingForANumberIsRecordedToo(t *testing.T) {
	t.Parallel()
	const nobodys = "crd_000000000000000000000000"
	tokens := wallet.Tokens{token("dev", "t1", wallet.Everything), token("other", "t2", wallet.Everything), token("reads", "t1", wallet.CardsRead)}
	for name, c := range map[string]struct {
		opener            wallet.Opener
		token, card       string
		body, match, code string
		tenant, want      string
	}{
		"none is kept":              {code: "number_not_kept", want: "not kept: why"},
		"it cannot be read":         {opener: shut{}, code: "number_unreadable", want: "not readable: why"},
		"the wallet has changed":    {opener: shut{}, match: `"2"`, code: "version_conflict", want: "version conflict: why"},
		"there is no such card":     {opener: shut{}, card: nobodys, code: "not_found", want: "not found: why"},
		"another tenant's card":     {opener: shut{}, token: "other", tenant: "t2", code: "not_found", want: "not found: why"},
		"a token that may not":      {opener: shut{}, token: "reads", code: "forbidden", want: "forbidden: -"},
		"it may not, nor has a key": {opener: shut{}, token: "reads", body: "{", code: "forbidden", want: "forbidden: -"},
		"no card's id":              {opener: shut{}, token: "reads", card: "x", code: "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(o *wallet.Options) { o.Opener, o.Authenticator = c.opener, tokens })
			_, card := h.funded(10)
			r := request{method: "POST", path: "/v1/cards/" + cmp.Or(c.card, card) + "/reveal", token: c.token, body: cmp.Or(c.body, `{"reason": "why"}`)}
			if c.match != "" {
				r.header = map[string]string{"If-Match": c.match}
			}
			r.noKey = c.body != ""
			if a := h.send(r); a.str("code") != c.code || a.at("pan") != nil {
				t.Errorf("got %d %s", a.status, a.str("code"))
			}
			all := h.audit(cmp.Or(c.tenant, "t1"))
			if got := strings.Join(results(all), ", "); got != c.want {
				t.Errorf("recorded %q, want %q", got, c.want)
			}
			for _, a := range all {
				if a.Card.String() != cmp.Or(c.card, card) || a.Who != "app-"+cmp.Or(c.token, "dev") {
					t.Errorf("recorded %s by %s", a.Card, a.Who)
				}
			}
		})
	}
}

// unseen is a teller that cannot record who sees numbers.
type unseen struct{ wallet.Teller }

func (unseen) Shown(context.Context, teller.Call, teller.Showing) (bool, error) {
	return false, teller.ErrUnavailable
}

func TestANumberIsNotShownWithoutARecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *wallet.Options) {
		o.Teller = unseen{o.Teller}
		o.Authenticator = wallet.Tokens{token("dev", "t1", wallet.Everything), token("reads", "t1", wallet.CardsRead)}
	})
	_, card := h.funded(10)
	if a := h.post("/v1/cards/"+card+"/reveal", `{"reason": "why"}`); a.status != 503 || strings.Contains(a.text, "pan") {
		t.Errorf("got %d", a.status)
	}
	if a := h.post("/v1/cards/crd_000000000000000000000000/reveal", `{"reason": "why"}`); a.status != 404 {
		t.Errorf("what is not there, without a record: %d %s", a.status, a.text)
	}
	a := h.send(request{method: "POST", path: "/v1/cards/" + card + "/reveal", token: "reads"})
	if a.status != 403 {
		t.Errorf("by whoever may not, without a record: %d %s", a.status, a.text)
	}
	if n := strings.Count(h.log.String(), "could not be recorded"); n != 2 {
		t.Errorf("the log tells of %d attempts without a record, want 2", n)
	}
	if id := a.header.Get("Request-Id"); !strings.Contains(h.log.String(), `could not be recorded","request_id":"`+id+`"`) {
		t.Errorf("the log does not name %s: %s", id, h.log)
	}
}

func TestANumberIsAskedForWithAReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	_, card := h.funded(10)
	if a := h.post("/v1/cards/"+card+"/reveal", ""); a.status != 400 || !strings.Contains(a.str("detail"), "missing") {
		t.Errorf("without a body: %d %s", a.status, a.text)
	}
	for _, blank := range []string{" ", "   ", "\u3000\u200b"} {
		if a := h.post("/v1/cards/"+card+"/reveal", `{"reason": "`+blank+`"}`); a.status != 422 || a.str("field") != "reason" {
			t.Errorf("a reason of blanks: %d", a.status)
		}
	}
	for _, body := range []string{`{}`, `{"reason": ""}`, ""} {
		if a := h.post("/v1/cards/"+card+"/reveal", body); a.status/100 != 4 {
			t.Errorf("without a reason: %d", a.status)
		}
	}
}
