package vault

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

var errKeyset = errors.New("is no usable keyset: expected Tink's JSON of a keyset in the clear, with AES-256-GCM keys of which one is primary")

// Parse makes a vault of a keyset in the clear, in Tink's JSON. The error does not repeat it.
func Parse(text []byte) (*Vault, error) {
	keys, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errKeyset // the cause may quote the text
	}
	return New(keys)
}

// Development is a vault under a fixed key that everybody can know, for stores that hold made-up
// cards only.
func Development() (*Vault, error) {
	const phrase = "a fixed number key for development only"
	parameters, err := aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: keySize, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink,
	})
	if err != nil {
		return nil, err
	}
	const id = 1
	secret := sha256.Sum256([]byte(phrase))
	key, err := aesgcm.NewKey(secretdata.NewBytesFromData(secret[:], insecuresecretdataaccess.Token{}), id, parameters)
	if err != nil {
		return nil, err
	}
	keys := keyset.NewManager()
	if _, err := keys.AddKey(key); err != nil {
		return nil, err
	}
	if err := keys.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := keys.Handle()
	if err != nil {
		return nil, err
	}
	return New(handle)
}

// check says what is wrong with a keyset, naming keys by their ids.
func check(keys *keyset.Handle) error {
	if _, err := keys.Primary(); err != nil {
		return errKeyset // none, or no keys at all
	}
	for i := range keys.Len() {
		entry, err := keys.Entry(i)
		if err != nil {
			return errKeyset
		}
		p, ok := entry.Key().Parameters().(*aesgcm.Parameters)
		if !ok || p.KeySizeInBytes() != keySize {
			return fmt.Errorf("key %d of the keyset is of another kind: expected AES-256-GCM", entry.KeyID())
		}
	}
	return nil
}

// newKeyset is the JSON of a keyset in the clear with one random key.
func newKeyset() ([]byte, error) {
	keys, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("random keyset: %w", err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(keys, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("random keyset: %w", err)
	}
	return append(text.Bytes(), '\n'), nil
}
