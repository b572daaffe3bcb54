package wire

import (
	"testing"

	"github.com/moov-io/iso8583/prefix"
)

func TestLengthsAreThoseOfMoov(t *testing.T) {
	for _, p := range []prefix.Prefixer{
		prefix.Binary.L, prefix.Binary.LL, prefix.BCD.LL, prefix.BCD.LLL, prefix.BCD.LLLL,
		prefix.ASCII.LL, prefix.ASCII.LLL, prefix.EBCDIC.LL, prefix.EBCDIC.LLLL,
	} {
		c, err := newLengthCoding(p.Inspect())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 9, 10, 19, 99} {
			theirs, err := p.EncodeLength(99, n)
			if err != nil {
				t.Fatal(err)
			}
			if ours := c.append(nil, n); string(ours) != string(theirs) {
				t.Errorf("%s: length %d is written %X, moov writes %X", p.Inspect(), n, ours, theirs)
			}
			if got, ok := c.read(theirs, 99); !ok || got != n {
				t.Errorf("%s: length %d is read as %d", p.Inspect(), n, got)
			}
		}
	}
}

func TestALengthMayBeBinaryOrPacked(t *testing.T) {
	for raw, want := range map[byte]int{0x00: 0, 0x08: 8, 0x0B: 11, 0x10: 10, 0x11: 11, 0x12: -1, 0x0C: -1, 0x1A: -1, 0xFF: -1} {
		n, read, err := BinaryOrBCD{}.DecodeLength(11, []byte{raw})
		if (err != nil) != (want < 0) || err == nil && (n != want || read != 1) {
			t.Errorf("length byte %02X is read as %d: %v", raw, n, err)
		}
	}
	if _, _, err := (BinaryOrBCD{}).DecodeLength(11, nil); err == nil {
		t.Error("a length is read from nothing")
	}
	if _, err := (BinaryOrBCD{}).EncodeLength(11, 12); err == nil {
		t.Error("a length above the maximum is written")
	}
}

func TestLengthsThatAreNoneAreRefused(t *testing.T) {
	for name, raw := range map[string]string{"BCD.LL": "\x1A", "ASCII.LL": "+9", "EBCDIC.LL": "\x60\xF5"} {
		c, err := newLengthCoding(name)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := c.read([]byte(raw), 99); ok {
			t.Errorf("%s: read as %d", name, n)
		}
	}
	for _, name := range []string{"None.Fixed", "Hex.LL", "BerTLV", "BinaryOrBCD.LL", "Binary.LLLLL", "Binary.X", ""} {
		if _, err := newLengthCoding(name); err == nil {
			t.Errorf("prefix %q is taken", name)
		}
	}
}
