package cardnet

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/moov-io/iso8583"
	iso8583errors "github.com/moov-io/iso8583/errors"
)

// message is one message as the trade reads it: its type and the values of its data
// elements, by number.
type message struct {
	mti      string
	elements map[int]string
}

// pack makes it moov's.
func (m message) pack(table *iso8583.MessageSpec) (*iso8583.Message, error) {
	packed := iso8583.NewMessage(table)
	packed.MTI(m.mti)
	for id, value := range m.elements {
		if err := packed.Field(id, value); err != nil {
			return nil, fmt.Errorf("message %s: DE%d is not in the field table", m.mti, id)
		}
	}
	return packed, nil
}

// repeated is the same message marked as sent again: 0100 becomes 0101.
func (m message) repeated() message {
	return message{mti: m.mti[:3] + "1", elements: maps.Clone(m.elements)}
}

// inquires says whether the message asks for a balance.
func (m message) inquires() bool { return strings.HasPrefix(m.elements[3], "3") }

// unpack reads what moov decoded.
func unpack(decoded *iso8583.Message) message {
	m := message{elements: make(map[int]string)}
	for id, f := range decoded.GetFields() {
		value, _ := f.String() // a String element cannot fail
		switch id {
		case 0:
			m.mti = value
		case 1: // the bitmap says nothing that the elements do not
		default:
			m.elements[id] = value
		}
	}
	return m
}

var errUnusual = errors.New("bytes after the last element, or an element in an unusual encoding")

// decode unpacks a frame and holds moov to it: a frame that is not what moov would write for
// the same values is an error too, since moov alone skips trailing bytes in silence. The
// error never holds a byte of the frame, which moov's own errors do.
func decode(table *iso8583.MessageSpec, frame []byte) (decoded *iso8583.Message, err error) {
	defer func() {
		if recover() != nil {
			decoded, err = nil, errors.New("the codec panicked")
		}
	}()
	decoded = iso8583.NewMessage(table)
	if err := decoded.Unpack(frame); err != nil {
		var where *iso8583errors.UnpackError
		if errors.As(err, &where) {
			return nil, fmt.Errorf("DE%s cannot be read", where.FieldID)
		}
		return nil, errors.New("cannot be read")
	}
	again, err := decoded.Pack()
	if err != nil || !bytes.Equal(again, frame) {
		return nil, errUnusual
	}
	return decoded, nil
}

// matchID is what an answer has in common with its own request and with no other in flight:
// STAN, DE7 and DE32.
type matchID struct{}

// GenerateRequestID implements moov's RequestIDGenerator.
func (matchID) GenerateRequestID(m *iso8583.Message) (string, error) {
	var id string
	for _, n := range []int{11, 7, 32} {
		value, err := m.GetString(n)
		if err != nil {
			return "", fmt.Errorf("match an answer to its request: DE%d is not in the field table", n)
		}
		id += value + "/"
	}
	return id, nil
}

// answers says whether a message type is that of an answer: 0110, 0130, 0410, 0430, 0810 …
func answers(mti string) bool {
	return len(mti) == 4 && (mti[2] == '1' || mti[2] == '3')
}
