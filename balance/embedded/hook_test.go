package embedded

import "strings"

// hookDisk asks before and after each change of its disk. An error before it keeps the change from
// happening, one after it only makes it look so.
type hookDisk struct {
	Disk
	before, after func(change, name string) error
}

func (d hookDisk) change(change, name string, do func() error) error {
	if d.before != nil {
		if err := d.before(change, name); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	if d.after != nil {
		return d.after(change, name)
	}
	return nil
}

type hookFile struct {
	File
	disk hookDisk
	name string
}

func (d hookDisk) Create(name string) (f File, err error) {
	err = d.change("create", name, func() error {
		f, err = d.Disk.Create(name)
		return err
	})
	return hookFile{f, d, name}, err
}

func (d hookDisk) OpenLog(name string) (File, error) {
	f, err := d.Disk.OpenLog(name)
	if err != nil {
		return nil, err
	}
	return hookFile{f, d, name}, nil
}

func (d hookDisk) Rename(old, new string) error {
	return d.change("rename", new, func() error { return d.Disk.Rename(old, new) })
}

func (d hookDisk) Remove(name string) error {
	return d.change("remove", name, func() error { return d.Disk.Remove(name) })
}

func (d hookDisk) SyncDir(dir string) error {
	return d.change("sync", dir, func() error { return d.Disk.SyncDir(dir) })
}

func (f hookFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.disk.change("write", f.name, func() error {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f hookFile) Sync() error { return f.disk.change("sync", f.name, f.File.Sync) }

func isSegment(name string) bool { return strings.HasSuffix(name, segmentSuffix) }
