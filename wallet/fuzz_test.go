package wallet_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sekisho/wallet"
)

// target is a house that all runs of a fuzz test share.
type target struct {
	*house
	posts []string
}

// fuzzed makes the house of a run: a new one, but of one wallet each.
func fuzzed(t *testing.T) *target {
	t.Helper()
	h := &target{house: newHouse(t, func(o *wallet.Options) { o.Rate = 1e6 })}
	id, card := h.funded(1000)
	for _, route := range slices.Sorted(maps.Keys(operations(t, h.api))) {
		if strings.HasPrefix(route, "POST ") {
			_, path := pathOf(route, id, card, "per_0123456789abcdef01234567")
			h.posts = append(h.posts, path)
		}
	}
	return h
}

func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"kind": "personal", "program": "prepaid"}`, `{"amount": {"amount": 1e3, "currency": "JPY"}, "reference": "x"}`, `{"amount": null}`,
		`{"amount": {"amount": 1.5, "currency": "JPY"}}`, `{"amount": {"amount": 9223372036854775808, "currency": "JPY"}, "reference": "r"}`,
		`{"card": "crd_0123456789abcdef01234567", "sweep": true, "amount": {"amount": -0, "currency": "JPY"}}`, `{"rules": {"channels_off": [null]}}`,
		`{"from": "", "to": ""}`, `{"name": "\u0000"}`, `{"a": {"a": {"a": []}}}`, `[1]`, `{"name": "x", "name": 5}`, `{"use_max": {}}`, `{"reason": "\ud800"}`,
		`{"amount": {"amount": 100000000000000000000, "currency": "JPY"}}`, `{"name": ["x"]}`, `{"rules": null}`,
	} {
		f.Add(seed, uint8(0))
	}
	f.Fuzz(func(t *testing.T, body string, which uint8) {
		h := fuzzed(t)
		routes := h.posts
		if which > 0 {
			routes = routes[int(which)%len(routes):][:1]
		}
		for _, path := range routes {
			h.t = t
			if a := h.send(request{method: "POST", path: path, body: body}); a.status >= 500 || a.status == 0 {
				t.Errorf("%s: %d", path, a.status)
			}
		}
	})
}
