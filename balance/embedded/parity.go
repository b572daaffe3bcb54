package embedded

import "crypto/subtle"

// xorPages sets dst, one page, to the XOR of the pages of src.
func xorPages(dst, src []byte) {
	copy(dst, src[:PageSize])
	for off := PageSize; off < len(src); off += PageSize {
		subtle.XORBytes(dst, dst, src[off:off+PageSize])
	}
}

// parityHolds says whether the XOR of all pages of a group, its parity page included, is zero.
// With it any one page could be computed from the others.
func parityHolds(group []byte) bool {
	var sum [PageSize]byte
	xorPages(sum[:], group)
	return allZero(sum[:])
}

// allZero says whether there is nothing in b.
func allZero(b []byte) bool {
	for len(b) >= len(zeroPage) {
		if string(b[:len(zeroPage)]) != zeroPage {
			return false
		}
		b = b[len(zeroPage):]
	}
	return string(b) == zeroPage[:len(b)]
}

const zeroPage = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
