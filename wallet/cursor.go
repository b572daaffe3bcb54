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

// cursor makes an opaque place in a list.
func cursor(kind string, place uint64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + strconv.FormatUint(place, 36)))
}

// place reads a cursor; 0 without one.
func place(kind, text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return 0, problemOf(CodeCursorInvalid).at("cursor")
	}
	rest, ok := strings.CutPrefix(string(raw), kind+":")
	n, err := strconv.ParseUint(rest, 36, 63)
	if !ok || err != nil {
		return 0, problemOf(CodeCursorInvalid).at("cursor")
	}
	return n, nil
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
