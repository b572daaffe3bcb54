package wallet_test

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// leads says which card a number leads to; empty for none.
func (h *house) leads(number string) string {
	h.t.Helper()
	hasher, err := spec.NewHasher([]byte("a made-up key for tests only"))
	if err != nil {
		h.t.Fatal(err)
	}
	row, ok := h.store.Peek(hasher.Hash([]byte(number)))
	if !ok || row.Kind != balance.RowToken {
		return ""
	}
	return row.Card.String()
}

func TestADeviceTokenIsAddedAndListedWithoutItsNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	_, other := h.funded(10)
	number := madeUp(123_456_789)
	add := func(key, card, body string) answer {
		return h.send(request{method: "POST", path: "/v1/cards/" + card + "/tokens", key: key, body: body})
	}
	body := `{"number": "` + number + `", "name": "phone"}`
	var seen []answer
	first := add("k", card, body)
	seen = append(seen, first)
	if first.status != 201 || !strings.HasPrefix(first.str("id"), "tok_") || first.str("card") != card || first.str("name") != "phone" ||
		first.str("last4") != number[12:] || first.num("version") != 4 || first.header.Get("ETag") != `"4"` || first.header.Get("Cache-Control") != "no-store" {
		t.Errorf("added: %d, version %d, %v", first.status, first.num("version"), first.header)
	}
	if h.leads(number) != card {
		t.Errorf("it leads to %q", h.leads(number))
	}
	again := add("k", card, body)
	seen = append(seen, again)
	if again.status != 201 || again.text != first.text || again.header.Get("Idempotency-Replayed") != "true" || again.header.Get("Cache-Control") != "no-store" {
		t.Errorf("again: %d", again.status)
	}
	for what, row := range map[string]struct {
		answer      answer
		status      int
		code, field string
	}{
		"taken":                     {add("", other, body), 409, "number_taken", "number"},
		"the key with another body": {add("k", card, `{"number": "`+madeUp(123_456_788)+`", "name": "phone"}`), 422, "idempotency_key_reused", ""},
		"a wrong check digit":       {add("", card, `{"number": "`+number[:15]+string('0'+(number[15]-'0'+1)%10)+`", "name": "x"}`), 422, "field_invalid", "number"},
		"no number":                 {add("", card, `{"number": "`+number+`x", "name": "x"}`), 422, "field_invalid", "number"},
		"a name that is the number": {add("", card, `{"number": "`+madeUp(5)+`", "name": "`+number+`"}`), 422, "field_invalid", "name"},
		"no name":                   {add("", card, `{"number": "`+number+`"}`), 422, "field_invalid", "name"},
	} {
		seen = append(seen, row.answer)
		if row.answer.status != row.status || row.answer.str("code") != row.code || row.answer.str("field") != row.field || row.answer.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s at %s", what, row.answer.status, row.answer.str("code"), row.answer.str("field"))
		}
	}
	list := h.get("/v1/cards/" + card + "/tokens")
	if list.status != 200 || list.str("data.0.id") != first.str("id") || list.str("data.0.last4") != number[12:] || list.str("data.0.name") != "phone" || list.at("data.1") != nil {
		t.Errorf("listed: %d %s", list.status, list.text)
	}
	events := h.get("/v1/wallets/" + id + "/events")
	if events.str("data.3.id") != first.str("id") || events.at("data.3.reference") != nil || events.str("data.3.token.name") != "phone" || events.str("data.3.token.last4") != number[12:] || events.str("data.3.name") != "groceries" {
		t.Errorf("its event: %v", events.at("data.3"))
	}
	seen = append(seen, list, events, h.get("/v1/cards/"+card), h.get("/v1/wallets/"+id+"/activity"))
	for _, a := range seen {
		if text := a.text + fmt.Sprint(a.header); strings.Contains(text, number) || strings.Contains(text, number[6:12]) {
			t.Errorf("an answer of status %d repeats the number", a.status)
		}
	}
	if log := h.log.String(); strings.Contains(log, number) || strings.Contains(log, number[6:12]) {
		t.Error("the log repeats the number")
	}
}

func TestACardThatCannotPayAgainGetsNoDeviceToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	_, card := h.funded(1000)
	add := func(n int) answer {
		return h.post("/v1/cards/"+card+"/tokens", `{"number": "`+madeUp(n)+`", "name": "phone"}`)
	}
	h.must("/v1/cards/"+card+"/freeze", "")
	for n := range 10 {
		if a := add(n); a.status != 201 {
			t.Errorf("token %d of a frozen card: %d %s", n, a.status, a.str("code"))
		}
	}
	if a := add(10); a.status != 409 || a.str("code") != "cap_exceeded" {
		t.Errorf("an eleventh: %d %s", a.status, a.str("code"))
	}
	h.must("/v1/cards/"+card+"/close", "")
	if a := add(11); a.status != 409 || a.str("code") != "state_conflict" || h.leads(madeUp(11)) != "" {
		t.Errorf("of a closed card: %d %s", a.status, a.str("code"))
	}
}

func TestARemovedDeviceTokenIsToldAndListedNoMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	_, other := h.funded(10)
	at := "/v1/cards/" + card + "/tokens"
	number := madeUp(123_456_789)
	phone := h.must(at, `{"number": "`+number+`", "name": "phone"}`)
	watch := h.must(at, `{"number": "`+madeUp(123_456_788)+`", "name": "watch"}`)
	if phone.str("status") != "active" || h.get(at).str("data.1.status") != "active" {
		t.Errorf("added: %s", phone.text)
	}
	remove := func(key, path string) answer {
		return h.send(request{method: "DELETE", path: path, key: key, noKey: key == ""})
	}
	for what, a := range map[string]answer{
		"of another card":    remove("", "/v1/cards/"+other+"/tokens/"+phone.str("id")),
		"that is not there":  remove("", at+"/tok_0123456789abcdef01234567"),
		"of another tenant":  h.send(request{method: "DELETE", path: at + "/" + phone.str("id"), token: "other"}),
		"of an unknown card": remove("", "/v1/cards/crd_0123456789abcdef01234567/tokens/"+phone.str("id")),
	} {
		if a.status != 404 || a.str("code") != "not_found" {
			t.Errorf("one %s: %d %s", what, a.status, a.text)
		}
	}
	if a := remove("", at+"/"+phone.str("id")[4:]); a.status != 422 || a.str("field") != "token" {
		t.Errorf("no id: %d %s", a.status, a.text)
	}
	gone := remove("k", at+"/"+phone.str("id"))
	if gone.status != 200 || gone.str("id") != phone.str("id") || gone.str("status") != "removed" || gone.str("name") != "phone" ||
		gone.str("last4") != number[12:] || gone.str("card") != card || gone.num("version") != 6 || gone.header.Get("ETag") != `"6"` {
		t.Errorf("removed: %d %s", gone.status, gone.text)
	}
	if a := remove("k", at+"/"+phone.str("id")); a.status != 200 || a.text != gone.text || a.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("with the same key: %d %s", a.status, a.text)
	}
	if a := remove("", at+"/"+phone.str("id")); a.status != 404 {
		t.Errorf("once more: %d %s", a.status, a.text)
	}
	if list := h.another().get(at); list.status != 200 || list.str("data.0.id") != watch.str("id") || list.at("data.1") != nil || list.num("data.0.version") != 6 {
		t.Errorf("listed: %s", list.text)
	}
	events := h.get("/v1/wallets/" + id + "/events")
	for i, want := range map[int]struct{ id, name, status string }{
		3: {phone.str("id"), "phone", "active"}, 4: {watch.str("id"), "watch", "active"}, 5: {phone.str("id"), "phone", "removed"},
	} {
		e := fmt.Sprint("data.", i)
		if events.str(e+".id") != want.id || events.str(e+".token.name") != want.name || events.str(e+".token.status") != want.status || events.at(e+".reference") != nil {
			t.Errorf("event %d: %v", i, events.at(e))
		}
	}
	if events.str("data.5.kind") != "card_changed" || events.str("data.5.status") != "active" || events.str("data.5.token.last4") != number[12:] {
		t.Errorf("its event: %v", events.at("data.5"))
	}
	if h.leads(number) != card {
		t.Error("its number leads to no card")
	}
}

func TestPagesOfDeviceTokensLeaveOutNoneWhenOneIsRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	_, card := h.funded(1000)
	at := "/v1/cards/" + card + "/tokens"
	var ids []string
	for n := range 6 {
		ids = append(ids, h.must(at, fmt.Sprintf(`{"number": "%s", "name": "phone %d"}`, madeUp(n), n)).str("id"))
	}
	one := h.get(at + "?limit=2")
	h.send(request{method: "DELETE", path: at + "/" + ids[0], key: "k"})
	two := h.get(at + "?limit=2&cursor=" + one.str("next"))
	last := h.get(at + "?limit=2&cursor=" + two.str("next"))
	if one.str("data.1.id") != ids[1] || two.str("data.0.id") != ids[2] || two.str("data.1.id") != ids[3] ||
		last.str("data.0.id") != ids[4] || last.str("data.1.id") != ids[5] || last.at("next") != nil {
		t.Errorf("pages:\n%s\n%s\n%s", one.text, two.text, last.text)
	}
	if a := h.send(request{method: "DELETE", path: at + "/" + ids[1], key: " "}); a.status != 200 {
		t.Errorf("with a key of nothing, as without one: %d", a.status)
	}
}
