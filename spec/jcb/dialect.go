// Package jcb is the JCB-style dialect, unofficial: what public material and practice tell
// of how JCB writes ISO 8583. Field table and profile are data; a licensed member replaces
// both by files of its own.
package jcb

import (
	_ "embed"
	"fmt"

	"sekisho/spec"
	"sekisho/spec/wire"
)

//go:embed fields.json
var fieldsJSON []byte

//go:embed profile.yaml
var profileYAML []byte

// Dialect reads and answers messages by a field table and a profile. It does not change
// once made and is safe for several goroutines.
type Dialect struct {
	hasher  *spec.Hasher
	table   *wire.Table
	layout  *wire.Layout
	profile *profile
	checks  []valueCheck
}

var _ spec.Dialect = (*Dialect)(nil)

// New makes the dialect from the data in the program. The hasher turns card numbers into
// hashes; nothing else of a number leaves the dialect.
func New(hasher *spec.Hasher) (*Dialect, error) { return newDialect(fieldsJSON, hasher, profileYAML) }

// NewFrom makes the dialect from a member's own field table (JSON) and profile (YAML).
// Errors name the field, or the line and key, and what was expected.
func NewFrom(table, profile []byte, hasher *spec.Hasher) (*Dialect, error) {
	return newDialect(table, hasher, profile)
}

// NewVariant makes a dialect that differs from this one in the profile only: what a given
// profile names replaces what the built-in one, and those before it, say.
func NewVariant(hasher *spec.Hasher, differences ...[]byte) (*Dialect, error) {
	return newDialect(fieldsJSON, hasher, append([][]byte{profileYAML}, differences...)...)
}

func newDialect(table []byte, hasher *spec.Hasher, profiles ...[]byte) (*Dialect, error) {
	t, err := wire.LoadTable(table)
	if err != nil {
		return nil, err
	}
	if err := checkShapes(t.Layout()); err != nil {
		return nil, err
	}
	p, err := readProfile(t.Layout(), profiles...)
	if err != nil {
		return nil, err
	}
	return &Dialect{hasher: hasher, table: t, layout: t.Layout(), profile: p, checks: newChecks(t.Layout())}, nil
}

// Policy is what the profile decides.
func (d *Dialect) Policy() *spec.Policy { return &d.profile.policy }

// Name is the profile's name.
func (d *Dialect) Name() string { return d.profile.name }

// Table is the field table.
func (d *Dialect) Table() *wire.Table { return d.table }

// ExportTable is the built-in field table in moov's JSON, for programs that know nothing of
// this one. What moov cannot express by itself is replaced by the nearest thing it has:
// EBCDIC1047 for code page 037 (six signs differ), Binary.L for a length that may be binary
// or packed, BCD for the separator of track 2 and for institution ids padded on either side.
func ExportTable() ([]byte, error) {
	t, err := wire.LoadTable(fieldsJSON)
	if err != nil {
		return nil, err
	}
	return t.Portable()
}

// shapes are the fields whose meaning the dialect knows, with the length it needs: whatever
// their encoding, a table must give them this many digits or characters.
var shapes = [...]struct{ field, length int }{
	{3, 6},
	{4, 12},
	{6, 12},
	{7, 10},
	{11, 6},
	{12, 6},
	{13, 4},
	{14, 4},
	{18, 4},
	{22, 3},
	{25, 2},
	{37, 12},
	{38, 6},
	{39, 2},
	{41, 8},
	{42, 15},
	{49, 3},
	{51, 3},
	{70, 3},
	{90, 42},
	{95, 42},
}

func checkShapes(l *wire.Layout) error {
	for _, s := range shapes {
		f := l.Field(s.field)
		if f == nil || !f.Fixed() || f.Max != s.length || f.Raw() {
			return fmt.Errorf("field table: field %d must have a fixed length of %d digits or characters", s.field, s.length)
		}
	}
	for n, most := range map[int]int{2: spec.PANLengthMax, 32: 11, 54: 120, 61: 255} {
		f := l.Field(n)
		if f == nil || f.Fixed() || f.Max > most || f.Raw() {
			return fmt.Errorf("field table: field %d must have a length in front and %d digits or characters at most", n, most)
		}
	}
	return nil
}
