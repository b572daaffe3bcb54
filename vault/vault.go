// Package vault seals card numbers: encrypted for one card each, under a keyset that is kept apart
// from the store, so that what a store holds is of no use without it.
//
// A keyset has one or several AES-256-GCM keys. Numbers are sealed under its primary key and
// opened with whichever they were sealed under, so a new primary takes effect at once and old
// numbers stay readable for as long as their key stays in the keyset. A vault of a file follows
// the file: others may change it at any time.
package vault

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"sekisho/spec"
)

// SealedMax is the most bytes that a sealed number has: key id 5, nonce 12, digits 19, tag 16.
const SealedMax = prefixSize + 12 + spec.PANLengthMax + 16

// purpose begins what a sealed number is bound to, before the id of its card. It is part of the
// format: numbers that are stored open with it only.
const purpose = "sekisho card number 1:"

// Vault seals card numbers and opens them. It is safe for several goroutines.
type Vault struct{ followed *followed }

// New makes a vault of a keyset, however that was come by. It refuses a keyset without a primary
// key and keys that are not AES-256-GCM.
func New(keys *keyset.Handle) (*Vault, error) {
	r, err := newRing(keys)
	if err != nil {
		return nil, err
	}
	return &Vault{follow(nil, r)}, nil
}

// Keys are the keys of the keyset as it is now, in the order in which they were added.
func (v *Vault) Keys() ([]Key, error) {
	r, err := v.followed.fresh()
	if err != nil {
		return nil, err
	}
	return slices.Clone(r.keys), nil
}

// Primary is the key under which Seal would seal now.
func (v *Vault) Primary() (uint32, error) {
	r, err := v.followed.fresh()
	if err != nil {
		return 0, err
	}
	return r.primary(), nil
}

// Seal encrypts a number for a card, under what is the primary key when it is called. Each call
// gives other bytes, at most SealedMax. Where the keyset's file cannot be read any more nothing is
// sealed: it might be under a key that nobody will have again.
func (v *Vault) Seal(card spec.CardID, number spec.PAN) ([]byte, error) {
	switch {
	case number == spec.PAN{}:
		return nil, fmt.Errorf("sealing the number of %s: there is no number", card)
	case card == spec.CardID{}:
		return nil, errors.New("sealing a number: the card has no id to bind it to")
	}
	r, err := v.followed.fresh()
	if err != nil {
		return nil, fmt.Errorf("sealing the number of %s: %w", card, err)
	}
	digits := []byte(number.Digits())
	defer clear(digits)
	sealed, err := r.aead.Encrypt(digits, bound(card))
	if err != nil {
		return nil, fmt.Errorf("sealing the number of %s failed: expected a usable primary key", card)
	}
	return sealed, nil
}

// Open decrypts what Seal made for this card. Whoever calls it handles card data in the clear, and
// leaves a record of it. The error does not repeat what was sealed.
func (v *Vault) Open(card spec.CardID, sealed []byte) (spec.PAN, error) {
	r := v.followed.ring.Load()
	if id, ok := KeyOf(sealed); ok && !r.opens(id) { // another process may have added it
		fresh, err := v.followed.fresh()
		switch {
		case err != nil:
			return spec.PAN{}, fmt.Errorf("opening the number of %s, which is sealed under key %d: %w", card, id, err)
		case !fresh.opens(id):
			return spec.PAN{}, fmt.Errorf("the number of %s is sealed under key %d: expected that key in the keyset, where it is not or not any more", card, id)
		}
		r = fresh
	}
	digits, err := r.aead.Decrypt(sealed, bound(card))
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

// Reseal opens what was sealed for a card and seals it under the primary key.
func (v *Vault) Reseal(card spec.CardID, sealed []byte) ([]byte, error) {
	number, err := v.Open(card, sealed)
	if err != nil {
		return nil, err
	}
	return v.Seal(card, number)
}

// Format shows that there is a vault and nothing of its keys, for every verb.
func (v *Vault) Format(f fmt.State, _ rune) { fmt.Fprint(f, "vault (keys not shown)") }

// bound is what a sealed number is bound to: sealed for one card, it opens for no other.
func bound(card spec.CardID) []byte { return append([]byte(purpose), card[:]...) }
