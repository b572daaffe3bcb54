package wallettest

import (
	"encoding/json"
	"regexp"
	"sync"
	"testing"
)

// asked are the POSTs that customers have made, by their route.
type asked struct {
	mu     sync.Mutex
	routes map[string]bool
}

var idInPath = regexp.MustCompile(`/(wal|crd|per)_[0-9a-f]+`)

// note keeps that a path was posted to.
func (a *asked) note(path string) {
	route := idInPath.ReplaceAllStringFunc(path, func(id string) string {
		if id[1:4] == "per" {
			return "/{person}"
		}
		return "/{id}"
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.routes == nil {
		a.routes = map[string]bool{}
	}
	a.routes[route] = true
}

// all wants every POST of the document to have been made.
func (a *asked) all(t *testing.T, h *house) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(h.document("/openapi.json"), &document); err != nil {
		t.Fatal(err)
	}
	for path, methods := range document.Paths {
		if methods["post"] != nil && !a.routes[path] {
			t.Errorf("no customer asks for POST %s", path)
		}
	}
	if len(a.routes) < 15 {
		t.Errorf("the customers asked for %d routes", len(a.routes))
	}
}
