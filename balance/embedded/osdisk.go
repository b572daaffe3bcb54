package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// osDisk is the file system of this machine.
type osDisk struct{}

// osFile is a file of it. A direct file goes past the page cache and is durable as soon as it
// is written.
type osFile struct {
	*os.File
	direct bool
}

func (osDisk) MakeDir(dir string) error {
	var made []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, d)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, d := range made {
		if err := (osDisk{}).SyncDir(filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}

func (osDisk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (osDisk) Open(name string) (File, error) {
	f, err := os.Open(name) //nolint:gosec // the store's own directory
	if err != nil {
		return nil, err
	}
	return osFile{File: f}, nil
}

func (osDisk) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	return osFile{File: f}, nil
}

// OpenLog opens the file direct, or buffered where the file system refuses that. Some refuse
// only when they are asked to read or write: one page is read to find out.
func (osDisk) OpenLog(name string) (File, error) {
	if directFlags != 0 {
		f, err := os.OpenFile(name, os.O_RDWR|directFlags, 0) //nolint:gosec // as above
		if err == nil {
			if _, err := f.ReadAt(pages(1), 0); err == nil || errors.Is(err, io.EOF) {
				return osFile{File: f, direct: true}, nil
			}
			if err := f.Close(); err != nil {
				return nil, err
			}
		} else if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	return osFile{File: f}, nil
}

func (osDisk) Rename(old, new string) error { return os.Rename(old, new) }

func (osDisk) Remove(name string) error { return os.Remove(name) }

func (osDisk) SyncDir(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // as above
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Lock takes the file's lock and writes this process's id into it, for whoever comes second.
func (osDisk) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a descriptor fits
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(io.LimitReader(f, 32))
		pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		err = &LockedError{Name: name, PID: pid}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	held := heldLock{f}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	}
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

// Free says that no process has the store in a directory of this machine, or there is none; else the error is a
// LockedError.
func Free(dir string) error {
	name := filepath.Join(dir, lockName)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	held, err := (osDisk{}).Lock(name)
	if err != nil {
		return err
	}
	return held.Close()
}

// heldLock is a lock that was taken. It belongs to the open file, which a child has too from its
// fork until it begins a program of its own: closing alone would leave it with the child.
type heldLock struct{ file *os.File }

func (l heldLock) Close() error {
	err := syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN) //nolint:gosec // a descriptor fits
	return errors.Join(err, l.file.Close())
}

// Sync makes durable what was written to a file that is not direct.
func (f osFile) Sync() error {
	if f.direct {
		return nil
	}
	return syncBytes(f.File)
}

func (f osFile) Size() (int64, error) {
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

// ErrLocked is what a LockedError is.
var ErrLocked = errors.New("store is held by another process")

// LockedError says which process holds the store.
type LockedError struct {
	Name string // the lock file
	PID  int    // 0 when that is not known
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("another process (pid %d)", e.PID)
	}
	return fmt.Sprintf("store is held by %s: %s; stop it first, or use another directory", who, e.Name)
}

// Is makes a LockedError an ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }
