package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/spec"
)

// developmentKey hashes the cards of a table on this machine when no key is configured: the same for
// every node, and no secret.
const developmentKey = "a fixed card key for development only"

// openTable opens the table of a configuration. Without create it must be there.
func openTable(ctx context.Context, s *settings, create bool, log *slog.Logger) (balance.Store, *spec.Hasher, error) {
	key, err := readTableKey(s, log)
	if err != nil {
		return nil, nil, err
	}
	hasher, err := spec.NewHasher(key.bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", key.from, err)
	}
	o := *s.Dynamo
	o.CheckValue, o.Logger = hasher.CheckValue(), log
	o.Create = o.Create && create
	store, err := dynamo.Open(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	return store, hasher, nil
}

// readTableKey finds the card key of a table. Nodes share a table, so none is made by one of them.
func readTableKey(s *settings, log *slog.Logger) (cardKey, error) {
	switch {
	case s.Secret != "" || s.KeyFile != "":
		return readCardKey(s, false, log)
	case dynamo.Loopback(s.Dynamo.Endpoint):
		log.Warn("no card key is configured: the cards of this local table are hashed under a fixed key that everybody knows")
		return cardKey{[]byte(developmentKey), "the fixed development key"}, nil
	}
	return cardKey{}, errors.New("a table needs a card key that all its nodes share: set SEKISHO_CARD_KEY or card_key.file")
}

// waitForStore opens the store and tries again for as long as its table cannot be reached; waiting is
// told why, each time.
func waitForStore(ctx context.Context, s *settings, log *slog.Logger, fatal, waiting func(error)) (balance.Store, *spec.Hasher, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, tableRetryMax) {
		store, hasher, err := openStore(ctx, s, true, log, fatal)
		if err == nil || !errors.Is(err, dynamo.ErrUnreachable) {
			return store, hasher, err
		}
		log.Warn("waiting for the table", "table", s.Dynamo.Table, "error", err)
		waiting(err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("waiting for table %s: %w", s.Dynamo.Table, context.Cause(ctx))
		}
	}
}

// tableRetryMax bounds the pause between two attempts to reach the table.
const tableRetryMax = time.Second

// createTableFlag gives a command its --create-table.
func createTableFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("create-table", false, "make the DynamoDB table when it is not there and the configuration says create: true")
}

// allowCreate lets a table be made elsewhere than on this machine.
func (s *settings) allowCreate(allow bool) {
	if s.Dynamo != nil {
		s.Dynamo.AllowCreate = allow
	}
}

// storeName is what the store is called in logs and messages.
func (s *settings) storeName() string {
	switch {
	case s.Dynamo == nil:
		return s.Dir
	case s.Dynamo.Endpoint != "":
		return "dynamodb " + s.Dynamo.Table + " at " + s.Dynamo.Endpoint
	}
	return "dynamodb " + s.Dynamo.Table
}
