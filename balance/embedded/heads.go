package embedded

import "github.com/cespare/xxhash/v2"

// heads knows the last entry of every log, in about 50 bytes a log and without pointers. It is
// for one goroutine at a time.
type heads struct {
	names *names
	index index
	rows  column[head]
}

// head is the last entry of a log.
type head struct {
	last    position
	version uint64
	name    nameRef
}

// found is a log's head with where it is, good until the log's head is set.
type found struct {
	head        // zero when the log is not there
	hash uint64 // of the log's name
	id   uint32
	is   bool // the log is there
}

// find looks for a log. The name is not kept.
func (h *heads) find(log string) found {
	f := found{hash: xxhash.Sum64String(log)}
	f.id, f.is = h.index.find(f.hash, func(row uint32) bool { return h.names.get(h.rows.at(row).name) == log })
	if f.is {
		f.head = *h.rows.at(f.id)
	}
	return f
}

// set says what the last entry of a log is that was looked for. The name is not kept.
func (h *heads) set(log string, f *found, last position, version uint64) {
	if !f.is {
		f.id = h.rows.add(head{name: h.names.add(log)})
		h.index.add(f.hash, f.id)
	}
	row := h.rows.at(f.id)
	row.last, row.version = last, version
}

// name is a log's name as it can be kept: that of its head when it has one.
func (h *heads) name(log string) nameRef {
	if f := h.find(log); f.is {
		return f.name
	}
	return h.names.add(log)
}
