package authswitch

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Framing is how a link marks where one message ends and the next begins. The zero value is
// Length2Zero2, the framing of the JCB-style dialect.
type Framing uint8

// The framings that networks use over TCP. In all of them the length counts the message
// only, and a length of zero is a keep-alive.
const (
	Length2Zero2 Framing = iota // 2 bytes, big-endian, then 2 zero bytes
	Length2                     // 2 bytes, big-endian
	ASCII4                      // 4 ASCII digits
	BCD2                        // 4 digits packed into 2 bytes
	framingEnd
)

var framingNames = [framingEnd]string{"length2-zero2", "length2", "ascii4", "bcd2"}

// ParseFraming finds a framing by its name in the configuration. The error lists the names.
func ParseFraming(name string) (Framing, error) {
	for i, n := range framingNames {
		if n == name {
			return Framing(i), nil //nolint:gosec // fewer than framingEnd
		}
	}
	return 0, fmt.Errorf("framing %q is not known: use one of %s", name, strings.Join(framingNames[:], ", "))
}

// String is the name used in the configuration.
func (f Framing) String() string {
	if f >= framingEnd {
		return "unknown"
	}
	return framingNames[f]
}

// UnmarshalText is ParseFraming, for configuration files.
func (f *Framing) UnmarshalText(name []byte) error {
	parsed, err := ParseFraming(string(name))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}

// HeaderSize is the number of bytes before each message.
func (f Framing) HeaderSize() int {
	if f == Length2 || f == BCD2 {
		return 2
	}
	return headerSizeMax
}

const headerSizeMax = 4

// SizeMax is the longest message the header can announce, in bytes.
func (f Framing) SizeMax() int {
	if f == ASCII4 || f == BCD2 {
		return 9999
	}
	return 65535
}

// Cut finds the first message in buf. size is the number of bytes it takes there with its
// header; 0 means that more bytes are needed. A keep-alive is a frame of no bytes. frame
// points into buf. The error, a *FramingError, comes as soon as the bytes of the header that
// are there cannot be right or announce more than sizeMax bytes: nothing has to be kept for
// a message that will not be taken.
func (f Framing) Cut(buf []byte, sizeMax int) (frame []byte, size int, err error) {
	if len(buf) == 0 {
		return nil, 0, nil
	}
	// The digits that are missing yet count as zero, so this is the least that the header
	// can come to announce.
	var header [headerSizeMax]byte
	if f == ASCII4 {
		header = [headerSizeMax]byte{'0', '0', '0', '0'}
	}
	width := f.HeaderSize()
	copy(header[:width], buf)
	length, err := f.length(header)
	if err != nil {
		return nil, 0, err
	}
	if length > sizeMax {
		return nil, 0, &FramingError{"length", fmt.Sprintf("a message of at least %d bytes is announced, the link takes at most %d", length, sizeMax)}
	}
	if len(buf) < width+length {
		return nil, 0, nil
	}
	return buf[width : width+length : width+length], width + length, nil
}

func (f Framing) length(header [headerSizeMax]byte) (int, error) {
	length := 0
	switch f {
	case ASCII4:
		for _, c := range header {
			if c < '0' || c > '9' {
				return 0, &FramingError{"header", "the length header holds something else than ASCII digits"}
			}
			length = length*10 + int(c-'0')
		}
		return length, nil
	case BCD2:
		for _, c := range header[:2] {
			if c>>4 > 9 || c&15 > 9 {
				return 0, &FramingError{"header", "the length header holds something else than packed digits"}
			}
			length = length*100 + int(c>>4)*10 + int(c&15)
		}
		return length, nil
	case Length2Zero2:
		if header[2] != 0 || header[3] != 0 {
			return 0, &FramingError{"header", "the two bytes after the length are not zero"}
		}
	case Length2, framingEnd:
	}
	return int(binary.BigEndian.Uint16(header[:])), nil
}

// PutHeader writes the header of a message of length bytes to the first HeaderSize bytes of
// dst. length is at most SizeMax.
func (f Framing) PutHeader(dst []byte, length int) {
	switch f {
	case ASCII4:
		for i := 3; i >= 0; i-- {
			dst[i] = byte('0' + length%10)
			length /= 10
		}
	case BCD2:
		for i := 1; i >= 0; i-- {
			dst[i] = byte(length/10%10<<4 | length%10)
			length /= 100
		}
	case Length2Zero2:
		dst[2], dst[3] = 0, 0
		binary.BigEndian.PutUint16(dst, uint16(length)) //nolint:gosec // at most SizeMax
	case Length2, framingEnd:
		binary.BigEndian.PutUint16(dst, uint16(length)) //nolint:gosec // at most SizeMax
	}
}

// FramingError says why the bytes of a connection cannot be cut into messages any more. The
// place where the next message begins is lost with it, so the connection has to end.
type FramingError struct {
	Reason string // one word, the label of the counter: length or header
	text   string
}

func (e *FramingError) Error() string { return e.text }
