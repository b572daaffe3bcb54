package cardnet

import (
	"errors"
	"fmt"
)

// packed is packed BCD for moov's codec, which has it only slowly and only padded on the
// left. Its lengths count digits. An odd number of digits takes a zero nibble on the left,
// or, as DE22 does in this dialect, on the right.
type packed struct{ right bool }

// Encode packs ASCII digits two to a byte.
func (p packed) Encode(src []byte) ([]byte, error) {
	dst := make([]byte, (len(src)+1)/2)
	shift := p.shift(len(src))
	for i, c := range src {
		if c < '0' || c > '9' {
			return nil, errors.New("packed digits: only 0 to 9 can be packed")
		}
		at := i + shift
		dst[at/2] |= (c - '0') << (4 * (1 - at%2))
	}
	return dst, nil
}

// Decode unpacks length digits and says how many bytes they took.
func (p packed) Decode(src []byte, length int) ([]byte, int, error) {
	size := (length + 1) / 2
	if length < 0 || len(src) < size {
		return nil, 0, fmt.Errorf("packed digits: %d digits need %d bytes, %d are left", length, size, len(src))
	}
	shift := p.shift(length)
	dst := make([]byte, length)
	for at := range 2 * size {
		nibble := src[at/2] >> (4 * (1 - at%2)) & 0xF
		i := at - shift
		switch {
		case i < 0 || i >= length:
			if nibble != 0 {
				return nil, 0, errors.New("packed digits: the pad nibble is not zero")
			}
		case nibble > 9:
			return nil, 0, errors.New("packed digits: a nibble above 9")
		default:
			dst[i] = '0' + nibble
		}
	}
	return dst, size, nil
}

// shift is the number of nibbles before the first digit.
func (p packed) shift(length int) int {
	if p.right {
		return 0
	}
	return length % 2
}
