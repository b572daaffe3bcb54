package teller

import (
	"errors"
	"fmt"

	"sekisho/balance"
	"sekisho/spec"
)

// Errors of a teller that say nothing more than themselves. With every error but ErrUnknown this try has changed
// nothing; after any of them the same call may be made again.
var (
	// ErrNotFound: there is no such wallet or card, or it is another's.
	ErrNotFound = errors.New("no such wallet or card")
	// ErrOtherBody: the key was used for another request.
	ErrOtherBody = errors.New("the key was used for another request")
	// ErrReferenceUsed: money was credited under this reference already.
	ErrReferenceUsed = errors.New("money was credited under this reference already")
	// ErrBusy: too much waits for the wallet; this try has changed nothing, an earlier one with its key may have.
	ErrBusy = errors.New("too much waits for this wallet: try again")
	// ErrUnavailable: the store cannot be read or written; this try has changed nothing.
	ErrUnavailable = errors.New("the ledger cannot be reached: this try has changed nothing")
	// ErrUnknown: it may or may not have happened, in this try or, where the log cannot be read, in an earlier one.
	// The same call with the same key tells, and does it once.
	ErrUnknown = errors.New("the outcome is not known: try again with the same key")
)

// FundsError says that there is not enough money.
type FundsError struct {
	Need, Have spec.Money // what was asked for, and what of it is free
}

// Error implements error.
func (e *FundsError) Error() string {
	return fmt.Sprintf("not enough money: %d are asked for, %d are free", e.Need, e.Have)
}

// StateError says that the wallet or card is not in a state in which this can be done.
type StateError struct{ Why string }

// Error implements error.
func (e *StateError) Error() string { return e.Why }

// ReferenceError is ErrReferenceUsed with the version of the wallet that the credit made.
type ReferenceError struct{ Earlier uint64 }

// Error implements error.
func (e *ReferenceError) Error() string {
	return fmt.Sprintf("%v: it made version %d", ErrReferenceUsed, e.Earlier)
}

// Unwrap implements errors.
func (e *ReferenceError) Unwrap() error { return ErrReferenceUsed }

// CapError says that there would be too much, or too many.
type CapError struct {
	What string // "balance", "cards", "members" or kinds of device tokens
	Max  int64
	Left int64 // of Max
}

// Error implements error.
func (e *CapError) Error() string { return fmt.Sprintf("%s: at most %d", e.What, e.Max) }

// LimitError says that a transfer is above a limit.
type LimitError struct {
	What string     // "transfer" or "month"
	Max  spec.Money // the limit
	Left spec.Money // what is left of it
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("above the limit of one %s: %d, of which %d are left", e.What, e.Max, e.Left)
}

// VersionError says that the wallet has changed since the caller looked.
type VersionError struct{ Now uint64 }

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the wallet has changed: it is at version %d", e.Now)
}

// FieldError says that something that was given cannot be used. It never repeats it.
type FieldError struct{ Field, Why string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + " " + e.Why }

func invalid(field, why string) error { return &FieldError{field, why} }

func wrongState(why string) error { return &StateError{why} }

// undone says to a caller why the book did not do a move.
func undone(err error) error {
	switch {
	case err == nil, errors.Is(err, balance.ErrRowExists):
		return err
	case errors.Is(err, balance.ErrOverloaded):
		return ErrBusy
	case errors.Is(err, balance.ErrUnread), errors.Is(err, balance.ErrNotTaken), errors.Is(err, balance.ErrPanic), errors.Is(err, balance.ErrTooMany):
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	return fmt.Errorf("%w (%w)", ErrUnknown, err)
}

// keyed says of a call with a key that what became of it is not known: the ledger could not be read, so an earlier
// try may have done it.
func keyed(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("%w (%v)", ErrUnknown, err) //nolint:errorlint // it is not unavailable any more
	}
	return err
}
