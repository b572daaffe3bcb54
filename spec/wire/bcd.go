package wire

import "fmt"

// Packed is an encoder of packed decimal digits, two a byte, for use in a moov spec: the
// same bytes as moov's BCD and LBCD, without rebuilding its tables for every field.
type Packed struct {
	right  bool // the pad nibble of an odd number of digits is on the right
	either bool // it may be on either side, is written on the left
	track  bool // the nibble D is allowed, read and written as =
}

// BCD puts the zero nibble that an odd number of digits needs on the left.
func BCD() *Packed { return &Packed{} }

// BCDRight puts it on the right.
func BCDRight() *Packed { return &Packed{right: true} }

// BCDEither puts it on the left and reads it on either side: for institution ids, where
// peers differ and zeros at the ends do not count.
func BCDEither() *Packed { return &Packed{either: true} }

// BCDTrack is BCD that knows the separator of track 2: the nibble D, in text =.
func BCDTrack() *Packed { return &Packed{track: true} }

// Encode packs ASCII digits.
func (p *Packed) Encode(digits []byte) ([]byte, error) {
	for i, d := range digits {
		if _, ok := p.nibble(d); !ok {
			return nil, fmt.Errorf("character %d of %d is not a digit", i+1, len(digits))
		}
	}
	return p.appendPacked(make([]byte, 0, (len(digits)+1)/2), digits), nil
}

// Decode unpacks n digits from src and says how many bytes it read.
func (p *Packed) Decode(src []byte, n int) (digits []byte, read int, err error) {
	if n < 0 || (n+1)/2 > len(src) {
		return nil, 0, fmt.Errorf("%d packed digits wanted where %d bytes are left", n, len(src))
	}
	raw := src[:(n+1)/2]
	if bad := p.firstBad(raw, n); bad >= 0 {
		return nil, 0, fmt.Errorf("packed byte %d of %d holds something else than digits", bad+1, len(raw))
	}
	return p.appendUnpacked(make([]byte, 0, n), raw, n), len(raw), nil
}

func (p *Packed) nibble(char byte) (byte, bool) {
	if char >= '0' && char <= '9' {
		return char - '0', true
	}
	if p.track && (char == '=' || char == 'D') {
		return 0xD, true
	}
	return 0, false
}

// firstBad is the index of the first byte that does not hold digits, or -1. The pad nibble
// must be zero: a peer that pads on the other side is found out here.
func (p *Packed) firstBad(raw []byte, n int) int {
	right := p.padsRight(raw, n)
	if n%2 == 1 && !right && raw[0]>>4 != 0 {
		return 0
	}
	for i, b := range raw {
		if b <= 0x99 && b&0x0F <= 9 {
			continue
		}
		if !p.track || !trackNibble(b>>4) || !trackNibble(b&0x0F) {
			return i
		}
	}
	if n%2 == 1 && right && raw[len(raw)-1]&0x0F != 0 {
		return len(raw) - 1
	}
	return -1
}

// padsRight says on which side the pad nibble of these n digits is.
func (p *Packed) padsRight(raw []byte, n int) bool {
	return p.right || p.either && n%2 == 1 && raw[0]>>4 != 0
}

func trackNibble(n byte) bool { return n <= 9 || n == 0xD }

func (p *Packed) appendPacked(dst, digits []byte) []byte {
	var half byte
	low := len(digits)%2 == 1 && !p.right // the next digit goes into the low nibble
	for _, d := range digits {
		n, _ := p.nibble(d)
		if low {
			dst, half = append(dst, half|n), 0
		} else {
			half = n << 4
		}
		low = !low
	}
	if low {
		dst = append(dst, half)
	}
	return dst
}

func (p *Packed) appendUnpacked(dst, raw []byte, n int) []byte {
	const chars = "0123456789???=??"
	i := 0
	if n%2 == 1 && !p.padsRight(raw, n) {
		i = 1
	}
	for end := i + n; i < end; i++ {
		b := raw[i/2]
		if i%2 == 0 {
			b >>= 4
		}
		dst = append(dst, chars[b&0x0F])
	}
	return dst
}
