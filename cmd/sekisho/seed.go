package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
)

func newSeed() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seed --config FILE WALLETS.yaml",
		Short: "Begin wallets and cards from a file",
		Long: "seed begins the wallets of a file, with their money and their cards. The same file again changes\n" +
			"nothing; other content for a wallet that exists is refused. Amounts are minor units, and posted\n" +
			"includes what is allocated to the cards:\n\n" +
			"  wallets:\n" +
			"    - id: alice\n" +
			"      posted: 5000\n" +
			"      cards:\n" +
			"        - {pan: \"...\", expiry: \"2912\", allocated: 3000, frozen: false, tokens: []}\n\n" +
			"A wallet belongs to the program in whose ranges its card numbers are; one without cards can name\n" +
			"it (program: NAME). Card numbers are kept only sealed, under the number key. The store must not\n" +
			"be in use.",
		Example: "  sekisho seed --config sekisho.yaml wallets.yaml",
		Args:    needs("WALLETS.yaml"),
	}
	path := configFlag(cmd)
	createTable := createTableFlag(cmd)
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		s.allowCreate(*createTable)
		return seed(cmd.Context(), s, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
	return cmd
}

func seed(ctx context.Context, s *settings, file string, stdout, stderr io.Writer) error {
	log := messageLog(stderr)
	src, err := readWalletsFile(file)
	if err != nil {
		return err
	}
	if err := tryWallets(src, s); err != nil {
		return err
	}
	failed := make(chan error, 1)
	store, hasher, err := openStore(ctx, s, true, log, func(err error) {
		failed <- err
		select {} // the process ends; until then nobody hears of what may not be durable
	})
	if err != nil {
		return err
	}
	seals, err := vaultToSeal(s, log)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	openings, src, err := checkWallets(src, s.Programs, hasher, seals)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	book := balance.NewBook(store, balance.Options{Shards: s.Shards, Log: log})
	w := &seeder{book: book, source: src, at: time.Now(), actor: balance.Actor{Kind: balance.ActorOperator, Name: "seed"}}
	done := make(chan error, 1)
	go func() { done <- w.seed(ctx, openings) }() // its end is awaited below, but for a failed disk
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			fmt.Fprintf(stderr, "%s of %s wallets\n", spec.Grouped(w.opened.Load()+w.unchanged.Load()), spec.Grouped(int64(len(openings))))
		case err := <-failed: // nothing is closed in order any more
			return fmt.Errorf("store %s: %w", s.Dir, err)
		case err := <-done:
			if err := errors.Join(err, closeBook(ctx, book), store.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "%s seeded, %s unchanged\n", jobs.Counted(w.opened.Load(), "wallet", "wallets"), spec.Grouped(w.unchanged.Load()))
			return err
		}
	}
}

// tryWallets checks a file before keys and a store are made for it.
func tryWallets(src source, s *settings) error {
	hasher, err := throwawayHasher()
	if err == nil {
		_, _, err = checkWallets(src, s.Programs, hasher, nil)
	}
	return err
}

// closeBook closes a book within bounds, also when its store has failed and nothing becomes known
// any more.
func closeBook(ctx context.Context, book *balance.Book) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeMax)
	defer cancel()
	return book.Close(ctx)
}

// messageLog writes what the rooms have to say as messages for a person.
func messageLog(stderr io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}
