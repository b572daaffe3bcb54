package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

var errWrapped = errors.New("is no wrapped keyset: expected Tink's JSON of a keyset that the key service has encrypted; one in the clear is for when no key service is configured")

var errKeyset = errors.New("is no usable keyset: expected Tink's JSON of a keyset in the clear, with AES-256-GCM keys of which one is primary")

// Parse makes a vault of a keyset in the clear, in Tink's JSON. The error does not repeat it.
func Parse(text []byte) (*Vault, error) { return Unwrap(context.Background(), text, nil) }

// Unwrap makes a vault of an encrypted keyset in Tink's JSON; without a wrap of one in the clear. The
// error does not repeat it.
func Unwrap(ctx context.Context, text []byte, wrap Wrap) (*Vault, error) {
	keys, err := decode(ctx, text, wrap)
	if err != nil {
		return nil, err
	}
	return New(keys)
}

// Wrap encrypts a whole keyset, once when it is written, and decrypts it when it is read: a key service.
type Wrap = tink.AEADWithContext

// wrapPurpose is what a wrapped keyset is bound to. A key service may show it in its audit log.
const wrapPurpose = "sekisho number keyset 1"

func decode(ctx context.Context, text []byte, wrap Wrap) (*keyset.Handle, error) {
	if wrap == nil {
		keys, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
		if err != nil {
			return nil, errKeyset // the cause may quote the text
		}
		return keys, nil
	}
	if encrypted, err := keyset.NewJSONReader(bytes.NewReader(text)).ReadEncrypted(); err != nil || len(encrypted.GetEncryptedKeyset()) == 0 {
		return nil, errWrapped
	}
	asked := &heard{Wrap: wrap}
	keys, err := keyset.ReadWithContext(ctx, keyset.NewJSONReader(bytes.NewReader(text)), asked, []byte(wrapPurpose))
	switch {
	case asked.err != nil:
		return nil, fmt.Errorf("cannot be unwrapped: %w", asked.err)
	case err != nil:
		return nil, errKeyset // the cause may quote what was unwrapped
	}
	return keys, nil
}

// heard keeps what a key service said, which Tink would drop or mix with what it unwrapped.
type heard struct {
	Wrap
	err error
}

// DecryptWithContext implements [Wrap].
func (h *heard) DecryptWithContext(ctx context.Context, ciphertext, associatedData []byte) (text []byte, err error) {
	text, h.err = h.Wrap.DecryptWithContext(ctx, ciphertext, associatedData)
	return text, h.err
}

// EncryptWithContext implements [Wrap].
func (h *heard) EncryptWithContext(ctx context.Context, plaintext, associatedData []byte) (text []byte, err error) {
	text, h.err = h.Wrap.EncryptWithContext(ctx, plaintext, associatedData)
	return text, h.err
}

// encode is the inverse of decode.
func encode(ctx context.Context, keys *keyset.Handle, wrap Wrap) ([]byte, error) {
	var text bytes.Buffer
	if wrap == nil {
		if err := insecurecleartextkeyset.Write(keys, keyset.NewJSONWriter(&text)); err != nil {
			return nil, fmt.Errorf("writing a keyset: %w", err)
		}
		return append(text.Bytes(), '\n'), nil
	}
	asked := &heard{Wrap: wrap}
	err := keys.WriteWithContext(ctx, keyset.NewJSONWriter(&text), asked, []byte(wrapPurpose))
	if asked.err != nil {
		err = asked.err
	}
	if err != nil {
		return nil, fmt.Errorf("wrapping a keyset: %w", err)
	}
	return append(text.Bytes(), '\n'), nil
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

// check says what is wrong with a keyset, naming keys by their ids, and else lists them.
func check(keys *keyset.Handle) ([]Key, error) {
	if _, err := keys.Primary(); err != nil {
		return nil, errKeyset // none, or no keys at all
	}
	listed := make([]Key, keys.Len())
	for i := range listed {
		entry, err := keys.Entry(i)
		if err != nil {
			return nil, errKeyset
		}
		p, ok := entry.Key().Parameters().(*aesgcm.Parameters)
		if !ok || p.KeySizeInBytes() != keySize {
			return nil, fmt.Errorf("key %d of the keyset is of another kind: expected AES-256-GCM", entry.KeyID())
		}
		if p.Variant() != aesgcm.VariantTink {
			return nil, fmt.Errorf("key %d of the keyset leaves no id in what it seals: expected Tink's own prefix", entry.KeyID())
		}
		listed[i] = Key{ID: entry.KeyID(), Primary: entry.IsPrimary(), Enabled: entry.KeyStatus() == keyset.Enabled}
	}
	return listed, nil
}

// newKeys is a keyset with one random key.
func newKeys() (*keyset.Handle, error) {
	keys, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("random keyset: %w", err)
	}
	return keys, nil
}
