// Package vault seals card numbers: encrypted for one card each, under a keyset that is kept apart
// from the store, so that what a store holds is of no use without it.
//
// A keyset has one or several AES-256-GCM keys. Numbers are sealed under its primary key and
// opened with whichever they were sealed under, so a new primary takes effect at once and old
// numbers stay readable for as long as their key stays in the keyset.
package vault

import (
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"sekisho/spec"
)

// SealedMax is the most bytes that a sealed number has: key id 5, nonce 12, digits 19, tag 16.
const SealedMax = 5 + 12 + spec.PANLengthMax + 16

// purpose begins what a sealed number is bound to, before the id of its card. It is part of the
// format: numbers that are stored open with it only.
const purpose = "sekisho card number 1:"

// Vault seals card numbers and opens them. It is safe for several goroutines.
type Vault struct{ aead tink.AEAD }

// New makes a vault of a keyset, however that was come by: in the clear, or unwrapped by a key
// service. It refuses a keyset without a primary key and keys that are not AES-256-GCM.
func New(keys *keyset.Handle) (*Vault, error) {
	if err := check(keys); err != nil {
		return nil, err
	}
	primitive, err := aead.New(keys)
	if err != nil {
		return nil, errKeyset // the cause may quote the keyset
	}
	return &Vault{primitive}, nil
}

// Seal encrypts a number for a card. Each call gives other bytes, at most SealedMax.
func (v *Vault) Seal(card spec.CardID, number spec.PAN) ([]byte, error) {
	switch {
	case number == spec.PAN{}:
		return nil, fmt.Errorf("sealing the number of %s: there is no number", card)
	case card == spec.CardID{}:
		return nil, errors.New("sealing a number: the card has no id to bind it to")
	}
	sealed, err := v.aead.Encrypt([]byte(number.Digits()), bound(card))
	if err != nil {
		return nil, fmt.Errorf("sealing the number of %s failed: expected a usable primary key", card)
	}
	return sealed, nil
}

// Open decrypts what Seal made for this card. Whoever calls it handles card data in the clear, and
// leaves a record of it. The error does not repeat what was sealed.
func (v *Vault) Open(card spec.CardID, sealed []byte) (spec.PAN, error) {
	digits, err := v.aead.Decrypt(sealed, bound(card))
	if err != nil {
		return spec.PAN{}, fmt.Errorf("the sealed number of %s (%d bytes) cannot be opened: expected one that was sealed for this card, is unchanged, and whose key is in the keyset", card, len(sealed))
	}
	defer clear(digits)
	number, err := spec.ParsePAN(string(digits))
	if err != nil {
		return spec.PAN{}, fmt.Errorf("what was sealed for %s is no card number: %w", card, err)
	}
	return number, nil
}

// Format shows that there is a vault and nothing of its keys, for every verb.
func (v *Vault) Format(f fmt.State, _ rune) { fmt.Fprint(f, "vault (keys not shown)") }

// bound is what a sealed number is bound to: sealed for one card, it opens for no other.
func bound(card spec.CardID) []byte { return append([]byte(purpose), card[:]...) }
