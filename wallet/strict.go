package wallet

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// nullIn finds a null in a JSON value, and the field that has it as far as it can be named: no field takes one,
// and leaving it out says the same.
func nullIn(value any) (field string, found bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner, found := nullIn(v[name])
			switch outer := plain(name); {
			case found && outer == "":
				return "", true
			case found:
				return joined(outer, inner), true
			}
		}
	case []any:
		for _, item := range v {
			if _, found := nullIn(item); found {
				return "", true
			}
		}
	}
	return "", false
}

// joined is a field within another.
func joined(outer, inner string) string { return strings.Trim(outer+"."+inner, ".") }

// plainMax bounds the name of a field that an answer repeats.
const plainMax = 32

// plain is a name of the caller's that an answer may repeat: it can be that of a field, and nothing that anybody
// keeps secret; else empty.
func plain(name string) string {
	if len(name) > plainMax || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return name
}

// paired says whether each half of a surrogate pair that a JSON text has escaped stands beside its other half.
// One alone is no character, and readers differ in what they make of it. The text is JSON that can be read.
func paired(text []byte) bool {
	var open bool // the first half of a pair came right before
	for i := 0; i < len(text); i++ {
		c := rune(0)
		if text[i] == '\\' {
			if i++; text[i] == 'u' {
				code, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 16)
				if err != nil {
					return false
				}
				c, i = rune(code), i+4 //nolint:gosec // sixteen bits
			}
		}
		half := utf16.IsSurrogate(c)
		second := half && c >= 0xdc00
		if open != second {
			return false
		}
		open = half && !second
	}
	return !open
}
