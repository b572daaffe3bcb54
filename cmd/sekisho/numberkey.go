package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/vault"
)

// A sealed number fits where the ledger keeps it.
const _ = uint(balance.SealedMax - vault.SealedMax)

// openVault opens what card numbers are sealed with: the keyset of the environment, else of the file
// that is configured, else number.key beside the directory of the store, which is made when create is
// set. A table on this machine has a fixed one. Where there is none it is nil without an error: cards
// live without a sealed number.
func openVault(s *settings, create bool) (*vault.Vault, error) {
	switch {
	case s.NumberSecret != "":
		v, err := parseNumberKey(string(s.NumberSecret))
		return v, wrapKey("SEKISHO_NUMBER_KEY", err)
	case s.NumberFile != "":
		v, err := vault.ReadFile(s.NumberFile)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: expected a keyset file, such as seed makes beside an embedded store that has none configured", err)
		}
		return v, wrapKey("number_key.file", err)
	case s.Dynamo != nil && dynamo.Loopback(s.Dynamo.Endpoint):
		return vault.Development()
	case s.Dynamo != nil: // nodes share a table, so none of them makes a key of its own
		return nil, nil //nolint:nilnil // having no vault is no error
	}
	path := numberKeyBeside(s.Dir)
	v, err := vault.ReadFile(path)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return v, wrapKey("number key", err)
	case !create:
		return nil, nil //nolint:nilnil // having no vault is no error
	}
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = vault.MakeFile(path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // somebody else may have just made it
		return nil, wrapKey("number key", err)
	}
	v, err = vault.ReadFile(path)
	return v, wrapKey("number key", err)
}

// vaultToSeal opens the vault for numbers that are about to be stored, and says what whoever runs it
// should know of it.
func vaultToSeal(s *settings, log *slog.Logger) (*vault.Vault, error) {
	there, err := openVault(s, false)
	if err != nil {
		return nil, err
	}
	v := there
	if v == nil {
		if v, err = openVault(s, true); err != nil {
			return nil, err
		}
	}
	switch {
	case v == nil:
		log.Warn("no number key is configured: card numbers are not kept, not even sealed, so no clearing file can be written and no number shown; set SEKISHO_NUMBER_KEY or number_key.file to keep them")
	case there == nil:
		log.Warn("no number key is configured: a random one was made; keep it, without it no sealed card number can be read again", "file", numberKeyBeside(s.Dir))
	case s.Dynamo != nil && s.NumberSecret == "" && s.NumberFile == "":
		log.Warn("no number key is configured: the card numbers of this local table are sealed under a fixed key that everybody knows")
	}
	return v, nil
}

// numberKeyBeside is where the number key of a store is that has no other: like the card key beside
// its directory, so that a copy of the directory does not take along what opens it.
func numberKeyBeside(dir string) string {
	return filepath.Join(filepath.Dir(filepath.Clean(dir)), "number.key")
}

// parseNumberKey reads the base64 of what a keyset file holds. The error never repeats it.
func parseNumberKey(text string) (*vault.Vault, error) {
	keyset, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("is not base64: expected that of a whole keyset file")
	}
	defer clear(keyset)
	return vault.Parse(keyset)
}
