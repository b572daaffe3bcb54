package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// vfsDisk is a Disk on one of pebble's file systems: they can crash and fail on demand.
type vfsDisk struct{ fs vfs.FS }

type vfsFile struct{ vfs.File }

func (f vfsFile) Size() (int64, error) {
	i, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}

func wrapFile(f vfs.File, err error) (File, error) {
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fs.ErrNotExist
		}
		return nil, err
	}
	return vfsFile{f}, nil
}

func (d vfsDisk) MakeDir(dir string) error {
	if err := d.fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for dir = path.Clean(dir); dir != "/"; dir = path.Dir(dir) {
		if err := d.SyncDir(path.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

func (d vfsDisk) List(dir string) ([]string, error) {
	if _, err := d.fs.Stat(dir); err != nil {
		return nil, fs.ErrNotExist
	}
	return d.fs.List(dir)
}

func (d vfsDisk) Open(name string) (File, error) { return wrapFile(d.fs.Open(name)) }

func (d vfsDisk) Create(name string) (File, error) {
	f, err := d.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return &newFile{vfsFile: vfsFile{f}}, nil
}

// newFile is written from its beginning to its end, which is all that such a file can do.
type newFile struct {
	vfsFile
	written int64
}

func (f *newFile) WriteAt(p []byte, off int64) (int, error) {
	if off != f.written {
		return 0, fmt.Errorf("written at %d, it ends at %d", off, f.written)
	}
	n, err := f.Write(slices.Clone(p)) // Write may change what it is given
	f.written += int64(n)
	return n, err
}

func (d vfsDisk) OpenLog(name string) (File, error) {
	return wrapFile(d.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified))
}

func (d vfsDisk) Rename(old, new string) error { return d.fs.Rename(old, new) }

func (d vfsDisk) Remove(name string) error { return d.fs.Remove(name) }

func (d vfsDisk) SyncDir(dir string) error {
	f, err := d.fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d vfsDisk) Lock(name string) (io.Closer, error) {
	c, err := d.fs.Lock(name)
	if errors.Is(err, syscall.EAGAIN) {
		return nil, &LockedError{Name: filepath.Base(name)}
	}
	return c, err
}
