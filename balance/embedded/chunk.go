package embedded

import (
	"encoding/binary"
	"fmt"

	"sekisho/balance"
)

// A chunk is everything of one append, in or out together:
//
//	 0 length in all 4    4 entries 1   5 reserved, 0 1   6 rows 2
//	then the entries, then the rows.
//
// An entry's record; its position is where it begins:
//
//	 0 length in all 4    4 bytes of name 1   5 reserved, 0 3
//	 8 position of the log's previous entry: segment 4, offset 4
//	16 version 8         24 attempt 8        32 time 8
//	40 bytes of body 4   44 bytes of snapshot 4
//	48 name, body, snapshot
//
// A row's record:
//
//	 0 hash 32           32 card 12          44 kind 1   45 bytes of name 1   46 reserved, 0 2
//	48 name
const (
	chunkHead = 8
	entryHead = 48
	rowHead   = 48
)

// chunkMax bounds one append in bytes, however large segments are.
const chunkMax = 16 << 20

// chunkSize is how many bytes an append takes.
func chunkSize(a *balance.Append) int {
	n := chunkHead
	for i := range a.Entries {
		e := &a.Entries[i]
		n += entryHead + len(e.Log) + len(e.Body) + len(e.Snapshot)
	}
	for i := range a.Rows {
		n += rowHead + len(a.Rows[i].Log)
	}
	return n
}

// putChunkHead begins a chunk and returns what is behind its head.
func putChunkHead(b []byte, size, entries, rows int) []byte {
	binary.LittleEndian.PutUint32(b, uint32(size)) //nolint:gosec // at most chunkMax
	b[4], b[5] = byte(entries), 0
	binary.LittleEndian.PutUint16(b[6:], uint16(rows)) //nolint:gosec // at most balance.RowsMax
	return b[chunkHead:]
}

// putEntry writes an entry's record and returns what is behind it.
func putEntry(b []byte, e *balance.Sealed, previous position) []byte {
	size := entryHead + len(e.Log) + len(e.Body) + len(e.Snapshot)
	_ = b[size-1]
	binary.LittleEndian.PutUint32(b, uint32(size))           //nolint:gosec // at most chunkMax
	binary.LittleEndian.PutUint32(b[4:], uint32(len(e.Log))) //nolint:gosec // at most LogNameMax, and three zeros
	binary.LittleEndian.PutUint32(b[8:], previous.segment())
	binary.LittleEndian.PutUint32(b[12:], previous.offset())
	binary.LittleEndian.PutUint64(b[16:], e.Version)
	binary.LittleEndian.PutUint64(b[24:], uint64(e.Attempt))
	binary.LittleEndian.PutUint64(b[32:], uint64(e.At))            //nolint:gosec // its bits
	binary.LittleEndian.PutUint32(b[40:], uint32(len(e.Body)))     //nolint:gosec // at most chunkMax
	binary.LittleEndian.PutUint32(b[44:], uint32(len(e.Snapshot))) //nolint:gosec // at most chunkMax
	n := entryHead + copy(b[entryHead:], e.Log)
	n += copy(b[n:], e.Body)
	n += copy(b[n:], e.Snapshot)
	return b[n:]
}

// putRow writes a row's record and returns what is behind it.
func putRow(b []byte, r *balance.Row) []byte {
	copy(b, r.Hash[:])
	copy(b[32:], r.Card[:])
	b[44], b[45], b[46], b[47] = byte(r.Kind), byte(len(r.Log)), 0, 0
	return b[rowHead+copy(b[rowHead:], r.Log):]
}

// entryRecord is an entry as it is in the log; its slices are parts of what it was read from.
type entryRecord struct {
	log                  []byte
	previous             position
	version, attempt     uint64
	at                   int64
	body, snapshot       []byte
	size, bodyAt, bodyTo int
}

// parseEntryHead reads the fixed part of an entry's record. ok says that its lengths add up.
func parseEntryHead(b []byte) (r entryRecord, nameLength int, ok bool) {
	if len(b) < entryHead {
		return r, 0, false
	}
	size := binary.LittleEndian.Uint32(b)
	name := binary.LittleEndian.Uint32(b[4:])
	body, snapshot := binary.LittleEndian.Uint32(b[40:]), binary.LittleEndian.Uint32(b[44:])
	if size > chunkMax || name < 1 || name > balance.LogNameMax ||
		uint64(size) != entryHead+uint64(name)+uint64(body)+uint64(snapshot) {
		return r, 0, false
	}
	r.size = int(size)
	r.bodyAt = entryHead + int(name)
	r.bodyTo = r.bodyAt + int(body)
	r.previous = positionOf(binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]))
	r.version = binary.LittleEndian.Uint64(b[16:])
	r.attempt = binary.LittleEndian.Uint64(b[24:])
	r.at = int64(binary.LittleEndian.Uint64(b[32:])) //nolint:gosec // its bits
	return r, int(name), true
}

// parseEntry reads a whole record from the beginning of b.
func parseEntry(b []byte) (entryRecord, bool) {
	r, name, ok := parseEntryHead(b)
	if !ok || r.size > len(b) {
		return r, false
	}
	r.log = b[entryHead : entryHead+name]
	r.body = b[r.bodyAt:r.bodyTo]
	r.snapshot = b[r.bodyTo:r.size]
	return r, true
}

// sealed is the entry, in memory of its own.
func (r *entryRecord) sealed(log string) balance.Sealed {
	own := make([]byte, len(r.body)+len(r.snapshot))
	n := copy(own, r.body)
	e := balance.Sealed{Log: log, Version: r.version, Attempt: balance.Attempt(r.attempt), At: r.at, Body: own[:n:n]}
	if copy(own[n:], r.snapshot) > 0 {
		e.Snapshot = own[n:]
	}
	return e
}

// chunkVisitor is told what a group's chunks hold.
type chunkVisitor interface {
	// entry is told of an entry and of its record's offset in the group.
	entry(offset int, r *entryRecord) error
	// row is told of a directory row; log is the name in it.
	row(r *balance.Row, log []byte) error
}

// parseChunks visits what is in the chunks of a group, given all its bytes and the header that
// they begin with. Whatever the bytes are, nothing is read beyond them.
func parseChunks(group []byte, h *groupHeader, v chunkVisitor) error {
	if len(group) < headerSize+int(h.payload) {
		return fmt.Errorf("the group is cut off at byte %d", len(group))
	}
	rest := group[headerSize : headerSize+int(h.payload)]
	var entries uint32
	for chunk := range h.chunks {
		offset := headerSize + int(h.payload) - len(rest)
		if len(rest) < chunkHead {
			return fmt.Errorf("chunk %d at byte %d is cut off", chunk, offset)
		}
		size := binary.LittleEndian.Uint32(rest)
		if size < chunkHead || int64(size) > int64(len(rest)) {
			return fmt.Errorf("chunk %d at byte %d says that it has %d bytes of %d", chunk, offset, size, len(rest))
		}
		if err := parseChunk(rest[:size], offset, v); err != nil {
			return fmt.Errorf("chunk %d at byte %d: %w", chunk, offset, err)
		}
		entries += uint32(rest[4])
		rest = rest[size:]
	}
	if len(rest) > 0 || entries != h.entries {
		return fmt.Errorf("%d entries with %d bytes left over, the header says %d and none", entries, len(rest), h.entries)
	}
	return nil
}

func parseChunk(chunk []byte, offset int, v chunkVisitor) error {
	entries, rows := int(chunk[4]), int(binary.LittleEndian.Uint16(chunk[6:]))
	if chunk[5] != 0 {
		return fmt.Errorf("its reserved byte is %d, this program knows only 0", chunk[5])
	}
	rest := chunk[chunkHead:]
	for i := range entries {
		r, ok := parseEntry(rest)
		if !ok {
			return fmt.Errorf("the lengths of entry %d do not add up", i)
		}
		if err := v.entry(offset+len(chunk)-len(rest), &r); err != nil {
			return err
		}
		rest = rest[r.size:]
	}
	for i := range rows {
		if len(rest) < rowHead || len(rest) < rowHead+int(rest[45]) {
			return fmt.Errorf("row %d is cut off", i)
		}
		if rest[46] != 0 || rest[47] != 0 || rest[45] < 1 || rest[45] > balance.LogNameMax {
			return fmt.Errorf("row %d is none that this program writes", i)
		}
		row := balance.Row{Kind: balance.RowKind(rest[44])}
		copy(row.Hash[:], rest)
		copy(row.Card[:], rest[32:])
		if err := v.row(&row, rest[rowHead:rowHead+int(rest[45])]); err != nil {
			return err
		}
		rest = rest[rowHead+int(rest[45]):]
	}
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes are left over", len(rest))
	}
	return nil
}
