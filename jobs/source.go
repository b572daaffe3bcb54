package jobs

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// Source is a clearing file that can be read several times. It is opened once for a load, so that every
// reading is of the same file, whatever is at its place by then.
type Source struct {
	Name string // for messages
	Open func() (Opened, error)
}

// Opened is an open file that is read at any place. A load reads it from one goroutine at a time.
type Opened interface {
	io.ReaderAt
	io.Closer
}

// FileAt is the source that is a regular file. Errors of reading it name it.
func FileAt(path string) Source {
	return Source{Name: path, Open: func() (Opened, error) {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator says which file; a pipe would wait for its writer
		if err != nil {
			return nil, err
		}
		i, err := f.Stat()
		if err == nil && !i.Mode().IsRegular() {
			err = fmt.Errorf("%s is not a regular file: it is read up to four times, so write it to a file first", path)
		}
		if err != nil {
			return nil, fmt.Errorf("clearing file: %w", closing(f, err))
		}
		return f, nil
	}}
}

// closing closes what cannot be used and keeps why.
func closing(f io.Closer, why error) error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("%w; closing it: %w", why, err)
	}
	return why
}
