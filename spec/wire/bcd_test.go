package wire

import (
	"bytes"
	"testing"

	"github.com/moov-io/iso8583/encoding"
)

func TestPackedDigitsAreThoseOfMoov(t *testing.T) {
	for name, pair := range map[string]struct {
		ours   *Packed
		theirs encoding.Encoder
	}{
		"BCD":  {BCD(), encoding.BCD},
		"LBCD": {BCDRight(), encoding.LBCD},
	} {
		digits := []byte("9876543210123456789")
		for n := range len(digits) {
			ours, err := pair.ours.Encode(digits[:n])
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := pair.theirs.Encode(bytes.Clone(digits[:n]))
			if err != nil || !bytes.Equal(ours, theirs) {
				t.Errorf("%s of %d digits: packed as %X, moov packs %X", name, n, ours, theirs)
			}
			back, read, err := pair.ours.Decode(append(ours, 0xFF), n)
			if err != nil || read != len(ours) || !bytes.Equal(back, digits[:n]) {
				t.Errorf("%s of %d digits come back as %s: %v", name, n, back, err)
			}
		}
	}
}

func TestPackedDigitsAreReadStrictly(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     *Packed
		raw   string
		n     int
		value string // empty: refused
	}{
		{"the pad of DE70 is on the left", BCD(), "\x00\x01", 3, "001"},
		{"a pad that is not zero is refused", BCD(), "\x10\x01", 3, ""},
		{"the pad of DE22 is on the right", BCDRight(), "\x02\x10", 3, "021"},
		{"there too it must be zero", BCDRight(), "\x02\x1F", 3, ""},
		{"an institution padded on the left", BCDEither(), "\x01\x23", 3, "123"},
		{"an institution padded on the right", BCDEither(), "\x12\x30", 3, "123"},
		{"an institution padded on no side", BCDEither(), "\x12\x34", 3, ""},
		{"a letter on the left", BCD(), "\xA1", 2, ""},
		{"a letter on the right", BCD(), "\x1A", 2, ""},
		{"a separator that is not of a track", BCD(), "\x1D\x23", 4, ""},
		{"a separator on the right", BCDTrack(), "\x1D\x23", 4, "1=23"},
		{"a separator on the left", BCDTrack(), "\xD1\x23", 4, "=123"},
		{"another letter in a track", BCDTrack(), "\x1E\x23", 4, ""},
		{"too few bytes", BCD(), "\x12", 3, ""},
		{"a negative number", BCD(), "\x12", -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			value, _, err := c.p.Decode([]byte(c.raw), c.n)
			if string(value) != c.value || (err != nil) != (c.value == "") {
				t.Errorf("read as %q, error %v", value, err)
			}
		})
	}
	if _, err := BCD().Encode([]byte("12A")); err == nil {
		t.Error("a letter is packed")
	}
	if raw, err := BCDTrack().Encode([]byte("1=2")); err != nil || !bytes.Equal(raw, []byte{0x01, 0xD2}) {
		t.Errorf("a track is packed as %X: %v", raw, err)
	}
}

func BenchmarkPackedDecode(b *testing.B) {
	raw := []byte{0x35, 0x40, 0x12, 0x00, 0x00, 0x00, 0x00, 0x15}
	for name, enc := range map[string]encoding.Encoder{"ours": BCD(), "moov": encoding.BCD} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := enc.Decode(raw, 16); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
