// Package quicpay is the QUICPay+ dialect, unofficial: JCB-style messages in which the card
// is mostly a device and every tap is authorized online. It is the jcb dialect with the
// profile differences of one short file.
package quicpay

import (
	_ "embed"

	"sekisho/spec"
	"sekisho/spec/jcb"
)

//go:embed profile.yaml
var differences []byte

// New makes the dialect. The hasher is the one of all dialects, so that a number has the
// same hash whichever way it comes.
func New(hasher *spec.Hasher) (*jcb.Dialect, error) { return jcb.NewVariant(hasher, differences) }

// NewVariant makes a dialect that differs from this one in the profile only.
func NewVariant(hasher *spec.Hasher, profile []byte) (*jcb.Dialect, error) {
	return jcb.NewVariant(hasher, differences, profile)
}

// NewFrom makes the dialect from a member's own field table (JSON) and profile (YAML).
func NewFrom(table, profile []byte, hasher *spec.Hasher) (*jcb.Dialect, error) {
	return jcb.NewFrom(table, profile, hasher)
}

// ExportTable is the field table in moov's JSON: the same as jcb's.
func ExportTable() ([]byte, error) { return jcb.ExportTable() }
