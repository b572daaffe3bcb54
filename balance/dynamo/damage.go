package dynamo

import (
	"fmt"

	"sekisho/balance"
)

// DamageError says which item is not as it was written. It is a balance.ErrDamaged.
type DamageError struct {
	Key  string // pk
	Sort uint64 // sk
	Why  string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("store is damaged: item %s/%d: %s; nothing was changed, restore the table to a point in time before it and compare",
		e.Key, e.Sort, e.Why)
}

// Unwrap makes a DamageError a balance.ErrDamaged.
func (e *DamageError) Unwrap() error { return balance.ErrDamaged }

func damaged(key string, sort uint64, format string, values ...any) error {
	return &DamageError{Key: key, Sort: sort, Why: fmt.Sprintf(format, values...)}
}
