package jcb

import (
	"bytes"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/specs"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// The exported table is loaded by moov alone, and what it then reads is what we read.
func TestExportedTableServesMoovAlone(t *testing.T) {
	d := newTestDialect(t)
	exported, err := ExportTable()
	if err != nil {
		t.Fatal(err)
	}
	table, err := specs.ImportJSON(exported)
	if err != nil {
		t.Fatal(err)
	}
	again, err := specs.ExportJSON(table)
	if err != nil || !bytes.Equal(again, exported) {
		t.Errorf("moov exports another table than it imported: %v", err)
	}
	for _, g := range goldens(t, "jcb") {
		if g.values[35] != "" {
			continue // moov's BCD does not know the separator of track 2
		}
		frame := unhex(t, g.hex)
		alone := iso8583.NewMessage(table)
		if err := alone.Unpack(frame); err != nil {
			t.Errorf("%s: moov alone refuses it, at field %s", g.name(), fieldOf(err))
			continue
		}
		var m wire.Message
		if err := d.layout.Read(frame, &m); err != nil {
			t.Fatal(err)
		}
		compareWithMoov(t, &m, alone)
		packed, err := alone.Pack()
		if err != nil || !bytes.Equal(packed, frame) {
			t.Errorf("%s: moov alone packs other bytes", g.name())
		}
	}
}

// A licensed member may have everything in ASCII with lengths in digits: the meanings stay.
func TestAnotherTableReadsTheSameMeanings(t *testing.T) {
	table := []byte(strings.NewReplacer(
		`"EBCDIC037"`, `"ASCII"`, `"BCD"`, `"ASCII"`, `"LBCD"`, `"ASCII"`, `"BCDTrack"`, `"ASCII"`, `"BCDEither"`, `"ASCII"`,
		`"EBCDIC.Fixed"`, `"ASCII.Fixed"`, `"BCD.Fixed"`, `"ASCII.Fixed"`, `"BinaryOrBCD.L"`, `"ASCII.LL"`,
		`"Binary.L"`, `"ASCII.LLL"`, `"Binary.LL"`, `"ASCII.LLL"`,
	).Replace(string(fieldsJSON)))
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	ascii, err := NewFrom(table, profileYAML, hasher)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ascii.Table().MessageSpec()
	if err != nil {
		t.Fatal(err)
	}
	d := newTestDialect(t)
	for _, g := range goldens(t, "jcb") {
		want := decode(t, d, unhex(t, g.hex))
		got := decode(t, ascii, g.pack(t, m))
		want.Policy, got.Policy = nil, nil
		if got != want {
			t.Errorf("%s: decoded as %+v, want %+v", g.name(), got, want)
		}
		if g.answer != "" {
			answer := answerTo(t, ascii, g.pack(t, m), g.response(t))
			for n, value := range answerTo(t, d, unhex(t, g.hex), g.response(t)) {
				if answer[n] != value {
					t.Errorf("%s: DE%d differs in the answer", g.name(), n)
				}
			}
		}
	}
}
