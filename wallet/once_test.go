package wallet_test

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

func TestEveryChangeTwiceWithOneKeyHappensOnceAndIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(10_000)
	other, _ := h.funded(10)
	group := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "Flat 3"}`)
	ken := h.must("/v1/wallets/"+group.str("id")+"/members", `{"name": "Ken", "role": "owner"}`)
	phone := h.must("/v1/cards/"+card+"/tokens", `{"number": "`+madeUp(123_456_788)+`", "name": "phone"}`)
	left := operations(t, h.api) // that nothing here asks for
	maps.DeleteFunc(left, func(route string, _ *operation) bool { return strings.HasPrefix(route, "GET ") })
	delete(left, "POST /v1/cards/{id}/reveal") // shows the number that the card has by then, and is recorded each time
	for i, r := range []request{
		{path: "/v1/wallets", body: `{"kind": "personal", "program": "prepaid", "name": "Yuki"}`},
		{path: "/v1/wallets/" + id + "/top-ups", body: `{"amount": ` + jpy(50) + `, "reference": "r-50"}`},
		{path: "/v1/wallets/" + id + "/cards", body: `{"name": "second", "rules": {"channels_off": ["chip"]}}`},
		{path: "/v1/wallets/" + id + "/allocations", body: `{"card": "` + card + `", "amount": ` + jpy(900) + `}`},
		{path: "/v1/wallets/" + id + "/allocations", body: `{"card": "` + card + `", "sweep": true}`},
		{path: "/v1/wallets/" + id + "/allocations", body: `{"card": "` + card + `", "sweep": true}`}, // finds nothing
		{path: "/v1/transfers", body: `{"from": "` + id + `", "to": "` + other + `", "amount": ` + jpy(5) + `}`},
		{path: "/v1/wallets/" + group.str("id") + "/members", body: `{"name": "Ren", "role": "viewer"}`},
		{path: "/v1/wallets/" + group.str("id") + "/members/" + ken.str("id") + "/role", body: `{"role": "member"}`},
		{method: "DELETE", path: "/v1/wallets/" + group.str("id") + "/members/" + ken.str("id")},
		{path: "/v1/wallets/" + id + "/tier", body: `{"tier": "verified"}`},
		{path: "/v1/wallets/" + id + "/tier", body: `{"tier": ""}`},
		{path: "/v1/wallets/" + id + "/name", body: `{"name": "Hanako"}`},
		{path: "/v1/wallets/" + id + "/name", body: `{"name": "Hana"}`},
		{path: "/v1/cards/" + card + "/freeze"},
		{path: "/v1/cards/" + card + "/freeze"}, // is frozen already
		{path: "/v1/cards/" + card + "/unfreeze"},
		{path: "/v1/cards/" + card + "/rules", body: `{"use_max": ` + jpy(7) + `}`},
		{path: "/v1/cards/" + card + "/name", body: `{"name": "x"}`},
		{path: "/v1/cards/" + card + "/tokens", body: `{"number": "` + madeUp(123_456_789) + `", "name": "phone"}`},
		{method: "DELETE", path: "/v1/cards/" + card + "/tokens/" + phone.str("id")},
		{path: "/v1/cards/" + card + "/lost"},
		{path: "/v1/cards/" + card + "/reissue"},
		{path: "/v1/cards/" + card + "/stolen"},
		{path: "/v1/cards/" + card + "/close"},
		{path: "/v1/cards/" + card + "/close"}, // is closed already
	} {
		if r.method == "" {
			r.method = "POST"
		}
		delete(left, r.method+" "+routeOf(r.path))
		r.key = "once-" + strconv.Itoa(i)
		first := h.send(r)
		if first.status/100 != 2 || first.header.Get("Idempotency-Replayed") != "" {
			t.Fatalf("%s %s: %d %s", r.method, r.path, first.status, first.text)
		}
		// Other things happen, on cards too.
		h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(1)+`, "reference": "between-`+strconv.Itoa(i)+`"}`)
		again := h.send(r)
		if again.status != first.status || again.text != first.text || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("ETag") != first.header.Get("ETag") {
			t.Errorf("%s %s:\nfirst %d %s %s\nagain %d %s %s", r.method, r.path, first.status, first.header, first.text, again.status, again.header, again.text)
		}
	}
	for route := range left {
		t.Errorf("nothing asks twice for %s", route)
	}
}

var idInPath = regexp.MustCompile(`(wal|crd|per|tok)_[0-9a-f]+`)

// routeOf is the path of a route that an address is of.
func routeOf(path string) string {
	names := map[string]string{"wal": "{id}", "crd": "{id}", "per": "{person}", "tok": "{token}"}
	return idInPath.ReplaceAllStringFunc(path, func(id string) string { return names[id[:3]] })
}

func TestAKeyStandsForOneBodyOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	r := request{method: "POST", path: "/v1/wallets/" + id + "/cards", key: "k", body: `{"name": "a", "rules": {"channels_off": ["chip"], "use_max": ` + jpy(9) + `}}`}
	first := h.send(r)
	same := r
	same.body = "{ \"rules\" : {\"use_max\": " + jpy(9) + ",\n \"channels_off\": [ \"chip\" ]}, \"name\": \"\\u0061\" }"
	if a := h.send(same); a.status != 201 || a.text != first.text {
		t.Errorf("the same laid out otherwise: %d %s", a.status, a.text)
	}
	other := r
	other.body = `{"name": "b"}`
	if a := h.send(other); a.status != 422 || a.str("code") != "idempotency_key_reused" {
		t.Errorf("another body: %d %s", a.status, a.text)
	}
	elsewhere := request{method: "POST", path: "/v1/wallets/" + id + "/top-ups", key: "k", body: `{"amount": ` + jpy(5) + `, "reference": "k"}`}
	if a := h.send(elsewhere); a.status != 201 {
		t.Errorf("the same key on another route: %d %s", a.status, a.text)
	}
}

func TestARefusalIsNotKeptUnderItsKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	r := request{method: "POST", path: "/v1/wallets/" + id + "/allocations", key: "k", body: `{"card": "` + card + `", "amount": ` + jpy(1500) + `}`}
	if a := h.send(r); a.status != 409 {
		t.Fatalf("got %d %s", a.status, a.text)
	}
	h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(500)+`, "reference": "r-2"}`)
	if a := h.send(r); a.status != 201 || a.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("with money: %d %s", a.status, a.text)
	}
}

func TestAPostWithoutAUsableKeyDoesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for route, o := range posts(t, h.api) {
		method, path := pathOf(route, "wal_x", "crd_0123456789abcdef01234567", "per_0123456789abcdef01234567")
		if a := h.send(request{method: method, path: path, body: o.example(), noKey: true}); a.status != 400 || a.str("code") != "idempotency_key_missing" {
			t.Errorf("%s without a key: %d %s", route, a.status, a.text)
		}
		for _, key := range []string{"tab\there", strings.Repeat("k", 256), "鍵"} {
			if a := h.send(request{method: method, path: path, body: o.example(), key: key}); a.status != 400 || a.str("code") != "idempotency_key_invalid" {
				t.Errorf("%s with %q: %d %s", route, key, a.status, a.text)
			}
		}
	}
}

func TestTheDocumentSaysHowLongALostTryMayTakeEffect(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for route, o := range posts(t, h.api) {
		said := false
		for _, p := range o.Parameters {
			said = said || p.Name == "Idempotency-Key" && strings.Contains(p.Description, "whose answer was lost may still take effect until")
		}
		if !said {
			t.Errorf("%s does not say so", route)
		}
	}
}

func TestTheSameRequestWhileItIsWorkedOnIsRefused(t *testing.T) {
	t.Parallel()
	stuck := &stand{begun: make(chan struct{}), goOn: make(chan struct{})}
	h := newHouse(t, func(o *wallet.Options) { stuck.Teller = o.Teller; o.Teller = stuck })
	id, _ := h.funded(1000)
	stuck.hold.Store(true)
	r := request{method: "POST", path: "/v1/wallets/" + id + "/top-ups", key: "k", body: `{"amount": ` + jpy(5) + `, "reference": "x"}`}
	first := make(chan answer, 1)
	go func() { first <- h.send(r) }() // ends before the test does
	<-stuck.begun
	if a := h.send(r); a.status != 409 || a.str("code") != "idempotency_key_in_flight" || a.header.Get("Retry-After") != "1" {
		t.Errorf("meanwhile: %d %s", a.status, a.text)
	}
	other := r
	other.token = "other"
	stuck.hold.Store(false)
	if a := h.send(other); a.status != 404 {
		t.Errorf("the same key of another tenant: %d %s", a.status, a.text)
	}
	close(stuck.goOn)
	if a := <-first; a.status != 201 {
		t.Errorf("the first: %d %s", a.status, a.text)
	}
	if a := h.send(r); a.status != 201 || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("afterwards: %d %s", a.status, a.text)
	}
}

func TestAnotherNodeAndALaterStartAnswerTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	r := request{method: "POST", path: "/v1/cards/" + card + "/freeze", key: "k"}
	first := h.send(r)
	next := h.another()
	if a := next.send(r); a.status != first.status || a.text != first.text || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %s\nanother node %d %s", first.text, a.status, a.text)
	}
	if a := next.get("/v1/wallets/" + id + "/balance"); a.num("posted.amount") != 1000 {
		t.Errorf("the other node reads %s", a.text)
	}
}

func TestAVersionThatIsOldIsToldTheCurrentOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000) // version 3
	send := func(path, version string) answer {
		return h.send(request{method: "POST", path: path, header: map[string]string{"If-Match": version}, body: map[bool]string{
			true: `{"amount": ` + jpy(5) + `, "reference": "v` + strings.Trim(version, `W/"`) + `"}`,
		}[strings.HasSuffix(path, "top-ups")]})
	}
	topUps := "/v1/wallets/" + id + "/top-ups"
	a := send(topUps, `"2"`)
	if a.status != 409 || a.str("code") != "version_conflict" || a.num("current_version") != 3 || a.header.Get("ETag") != `"3"` {
		t.Errorf("old: %d %s", a.status, a.text)
	}
	for i, version := range []string{`"3"`, "4", `W/"5"`, "*"} {
		if a := send(topUps, version); a.status != 201 || a.num("version") != 4+i {
			t.Errorf("%s: %d %s", version, a.status, a.text)
		}
	}
	if a := send("/v1/cards/"+card+"/freeze", `"3"`); a.status != 409 || a.num("current_version") != 7 {
		t.Errorf("a card: %d %s", a.status, a.text)
	}
	for _, version := range []string{`"`, `"x"`, "0", "-1", `"1`, "99999999999999999999"} {
		if a := send(topUps, version); a.status != 400 || a.str("code") != "if_match_invalid" {
			t.Errorf("%s: %d %s", version, a.status, a.text)
		}
	}
}

func TestWhatTheLedgerLacksIsSaidWithWhenToTryAgain(t *testing.T) {
	t.Parallel()
	broken := &stand{}
	h := newHouse(t, func(o *wallet.Options) { broken.Teller = o.Teller; o.Teller = broken })
	id, _ := h.funded(1000)
	for code, c := range map[string]struct {
		err    error
		status int
	}{
		"busy": {teller.ErrBusy, 429}, "unavailable": {teller.ErrUnavailable, 503}, "outcome_unknown": {teller.ErrUnknown, 503},
		"internal": {errors.New("something else"), 500},
	} {
		broken.fail = c.err
		a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "x"}`)
		if a.status != c.status || a.str("code") != code || (code != "internal") != (a.header.Get("Retry-After") == "1") {
			t.Errorf("%s: %d %s", code, a.status, a.text)
		}
	}
	broken.fail = teller.ErrUnavailable
	if a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "x"}`); !strings.Contains(a.str("detail"), "This try changed nothing. An earlier one with the same Idempotency-Key may have") {
		t.Errorf("of earlier tries it says %s", a.text)
	}
	broken.failRead = context.DeadlineExceeded
	if a := h.get("/v1/wallets/" + id + "/balance"); a.status != 503 || a.str("code") != "unavailable" || a.header.Get("Retry-After") != "1" {
		t.Errorf("a reading that took too long: %d %s", a.status, a.text)
	}
	broken.failRead, broken.fail, broken.fault = nil, nil, true
	if a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "x"}`); a.status != 500 || a.str("code") != "internal" {
		t.Errorf("a panic: %d %s", a.status, a.text)
	}
	if !strings.Contains(h.log.String(), "panic while a request was served") || strings.Contains(h.log.String(), "made-up") {
		t.Error("the log does not tell of the panic, or tells its value")
	}
}

// Wallet of a stand fails where it is told to.
func (s *stand) Wallet(ctx context.Context, c teller.Caller, id string) (teller.Snapshot, error) {
	if s.failRead != nil {
		return teller.Snapshot{}, s.failRead
	}
	return s.Teller.Wallet(ctx, c, id)
}

// TopUp of a stand waits, fails or panics where it is told to.
func (s *stand) TopUp(ctx context.Context, c teller.Call, wallet string, amount spec.Money, reference string) (teller.Done, error) {
	switch {
	case s.fault:
		panic("made-up")
	case s.fail != nil:
		return teller.Done{}, s.fail
	case s.hold.Load():
		close(s.begun)
		<-s.goOn
	}
	return s.Teller.TopUp(ctx, c, wallet, amount, reference)
}
