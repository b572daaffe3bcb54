package dynamo

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Every item has one binary attribute beside its key. It begins with a format and a checksum over
// the key and everything behind the checksum, so an item under another's key is found out as well.
const (
	entryFormat = 1
	pieceFormat = 2
	rowFormat   = 3
	metaFormat  = 4

	valueHead = 1 + crc32.Size
)

// sealValue begins a value. Append to it, then call stamp.
func sealValue(format byte, room int) []byte {
	b := make([]byte, valueHead, valueHead+room)
	b[0] = format
	return b
}

// stamp puts the checksum into a complete value.
func stamp(key string, sort uint64, b []byte) []byte {
	binary.BigEndian.PutUint32(b[1:], checksum(key, sort, b))
	return b
}

func checksum(key string, sort uint64, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	var head [9]byte
	head[0] = b[0]
	binary.BigEndian.PutUint64(head[1:], sort)
	sum := crc32.Update(0, table, head[:])
	sum = crc32.Update(sum, table, []byte(key))
	return crc32.Update(sum, table, b[valueHead:])
}

// openValue checks format and checksum of a value and gives what is behind them.
func openValue(format byte, key string, sort uint64, b []byte) (reader, error) {
	if len(b) < valueHead {
		return reader{}, damaged(key, sort, "%d bytes, at least %d", len(b), valueHead)
	}
	if b[0] != format {
		return reader{}, damaged(key, sort, "format %d, this program reads %d", b[0], format)
	}
	if got, want := checksum(key, sort, b), binary.BigEndian.Uint32(b[1:]); got != want {
		return reader{}, damaged(key, sort, "checksum %08x, its bytes have %08x", want, got)
	}
	return reader{rest: b[valueHead:]}, nil
}

// reader takes a value apart. After the first thing that is not there everything is zero; err tells.
type reader struct {
	rest []byte
	err  error
}

var errShort = errors.New("cut short")

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.err = nil, errShort
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) fixed64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.err = nil, errShort
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// size reads a length that fits into an int.
func (r *reader) size() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > 1<<31-1 {
		r.rest, r.err = nil, errShort
		return 0
	}
	r.rest = r.rest[n:]
	return int(v)
}

// end says what is wrong when not everything was there, or more than that.
func (r *reader) end(key string, sort uint64) error {
	switch {
	case r.err != nil:
		return damaged(key, sort, "%v", r.err)
	case len(r.rest) > 0:
		return damaged(key, sort, "%d bytes too many", len(r.rest))
	}
	return nil
}
