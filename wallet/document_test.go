package wallet_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// described is the document, as far as these tests use it.
type described struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Description string
			Content     map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	Components struct{ Schemas map[string]json.RawMessage }
}

func TestTheDocumentSaysWhatEveryRouteCanAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for version, text := range map[string][]byte{"3.1": h.api.OpenAPI(), "3.0": h.api.OpenAPI30()} {
		var d described
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for path, methods := range d.Paths {
			for method, o := range methods {
				want := []string{"400", "401", "403", "422", "429", "503", "default"}
				if strings.Contains(path, "{") {
					want = append(want, "404")
				}
				if method != "get" {
					want = append(want, "409")
				}
				for _, status := range want {
					r := o.Responses[status]
					if r.Content["application/problem+json"].Schema.Ref != "#/components/schemas/Problem" || !strings.Contains(r.Description, "`") {
						t.Errorf("%s: %s %s says nothing of %s", version, method, path, status)
					}
				}
			}
		}
	}
}

func TestSchemasHaveNamesThatAClientCanUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	var d described
	if err := json.Unmarshal(h.api.OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Wallet", "WalletCreate", "Card", "CardIssue", "CardList", "TransferCreate", "DeviceTokenList"} {
		if d.Components.Schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
	ugly := regexp.MustCompile(`Body|Input|Output|Request|Response|^List|^Changed|^[a-z]`)
	for name := range d.Components.Schemas {
		if ugly.MatchString(name) {
			t.Errorf("a schema is called %s", name)
		}
	}
}
