package embedded

import (
	"errors"
	"sync"
)

// files keeps segments open for reading, the ones used last: about filesMax of them.
type files struct {
	segments segmentDir

	mu    sync.Mutex
	kept  map[uint32]*openFile
	calls uint64
}

type openFile struct {
	File
	segment uint32
	readers int
	used    uint64 // the call that opened it last
}

const filesMax = 64

// open opens a segment; release must be called.
func (f *files) open(segment uint32) (*openFile, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.kept[segment]
	if o == nil {
		if err := f.makeRoom(); err != nil {
			return nil, err
		}
		file, err := f.segments.disk.Open(f.segments.name(segment))
		if err != nil {
			return nil, err
		}
		o = &openFile{File: file, segment: segment}
		f.kept[segment] = o
	}
	f.calls++
	o.readers++
	o.used = f.calls
	return o, nil
}

func (f *files) release(o *openFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o.readers--
}

// makeRoom closes the file used longest ago when there are too many.
func (f *files) makeRoom() error {
	if len(f.kept) < filesMax {
		return nil
	}
	var oldest *openFile
	for _, o := range f.kept {
		if o.readers == 0 && (oldest == nil || o.used < oldest.used) {
			oldest = o
		}
	}
	if oldest == nil {
		return nil
	}
	delete(f.kept, oldest.segment)
	return oldest.Close()
}

func (f *files) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, o := range f.kept {
		errs = append(errs, o.Close())
	}
	f.kept = nil
	return errors.Join(errs...)
}
