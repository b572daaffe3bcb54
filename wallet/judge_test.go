//go:build !fuzz

package wallet_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
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
	return &judgement{v: v}, nil
})

type judgement struct {
	mu sync.Mutex // the reader fills caches of its own
	v  validator.Validator
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
