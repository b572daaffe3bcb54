package cardnet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	headerSize = 4    // two bytes of length, two zero bytes
	frameMax   = 4096 // no answer comes near it
)

var errHeader = errors.New("frame header: two zero bytes expected after the length")

// appendFrame appends the header and the message, so that both leave in one write.
func appendFrame(dst, packed []byte) ([]byte, error) {
	if len(packed) > frameMax {
		return dst, fmt.Errorf("frame: %d bytes are more than %d", len(packed), frameMax)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(packed))) //nolint:gosec // bounded above
	dst = append(dst, 0, 0)
	return append(dst, packed...), nil
}

// readFrame reads one message without its header; an empty one is a keep-alive.
func readFrame(r io.Reader) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(header[:]))
	if header[2] != 0 || header[3] != 0 {
		return nil, errHeader
	}
	if length > frameMax {
		return nil, fmt.Errorf("frame header: a length of %d is more than %d", length, frameMax)
	}
	frame := make([]byte, length)
	_, err := io.ReadFull(r, frame)
	return frame, err
}
