package wallet

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// Problem is an error as the API answers it (RFC 9457). It never repeats what a caller sent.
type Problem struct {
	Type   string `json:"type" format:"uri-reference" doc:"Where this kind of problem is explained." example:"/docs#insufficient_funds"`
	Title  string `json:"title" doc:"The same for every problem of this code."`
	Status int    `json:"status" doc:"The HTTP status." example:"409"`
	Detail string `json:"detail" doc:"What to do about it."`
	Code   Code   `json:"code" doc:"What was wrong, for programs. Codes keep their meaning; new ones may come." example:"insufficient_funds"`
	Field  string `json:"field,omitempty" doc:"Which field or parameter is meant, where it can be named." example:"amount.amount"`

	CurrentVersion uint64   `json:"current_version,omitempty" doc:"With version_conflict: the version that the wallet has now."`
	Free           *int64   `json:"free,omitempty" doc:"With insufficient_funds: how much there is, in the minor unit."`
	Limit          *Reached `json:"limit,omitempty" doc:"With limit_exceeded and cap_exceeded: what was reached."`
	Earlier        *Earlier `json:"earlier,omitempty" doc:"With reference_used: where the reference was used."`

	retryAfter int // seconds; 0: no header
}

// Reached is a limit that was reached.
type Reached struct {
	Name string `json:"name" doc:"balance: the money of a wallet. transfer: of one transfer. month: of the transfers of a month. cards, members, tokens, tokens_ever (with those that were removed): how many. New ones may come." example:"month"`
	Max  int64  `json:"max" doc:"The limit: a number of things, or money in the minor unit." example:"150000"`
	Left int64  `json:"left" doc:"What is left of it." example:"500"`
}

// Earlier is an earlier request.
type Earlier struct {
	Version uint64 `json:"version" doc:"The version of the wallet that it made." example:"2"`
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements [huma.StatusError].
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements [huma.ContentTypeFilter].
func (p *Problem) ContentType(string) string { return problemContentType }

// GetHeaders implements [huma.HeadersError].
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="sekisho wallet"`)
	}
	if p.CurrentVersion > 0 {
		h.Set("ETag", etag(p.CurrentVersion))
	}
	return h
}

// problemOf is the problem of a code.
func problemOf(code Code) *Problem {
	for _, m := range meanings() {
		if m.Code == code {
			return &Problem{Type: problemDocumentation + string(code), Title: m.Title, Status: m.Status, Detail: m.Detail, Code: code}
		}
	}
	return problemOf(CodeInternal)
}

// with says more about it; the text must hold nothing that a caller sent.
func (p *Problem) with(detail string) *Problem {
	p.Detail = detail
	return p
}

// at names the field.
func (p *Problem) at(field string) *Problem {
	p.Field = field
	return p
}

// after says when to try again, in seconds.
func (p *Problem) after(seconds int) *Problem {
	p.retryAfter = max(seconds, retryAfterMin)
	return p
}

// write answers with a problem, from outside of huma.
func write(w http.ResponseWriter, p *Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		return // it has nothing that cannot be written
	}
	_, _ = w.Write(append(body, '\n')) // who hangs up has no answer
}

// huma makes its errors through one function of its package, and takes names in any letters unless a
// variable of its says otherwise. Both are set before anything is served, and never changed again.
func init() { //nolint:gochecknoinits // the only place huma has for it
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return refusal(status, message, errs)
	}
}

// bodyMissing is what huma says where a body is expected and none came.
const bodyMissing = "request body is required"

// refusal is what becomes of an error of huma's: the text of a rule, never of a value. Its own text
// would repeat what the caller sent.
func refusal(status int, message string, errs []error) *Problem {
	var first *huma.ErrorDetail
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok { //nolint:errorlint // huma hands over its own values
			first = d.ErrorDetail()
			break
		}
	}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return problemOf(CodeBodyTooLarge)
	case status == http.StatusUnsupportedMediaType:
		return problemOf(CodeContentType)
	case status == http.StatusRequestTimeout:
		return problemOf(CodeBodySlow)
	case status == http.StatusBadRequest && message == bodyMissing:
		return problemOf(CodeBodyInvalid).with("The body is missing: send one JSON object.")
	case status == http.StatusBadRequest:
		return problemOf(CodeBodyInvalid)
	case status != http.StatusUnprocessableEntity:
		return problemOf(CodeInternal)
	case first == nil:
		return problemOf(CodeFieldInvalid)
	case first.Message == validation.MsgUnexpectedProperty, first.Message == "unknown query parameter":
		return problemOf(CodeFieldUnknown).at(unknown(inBody(first.Location)))
	}
	return problemOf(CodeFieldInvalid).at(joined(inBody(first.Location), lacks(first.Message))).with(rule(first.Message))
}

// unknown is a place whose last name is the caller's: without it where it may not be repeated. A name with points
// in it looks like several; no place of ours is so long.
func unknown(place string) string {
	names := strings.Split(place, ".")
	if len(names) > placeMax {
		return ""
	}
	for i, name := range names {
		if plain(name) == "" {
			return strings.Join(names[:i], ".")
		}
	}
	return place
}

// placeMax is how many names the place of a field can have.
const placeMax = 3

// lacks is the field that a message says is missing; empty for another message.
func lacks(message string) string {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, begins := strings.CutPrefix(message, before)
	name, ends := strings.CutSuffix(name, after)
	if !begins || !ends {
		return ""
	}
	return name
}

// inBody writes a place as a client sees it: amount.currency.
func inBody(location string) string {
	for _, place := range []string{"body", "query", "path", "header"} {
		if location == place {
			return ""
		}
		if rest, ok := strings.CutPrefix(location, place+"."); ok {
			return rest
		}
	}
	return location
}

// rule keeps the text of a rule that is known to be ours.
func rule(message string) string {
	for _, ours := range []string{
		validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger, validation.MsgExpectedString,
		validation.MsgExpectedArray, validation.MsgExpectedObject, validation.MsgExpectedRFC3339DateTime,
		validation.MsgExpectedArrayItemsUnique,
	} {
		if message == ours {
			return "It is refused: " + message + "."
		}
	}
	for _, ours := range []string{
		validation.MsgExpectedOneOf, validation.MsgExpectedMinimumNumber, validation.MsgExpectedMaximumNumber,
		validation.MsgExpectedMinLength, validation.MsgExpectedMaxLength, validation.MsgExpectedMatchPattern,
		validation.MsgExpectedBePattern, validation.MsgExpectedMinItems, validation.MsgExpectedMaxItems,
		validation.MsgExpectedRequiredProperty,
	} {
		if begins, _, _ := strings.Cut(ours, "%"); strings.HasPrefix(message, begins) {
			return "It is refused: " + message + "."
		}
	}
	return "It is refused: its value has another form than the document says."
}
