// Package jobs is what runs beside the switch: jobs on its book that are safe to repeat.
package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/balance"
)

// Part is what one log adds to a fold. It is used by one goroutine at a time.
type Part interface {
	// Entry is called for each entry of the log, in order. The entry and its events are not to be
	// kept; the events may be copied.
	Entry(e *balance.Entry)
	// End is called behind the last entry, for one log at a time: here a part adds itself to what all
	// have in common.
	End()
}

// foldAtOnce is how many logs are read at the same time.
const foldAtOnce = 8

// Fold reads every event of every log once, as [balance.Verify] does: it holds the names of all logs and
// the entries of a few, and whatever the parts keep. begin makes the part of a log; nil leaves the log out.
// A log that grows meanwhile is read as far as it went. progress, when given, is called now and then with the
// number of logs read and of all.
func Fold(ctx context.Context, store balance.Store, begin func(log string) Part, progress func(done, total int)) error {
	logs, err := namesOf(ctx, store)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return inParallel(ctx, foldAtOnce, logs, func(ctx context.Context, log string) error {
		part := begin(log)
		if part == nil {
			return nil
		}
		if err := read(ctx, store, log, 1, part.Entry); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		part.End()
		return nil
	}, progress)
}

// IsHouse says by its name whether a log is one of the house: a file, fees, suspense, calls, an audit.
func IsHouse(log string) bool { return strings.Contains(log, ":") }

// isWallet says whether a log is a wallet, which begins in a program. That of a person has cards as well and is
// none: there only their number counts.
func isWallet(w *balance.Wallet) bool { return w.Program != "" }

// EachWallet visits every wallet as the store has it, past the book, so that the book keeps those in memory
// that are in use. visit is called by several goroutines. progress, when given, is called now and then with the
// number of logs looked at and of all that may be wallets.
func EachWallet(ctx context.Context, store balance.Store, atOnce int, visit func(ctx context.Context, w *balance.Wallet) error, progress func(done, total int)) error {
	logs, err := namesOf(ctx, store)
	if err != nil {
		return err
	}
	logs = slices.DeleteFunc(logs, IsHouse)
	return inParallel(ctx, atOnce, logs, func(ctx context.Context, log string) error {
		w, err := loadWallet(ctx, store, log)
		if err == nil && isWallet(w) {
			err = visit(ctx, w)
		}
		if err != nil {
			return fmt.Errorf("wallet %s: %w", log, err)
		}
		return nil
	}, progress)
}

// loadWallet reads a wallet from the store, past the book.
func loadWallet(ctx context.Context, store balance.Store, log string) (*balance.Wallet, error) {
	var loaded balance.Loaded
	err := wait(ctx, func(done func(error)) {
		store.Load(log, func(l balance.Loaded, err error) {
			loaded = l
			done(err)
		})
	})
	if err != nil {
		return nil, err
	}
	return balance.Restore(log, loaded)
}

// namesOf are the names of all logs.
func namesOf(ctx context.Context, store balance.Store) ([]string, error) {
	var logs []string
	err := wait(ctx, func(done func(error)) {
		store.Logs(func(log string, _ uint64) bool {
			logs = append(logs, log)
			return ctx.Err() == nil
		}, done)
	})
	if err != nil {
		return nil, fmt.Errorf("listing the logs: %w", err)
	}
	return logs, nil
}

// inParallel does something for each log, a few at a time. The first error ends it. progress, when given, is told
// after each how many are done and how many there are, one call at a time.
func inParallel(ctx context.Context, most int, logs []string, do func(ctx context.Context, log string) error, progress func(done, total int)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var mu sync.Mutex
	done := 0
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; progress != nil {
			progress(done, len(logs))
		}
	}
	var workers sync.WaitGroup
	for range min(most, len(logs)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(logs) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := do(ctx, logs[i]); err != nil {
					stop(err)
					return
				}
				tell()
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// read visits the entries of a log from a version on. The entry that visit gets is used again for the
// next.
func read(ctx context.Context, store balance.Store, log string, from uint64, visit func(*balance.Entry)) error {
	var e balance.Entry
	var damaged error
	err := wait(ctx, func(done func(error)) {
		store.Scan(log, from, balance.Forward, func(s balance.Sealed) bool {
			if damaged = balance.DecodeEntry(s.Body, &e); damaged != nil {
				damaged = fmt.Errorf("log %s: entry %d: %w", s.Log, s.Version, damaged)
				return false
			}
			visit(&e)
			return ctx.Err() == nil
		}, done)
	})
	if err != nil {
		return fmt.Errorf("reading log %s: %w", log, err)
	}
	return damaged
}

// wait turns a call that answers later into one that waits. After an error what the call visits is not to be
// looked at: it may still be busy.
func wait(ctx context.Context, call func(done func(error))) error {
	answer := make(chan error, 1)
	call(func(err error) { answer <- err })
	select {
	case err := <-answer:
		if err == nil {
			err = ctx.Err()
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
