package embedded

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
)

// The log is written in groups, each at a page border of a segment and made durable by one write:
//
//	header  96 bytes, then 32 bytes of SHA-256 over header, chunks and padding
//	chunks  what was appended, one after the other
//	padding zeros up to the next page border
//	parity  one page, the XOR of all pages before it
//
// All numbers are little endian. The header:
//
//	 0 magic             8    8 format version   2   10 reserved, 0      2   12 segment number   4
//	16 offset in it      4   20 length in all    4   24 bytes of chunks  4   28 chunks           4
//	32 entries           4   36 lowest segment   4   40 sequence number  8   48 reserved, 0     16
//	64 previous hash    32   96 hash            32
//
// Groups are numbered from 1 and each carries the hash of the one before it (zeros in the first).
// "Lowest segment" is the lowest whose entries are nowhere else, 0 while nothing is.
const (
	groupMagic   = "SEKISHO\x01"
	groupVersion = 1
	headerHash   = 96  // where the hash is, and how much of the header is before it
	headerSize   = 128 // where the chunks begin
	groupSizeMin = 2 * PageSize
)

// position is where an entry's record begins: segment number and offset in it, 0 for nowhere
// (segments are numbered from 1). Later is greater.
type position uint64

func positionOf(segment, offset uint32) position {
	return position(uint64(segment)<<32 | uint64(offset))
}

func (p position) segment() uint32 { return uint32(p >> 32) }
func (p position) offset() uint32  { return uint32(p) } //nolint:gosec // the lower half
func (p position) String() string {
	return fmt.Sprintf("segment %d offset %d", p.segment(), p.offset())
}

// groupHeader is the header of a group but for its hash.
type groupHeader struct {
	segment, offset  uint32
	length, payload  uint32 // bytes of all pages, bytes of chunks
	chunks, entries  uint32
	lowest           uint32
	seq              uint64
	previous         [sha256.Size]byte
	reserved, format uint16
}

// groupLength is how long a group with so many bytes of chunks is.
func groupLength(payload int) int { return wholePages(headerSize+payload) + PageSize }

func (h *groupHeader) put(b []byte) {
	clear(b[:headerSize])
	copy(b, groupMagic)
	binary.LittleEndian.PutUint16(b[8:], groupVersion)
	for i, v := range []uint32{h.segment, h.offset, h.length, h.payload, h.chunks, h.entries, h.lowest} {
		binary.LittleEndian.PutUint32(b[12+4*i:], v)
	}
	binary.LittleEndian.PutUint64(b[40:], h.seq)
	copy(b[64:], h.previous[:])
}

// parseHeader reads a header. ok says that it is one, and that its lengths agree with each other
// and with a segment that has room bytes from its beginning; nothing else is checked.
func parseHeader(b []byte, room int64) (h groupHeader, ok bool) {
	if len(b) < headerSize || string(b[:8]) != groupMagic {
		return h, false
	}
	h.format = binary.LittleEndian.Uint16(b[8:])
	h.reserved = binary.LittleEndian.Uint16(b[10:])
	for i, v := range []*uint32{&h.segment, &h.offset, &h.length, &h.payload, &h.chunks, &h.entries, &h.lowest} {
		*v = binary.LittleEndian.Uint32(b[12+4*i:])
	}
	h.seq = binary.LittleEndian.Uint64(b[40:])
	copy(h.previous[:], b[64:])
	ok = int64(h.length) <= room && h.length >= groupSizeMin && h.length%PageSize == 0 &&
		h.payload <= h.length && groupLength(int(h.payload)) == int(h.length)
	return h, ok
}

// sealer computes hashes and parity. It is for one goroutine.
type sealer struct{ digest hash.Hash }

func newSealer() sealer { return sealer{sha256.New()} }

// hash is the hash of a group, given all its bytes.
func (s sealer) hash(group []byte) (sum [sha256.Size]byte) {
	s.digest.Reset()
	s.digest.Write(group[:headerHash])
	s.digest.Write(group[headerSize : len(group)-PageSize])
	s.digest.Sum(sum[:0])
	return sum
}

// seal fills in hash and parity of a group whose header and chunks are there.
func (s sealer) seal(group []byte) [sha256.Size]byte {
	sum := s.hash(group)
	copy(group[headerHash:], sum[:])
	xorPages(group[len(group)-PageSize:], group[:len(group)-PageSize])
	return sum
}

// intact says whether a group's hash is right.
func (s sealer) intact(group []byte) (sum [sha256.Size]byte, ok bool) {
	sum = s.hash(group)
	return sum, string(sum[:]) == string(group[headerHash:headerSize])
}
