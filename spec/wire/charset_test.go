package wire

import (
	"testing"

	"github.com/moov-io/iso8583/encoding"
	"golang.org/x/text/encoding/charmap"
)

func TestCodePage037IsTheStandardOne(t *testing.T) {
	c := CP037()
	for b := range 256 {
		want := charmap.CodePage037.DecodeByte(byte(b))
		got, read, err := c.Decode([]byte{byte(b)}, 1)
		if err != nil || read != 1 || rune(got[0]) != want {
			t.Errorf("byte %02X is %v, want %q", b, got, want)
		}
		back, err := c.Encode(got)
		if err != nil || back[0] != byte(b) {
			t.Errorf("byte %02X comes back as %02X", b, back)
		}
	}
}

func TestCharsetsOfMoovAreLearnedByteByByte(t *testing.T) {
	learned, err := charsetOf(encoding.EBCDIC1047)
	if err != nil {
		t.Fatal(err)
	}
	for b := range 256 {
		if got, want := rune(learned.toLatin[b]), charmap.CodePage1047.DecodeByte(byte(b)); got != want {
			t.Errorf("byte %02X is %q, want %q", b, got, want)
		}
	}
}

// What portableName says of the two code pages is true.
func TestCodePages037And1047DifferInSixSigns(t *testing.T) {
	differ := 0
	for b := range 256 {
		r := charmap.CodePage037.DecodeByte(byte(b))
		if r == charmap.CodePage1047.DecodeByte(byte(b)) {
			continue
		}
		differ++
		if r == ' ' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			t.Errorf("they differ in %q", r)
		}
	}
	t.Logf("they differ in %d bytes", differ)
	if differ != 6 {
		t.Errorf("they differ in %d bytes, want 6", differ)
	}
}

func TestTextThatIsCutIsRefused(t *testing.T) {
	for _, n := range []int{3, -1} {
		if _, _, err := CP037().Decode([]byte{0xF0, 0xF1}, n); err == nil {
			t.Errorf("%d characters are read from two bytes", n)
		}
	}
}
