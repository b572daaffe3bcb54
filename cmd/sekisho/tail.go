package main

import (
	"fmt"

	"sekisho/balance"
	"sekisho/balance/embedded"
	"sekisho/spec"
)

// droppedTail is what an embedded store had behind its last group when it was opened, and dropped.
type droppedTail struct {
	At    string `json:"at"` // segment and offset in it
	Bytes int64  `json:"bytes"`
	Looks string `json:"looks"` // cut off: nothing of it was acknowledged; damaged: it may have been
}

// droppedFrom is what was dropped when a store was opened; nil when nothing was.
func droppedFrom(store balance.Store) *droppedTail {
	s, ok := store.(*embedded.Store)
	if !ok || s.TornTail() == nil {
		return nil
	}
	t := s.TornTail()
	return &droppedTail{At: t.String(), Bytes: t.Bytes, Looks: t.Looks()}
}

// String is for a person.
func (d *droppedTail) String() string {
	text := fmt.Sprintf("the log has %s bytes behind its last entry, at %s, that are dropped: they look ", spec.Grouped(d.Bytes), d.At) + d.Looks
	if d.damaged() {
		return text + ", and what was there may have been answered; compare with a backup or another copy, and serve this one no further"
	}
	return text + ", as a last write is that nobody had an answer to"
}

func (d *droppedTail) damaged() bool {
	return d != nil && d.Looks == (embedded.TornTail{Damaged: true}).Looks()
}
