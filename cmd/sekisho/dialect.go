package main

import (
	"crypto/rand"
	"errors"
	"fmt"

	"sekisho/spec"
	"sekisho/spec/jcb"
	"sekisho/spec/quicpay"
)

// dialect is one of the dialects that are built in.
type dialect struct {
	name, about string
	// make builds it; fields and profile replace its own data where they are not nil.
	make func(hasher *spec.Hasher, fields, profile []byte) (talker, error)
	// export is its field table in moov's JSON.
	export func() ([]byte, error)
}

// talker is what every dialect can do: the switch's part, and taking a message apart for a
// person.
type talker interface {
	spec.Dialect
	Inspect(frame []byte) jcb.Inspection
}

// dialects are all there are, in the order in which they are shown.
func dialects() []dialect {
	return []dialect{
		{
			name: "jcb", about: "JCB-style, unofficial", export: jcb.ExportTable,
			make: func(h *spec.Hasher, fields, profile []byte) (talker, error) {
				switch {
				case fields == nil && profile == nil:
					return jcb.New(h)
				case fields == nil:
					return jcb.NewVariant(h, profile) // says only what differs
				case profile == nil:
					return nil, errAlone
				}
				return jcb.NewFrom(fields, profile, h)
			},
		},
		{
			name: "quicpay", about: "QUICPay+ style, unofficial", export: quicpay.ExportTable,
			make: func(h *spec.Hasher, fields, profile []byte) (talker, error) {
				switch {
				case fields == nil && profile == nil:
					return quicpay.New(h)
				case fields == nil:
					return quicpay.NewVariant(h, profile)
				case profile == nil:
					return nil, errAlone
				}
				return quicpay.NewFrom(fields, profile, h)
			},
		},
	}
}

// errAlone says that one file is not enough.
var errAlone = errors.New("a field table and a profile of one's own go together: expected both fields and profile")

// dialectNamed finds a dialect; nil when there is none of that name.
func dialectNamed(name string) *dialect {
	for _, d := range dialects() {
		if d.name == name {
			return &d
		}
	}
	return nil
}

func dialectNames() []string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.name)
	}
	return names
}

// throwawayHasher hashes under a key that nobody keeps: enough to read a message, not to find a
// card.
func throwawayHasher() (*spec.Hasher, error) {
	key := make([]byte, cardKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("random key: %w", err)
	}
	return spec.NewHasher(key)
}
