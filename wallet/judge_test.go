//go:build !fuzz

package wallet_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"sekisho/teller"
	"sekisho/wallet"
)

// judge is an independent reader of the document, which every answer of these tests is shown to.
var judge = sync.OnceValues(func() (*judgement, error) {
	api, err := wallet.New(wallet.Options{Teller: teller.New(nil, teller.Options{})})
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(api.OpenAPI())
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	codes, err := codesOf(api.OpenAPI())
	return &judgement{v: v, codes: codes}, err
})

type judgement struct {
	mu    sync.Mutex // the reader fills caches of its own
	v     validator.Validator
	codes map[string]map[string]string // of each route, by status what is said of them
}

// codesOf is what a document says of the codes of each route.
func codesOf(document []byte) (map[string]map[string]string, error) {
	var d struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Description string }
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, err
	}
	all := map[string]map[string]string{}
	for path, methods := range d.Paths {
		for method, o := range methods {
			route := strings.ToUpper(method) + " " + path
			all[route] = map[string]string{}
			for status, r := range o.Responses {
				all[route][status] = r.Description
			}
		}
	}
	return all, nil
}

// problem holds a problem against what is said of its route: its code stands under its status.
func (j *judgement) problem(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	var p struct{ Code string }
	said := j.codes[r.Pattern]
	if w.Code < 400 || said == nil || json.Unmarshal(w.Body.Bytes(), &p) != nil {
		return
	}
	under := strconv.Itoa(w.Code)
	if said[under] == "" {
		under = "default"
	}
	if !strings.Contains(said[under], "`"+p.Code+"`") {
		t.Errorf("%s answered %d %s, of which the document says nothing under %s", r.Pattern, w.Code, p.Code, under)
	}
}

// judged holds an answer against the document.
func judged(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if !strings.HasPrefix(r.URL.Path, "/v1/") || w.Header().Get("Allow") != "" {
		return
	}
	j, err := judge()
	if err != nil {
		t.Errorf("the document: %v", err)
		return
	}
	j.problem(t, r, w)
	j.mu.Lock()
	defer j.mu.Unlock()
	response := w.Result()
	response.Body = io.NopCloser(bytes.NewReader(w.Body.Bytes()))
	ok, errs := j.v.ValidateHttpResponse(r, response)
	if ok {
		return
	}
	for _, e := range errs {
		if strings.Contains(e.Message, "not found") && (w.Code == http.StatusNotFound || w.Code == http.StatusUnauthorized) {
			continue // there is no such route: the document says nothing of it
		}
		t.Errorf("%s answered %d, which the document does not allow: %s: %s", r.Method, w.Code, e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			t.Errorf("  %s at %s", s.Reason, s.FieldPath)
		}
	}
}

func TestBothDocumentsAreValid(t *testing.T) {
	t.Parallel()
	api, err := wallet.New(wallet.Options{Teller: teller.New(nil, teller.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	for version, text := range map[string][]byte{"3.1": api.OpenAPI(), "3.0": api.OpenAPI30()} {
		document, err := libopenapi.NewDocument(text)
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if !strings.HasPrefix(document.GetVersion(), version) {
			t.Errorf("%s says it is %s", version, document.GetVersion())
		}
		v, errs := validator.NewValidator(document)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", version, errs)
		}
		if ok, problems := v.ValidateDocument(); !ok {
			for _, p := range problems {
				t.Errorf("%s: %s: %s", version, p.Message, p.Reason)
				for _, s := range p.SchemaValidationErrors {
					t.Errorf("  %s at %s", s.Reason, s.FieldPath)
				}
			}
		}
	}
}
