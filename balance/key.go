package balance

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"sekisho/spec"
)

// Key is what makes a request the same request when it comes again. It is unique within a log.
// Byte 0 is its kind; the rest depends on it and ends in zeros.
type Key [32]byte

// KeyKind says what a key is made of.
type KeyKind uint8

// The kinds of keys.
const (
	KeyNone      KeyKind = iota
	KeyMessage           // class, card, DE7, DE11, DE32
	KeyClearing          // clearing file and DE71
	KeyReference         // DE31 of a clearing record
	KeyCall              // Idempotency-Key of an API call, or the content of a seed file
	keyKindEnd
)

// Where the parts of a message key are.
const (
	keyClass    = 1
	keyCard     = 2
	keySent     = keyCard + len(spec.CardID{})
	keySTAN     = keySent + 4
	keyAcquirer = keySTAN + 3
)

// MessageKey is the key of a message. Its class has no repeat digit (0100 and 0101 are one),
// sent is DE7 as Unix seconds.
func MessageKey(class spec.Class, card spec.CardID, sent int64, stan uint32, acquirer spec.Institution) Key {
	var k Key
	k[0], k[keyClass] = byte(KeyMessage), byte(class)
	copy(k[keyCard:], card[:])
	binary.BigEndian.PutUint32(k[keySent:], uint32(sent)) //nolint:gosec // seconds until 2106
	k[keySTAN], k[keySTAN+1], k[keySTAN+2] = byte(stan>>16), byte(stan>>8), byte(stan)
	binary.BigEndian.PutUint64(k[keyAcquirer:], uint64(acquirer))
	return k
}

// CallKey is the key of something asked for by other means than a message: the words that
// make it unique, hashed.
func CallKey(words ...string) Key {
	h := sha256.New()
	for _, w := range words {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(w))) //nolint:gosec // short
		h.Write(n[:])
		h.Write([]byte(w))
	}
	var k Key
	k[0] = byte(KeyCall)
	copy(k[1:], h.Sum(nil))
	return k
}

// Kind of the key.
func (k Key) Kind() KeyKind { return KeyKind(k[0]) }

// Class of a message key.
func (k Key) Class() spec.Class { return spec.Class(k[keyClass]) }

// Card of a message key.
func (k Key) Card() spec.CardID { return spec.CardID(k[keyCard:keySent]) }

// Sent is DE7 of a message key in Unix seconds; ok is false for other kinds.
func (k Key) Sent() (unix int64, ok bool) {
	return int64(binary.BigEndian.Uint32(k[keySent:])), k.Kind() == KeyMessage
}

// Acquirer of a message key.
func (k Key) Acquirer() spec.Institution {
	return spec.Institution(binary.BigEndian.Uint64(k[keyAcquirer:]))
}

// STAN of a message key.
func (k Key) STAN() uint32 {
	return uint32(k[keySTAN])<<16 | uint32(k[keySTAN+1])<<8 | uint32(k[keySTAN+2])
}

// Purchase is the purchase that a message key is about: the key without its class, so that an
// authorization and the advice of the same authorization name one purchase.
func (k Key) Purchase() Key {
	if k.Kind() == KeyMessage {
		k[keyClass] = 0
	}
	return k
}

// Of is the key of a message of this class about the purchase.
func (k Key) Of(class spec.Class) Key {
	k[keyClass] = byte(class)
	return k
}

// String shows the key in hexadecimal, without its trailing zeros.
func (k Key) String() string { return hex.EncodeToString(k[:k.size()]) }

func (k Key) size() int {
	n := len(k)
	for n > 0 && k[n-1] == 0 {
		n--
	}
	return n
}
