package wallet

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Page is the part of an input that every list has.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many at most."`
	Cursor string `query:"cursor" maxLength:"128" doc:"next of the page before; opaque."`
}

// list is a page of a list.
type list[T any] struct {
	Data []T    `json:"data" nullable:"false"`
	Next string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
}

// listed is the answer with a page of what a wallet has.
type listed[T any] struct {
	ETag string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Body list[T]
}

// newList is an empty page at a version of the wallet.
func newList[T any](version uint64) *listed[T] {
	return &listed[T]{etag(version), list[T]{Data: []T{}}}
}

// cursor makes an opaque place in a list, of one or more numbers.
func cursor(kind string, at ...uint64) string {
	text := kind
	for _, n := range at {
		text += ":" + strconv.FormatUint(n, 36)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// place reads a cursor of so many numbers; all 0 without one.
func place(kind, text string, numbers int) ([]uint64, error) {
	at := make([]uint64, numbers)
	if text == "" {
		return at, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	parts := strings.Split(string(raw), ":")
	if err != nil || len(parts) != 1+numbers || parts[0] != kind {
		return nil, problemOf(CodeCursorInvalid).at("cursor")
	}
	for i := range at {
		if at[i], err = strconv.ParseUint(parts[1+i], 36, 63); err != nil {
			return nil, problemOf(CodeCursorInvalid).at("cursor")
		}
	}
	return at, nil
}

// slice cuts a page out of a list that is in memory; next is where the page after it begins, 0 for none.
func slice[T any](all []T, from uint64, limit int) (part []T, next uint64) {
	if from >= uint64(len(all)) {
		return []T{}, 0
	}
	part = all[from:]
	if len(part) > limit {
		part, next = part[:limit], from+uint64(limit) //nolint:gosec // limit is 1 to 100
	}
	return part, next
}
