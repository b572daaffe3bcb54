package cardnet

import (
	"errors"
	"fmt"

	"golang.org/x/text/encoding/charmap"
)

// text is EBCDIC cp037 for moov's codec. moov's own EBCDIC is code page 500, in which
// brackets, the exclamation mark and some others sit elsewhere.
type text struct{}

// Encode turns ASCII into cp037.
func (text) Encode(src []byte) ([]byte, error) {
	dst := make([]byte, len(src))
	for i, c := range src {
		b, ok := charmap.CodePage037.EncodeRune(rune(c))
		if !ok {
			return nil, errors.New("text: a character that code page 037 does not have")
		}
		dst[i] = b
	}
	return dst, nil
}

// Decode turns length bytes of cp037 into Latin-1, of which ASCII is the part that occurs.
func (text) Decode(src []byte, length int) ([]byte, int, error) {
	if length < 0 || len(src) < length {
		return nil, 0, fmt.Errorf("text: %d characters expected, %d are left", length, len(src))
	}
	dst := make([]byte, length)
	for i, b := range src[:length] {
		dst[i] = byte(charmap.CodePage037.DecodeByte(b)) // every rune of the page is below 256
	}
	return dst, length, nil
}
