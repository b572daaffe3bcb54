package embedded

import (
	"fmt"

	"sekisho/balance"
)

// replay takes what a log says into memory: heads and directory. It is a chunkVisitor.
type replay struct {
	heads   *heads
	cards   *directory
	at      position // of the group
	entries uint64
	rows    uint64
}

func (r *replay) entry(offset int, e *entryRecord) error {
	log := borrowed(e.log)
	before := r.heads.find(log)
	if e.version != before.version+1 {
		return fmt.Errorf("log %q goes from version %d to %d", e.log, before.version, e.version)
	}
	if e.previous != before.last {
		return fmt.Errorf("version %d of log %q says that the one before is at %v, it is at %v", e.version, e.log, e.previous, before.last)
	}
	r.heads.set(log, &before, r.at+position(offset), e.version) //nolint:gosec // within a segment
	r.entries++
	return nil
}

func (r *replay) row(row *balance.Row, log []byte) error {
	if _, _, found := r.cards.find(row.Hash); found {
		return fmt.Errorf("card %v has two rows", row.Hash)
	}
	r.cards.add(row, r.heads.name(borrowed(log)))
	r.rows++
	return nil
}
