package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// keysMax bounds the keys of a keyset: a key service wraps 4 KB at most.
const keysMax = 24

// Add puts a random key into the keyset without using it yet, and returns its id. Once every process
// that shares the numbers has it, Promote makes it the one they are sealed under.
func (f File) Add(ctx context.Context) (id uint32, err error) {
	err = f.change(ctx, func(keys *keyset.Manager, _ *ring) error {
		id, err = keys.Add(aead.AES256GCMKeyTemplate())
		return err
	})
	return id, err
}

// Renew puts a random key into the keyset as its primary one. from is the primary that is to be followed:
// when it is not the primary any more somebody else has followed it, nothing happens, made is false, and
// id is that primary.
func (f File) Renew(ctx context.Context, from uint32) (id uint32, made bool, err error) {
	err = f.change(ctx, func(keys *keyset.Manager, now *ring) error {
		if id = now.primary(); id != from {
			return errUnchanged
		}
		if id, err = keys.Add(aead.AES256GCMKeyTemplate()); err != nil {
			return err
		}
		made = true
		return keys.SetPrimary(id)
	})
	return id, made && err == nil, err
}

// Promote makes a key of the keyset the primary one; the others stay, to open what was sealed under them.
func (f File) Promote(ctx context.Context, id uint32) error {
	return f.change(ctx, func(keys *keyset.Manager, now *ring) error {
		switch {
		case now.primary() == id:
			return errUnchanged
		case !now.opens(id):
			return unknownKey(id)
		}
		return keys.SetPrimary(id)
	})
}

// Retire takes a key out of the keyset for good, which must not be the primary one. Whoever calls it has
// seen to it that nothing is sealed under it any more.
func (f File) Retire(ctx context.Context, id uint32) error {
	return f.change(ctx, func(keys *keyset.Manager, now *ring) error {
		switch {
		case !slices.ContainsFunc(now.keys, func(k Key) bool { return k.ID == id }):
			return unknownKey(id)
		case now.primary() == id:
			return fmt.Errorf("key %d is the primary one, under which numbers are sealed: expected an older key; rotate first", id)
		}
		return keys.Delete(id)
	})
}

// ErrUnknownKey says that a keyset has no such key.
var ErrUnknownKey = errors.New("there is no such key")

func unknownKey(id uint32) error {
	return fmt.Errorf("key %d is not in the keyset, or disabled: %w", id, ErrUnknownKey)
}

// errUnchanged ends a change that has nothing to change.
var errUnchanged = errors.New("nothing to change")

// change reads the file, changes the keyset and puts the new one in the old one's place, durable before
// it returns. It appears whole or not at all; whoever changes it at the same time waits, and then changes what
// this one wrote.
func (f File) change(ctx context.Context, change func(keys *keyset.Manager, now *ring) error) error {
	path, err := filepath.EvalSymlinks(f.Path) // a link stays one
	if err != nil {
		return err
	}
	held, err := lock(path)
	if err != nil {
		return err
	}
	defer held.Close() // ends the lock
	text, info, err := f.read(held)
	if err != nil {
		return err
	}
	defer clear(text)
	keys, err := decode(ctx, text, f.Wrap)
	if err != nil {
		return fmt.Errorf("%s %w", f.Path, err)
	}
	now, err := newRing(keys)
	if err != nil {
		return fmt.Errorf("%s %w", f.Path, err)
	}
	changing := keyset.NewManagerFromHandle(keys)
	if err := change(changing, now); err != nil {
		if errors.Is(err, errUnchanged) {
			return nil
		}
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return f.replace(ctx, path, info, changing)
}

func (f File) replace(ctx context.Context, path string, old fs.FileInfo, changed *keyset.Manager) error {
	keys, err := changed.Handle()
	if err != nil {
		return errKeyset
	}
	r, err := newRing(keys)
	switch {
	case err != nil:
		return fmt.Errorf("%s %w", f.Path, err)
	case len(r.keys) > keysMax:
		return fmt.Errorf("%s has %d keys already, which is all it may have: retire those that nothing is sealed under", f.Path, keysMax)
	}
	text, err := encode(ctx, keys, f.Wrap)
	if err != nil {
		return err
	}
	defer clear(text)
	if back, err := decode(ctx, text, f.Wrap); err != nil || back.Len() != keys.Len() { // before the old one is gone
		return fmt.Errorf("%s stays as it was: what was to be written cannot be read back: %w", f.Path, err)
	}
	return write(path, text, func(file *os.File) error { return dressAs(file, old) }, os.Rename)
}

// dressAs gives a file the mode and the owner of another: a keyset that somebody else changes must stay
// readable for whom it is.
func dressAs(file *os.File, old fs.FileInfo) error {
	if err := file.Chmod(old.Mode().Perm()); err != nil {
		return err
	}
	was, ok := old.Sys().(*syscall.Stat_t)
	info, err := file.Stat()
	if err != nil || !ok {
		return err
	}
	if is, ok := info.Sys().(*syscall.Stat_t); !ok || is.Uid == was.Uid && is.Gid == was.Gid {
		return nil
	}
	if err := file.Chown(int(was.Uid), int(was.Gid)); err != nil {
		return fmt.Errorf("the keyset's file belongs to another user: change it as that user: %w", err)
	}
	return nil
}

// lock opens a file for whoever changes it, one at a time. It waits for the one before, and then opens what
// that one has put there.
func lock(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		for {
			if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) { //nolint:gosec // a descriptor fits
				break
			}
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
		mine, err := file.Stat()
		there, gone := os.Stat(path)
		if err == nil && gone == nil && os.SameFile(mine, there) {
			return file, nil
		}
		if err := errors.Join(err, gone, file.Close()); err != nil {
			return nil, err
		}
	}
}
