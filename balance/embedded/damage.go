package embedded

import (
	"fmt"

	"sekisho/balance"
)

// DamageError says where the log is not as it was written. It is a balance.ErrDamaged.
type DamageError struct {
	Segment uint32
	Offset  uint32 // in the segment, bytes
	Why     string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("store is damaged: segment %d offset %d: %s; restore the directory from a copy, nothing was changed",
		e.Segment, e.Offset, e.Why)
}

// Unwrap makes a DamageError a balance.ErrDamaged.
func (e *DamageError) Unwrap() error { return balance.ErrDamaged }

func damageAt(p position, format string, values ...any) error {
	return &DamageError{Segment: p.segment(), Offset: p.offset(), Why: fmt.Sprintf(format, values...)}
}

// Report says what was found when a store was opened.
type Report struct {
	Segments, Groups    uint64
	Entries, Logs, Rows uint64
	TornTail            *TornTail // what comes after the last group and is none: dropped
	ParityDamaged       []string  // groups that are whole but whose parity page is not
	Direct              bool      // written past the page cache
}
