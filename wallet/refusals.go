package wallet

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// codes are those that a route can answer with, but for the few of [restOf].
func (r *route) codes() []Code {
	codes := []Code{
		CodeIfMatchInvalid, CodeUnauthenticated, CodeForbidden, CodeFieldInvalid, CodeFieldUnknown, CodeRateLimited, CodeBusy, CodeUnavailable,
	}
	if r.method != http.MethodGet {
		codes = append(codes, CodeKeyInvalid, CodeBodyInvalid, CodeKeyInFlight, CodeVersionConflict, CodeKeyReused, CodeOutcomeUnknown)
	}
	if r.method == http.MethodPost {
		codes = append(codes, CodeKeyMissing)
	}
	return append(codes, r.refuses...)
}

// restOf are the codes that stand under default: none of them says anything of what was asked for.
func restOf(method string) []Code {
	if method == http.MethodGet {
		return []Code{CodeInternal}
	}
	return []Code{CodeBodySlow, CodeBodyTooLarge, CodeContentType, CodeInternal}
}

// noteRefusals puts into the document what a route can refuse, with the codes of each status.
func noteRefusals(op *huma.Operation, codes []Code) {
	rest := op.Responses["default"]
	problem := rest.Content
	rest.Description = sayCodes(restOf(op.Method), func(meaning) bool { return true })
	for _, m := range meanings() {
		if !slices.Contains(codes, m.Code) {
			continue
		}
		status := m.Status
		response := &huma.Response{
			Description: sayCodes(codes, func(m meaning) bool { return m.Status == status }), Content: problem,
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			response.Headers = map[string]*huma.Header{"Retry-After": {
				Description: "In how many seconds to try again.", Schema: &huma.Schema{Type: huma.TypeInteger},
			}}
		}
		op.Responses[strconv.Itoa(status)] = response
	}
}

// noteRequestID puts into the document that every answer has an id.
func noteRequestID(op *huma.Operation) {
	for _, response := range op.Responses {
		headers := map[string]*huma.Header{requestIDHeader: {
			Description: "Names this request in the log of the server: tell it when you ask about the request.", Schema: &huma.Schema{Type: huma.TypeString},
		}}
		maps.Copy(headers, response.Headers)
		response.Headers = headers
	}
}

// sayCodes lists codes with what they mean.
func sayCodes(codes []Code, which func(meaning) bool) string {
	var lines []string
	for _, m := range meanings() {
		if slices.Contains(codes, m.Code) && which(m) {
			lines = append(lines, "- `"+string(m.Code)+"`: "+m.Title+".")
		}
	}
	return strings.Join(lines, "\n")
}
