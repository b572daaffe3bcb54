package wallet

import (
	"encoding/hex"
	"strconv"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// idLength is how many bytes of a key make an id.
const idLength = 12

// idOfKey names what a call made by the key that it is remembered by: the same wherever it is told.
func idOfKey(prefix string, k balance.Key) string {
	return prefix + hex.EncodeToString(k[1:1+idLength])
}

// movementID names money that moved in a wallet, in every telling the same: by the key of the call that asked
// for it, which both wallets of a transfer have. What no call asked for, such as what the closing of a card gave
// back, is named by its place in the log.
func movementID(prefix, log string, k balance.Key, version uint64, index int) string {
	if k.Kind() != balance.KeyCall {
		k = balance.CallKey("movement", log, strconv.FormatUint(version, 10), strconv.Itoa(index))
	}
	return idOfKey(prefix, k)
}

// person reads the id of a person whom a field names.
func person(field, text string) (spec.PersonID, error) {
	id, ok := teller.ParsePerson(text)
	if !ok {
		return id, problemOf(CodeFieldInvalid).at(field).with("It is refused: expected the id of a person as an earlier answer gave it.")
	}
	return id, nil
}

// What ids of money that moved begin with.
const (
	topUpPrefix      = "top_"
	allocationPrefix = "all_"
	transferPrefix   = "trf_"
)

// first is the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
