package spec

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"sync"
	"unique"
)

// CardHash is the keyed hash (HMAC-SHA-256) of all digits of a card number. It is all that
// anything beyond a dialect sees of the number, and only the directory turns it into a CardID.
type CardHash [sha256.Size]byte

// String shows the first four bytes, enough to tell two apart in a log.
func (h CardHash) String() string { return hex.EncodeToString(h[:4]) }

// CardID names a card inside our records: random, the same for all numbers of the card.
type CardID [12]byte

// String is the id as it is written: crd_ and 24 hexadecimal digits.
func (id CardID) String() string { return "crd_" + hex.EncodeToString(id[:]) }

// PersonID names a person who holds cards, inside our records.
type PersonID [12]byte

// String is the id as it is written: per_ and 24 hexadecimal digits; empty for nobody.
func (id PersonID) String() string {
	if id == (PersonID{}) {
		return ""
	}
	return "per_" + hex.EncodeToString(id[:])
}

// Card is what a message may know of the card number it carries.
type Card struct {
	Hash   CardHash
	Range  [8]byte // the first eight digits; a program may show six of them
	Last   [4]byte // the last four digits
	Length uint8   // number of digits, 0 when the message carries no number
	Luhn   bool    // whether the check digit holds
}

// Masked is the number as it may be shown: first six, last four.
func (c Card) Masked() string {
	if c.Length < 10 {
		return ""
	}
	out := make([]byte, c.Length)
	for i := range out {
		out[i] = '*'
	}
	copy(out, c.Range[:6])
	copy(out[len(out)-4:], c.Last[:])
	return string(out)
}

// HasRange says whether the number begins with these digits (eight at most).
func (c Card) HasRange(digits string) bool {
	return c.Length > 0 && len(digits) <= len(c.Range) && string(c.Range[:len(digits)]) == digits
}

// Hasher turns card numbers into hashes under one key. It is safe for several goroutines.
type Hasher struct{ states sync.Pool }

// hashState is what one hash needs; kept, because a switch makes one for every message.
type hashState struct {
	mac hash.Hash
	in  []byte
}

// HashKeySizeMin is the least number of bytes in the key of a Hasher.
const HashKeySizeMin = 16

// NewHasher makes a hasher; the key must have at least HashKeySizeMin bytes.
func NewHasher(key []byte) (*Hasher, error) {
	if len(key) < HashKeySizeMin {
		return nil, fmt.Errorf("card key has %d bytes, want at least %d", len(key), HashKeySizeMin)
	}
	key = append([]byte(nil), key...)
	h := &Hasher{}
	h.states.New = func() any { return &hashState{mac: hmac.New(sha256.New, key)} }
	return h, nil
}

// Hash is the hash of a number given as ASCII digits.
func (h *Hasher) Hash(digits []byte) CardHash {
	s := h.states.Get().(*hashState)   //nolint:forcetypeassert // nothing else is put there
	s.in = append(s.in[:0], digits...) // a copy, so that the caller's digits can stay on its stack
	s.mac.Reset()
	s.mac.Write(s.in)
	clear(s.in)
	s.in = s.mac.Sum(s.in[:0])
	out := CardHash(s.in)
	h.states.Put(s)
	return out
}

// CheckValue tells two keys apart without giving either away; a store keeps it.
func (h *Hasher) CheckValue() [8]byte {
	sum := h.Hash([]byte("sekisho card key check value"))
	return [8]byte(sum[:8])
}

// Card takes from the digits of a number what may be known of it.
func (h *Hasher) Card(digits []byte) Card {
	c := Card{Hash: h.Hash(digits), Length: uint8(len(digits)), Luhn: luhn(digits)} //nolint:gosec // at most 19 digits
	copy(c.Range[:], digits)
	if len(digits) >= 4 {
		copy(c.Last[:], digits[len(digits)-4:])
	}
	return c
}

func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) > 0 && sum%10 == 0
}

// PAN holds the digits of a card number where there must be digits (issuing, seeding, the
// practice network). However it is printed, logged or marshalled it shows a mask: the
// digits are behind a handle that fmt cannot follow.
type PAN struct{ digits unique.Handle[string] }

// The shortest and the longest number that is taken for a card number.
const (
	PANLengthMin = 16
	PANLengthMax = 19
)

var errPAN = errors.New("a card number has 16 to 19 digits and a valid check digit")

// ParsePAN takes 16 to 19 digits that pass Luhn. The error never repeats them.
func ParsePAN(digits string) (PAN, error) {
	if len(digits) < PANLengthMin || len(digits) > PANLengthMax {
		return PAN{}, errPAN
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return PAN{}, errPAN
		}
	}
	if !luhn([]byte(digits)) {
		return PAN{}, errPAN
	}
	return PAN{unique.Make(digits)}, nil
}

// Digits are the digits. Every caller is a place where card data is handled in the clear.
func (p PAN) Digits() string {
	if p == (PAN{}) {
		return ""
	}
	return p.digits.Value()
}

// String is first six, stars, last four.
func (p PAN) String() string {
	d := p.Digits()
	if d == "" {
		return ""
	}
	return d[:6] + "******"[:max(0, min(6, len(d)-10))] + d[len(d)-4:]
}

// Format prints the mask for every verb and flag.
func (p PAN) Format(s fmt.State, _ rune) { fmt.Fprint(s, p.String()) }

// MarshalText writes the mask.
func (p PAN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// LogValue logs the mask.
func (p PAN) LogValue() slog.Value { return slog.StringValue(p.String()) }
