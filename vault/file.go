package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// fileSizeMax bounds a keyset file, in bytes; one with a hundred keys has about 25,000.
const fileSizeMax = 1 << 20

// File is where a keyset is kept.
type File struct {
	Path string
	Wrap Wrap // what the keyset is encrypted with; nil: it is in the clear
}

// Open makes a vault that follows the file. It refuses a file that others than its owner may read or
// change. Without a file the error is [fs.ErrNotExist].
func (f File) Open(ctx context.Context) (*Vault, error) {
	r, err := f.ring(ctx)
	if err != nil {
		return nil, err
	}
	return &Vault{follow(&f, r)}, nil
}

// Make writes a keyset with one random key to a new file, mode 0600, and has it durable before
// it returns: nothing must be sealed under a key that a power cut could take. The file appears whole
// or not at all. Where there is one already it stays and the error is [fs.ErrExist].
func (f File) Make(ctx context.Context) error {
	keys, err := newKeys()
	if err != nil {
		return err
	}
	text, err := encode(ctx, keys, f.Wrap)
	if err != nil {
		return err
	}
	defer clear(text)
	return write(f.Path, text, func(*os.File) error { return nil }, os.Link) // a link fails where there is a file, unlike a rename
}

// ring reads the file.
func (f File) ring(ctx context.Context) (*ring, error) {
	file, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is to be refused, not waited for
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, info, err := f.read(file)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	keys, err := decode(ctx, text, f.Wrap)
	if err != nil {
		return nil, fmt.Errorf("%s %w", f.Path, err)
	}
	r, err := newRing(keys)
	if err != nil {
		return nil, fmt.Errorf("%s %w", f.Path, err)
	}
	r.stamp = info
	return r, nil
}

// read reads what is open, and says what it was then.
func (f File) read(file *os.File) ([]byte, fs.FileInfo, error) {
	info, err := file.Stat() // of what is open, not of what the name may mean by now
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is not a regular file", f.Path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, fmt.Errorf("%s has mode %#o, so others than its owner may read or change it: chmod 600 it, and consider who has read it", f.Path, info.Mode().Perm())
	case info.Size() > fileSizeMax:
		return nil, nil, fmt.Errorf("%s has %d bytes: expected a keyset, at most %d", f.Path, info.Size(), fileSizeMax)
	}
	text, err := io.ReadAll(io.LimitReader(file, fileSizeMax))
	return text, info, err
}

// write puts a text where it is to be, whole, durable, for its owner only. place links or renames.
func write(path string, text []byte, dress func(*os.File) error, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, ".number.key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	err = dress(file)
	if err == nil {
		_, err = file.Write(text)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := place(file.Name(), path); err != nil {
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
