package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Serve the card networks of a configuration",
		Long: "serve opens the store, listens on every link and on the admin port, and logs to standard output.\n\n" +
			"SIGTERM or SIGINT ends it in order: /readyz turns red, nothing new is accepted, what is in flight is\n" +
			"answered. A second signal ends it at once; nothing that was answered is lost.\n\n" +
			"Every key of the configuration can also come from the environment, such as SEKISHO_ADMIN_LISTEN or\n" +
			"SEKISHO_LINKS_0_LISTEN; SEKISHO_CARD_KEY is the card key itself.",
		Example: "  sekisho serve --config sekisho.yaml",
		Args:    needs(),
	}
	path := configFlag(cmd)
	createTable := createTableFlag(cmd)
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		s.allowCreate(*createTable)
		spareProcessor()
		defer runtime.KeepAlive(heapFloor())
		signals := make(chan os.Signal, 2)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
		defer signal.Stop(signals)
		return serve(cmd.Context(), s, newLog(s, cmd.OutOrStdout()), signals)
	})
	return cmd
}

// spareProcessor lets one goroutine more run than there are cores: a write to the disk holds its
// place until the runtime notices.
func spareProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

// heapFloorSize is about half of what the heap grows to between two collections, in bytes, where few wallets are in
// memory.
const heapFloorSize = 64 << 20

// heapFloor is never written to, so that it takes no memory. It has the collector of a small heap, which would
// work often and be in the way of the line, work as seldom as that of one of its size. Whoever gives the collector
// other limits has no floor.
func heapFloor() []byte {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, heapFloorSize)
}

func newLog(s *settings, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogText {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// serve runs the switch until ctx ends or a signal comes, then drains it.
func serve(ctx context.Context, s *settings, log *slog.Logger, signals <-chan os.Signal) error {
	for _, name := range s.Unknown {
		log.Warn("environment variable is not a key of the configuration", "name", name)
	}
	e, err := assembleUnlessSignalled(ctx, s, log, signals)
	if errors.Is(err, errSignalled) {
		log.Info("ended before it served")
		return nil
	}
	if err != nil {
		return err
	}
	programs := make([]string, 0, len(s.Programs))
	for i := range s.Programs {
		programs = append(programs, s.Programs[i].Name)
	}
	log.Info("serving", "version", version(), "links", e.links, "admin", e.adminAddr.String(), "store", s.storeName(),
		"programs", programs, "verify", "none", "wallet_api", e.wallet.Addr(), "pid", os.Getpid())
	warnOfFiles(s, log)
	log.Warn("chip cryptograms, CVV2 and PINs are not checked (verify: none): whoever has a card's number and expiry can use it", "programs", programs)
	why := slog.String("signal", "none")
	select {
	case err := <-e.Failed():
		// Nothing is closed in order any more: what was answered is durable, and nothing may
		// be answered now.
		log.Error("ended by a failure", "error", err)
		return errSaid
	case sig := <-signals:
		why.Value = slog.StringValue(sig.String())
	case <-ctx.Done():
	}
	e.setState("draining") // before anybody hears of it
	log.Info("draining", why, "timeout", s.DrainTimeout.String())
	return drain(ctx, e, s, log, signals)
}

// errSignalled says that a signal came before the switch served.
var errSignalled = errors.New("a signal came")

// assembleUnlessSignalled assembles; a signal ends the wait for a table that cannot be reached.
func assembleUnlessSignalled(ctx context.Context, s *settings, log *slog.Logger, signals <-chan os.Signal) (*engine, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var e *engine
	var err error
	assembled := make(chan struct{})
	go func() {
		e, err = assemble(ctx, s, log)
		close(assembled)
	}()
	select {
	case <-signals:
		cancel(errSignalled)
		<-assembled
		if err == nil {
			err = errors.Join(errSignalled, e.Close())
		}
	case <-assembled:
	}
	return e, err
}

// drain ends the switch in order, unless a second signal comes.
func drain(ctx context.Context, e *engine, s *settings, log *slog.Logger, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- e.Drain(ctx) }() // the process ends when it does, or before it
	select {
	case err := <-drained:
		if err != nil {
			log.Error("ended, not everything in order", "error", err)
			return errSaid
		}
		log.Info("ended")
		return nil
	case sig := <-signals:
		log.Warn("ended at once by a second signal", "signal", sig.String())
		return errSaid
	case err := <-e.Failed():
		log.Error("ended by a failure while draining", "error", err)
		return errSaid
	}
}
