package embedded

import (
	"errors"
	"io"
)

// window reads a file a large portion at a time.
type window struct {
	file File
	size int64
	at   int64 // where buf begins in the file
	buf  []byte
	room []byte
}

const windowSize = 4 << 20

// open makes w read another file; its buffer is kept.
func (w *window) open(f File) (err error) {
	w.file, w.at, w.buf = f, 0, nil
	w.size, err = f.Size()
	return err
}

// bytes are n bytes of the file from off, fewer at its end. They are good until the next call.
func (w *window) bytes(off int64, n int) ([]byte, error) {
	n = int(max(0, min(int64(n), w.size-off)))
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		want := int(min(int64(max(n, windowSize)), w.size-off))
		if want > len(w.room) {
			w.room = make([]byte, max(want, int(min(windowSize, w.size))))
		}
		got, err := w.file.ReadAt(w.room[:want], off)
		if err = ignoreEnd(err); err != nil {
			return nil, err
		}
		w.at, w.buf = off, w.room[:got]
		n = min(n, got)
	}
	return w.buf[off-w.at:][:n], nil
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
