package jobs

import (
	"fmt"
	"io"
	"os"
)

// Source is a clearing file as it can be read several times.
type Source struct {
	Name string // for messages
	Open func() (io.ReadCloser, error)
}

// FileAt is the source that is a regular file. Errors of reading it name it.
func FileAt(path string) Source {
	return Source{Name: path, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path) //nolint:gosec // the operator says which file
		if err != nil {
			return nil, err
		}
		i, err := f.Stat()
		if err == nil && !i.Mode().IsRegular() {
			err = fmt.Errorf("%s is not a regular file: it is read up to three times, so write it to a file first", path)
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
