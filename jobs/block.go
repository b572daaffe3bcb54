package jobs

import (
	"errors"
	"io"

	"github.com/cespare/xxhash/v2"
)

// blockSize is how many bytes of a file have a check sum of their own: some hundreds of records. The sums of a
// file of 10 million records and 3 GB take 100 KB.
const blockSize = 256 << 10

// blocks reads a file block by block. The first reading keeps a sum of each; every later one gives nothing
// of a block that is not as it was then.
type blocks struct {
	file   io.ReaderAt
	sums   []uint64
	buffer []byte
}

// first begins the reading that keeps the sums.
func (b *blocks) first() *blockReader {
	b.sums = b.sums[:0]
	return &blockReader{blocks: b}
}

// again begins a reading that holds the sums. It ends with [ErrChanged] where the file differs. One that lacks
// whole blocks at its end lacks its trailer: the reader of its records says so.
func (b *blocks) again() *blockReader { return &blockReader{blocks: b, known: true} }

// blockReader is one reading of a file.
type blockReader struct {
	*blocks
	known bool // the sums are held, not made
	n     int  // blocks that were read
	rest  []byte
	err   error // behind rest
}

// Read implements [io.Reader].
func (r *blockReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		r.next()
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next reads a whole block before any of it is given away.
func (r *blockReader) next() {
	if r.buffer == nil {
		r.buffer = make([]byte, blockSize)
	}
	n, err := r.file.ReadAt(r.buffer, int64(r.n)*blockSize)
	if r.err = err; err != nil && !errors.Is(err, io.EOF) {
		return
	}
	if n > 0 {
		sum := xxhash.Sum64(r.buffer[:n])
		switch {
		case !r.known:
			r.sums = append(r.sums, sum)
		case r.n == len(r.sums) || r.sums[r.n] != sum:
			r.err = ErrChanged
			return
		}
		r.n, r.rest = r.n+1, r.buffer[:n]
	}
}
