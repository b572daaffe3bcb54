//go:build fuzz

package wallet_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// judged does nothing while bodies are drawn: the reader of the document takes minutes to build for that.
func judged(*testing.T, *http.Request, *httptest.ResponseRecorder) {}
