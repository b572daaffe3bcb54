package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sekisho/balance"
	"sekisho/balance/embedded"
	"sekisho/spec"
)

// openStore opens the store of a configuration and the hasher whose key it was made under. A store
// that does not exist is made when create is set, with a card key where there is none. fatal is
// called when the store's disk fails.
func openStore(ctx context.Context, s *settings, create bool, log *slog.Logger, fatal func(error)) (balance.Store, *spec.Hasher, error) {
	if s.Dynamo != nil {
		return openTable(ctx, s, create, log)
	}
	empty, err := embedded.Empty(nil, s.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("store %s: %w", s.Dir, err)
	}
	if empty && !create {
		return nil, nil, fmt.Errorf("there is no store in %s: seed it first, or name another directory in store.embedded.dir", s.Dir)
	}
	key, err := readCardKey(s, empty, log)
	if errors.Is(err, errNoKey) {
		return nil, nil, withoutKey(s, err)
	}
	if err != nil {
		return nil, nil, err
	}
	hasher, err := spec.NewHasher(key.bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", key.from, err)
	}
	store, _, err := embedded.Open(embedded.Options{
		Dir: s.Dir, SegmentSize: s.SegmentSize, CheckValue: hasher.CheckValue(), Logger: log, Fatal: fatal, ReadOnly: s.ReadOnly,
	})
	if err != nil {
		return nil, nil, openError(s, key, err)
	}
	return store, hasher, nil
}

// openError says which key did not fit, and leaves the rest to the store's own words.
func openError(s *settings, key cardKey, err error) error {
	var other *embedded.CardKeyError
	if errors.As(err, &other) {
		return fmt.Errorf("store %s was made under the card key with check value %s, the key of %s has %s: expected the store's own key",
			s.Dir, shownCheck(other.Store), key.from, shownCheck(other.Got))
	}
	return fmt.Errorf("store %s: %w", s.Dir, err)
}

// shownCheck is a check value in four groups, none of which is long enough to be taken for a card number.
func shownCheck(v [8]byte) string {
	return fmt.Sprintf("%x:%x:%x:%x", v[:2], v[2:4], v[4:6], v[6:])
}

// withoutKey names the key that a store needs, when there is none: no key has a check value of
// zeros, so the store refuses it and tells its own.
func withoutKey(s *settings, err error) error {
	_, _, refused := embedded.Open(embedded.Options{Dir: s.Dir, SegmentSize: s.SegmentSize})
	var other *embedded.CardKeyError
	if errors.As(refused, &other) {
		return fmt.Errorf("store %s was made under the card key with check value %s, and none is given: %w", s.Dir, shownCheck(other.Store), err)
	}
	return fmt.Errorf("store %s: %w", s.Dir, err)
}
