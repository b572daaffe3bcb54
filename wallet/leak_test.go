package wallet_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sekisho/wallet"
)

// madeUp is a card number that nobody has.
func madeUp(n int) string {
	digits := fmt.Sprintf("354012%09d", n)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// wrong are bodies like an example with the number in place of each of its values and names, and beside them.
func wrong(t *testing.T, example, number string) []string {
	t.Helper()
	if example == "" {
		example = "{}"
	}
	bodies := []string{
		number, `"` + number + `"`, "[" + number + "]", "{" + number, `{"` + number + `": 1}`, `{"a": ` + number + "x}", example + number,
		`{"` + number + `": {"` + number + `": ` + number + `}}`, `{"` + number + `.x": 1}`, `{"x.` + number + `": 1}`,
	}
	var replace func(v any, put func(any))
	emit := func(root any) {
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(text))
	}
	var root any
	if err := json.Unmarshal([]byte(example), &root); err != nil {
		t.Fatal(err)
	}
	replace = func(v any, put func(any)) {
		for _, instead := range []any{number, json.Number(number), []any{number}, map[string]any{number: number}, number + " ", true, nil} {
			put(instead)
			emit(root)
		}
		put(v)
		object, ok := v.(map[string]any)
		if !ok {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			value := object[name]
			replace(value, func(x any) { object[name] = x })
			object[name] = value
			delete(object, name)
			object[number], object[name+"."+number] = value, value
			emit(root)
			delete(object, number)
			delete(object, name+"."+number)
			object[name] = value
		}
	}
	replace(root, func(x any) { root = x })
	return bodies
}

func TestNoErrorRepeatsWhatACallerSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *wallet.Options) { o.Rate = 1e6 })
	id, card := h.funded(1000)
	number := madeUp(518_273_645)
	middle := number[6:12]
	tried := 0
	look := func(r request) {
		tried++
		a := h.send(r)
		text := a.text + fmt.Sprint(a.header)
		if strings.Contains(text, number) || strings.Contains(text, middle) {
			t.Errorf("%s: an answer of status %d repeats the number", r.method, a.status)
		}
		if a.status >= 500 {
			t.Errorf("%s %s: %d", r.method, strings.ReplaceAll(r.path, number, "NUMBER"), a.status)
		}
	}
	const person = "per_0123456789abcdef01234567"
	for route, o := range operations(t, h.api) {
		method, path := pathOf(route, id, card, person)
		if method == http.MethodPost {
			for _, body := range wrong(t, o.example(), number) {
				look(request{method: method, path: path, body: body})
			}
		}
		for _, at := range []string{number, "wal_" + number, "crd_" + number, number + "%2F", number + "%00"} {
			_, path := pathOf(route, at, at, at)
			look(request{method: method, path: path, body: o.example()})
			look(request{method: method, path: path + "/" + at})
			look(request{method: method, path: "/" + at + path})
			look(request{method: method, path: strings.Replace(path, "/v1/", "/v1//", 1)})
		}
		for _, query := range []string{"?" + number, "?" + number + "=1", "?limit=" + number, "?cursor=" + number, "?after=" + number + "9999", "?at=" + number, "?x.y=" + number} {
			look(request{method: method, path: path + query, body: o.example()})
		}
		for _, header := range []string{"Authorization", "If-Match", "Idempotency-Key", "Content-Type", "Accept", "X-Request-Id", "Cookie", number} {
			look(request{method: method, path: path, body: o.example(), header: map[string]string{header: number}})
			look(request{method: method, path: path, body: o.example(), header: map[string]string{header: "Bearer " + number}})
		}
		look(request{method: number, path: path})
	}
	if tried < 1000 {
		t.Errorf("only %d requests were tried", tried)
	}
	if log := h.log.String(); strings.Contains(log, number) || strings.Contains(log, middle) {
		t.Error("the log repeats the number")
	} else if !strings.Contains(log, "wallet request") {
		t.Error("nothing was logged")
	}
}

func TestTheNumberOfACardIsNowhereButWhereItIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	shown := h.must("/v1/cards/"+card+"/reveal", `{"reason": "the holder asked"}`)
	number := shown.str("pan")
	if shown.status != 200 || len(number) != 16 || shown.header.Get("Cache-Control") != "no-store" || shown.at("cvv2") != nil {
		t.Fatalf("shown with status %d and %d digits", shown.status, len(number))
	}
	if got := h.get("/v1/cards/" + card); got.str("first6") != number[:6] || got.str("last4") != number[12:] || got.str("expiry") != shown.str("expiry") {
		t.Error("another number than the card's is shown")
	}
	for _, path := range []string{"/v1/cards/" + card, "/v1/wallets/" + id + "/cards", "/v1/wallets/" + id + "/events", "/v1/wallets/" + id + "/activity", "/v1/wallets/" + id} {
		if a := h.get(path); a.status != 200 || strings.Contains(a.text, number) || strings.Contains(a.text, number[6:12]) {
			t.Errorf("%s: %d, or it holds the number", path, a.status)
		}
	}
	if log := h.log.String(); strings.Contains(log, number) || strings.Contains(log, number[6:12]) {
		t.Error("the log holds the number")
	}
}
