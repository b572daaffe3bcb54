package wallet

import (
	"encoding/hex"

	"sekisho/balance"
)

// idLength is how many bytes of a key make an id.
const idLength = 12

// idOf names what a call made by the key that it is remembered by: the same wherever it is told.
func idOf(prefix string, e *balance.Event) string { return idOfKey(prefix, e.Key) }

func idOfKey(prefix string, k balance.Key) string {
	return prefix + hex.EncodeToString(k[1:1+idLength])
}

// first is the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
