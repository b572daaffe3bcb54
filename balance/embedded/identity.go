package embedded

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"sekisho/balance"
)

// identity says what a store is, in a file beside its log.
type identity struct {
	Format       int    `json:"format"`
	CardKeyCheck string `json:"card_key_check"` // 16 hexadecimal digits
}

const (
	identityName   = "identity.json"
	identityFormat = 1
	identityMax    = 1 << 16 // bytes
)

// ErrCardKey is what a CardKeyError is.
var ErrCardKey = errors.New("another card key")

// CardKeyError says that the store's cards were hashed under another key.
type CardKeyError struct {
	Dir        string
	Store, Got [8]byte // check values
}

func (e *CardKeyError) Error() string {
	return fmt.Sprintf("store in %s holds cards under the card key with check value %x, the key given has %x; give the store's own key",
		e.Dir, e.Store, e.Got)
}

// Is makes a CardKeyError an ErrCardKey.
func (e *CardKeyError) Is(target error) bool { return target == ErrCardKey }

// readIdentity reads a store's identity, nil when it has none.
func readIdentity(disk Disk, dir string) (*identity, error) {
	name := filepath.Join(dir, identityName)
	f, err := disk.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	text := make([]byte, min(size, identityMax))
	if err == nil {
		_, err = f.ReadAt(text, 0)
	}
	if err = errors.Join(ignoreEnd(err), f.Close()); err != nil {
		return nil, err
	}
	var id identity
	if err := json.Unmarshal(text, &id); err != nil {
		return nil, fmt.Errorf("%w: %s is not JSON: %w", balance.ErrDamaged, name, err)
	}
	return &id, nil
}

// check holds an identity against what this program can read and the key it was given.
func (id *identity) check(dir string, key [8]byte) error {
	if id.Format != identityFormat {
		return fmt.Errorf("store in %s has format %d, this program reads format %d; use the program that wrote it", dir, id.Format, identityFormat)
	}
	stored, err := hex.DecodeString(id.CardKeyCheck)
	if err != nil || len(stored) != len(key) {
		return fmt.Errorf("%w: card_key_check in %s is not 16 hexadecimal digits", balance.ErrDamaged, filepath.Join(dir, identityName))
	}
	if string(stored) != string(key[:]) {
		return &CardKeyError{Dir: dir, Store: [8]byte(stored), Got: key}
	}
	return nil
}

// writeIdentity gives a store its identity, durably and whole or not at all.
func writeIdentity(disk Disk, dir string, key [8]byte) error {
	text, err := json.Marshal(identity{Format: identityFormat, CardKeyCheck: hex.EncodeToString(key[:])})
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, identityName+".tmp")
	f, err := disk.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := disk.Rename(tmp, filepath.Join(dir, identityName)); err != nil {
		return err
	}
	return disk.SyncDir(dir)
}

// Empty says whether there is no store in a directory yet: nothing was ever appended and no card
// key is bound to it, so that a new key may be made. disk nil is this machine's.
func Empty(disk Disk, dir string) (bool, error) {
	if disk == nil {
		disk = osDisk{}
	}
	id, err := readIdentity(disk, dir)
	if id != nil || err != nil {
		return false, err
	}
	segments := segmentDir{disk, filepath.Join(dir, logName)}
	numbers, err := segments.list()
	if err != nil {
		return false, err
	}
	return segments.allZero(numbers)
}
