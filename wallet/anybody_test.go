package wallet_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// values draws any JSON value, with names and texts that routes know among others.
func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := []string{"text", "number", "true", "null", "id"}
		if depth > 0 {
			kinds = append(kinds, "object", "object", "object", "list", "amount")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "text":
			return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"personal", "group", "prepaid", "JPY", "USD", "chip", "owner", ""})).Draw(t, "text")
		case "number":
			return rapid.OneOf(rapid.Map(rapid.Int64(), func(n int64) any { return n }), rapid.Map(rapid.Float64(), func(n float64) any { return n })).Draw(t, "number")
		case "true":
			return rapid.Bool().Draw(t, "bool")
		case "id":
			return rapid.SampledFrom([]string{"crd_", "wal_", "per_"}).Draw(t, "prefix") + rapid.StringMatching(`[0-9a-f]{24}`).Draw(t, "id")
		case "object":
			return objects(depth-1).Draw(t, "object")
		case "list":
			return rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")
		case "amount":
			return map[string]any{"amount": rapid.Int64().Draw(t, "amount"), "currency": "JPY"}
		}
		return nil
	})
}

func objects(depth int) *rapid.Generator[map[string]any] {
	names := rapid.OneOf(rapid.SampledFrom([]string{
		"kind", "program", "name", "owner", "holder", "rules", "use_max", "channels_off", "amount", "currency", "reference",
		"card", "sweep", "from", "to", "reason", "role", "person", "number", "tier",
	}), rapid.String())
	return rapid.MapOfN(names, values(depth), 0, 4)
}

func TestNoBodyBringsTheAPIDown(t *testing.T) {
	t.Parallel()
	h := fuzzed(t)
	rapid.Check(t, func(r *rapid.T) {
		body, err := json.Marshal(objects(3).Draw(r, "body"))
		if err != nil {
			r.Skip()
		}
		path := rapid.SampledFrom(h.posts).Draw(r, "path")
		if a := h.send(request{method: "POST", path: path, body: string(body)}); a.status >= 500 || a.status == 0 {
			r.Errorf("%s: %d", path, a.status)
		}
	})
}
