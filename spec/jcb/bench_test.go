package jcb

import (
	"testing"

	"github.com/moov-io/iso8583"

	"sekisho/spec"
)

func goldenFrame(b testing.TB, name string) []byte {
	for _, g := range goldens(b, "jcb") {
		if g.name() == name {
			return unhex(b, g.hex)
		}
	}
	b.Fatalf("no golden frame %s", name)
	return nil
}

func BenchmarkDecode(b *testing.B) {
	d := newTestDialect(b)
	frame := goldenFrame(b, "0100-chip")
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	r := spec.Request{At: arrival}
	for b.Loop() {
		if err := d.Decode(frame, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReply(b *testing.B) {
	d := newTestDialect(b)
	frame := goldenFrame(b, "0100-chip")
	response := spec.Response{Reason: spec.Approved, Approval: spec.ApprovalCode([]byte("482913"))}
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = d.AppendReply(dst[:0], frame, response)
	}
}

// BenchmarkHash is the part of Decode that turns the card number into its hash.
func BenchmarkHash(b *testing.B) {
	d := newTestDialect(b)
	digits := []byte(testCard("001"))
	b.ReportAllocs()
	for b.Loop() {
		d.hasher.Card(digits)
	}
}

// BenchmarkMoovUnpack is what moov needs for the same frame, with our encoders and alone.
func BenchmarkMoovUnpack(b *testing.B) {
	d := newTestDialect(b)
	frame := goldenFrame(b, "0100-chip")
	table, err := d.Table().MessageSpec()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := iso8583.NewMessage(table).Unpack(frame); err != nil {
			b.Fatal("moov refuses the frame")
		}
	}
}
