package dynamo

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"sekisho/balance"
	"sekisho/spec"
)

// Errors of Open and Compare that callers tell apart.
var (
	// ErrUnreachable says that nothing was found out: no answer, too many calls, or a table that is
	// still being made. To wait and try again is right.
	ErrUnreachable = errors.New("table is not reachable")
	// ErrNoTable says that the table is not there and may not be made.
	ErrNoTable = errors.New("table is not there")
	// ErrShape says that the table is there but not one of ours.
	ErrShape = errors.New("table has another shape")
	// ErrCardKey is what a CardKeyError is.
	ErrCardKey = errors.New("another card key")
)

// OpenError says which table could not be opened, and why: one of the errors above or, when the
// server refused a call, what it said.
type OpenError struct {
	Table    string
	Endpoint string // empty: AWS
	Region   string
	Err      error
}

func (e *OpenError) Error() string {
	at := "region " + e.Region
	if e.Endpoint != "" {
		at = e.Endpoint
	}
	return fmt.Sprintf("DynamoDB table %s at %s: %v", e.Table, at, e.Err)
}

// Unwrap gives the reason.
func (e *OpenError) Unwrap() error { return e.Err }

// CardKeyError says that the table's cards were hashed under another key.
type CardKeyError struct {
	Table      string
	Store, Got [8]byte // check values
}

func (e *CardKeyError) Error() string {
	return fmt.Sprintf("table %s holds cards under the card key with check value %x, the key given has %x; give the table's own key",
		e.Table, e.Store, e.Got)
}

// Is makes a CardKeyError an ErrCardKey.
func (e *CardKeyError) Is(target error) bool { return target == ErrCardKey }

// Open opens the store in a table, which it makes when it is not there and the options allow it. ctx
// bounds opening, a wait for a new table included. The error is an *OpenError, or says what is
// wrong with the options; errors.Is tells ErrUnreachable, ErrNoTable, ErrShape and ErrCardKey apart.
func Open(ctx context.Context, o Options) (*Store, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	transport := newTransport(o.Appends + o.Reads + o.Scans)
	client, err := newClient(ctx, o, transport)
	if err != nil {
		return nil, err
	}
	o.Region = client.Options().Region
	s := newStore(ctx, o, client, client)
	s.http = transport
	if err := s.prepare(ctx); err != nil {
		transport.CloseIdleConnections()
		return nil, &OpenError{Table: o.Table, Endpoint: o.Endpoint, Region: o.Region, Err: err}
	}
	return s, nil
}

// newStore makes a store from complete options. Nothing is asked yet.
func newStore(ctx context.Context, o Options, calls api, table tableAPI) *Store {
	return &Store{
		options: o, api: calls, table: table,
		base:    context.WithoutCancel(ctx),
		appends: newCrew(o.Appends, o.WaitMax),
		reads:   newCrew(o.Reads, o.WaitMax),
		scans:   newCrew(o.Scans, o.WaitMax),
		known:   newKnown(o.LogsMax),
		laid:    laid{keys: map[string]struct{}{}},
		lookups: lookups{
			rows:   newRows(o.RowsMax),
			absent: newAbsent(o.AbsentMax, o.AbsentFor, o.Now),
			limit:  rate.NewLimiter(rate.Limit(o.LookupsPerSecond), o.LookupsPerSecond),
			open:   map[spec.CardHash]*lookup{},
		},
	}
}

var _ balance.Store = (*Store)(nil)

// prepare makes sure that the table is there, is ours, and is under the card key that was given.
func (s *Store) prepare(ctx context.Context) error {
	found, err := s.describe(ctx)
	if errors.Is(err, ErrNoTable) && s.options.Create {
		if err = s.create(ctx); err == nil {
			found, err = s.describe(ctx)
		}
	}
	for err == nil && !usable(found) {
		if err = pause(ctx, tableWait); err == nil {
			found, err = s.describe(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := checkShape(found); err != nil {
		return err
	}
	return s.checkCardKey(ctx)
}
