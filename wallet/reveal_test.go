package wallet_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// audit is what the tenant's house log of today has.
func (h *house) audit() []balance.Event {
	h.t.Helper()
	var events []balance.Event
	done := make(chan error, 1)
	h.store.Scan(teller.AuditLog("t1", time.Now().UTC().Format("2006-01-02")), 1, balance.Forward, func(s balance.Sealed) bool {
		var e balance.Entry
		if err := balance.DecodeEntry(s.Body, &e); err != nil {
			h.t.Error(err)
		}
		events = append(events, e.Events...)
		return true
	}, func(err error) { done <- err })
	if err := <-done; err != nil {
		h.t.Error(err)
	}
	return events
}

func TestEveryShowingOfANumberIsRecordedWithWhatCameOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	r := request{method: "POST", path: "/v1/cards/" + card + "/reveal", key: "k", body: `{"reason": "the holder asked"}`}
	first, again := h.send(r), h.send(r)
	if first.status != 200 || first.text != again.text {
		t.Errorf("shown: %d, then %d", first.status, again.status)
	}
	events := h.audit()
	if len(events) != 2 {
		t.Fatalf("there are %d records of 2 showings", len(events))
	}
	for _, e := range events {
		if e.Kind != balance.NumberShown || e.Card.String() != card || e.Actor.Name != "app-dev" || e.Note != "shown: the holder asked" || e.Counter.Name != id {
			t.Errorf("recorded %s of %s by %s: %q", e.Kind, e.Card, e.Actor.Name, e.Note)
		}
	}
}

// shut is a vault that opens nothing.
type shut struct{}

func (shut) Open(spec.CardID, []byte) (spec.PAN, error) { return spec.PAN{}, errors.New("no key") }

func TestANumberThatCannotBeShownIsRecordedToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opener wallet.Opener
		code   string
		note   string
	}{
		"none is kept":          {nil, "number_not_kept", "not kept: why"},
		"it cannot be read":     {shut{}, "number_unreadable", "not readable: why"},
		"another tenant's card": {shut{}, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(o *wallet.Options) { o.Opener = c.opener })
			_, card := h.funded(10)
			r := request{method: "POST", path: "/v1/cards/" + card + "/reveal", body: `{"reason": "why"}`}
			if c.note == "" {
				r.token = "other"
			}
			if a := h.send(r); a.str("code") != c.code || a.at("pan") != nil {
				t.Errorf("got %d %s", a.status, a.str("code"))
			}
			events := h.audit()
			if c.note == "" && len(events) == 0 {
				return
			}
			if len(events) != 1 || events[0].Note != c.note {
				t.Errorf("recorded %d, want %q", len(events), c.note)
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
	h := newHouse(t, func(o *wallet.Options) { o.Teller = unseen{o.Teller} })
	_, card := h.funded(10)
	if a := h.post("/v1/cards/"+card+"/reveal", `{"reason": "why"}`); a.status != 503 || strings.Contains(a.text, "pan") {
		t.Errorf("got %d", a.status)
	}
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
