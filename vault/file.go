package vault

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// fileSizeMax bounds a keyset file, in bytes; one with a hundred keys has about 25,000.
const fileSizeMax = 1 << 20

// ReadFile makes a vault of the keyset in a file, in the clear (see [Parse]). It refuses a file that
// others than its owner may read. Without a file the error is [fs.ErrNotExist].
func ReadFile(path string) (*Vault, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is to be refused, not waited for
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat() // of what is open, not of what the name may mean by now
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s has mode %#o, so others than its owner may read or change it: chmod 600 it, and consider who has read it", path, info.Mode().Perm())
	case info.Size() > fileSizeMax:
		return nil, fmt.Errorf("%s has %d bytes: expected a keyset, at most %d", path, info.Size(), fileSizeMax)
	}
	text, err := io.ReadAll(io.LimitReader(file, fileSizeMax))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	v, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	return v, nil
}

// MakeFile writes a keyset with one random key to a new file, mode 0600, and has it durable before
// it returns: nothing must be sealed under a key that a power cut could take. The file appears whole
// or not at all. Where there is one already it stays and the error is [fs.ErrExist].
func MakeFile(path string) error {
	text, err := newKeyset()
	if err != nil {
		return err
	}
	defer clear(text)
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".number.key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil { // fails where there is a file, unlike a rename
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
