package wallet

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Time is an instant in an answer: RFC 3339 in UTC, always with three decimals, so that the texts sort as the
// times do.
type Time struct{ time.Time }

// MarshalJSON implements [json.Marshaler].
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

// Schema implements [huma.SchemaProvider].
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// milliseconds is the time of an entry.
func milliseconds(at int64) Time { return Time{time.UnixMilli(at)} }
