package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// cardKeySize is the least number of bytes in a card key, and how many a new one has.
const cardKeySize = 32

// cardKey is the key under which card numbers are hashed: from the environment, from a file, or,
// when neither is set, from card.key beside the directory of the store.
type cardKey struct {
	bytes []byte
	from  string // where it came from, for messages
}

// readCardKey finds the key. Without one, and when the store is empty, it makes one.
func readCardKey(s *settings, empty bool, log *slog.Logger) (cardKey, error) {
	switch {
	case s.Secret != "":
		key, err := parseCardKey(string(s.Secret))
		return cardKey{key, "SEKISHO_CARD_KEY"}, wrapKey("SEKISHO_CARD_KEY", err)
	case s.KeyFile != "":
		key, err := readKeyFile(s.KeyFile, log)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = s.wrong("card_key.file", "there is no %s: expected the file with the key that the store was made under; for a new store make one of 32 random bytes in hexadecimal or base64", s.KeyFile)
		case err != nil:
			err = s.wrong("card_key.file", "%v", err)
		}
		return cardKey{key, s.KeyFile}, err
	}
	path := keyFileBeside(s.Dir)
	key, err := readKeyFile(path, log)
	if errors.Is(err, fs.ErrNotExist) && empty {
		key, err = makeKeyFile(path)
		if err == nil {
			log.Warn("no card key is configured: a random one was made for this empty store; keep it, without it no card will be found again", "file", path)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return cardKey{}, fmt.Errorf("%w: neither card_key.file nor SEKISHO_CARD_KEY is set, and there is no %s", errNoKey, path)
	}
	return cardKey{key, path}, wrapKey("card key", err)
}

// errNoKey says that a store needs a key and none is there.
var errNoKey = errors.New("the card key is missing")

// keyFileBeside is where the key of a store is that has no other: beside its directory, so that a
// copy of the directory does not take it along.
func keyFileBeside(dir string) string {
	return filepath.Join(filepath.Dir(filepath.Clean(dir)), "card.key")
}

func wrapKey(where string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// parseCardKey reads a key in hexadecimal, else in base64. The error never repeats it.
func parseCardKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	key, err := hex.DecodeString(text)
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if err != nil {
			key, err = encoding.DecodeString(text)
		}
	}
	if err != nil {
		return nil, errors.New("is neither hexadecimal nor base64")
	}
	if len(key) < cardKeySize {
		return nil, fmt.Errorf("has %d bytes, expected at least %d in hexadecimal or base64", len(key), cardKeySize)
	}
	return key, nil
}

func readKeyFile(path string, log *slog.Logger) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		log.Warn("the card key can be read by others: take their rights away", "file", path, "mode", info.Mode().Perm().String())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := parseCardKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return key, nil
}

// makeKeyFile makes a random key and keeps it durably before anything is hashed under it. When
// somebody else made one at the same time, that is the key.
func makeKeyFile(path string) ([]byte, error) {
	key := make([]byte, cardKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("random key: %w", err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, ".card.key-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	err = os.Link(file.Name(), path) // fails where there is a file, unlike a rename
	if errors.Is(err, fs.ErrExist) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return parseCardKey(string(text))
	}
	if err != nil {
		return nil, err
	}
	return key, syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
