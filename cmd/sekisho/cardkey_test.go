package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestAKeyIsMadeOnceAndOnlyForAnEmptyStore(t *testing.T) {
	t.Parallel()
	s := &settings{Dir: filepath.Join(t.TempDir(), "data")}
	log := slog.New(slog.DiscardHandler)
	if _, err := readCardKey(s, false, log); !errors.Is(err, errNoKey) {
		t.Errorf("a store that is not empty and has no key: %v", err)
	}
	var keys [8]cardKey
	var all sync.WaitGroup
	for i := range keys { // all at once: one is made, all have it
		all.Go(func() {
			var err error
			if keys[i], err = readCardKey(s, true, log); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if string(k.bytes) != string(keys[0].bytes) || len(k.bytes) != cardKeySize {
			t.Error("not all have the same key")
		}
	}
	info, err := os.Stat(keyFileBeside(s.Dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v %v", info, err)
	}
	if left, err := os.ReadDir(filepath.Dir(s.Dir)); err != nil || len(left) != 1 {
		t.Errorf("beside the key file is left %v, %v", left, err)
	}
	again, err := readCardKey(s, false, log)
	if err != nil || string(again.bytes) != string(keys[0].bytes) {
		t.Errorf("read again: %v", err)
	}
}

func TestAKeyIsReadInHexadecimalAndInBase64(t *testing.T) {
	t.Parallel()
	key := make([]byte, cardKeySize)
	for i := range key {
		key[i] = byte(255 - i)
	}
	for _, text := range []string{
		hex.EncodeToString(key), hex.EncodeToString(key) + "\n", base64.StdEncoding.EncodeToString(key),
		base64.RawStdEncoding.EncodeToString(key), base64.URLEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key),
	} {
		if got, err := parseCardKey(text); err != nil || string(got) != string(key) {
			t.Errorf("a key of %d characters: %v", len(text), err)
		}
	}
	for _, text := range []string{"", "secret!", hex.EncodeToString(key[:31])} {
		if _, err := parseCardKey(text); err == nil {
			t.Errorf("%d characters are taken for a key", len(text))
		}
	}
}
