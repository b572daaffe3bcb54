package vault

import (
	"encoding/binary"
	"io/fs"
	"os"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Key is what may be shown of a key.
type Key struct {
	ID      uint32
	Primary bool // numbers are sealed under it
	Enabled bool // what was sealed under it opens
}

// KeyOf says under which key a number is sealed; ok is false for what is no sealed number.
func KeyOf(sealed []byte) (id uint32, ok bool) {
	if len(sealed) < prefixSize || sealed[0] != prefixVersion {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:]), true
}

// What Tink begins a ciphertext with: one byte, and the id of the key.
const (
	prefixVersion = 1
	prefixSize    = 5
)

// ring is one keyset, ready for use. It does not change.
type ring struct {
	aead  tink.AEAD
	keys  []Key
	stamp fs.FileInfo // of the file it was read from
}

// newRing refuses a keyset without a primary key, and keys of another kind.
func newRing(keys *keyset.Handle) (*ring, error) {
	listed, err := check(keys)
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(keys)
	if err != nil {
		return nil, errKeyset // the cause may quote the keyset
	}
	return &ring{aead: primitive, keys: listed}, nil
}

func (r *ring) primary() uint32 {
	return r.keys[slices.IndexFunc(r.keys, func(k Key) bool { return k.Primary })].ID // there is one: see check
}

// opens says whether what is sealed under a key can be opened.
func (r *ring) opens(id uint32) bool {
	return slices.ContainsFunc(r.keys, func(k Key) bool { return k.ID == id && k.Enabled })
}

// isOf says whether a file is the one that the keyset was read from, unchanged.
func (r *ring) isOf(now fs.FileInfo) bool {
	return r.stamp != nil && os.SameFile(r.stamp, now) && r.stamp.ModTime().Equal(now.ModTime()) && r.stamp.Size() == now.Size()
}
