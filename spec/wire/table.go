package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/specs"
)

// Table is a field table: how a network writes each data element.
//
// It is a JSON file in the format of moov's specs package with additions: the
// encodings EBCDIC037, BCDTrack and BCDEither, the prefix BinaryOrBCD.L, and a key "min" for
// the least length of a field.
type Table struct {
	entries map[string]*entry
	native  *iso8583.MessageSpec // what moov alone makes of the portable form
	layout  *Layout
	name    string
}

type file struct {
	Name   string            `json:"name"`
	Fields map[string]*entry `json:"fields"`
}

type entry struct {
	Type              string            `json:"type"`
	Length            int               `json:"length"`
	Min               int               `json:"min,omitempty"`
	Description       string            `json:"description"`
	Enc               string            `json:"enc,omitempty"`
	Prefix            string            `json:"prefix"`
	Padding           json.RawMessage   `json:"padding,omitempty"`
	Tag               json.RawMessage   `json:"tag,omitempty"`
	Subfields         map[string]*entry `json:"subfields,omitempty"`
	Bitmap            *entry            `json:"bitmap,omitempty"`
	DisableAutoExpand bool              `json:"disableAutoExpand,omitempty"`
}

// portableName is the nearest thing that moov knows by itself. EBCDIC1047 differs from code
// page 037 in six characters, none of them a letter, a digit or a blank; BCD refuses the
// separator D of track 2 and takes a pad on the left for granted; Binary.L refuses a packed
// length.
func portableName(name string) string {
	switch name {
	case "EBCDIC037":
		return "EBCDIC1047"
	case "BCDTrack", "BCDEither":
		return "BCD"
	case "BinaryOrBCD.L":
		return "Binary.L"
	}
	return name
}

// LoadTable reads a field table. Its errors name the field and the key.
func LoadTable(table []byte) (*Table, error) {
	var f file
	d := json.NewDecoder(bytes.NewReader(table))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("field table: %w", err)
	}
	t := &Table{entries: f.Fields, name: f.Name}
	var err error
	if t.native, err = t.moov(); err != nil {
		return nil, err
	}
	if t.layout, err = newLayout(f.Fields); err != nil {
		return nil, err
	}
	return t, nil
}

// Layout is the table compiled.
func (t *Table) Layout() *Layout { return t.layout }

// Portable is the table in moov's JSON, with nothing in it that moov alone does not know.
func (t *Table) Portable() ([]byte, error) {
	out, err := specs.ExportJSON(t.native)
	if err != nil {
		return nil, fmt.Errorf("field table %s: %w", t.name, err)
	}
	return out, nil
}

// MessageSpec is a new moov spec of the table, with our encoders where the table names
// them and in place of moov's BCD.
func (t *Table) MessageSpec() (*iso8583.MessageSpec, error) {
	m, err := t.moov()
	if err != nil {
		return nil, err
	}
	for key, e := range t.entries {
		n, err := strconv.Atoi(key)
		if err != nil {
			return nil, fmt.Errorf("field table: %q is not a field number", key)
		}
		equip(m.Fields[n], e)
	}
	return m, nil
}

// equip puts our encoders into a field that moov has made of the portable names.
func equip(f field.Field, e *entry) {
	own := map[string]encoding.Encoder{
		"BCD": BCD(), "LBCD": BCDRight(), "BCDTrack": BCDTrack(), "BCDEither": BCDEither(), "EBCDIC037": CP037(),
	}
	if enc, ok := own[e.Enc]; ok {
		f.Spec().Enc = enc
	}
	if e.Prefix == (BinaryOrBCD{}).Inspect() {
		f.Spec().Pref = BinaryOrBCD{}
	}
}

// moov builds the spec that moov alone makes of the table.
func (t *Table) moov() (*iso8583.MessageSpec, error) {
	portable := file{Name: t.name, Fields: make(map[string]*entry, len(t.entries))}
	for key, e := range t.entries {
		portable.Fields[key] = e.portable()
	}
	raw, err := json.Marshal(portable)
	if err != nil {
		return nil, fmt.Errorf("field table: %w", err)
	}
	m, err := specs.ImportJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("field table: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("field table: %w", err)
	}
	return m, nil
}

func (e *entry) portable() *entry {
	if e == nil {
		return nil
	}
	p := *e
	p.Min = 0
	p.Enc, p.Prefix = portableName(e.Enc), portableName(e.Prefix)
	p.Bitmap = e.Bitmap.portable()
	p.Subfields = make(map[string]*entry, len(e.Subfields))
	for _, key := range slices.Sorted(maps.Keys(e.Subfields)) {
		p.Subfields[key] = e.Subfields[key].portable()
	}
	return &p
}
