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

// find is a log's number. The name is not kept.
func (h *heads) find(log string) (id uint32, found bool) {
	return h.index.find(xxhash.Sum64String(log), func(row uint32) bool { return h.names.get(h.rows.at(row).name) == log })
}

// get is a log's last entry, zero when there is none.
func (h *heads) get(log string) head {
	if id, found := h.find(log); found {
		return *h.rows.at(id)
	}
	return head{}
}

// set says what a log's last entry is and returns its number. The name is not kept.
func (h *heads) set(log string, last position, version uint64) uint32 {
	id, found := h.find(log)
	if !found {
		id = h.rows.add(head{name: h.names.add(log)})
		h.index.add(xxhash.Sum64String(log), id)
	}
	row := h.rows.at(id)
	row.last, row.version = last, version
	return id
}

// name is a log's name as it can be kept: that of its head when it has one.
func (h *heads) name(log string) nameRef {
	if id, found := h.find(log); found {
		return h.rows.at(id).name
	}
	return h.names.add(log)
}
