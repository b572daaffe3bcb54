package vault

import (
	"path/filepath"
	"testing"
)

// What following the file costs: one stat for each number that is sealed, nothing for one that is opened.
func BenchmarkSealAndOpen(b *testing.B) {
	f := File{Path: filepath.Join(b.TempDir(), "number.key")}
	if err := f.Make(b.Context()); err != nil {
		b.Fatal(err)
	}
	v, err := f.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	number := madeUp(b, 1, 16)
	sealed, err := v.Seal(card, number)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Seal(card, number); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Open(card, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
