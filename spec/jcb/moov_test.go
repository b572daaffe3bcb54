package jcb

import (
	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/field"
)

// isBinary says whether moov holds a field as bytes.
func isBinary(m *iso8583.MessageSpec, n int) bool {
	_, ok := m.Fields[n].(*field.Binary)
	return ok
}
