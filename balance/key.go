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
	KeyReference         // DE31, DE24 and part of a clearing record
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

// Where the parts of the key of a clearing record, and of its reference, are.
const (
	keyFile     = 1
	keyNumber   = keyFile + 13
	keyAbout    = keyNumber + 4
	keyDE31     = 1
	keyFunction = keyDE31 + 12
	keyPart     = keyFunction + 2
)

// ClearingKey is the key of a record of a clearing file: the 25 digits of the file's id (PDS 3901)
// and DE71.
func ClearingKey(file [25]byte, number uint32) Key {
	var k Key
	k[0] = byte(KeyClearing)
	packDigits(k[keyFile:], file[:])
	binary.BigEndian.PutUint32(k[keyNumber:], number)
	return k
}

// File is the id of the file of a clearing key: 25 digits.
func (k Key) File() (file [25]byte) {
	unpackDigits(file[:], k[keyFile:])
	return file
}

// Number is DE71 of a clearing key.
func (k Key) Number() uint32 { return binary.BigEndian.Uint32(k[keyNumber:]) }

// ReferenceKey names a clearing record for those that come later and mean it: the 23 digits of
// DE31, DE24, and which part of how many it is (0 for the only one).
func ReferenceKey(de31 [23]byte, function uint16, part uint8) Key {
	var k Key
	k[0] = byte(KeyReference)
	packDigits(k[keyDE31:], de31[:])
	binary.BigEndian.PutUint16(k[keyFunction:], function)
	k[keyPart] = part
	return k
}

// DE31 of a reference key.
func (k Key) DE31() (de31 [23]byte) {
	unpackDigits(de31[:], k[keyDE31:])
	return de31
}

// Function is DE24 of a reference key.
func (k Key) Function() uint16 { return binary.BigEndian.Uint16(k[keyFunction:]) }

// Part is which part a reference key names.
func (k Key) Part() uint8 { return k[keyPart] }

// SameReference says whether two reference keys have one DE31.
func (k Key) SameReference(other Key) bool {
	return k[0] == other[0] && [12]byte(k[keyDE31:keyFunction]) == [12]byte(other[keyDE31:keyFunction])
}

// packDigits packs ASCII digits, two to a byte, the last of an odd number to the left.
func packDigits(into, digits []byte) {
	for i, d := range digits {
		if i%2 == 0 {
			into[i/2] = (d - '0') << 4
		} else {
			into[i/2] |= (d - '0') & 15
		}
	}
}

func unpackDigits(digits, from []byte) {
	for i := range digits {
		b := from[i/2]
		if i%2 == 0 {
			b >>= 4
		}
		digits[i] = '0' + b&15
	}
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
	switch k.Kind() {
	case KeyMessage:
		k[keyClass] = 0
	case KeyClearing:
		k[keyAbout] = 1 // a sale without authorization is named by the record that posts it
	case KeyNone, KeyReference, KeyCall, keyKindEnd:
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
