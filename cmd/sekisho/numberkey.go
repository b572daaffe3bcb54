package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/vault"
	"sekisho/vault/awskms"
)

// A sealed number fits where the ledger keeps it.
const _ = uint(balance.SealedMax - vault.SealedMax)

// openVault opens what card numbers are sealed with: the keyset of the environment, else of the file
// that is configured, else number.key beside the directory of the store, which is made when create is
// set. A table on this machine has a fixed one. Where there is none it is nil without an error: cards
// live without a sealed number. A vault of a file follows what others do to the file.
func openVault(s *settings, create bool) (*vault.Vault, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keyServiceTimeMax)
	defer cancel()
	if s.NumberSecret != "" {
		v, err := parseNumberKey(ctx, s)
		return v, wrapKey("SEKISHO_NUMBER_KEY", err)
	}
	file, where, err := numberFile(ctx, s)
	if errors.Is(err, errNoNumberFile) {
		if developmentNumbers(s) {
			return vault.Development()
		}
		return nil, nil //nolint:nilnil // having no vault is no error; nodes share a table, so none of them makes a key of its own
	}
	if err != nil {
		return nil, err
	}
	v, err := file.Open(ctx)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return v, wrapKey(where, err)
	case s.NumberFile != "":
		return v, wrapKey(where, fmt.Errorf("%w: expected a keyset file, such as sekisho keys make writes", err))
	case !create:
		return nil, nil //nolint:nilnil // having no vault is no error
	}
	if err := makeNumberFile(ctx, file); err != nil && !errors.Is(err, fs.ErrExist) { // somebody else may have just made it
		return nil, wrapKey(where, err)
	}
	v, err = file.Open(ctx)
	return v, wrapKey(where, err)
}

// keyServiceTimeMax bounds what a key service may take.
const keyServiceTimeMax = 20 * time.Second

// errNoNumberFile says that there is no file for the keyset of a table.
var errNoNumberFile = errors.New("a table has no keyset file of its own: set number_key.file")

// numberFile is where the keyset is kept, unless it comes from the environment, and what that is called in
// messages.
func numberFile(ctx context.Context, s *settings) (file vault.File, where string, err error) {
	switch {
	case s.NumberFile != "":
		file.Path, where = s.NumberFile, "number_key.file"
	case s.Dynamo == nil:
		file.Path, where = numberKeyBeside(s.Dir), "number key"
	case s.NumberKMSKey != "":
		return file, "", errors.New("number_key.kms_key is set and number_key.file is not: expected the file that is wrapped")
	default:
		return file, "", errNoNumberFile
	}
	file.Wrap, err = numberWrap(ctx, s)
	return file, where, err
}

// numberWrap is what the keyset is wrapped with; nil where it is in the clear.
func numberWrap(ctx context.Context, s *settings) (vault.Wrap, error) {
	if s.NumberKMSKey == "" {
		return nil, nil //nolint:nilnil // in the clear is no error
	}
	wrap, err := awskms.Open(ctx, awskms.Options{Key: s.NumberKMSKey})
	return wrap, wrapKey("number_key.kms_key", err)
}

// makeNumberFile makes a keyset where none is.
func makeNumberFile(ctx context.Context, file vault.File) error {
	if err := os.MkdirAll(filepath.Dir(file.Path), 0o755); err != nil {
		return err
	}
	return file.Make(ctx)
}

// developmentNumbers says whether numbers are sealed under a fixed key that everybody knows.
func developmentNumbers(s *settings) bool {
	return s.NumberSecret == "" && s.NumberFile == "" && s.Dynamo != nil && dynamo.Loopback(s.Dynamo.Endpoint)
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
	case developmentNumbers(s):
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
func parseNumberKey(ctx context.Context, s *settings) (*vault.Vault, error) {
	keyset, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(s.NumberSecret)))
	if err != nil {
		return nil, errors.New("is not base64: expected that of a whole keyset file")
	}
	defer clear(keyset)
	wrap, err := numberWrap(ctx, s)
	if err != nil {
		return nil, err
	}
	return vault.Unwrap(ctx, keyset, wrap)
}
