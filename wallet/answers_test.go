package wallet_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

func TestAProblemNamesTheFieldItIsAbout(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	nobody := "per_" + strings.Repeat("0", 24)
	group := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid"}`).str("id")
	for _, row := range []struct{ method, path, body, code, field string }{
		{"POST", "/v1/wallets", `{"program": "prepaid"}`, "field_invalid", "kind"},
		{"POST", "/v1/wallets/" + id + "/top-ups", `{"amount": {"amount": 5}, "reference": "r-2"}`, "field_invalid", "amount.currency"},
		{"POST", "/v1/wallets/" + id + "/top-ups", `{"amount": ` + jpy(5) + `}`, "field_invalid", "reference"},
		{"POST", "/v1/cards/" + card + "/rules", `{"use_max": {"currency": "JPY"}}`, "field_invalid", "use_max.amount"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"rules": {"use_max": {"amount": 1}}}`, "field_invalid", "rules.use_max.currency"},
		{"GET", "/v1/wallets/" + id + "/cards?limitt=1", "", "field_unknown", "limitt"},
		{"GET", "/v1/wallets/" + id + "/cards?Limit=1", "", "field_unknown", ""},
		{"GET", "/v1/wallets/" + id + "/cards?x.y=1", "", "field_unknown", "x.y"},
		{"GET", "/v1/wallets/" + id + "/cards?" + strings.Repeat("x", 33) + "=1", "", "field_unknown", ""},
		{"GET", "/v1/wallets/" + id + "/cards?a.b.c.d=1", "", "field_unknown", ""},
		{"POST", "/v1/wallets/" + id + "/cards", `{"` + strings.Repeat("a.", 2000) + `": "x"}`, "field_unknown", ""},
		{"POST", "/v1/wallets/" + id + "/name", `{"name": "\u200b "}`, "field_invalid", "name"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"nmae": "x"}`, "field_unknown", "nmae"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"rules": {"on": true}}`, "field_unknown", "rules.on"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"rules": {"On": true}}`, "field_unknown", "rules"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"name": null}`, "field_invalid", "name"},
		{"POST", "/v1/cards/" + card + "/rules", `{"use_max": null}`, "field_invalid", "use_max"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"rules": {"channels_off": ["chip", null]}}`, "field_invalid", "rules.channels_off"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"rules": {"Use": null}}`, "field_invalid", "rules"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"Use": {"name": null}}`, "field_invalid", ""},
		{"POST", "/v1/wallets", `{"kind": "group", "program": "prepaid", "owner": "` + nobody + `"}`, "field_invalid", "owner"},
		{"POST", "/v1/wallets/" + id + "/cards", `{"holder": "` + nobody + `"}`, "field_invalid", "holder"},
		{"POST", "/v1/wallets/" + group + "/members", `{"name": "x", "role": "viewer", "person": "` + nobody + `"}`, "field_invalid", "person"},
		{"POST", "/v1/wallets/" + group + "/members/" + nobody + "/role", `{"role": "viewer"}`, "field_invalid", "person"},
		{"DELETE", "/v1/wallets/" + group + "/members/" + nobody, "", "field_invalid", "person"},
		{"POST", "/v1/wallets/" + id + "/name", `{"name": ""}`, "field_invalid", "name"},
		{"POST", "/v1/wallets/" + id + "/name", `{"name": "` + madeUp(7) + `"}`, "field_invalid", "name"},
	} {
		a := h.send(request{method: row.method, path: row.path, body: row.body})
		if a.status != 422 || a.str("code") != row.code || a.str("field") != row.field || (row.field == "") != (a.at("field") == nil) {
			t.Errorf("%s %s %s: %d %s, want %s at %q", row.method, row.path, row.body, a.status, a.text, row.code, row.field)
		}
	}
}

func TestABodyIsSentAsItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	for coding, status := range map[string]int{"gzip": 415, "x-gzip": 415, "identity, gzip": 415, "identity": 201, "Identity": 201} {
		r := request{method: "POST", path: "/v1/wallets/" + id + "/cards", body: `{"name": "x"}`, header: map[string]string{"Content-Encoding": coding}}
		if a := h.send(r); a.status != status || (status == 415 && a.str("code") != "content_type_unsupported") {
			t.Errorf("%s: %d %s", coding, a.status, a.text)
		}
	}
}

func TestNamesAndReferencesMayHaveAsManyCharactersOfAnyScript(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	long := func(n int) string { return strings.Repeat("\u540d", n) }
	id := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "`+long(120)+`", "owner_name": "`+long(120)+`"}`).str("id")
	card := h.must("/v1/wallets/"+id+"/cards", `{"name": "`+long(120)+`"}`).str("id")
	h.must("/v1/wallets/"+id+"/members", `{"name": "`+long(120)+`", "role": "viewer"}`)
	h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "`+long(100)+`"}`)
	h.must("/v1/cards/"+card+"/tokens", `{"number": "`+madeUp(1)+`", "name": "`+long(120)+`"}`)
	h.must("/v1/cards/"+card+"/reveal", `{"reason": "`+long(120)+`"}`)
	h.must("/v1/wallets/"+id+"/name", `{"name": "`+long(120)+`"}`)
	if a := h.get("/v1/wallets/" + id); a.str("name") != long(120) {
		t.Errorf("read: %s", a.text)
	}
	for _, n := range []int{0, 121} {
		if a := h.post("/v1/wallets/"+id+"/name", `{"name": "`+long(n)+`"}`); a.status != 422 || a.str("field") != "name" {
			t.Errorf("%d: %d %s", n, a.status, a.text)
		}
	}
}

func TestAWalletIsRenamedAndItsTierStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	h.must("/v1/wallets/"+id+"/tier", `{"tier": "verified"}`)
	a := h.must("/v1/wallets/"+id+"/name", `{"name": "Hanako"}`)
	if a.status != 200 || a.str("id") != id || a.str("name") != "Hanako" || a.str("tier") != "verified" || a.num("version") != 5 || a.header.Get("ETag") != `"5"` {
		t.Errorf("renamed: %d %s", a.status, a.text)
	}
	if a := h.get("/v1/wallets/" + id); a.str("name") != "Hanako" || a.str("tier") != "verified" {
		t.Errorf("read: %s", a.text)
	}
	if a := h.get("/v1/wallets/" + id + "/events?after=4"); a.str("data.0.kind") != "wallet_changed" || a.str("data.0.name") != "Hanako" || a.str("data.0.tier") != "verified" {
		t.Errorf("its event: %s", a.text)
	}
	if a := h.must("/v1/wallets/"+id+"/tier", `{"tier": ""}`); a.str("name") != "Hanako" || a.at("tier") != nil {
		t.Errorf("without its tier: %s", a.text)
	}
	if a := h.send(request{method: "POST", path: "/v1/wallets/" + id + "/name", body: `{"name": "x"}`, token: "other"}); a.status != 404 {
		t.Errorf("another's: %d", a.status)
	}
}

func TestWhatIsAboveALimitSaysWhichForPrograms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(900_000)
	to := h.must("/v1/wallets", `{"kind": "personal", "program": "prepaid"}`).str("id")
	full, _ := h.funded(990_000)
	h.must("/v1/transfers", `{"from": "`+id+`", "to": "`+to+`", "amount": `+jpy(60_000)+`}`)
	for i := range 10 {
		h.must("/v1/cards/"+card+"/tokens", `{"number": "`+madeUp(i)+`", "name": "phone"}`)
	}
	for range 29 {
		h.must("/v1/wallets/"+id+"/cards", "{}")
	}
	for name, row := range map[string]struct {
		answer    answer
		code      string
		max, left int
	}{
		"balance":  {h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(160_001)+`, "reference": "r-2"}`), "cap_exceeded", 1_000_000, 160_000},
		"transfer": {h.post("/v1/transfers", `{"from": "`+id+`", "to": "`+to+`", "amount": `+jpy(100_001)+`}`), "limit_exceeded", 100_000, 100_000},
		"month":    {h.post("/v1/transfers", `{"from": "`+id+`", "to": "`+to+`", "amount": `+jpy(90_001)+`}`), "limit_exceeded", 150_000, 90_000},
		"tokens":   {h.post("/v1/cards/"+card+"/tokens", `{"number": "`+madeUp(10)+`", "name": "phone"}`), "cap_exceeded", 10, 0},
		"cards":    {h.post("/v1/wallets/"+id+"/cards", "{}"), "cap_exceeded", 30, 0},
	} {
		if a := row.answer; a.status != 409 || a.str("code") != row.code || a.str("limit.name") != name || a.num("limit.max") != row.max || a.at("limit.left") != float64(row.left) {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	if a := h.post("/v1/transfers", `{"from": "`+id+`", "to": "`+full+`", "amount": `+jpy(10_001)+`}`); a.str("limit.name") != "balance" || a.num("limit.left") != 10_000 {
		t.Errorf("what the other may have: %d %s", a.status, a.text)
	}
	if a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "r-1"}`); a.str("code") != "reference_used" || a.num("earlier.version") != 2 {
		t.Errorf("a reference twice: %d %s", a.status, a.text)
	}
}

// happen is a mover that has events happen.
type happen struct {
	events []balance.Event
	done   chan error
}

func (m *happen) Decide(*balance.View) balance.Decision           { return balance.Decision{Events: m.events} }
func (m *happen) Done(_ balance.Decision, err error)              { m.done <- err }
func (m *happen) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func (h *house) happens(log string, events ...balance.Event) {
	h.t.Helper()
	m := &happen{events: events, done: make(chan error, 1)}
	h.book.Submit(balance.Post{Log: log, At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		h.t.Fatal(err)
	}
}

func TestEveryEventOfAPurchaseSaysWhatItHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, text := h.funded(1000)
	h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+text+`", "amount": `+jpy(500)+`}`)
	card, _ := teller.ParseCard(text)
	key := balance.MessageKey(spec.Authorization, card, time.Now().Unix(), 1, 8)
	counter := balance.Account{Kind: balance.AccountSettlement, Name: "jcb"}
	h.happens(id, balance.Event{
		Kind: balance.Authorized, Key: key, Purchase: key.Purchase(), Card: card, State: balance.Open, Hold: 300, Counter: counter,
		Answer: balance.Answer{Reason: spec.Approved}, Details: balance.Details{Amount: 300, Currency: spec.JPY},
	})
	h.happens(id, balance.Event{Kind: balance.Released, Purchase: key.Purchase(), Card: card, State: balance.Reversed, Hold: 7, Counter: counter})
	a := h.get("/v1/wallets/" + id + "/events?after=4")
	if a.str("data.0.kind") != "authorized" || a.num("data.0.hold.amount") != 300 || a.str("data.1.kind") != "released" || a.at("data.1.hold.amount") != 0.0 || a.str("data.1.hold.currency") != "JPY" {
		t.Errorf("events: %s", a.text)
	}
	if a := h.get("/v1/wallets/" + id + "/events?limit=1"); a.at("data.0.hold") != nil {
		t.Errorf("the opening holds something: %s", a.text)
	}
	a = h.get("/v1/wallets/" + id + "/activity?limit=1")
	if a.num("data.0.purchase.steps.0.hold.amount") != 300 || a.at("data.0.purchase.steps.1.hold.amount") != 0.0 {
		t.Errorf("activity: %s", a.text)
	}
}

func TestEventsOfAVersionAreCountedFromZero(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(500)+`}`)
	h.must("/v1/cards/"+card+"/close", "")
	a := h.get("/v1/wallets/" + id + "/events")
	for i, want := range []int{0, 0, 0, 0, 0, 1} { // opened, funded, issued, allocated, closed with what was free
		if at := "data." + strconv.Itoa(i); a.at(at+".index") != float64(want) {
			t.Errorf("event %d: %v, want %d", i, a.at(at), want)
		}
	}
}

func TestTimesSortAsText(t *testing.T) {
	t.Parallel()
	for at, want := range map[time.Time]string{
		time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC):                       `"2026-11-24T09:00:00.000Z"`,
		time.Date(2026, 11, 24, 9, 0, 0, 120_999_999, time.UTC):             `"2026-11-24T09:00:00.120Z"`,
		time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60)): `"2026-11-24T00:00:00.000Z"`,
	} {
		if text, err := (wallet.Time{Time: at}).MarshalJSON(); err != nil || string(text) != want {
			t.Errorf("%v is written %s %v", at, text, err)
		}
	}
	h := newHouse(t, nil)
	opened := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid"}`)
	id := opened.str("id")
	member := h.must("/v1/wallets/"+id+"/members", `{"name": "Ken", "role": "viewer"}`)
	funded := h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "r-1"}`)
	card := h.must("/v1/wallets/"+id+"/cards", "{}")
	token := h.must("/v1/cards/"+card.str("id")+"/tokens", `{"number": "`+madeUp(1)+`", "name": "phone"}`)
	moved := h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card.str("id")+`", "amount": `+jpy(5)+`}`)
	events, activity, b := h.get("/v1/wallets/"+id+"/events"), h.get("/v1/wallets/"+id+"/activity"), h.get("/v1/wallets/"+id+"/balance")
	form := regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	for name, text := range map[string]string{
		"opened": opened.str("created"), "member": member.str("at"), "funded": funded.str("at"), "card": card.str("at"), "token": token.str("at"),
		"allocation": moved.str("at"), "event": events.str("data.0.at"), "activity": activity.str("data.0.at"), "updated": activity.str("data.0.updated"), "balance": b.str("at"),
	} {
		if !form.MatchString(text) {
			t.Errorf("%s: %q", name, text)
		}
	}
	if a := h.get("/v1/cards/" + card.str("id")); a.at("at") != nil {
		t.Errorf("a card that is read says when: %s", a.text)
	}
}

func TestTheLogNamesARequestAsItsAnswerDoes(t *testing.T) {
	t.Parallel()
	s := &stand{failRead: errors.New("the table is gone")}
	h := newHouse(t, func(o *wallet.Options) { s.Teller = o.Teller; o.Teller = s })
	theirs := map[string]string{"X-Request-Id": "a request id of theirs", "Request-Id": "a request id of theirs"}
	one := h.send(request{method: "GET", path: "/v1/wallets/x", header: theirs})
	two := h.send(request{method: "GET", path: "/v1/nothing", header: theirs})
	id := one.header.Get("Request-Id")
	if id == two.header.Get("Request-Id") {
		t.Error("two requests have one id")
	}
	for _, line := range []string{`"wallet request not done"`, `"wallet request"`} {
		if !regexp.MustCompile(line + `.*"request_id":"` + id + `"`).MatchString(h.log.String()) {
			t.Errorf("no line %s has it: %s", line, h.log)
		}
	}
	if strings.Contains(h.log.String(), theirs["Request-Id"]) {
		t.Error("theirs is logged")
	}
}
