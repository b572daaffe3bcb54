package wire

import "fmt"

// BinaryOrBCD is a moov prefix of one byte that some peers write in binary and some as two
// packed digits. A value above the field's maximum when read as binary is taken for packed.
type BinaryOrBCD struct{}

// EncodeLength writes the byte in binary.
func (BinaryOrBCD) EncodeLength(most, n int) ([]byte, error) {
	if n < 0 || n > most {
		return nil, fmt.Errorf("length %d is above the maximum %d", n, most)
	}
	return []byte{byte(n)}, nil
}

// DecodeLength reads the byte either way.
func (BinaryOrBCD) DecodeLength(most int, raw []byte) (n, read int, err error) {
	if len(raw) == 0 {
		return 0, 0, fmt.Errorf("the length byte is missing")
	}
	if n, ok := binaryOrBCD(raw[0], most); ok {
		return n, 1, nil
	}
	return 0, 0, fmt.Errorf("length is above the maximum %d, in binary and packed", most)
}

// Inspect is the prefix's name in a field table.
func (BinaryOrBCD) Inspect() string { return "BinaryOrBCD.L" }

func binaryOrBCD(b byte, most int) (n int, ok bool) {
	if int(b) <= most {
		return int(b), true
	}
	n, ok = packedByte(b)
	return n, ok && n <= most
}

// packedByte reads two packed digits.
func packedByte(b byte) (n int, ok bool) {
	return int(b>>4)*10 + int(b&0x0F), b <= 0x99 && b&0x0F <= 9
}

// lengthCoding says how the length in front of a field is written.
type lengthCoding struct {
	kind  lengthKind
	bytes int      // 0 for a field of fixed length
	chars *Charset // for lengthChars
}

type lengthKind uint8

const (
	lengthFixed  lengthKind = iota
	lengthBinary            // big-endian
	lengthEither            // BinaryOrBCD
	lengthPacked            // packed digits
	lengthChars             // digits as characters
)

// read takes the length from the front of raw, which has c.bytes at least. ok is false when
// what is there is no length at all; it may still be above most.
func (c *lengthCoding) read(raw []byte, most int) (n int, ok bool) {
	switch c.kind {
	case lengthBinary:
		for _, b := range raw[:c.bytes] {
			n = n<<8 | int(b)
		}
		return n, true
	case lengthEither:
		n, ok = binaryOrBCD(raw[0], most)
		if !ok {
			return int(raw[0]), true
		}
		return n, true
	case lengthPacked:
		for _, b := range raw[:c.bytes] {
			two, ok := packedByte(b)
			if !ok {
				return 0, false
			}
			n = n*100 + two
		}
		return n, true
	case lengthChars:
		for _, b := range raw[:c.bytes] {
			d := c.chars.toLatin[b]
			if d < '0' || d > '9' {
				return 0, false
			}
			n = n*10 + int(d-'0')
		}
		return n, true
	case lengthFixed:
	}
	return most, true
}

// append writes the length n.
func (c *lengthCoding) append(dst []byte, n int) []byte {
	for i := c.bytes - 1; i >= 0; i-- {
		switch c.kind {
		case lengthBinary, lengthEither:
			dst = append(dst, byte(n>>(8*i))) //nolint:gosec // one byte of it
		case lengthPacked:
			two := n / power(100, i) % 100
			dst = append(dst, byte(two/10<<4|two%10)) //nolint:gosec // two digits
		case lengthChars:
			dst = append(dst, c.chars.fromLatin['0'+n/power(10, i)%10])
		case lengthFixed:
		}
	}
	return dst
}

func power(base, exponent int) int {
	n := 1
	for range exponent {
		n *= base
	}
	return n
}
