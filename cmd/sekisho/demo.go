package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/cardnet"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	length time.Duration
	rate   float64
	seed   uint64
	keep   string
	asJSON bool
}

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job: a switch, practice networks and wallets, over real TCP",
		Long: "demo starts the switch on this machine with an embedded store in a temporary folder, connects two\n" +
			"practice networks to it (JCB-style and QUICPay+ style, unofficial), tells a short story, then makes\n" +
			"load and shows it second by second. In the end every log is read again and added up; the exit code\n" +
			"is 1 when anything does not add up.",
		Example: "  sekisho demo\n  sekisho demo --for 60s --rate 5000 --keep ./demo\n  sekisho demo --for 3s --json | jq .ledger",
		Args:    needs(),
	}
	var o demoOptions
	flags := cmd.Flags()
	flags.DurationVar(&o.length, "for", 20*time.Second, "how long to make load")
	flags.Float64Var(&o.rate, "rate", 1000, "messages a second")
	flags.Uint64Var(&o.seed, "seed", 1, "what the load is drawn from")
	flags.StringVar(&o.keep, "keep", "", "keep the store in this directory")
	flags.BoolVar(&o.asJSON, "json", false, "print the totals as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.length <= 0 || o.rate <= 0 {
			return fmt.Errorf("--for and --rate must be above zero, found %s and %v", o.length, o.rate)
		}
		return work(func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			screen := cmd.OutOrStdout()
			if o.asJSON {
				screen = cmd.ErrOrStderr()
			}
			return demo(ctx, &o, screen, cmd.OutOrStdout())
		})(cmd, nil)
	}
	return cmd
}

// demoLinks are the networks of the demo, each with a link of its own.
var demoLinks = [...]struct{ name, dialect, title string }{
	{"practice-jcb", cardnet.DialectJCB, "JCB-style"},
	{"practice-quicpay", cardnet.DialectQUICPay, "QUICPay+"},
}

func demo(ctx context.Context, o *demoOptions, screen, out io.Writer) (err error) {
	spareProcessor()
	dir, remove, err := demoDir(o.keep)
	if err != nil {
		return err
	}
	defer remove()
	began := time.Now()
	e, err := assemble(ctx, demoSettings(dir), slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // ends with the demo
		select {
		case err := <-e.Failed():
			stop(&failure{err})
		case <-ctx.Done():
		}
	}()
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, e.Close())
		}
	}()
	show := &stage{screen: screen, engine: e}
	show.curtain(dir, o.keep != "", time.Since(began))
	world, err := openDemoWallets(ctx, e)
	if err != nil {
		return err
	}
	if err := show.connect(ctx); err != nil {
		return err
	}
	if err := show.story(ctx, world); err != nil {
		return err
	}
	totals, err := show.load(ctx, o, world)
	if err != nil {
		return err
	}
	show.disconnect()
	var failed *failure
	if errors.As(context.Cause(ctx), &failed) {
		return failed
	}
	audit, err := balance.Verify(context.WithoutCancel(ctx), e.store, nil)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	closed = true
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.Drain(drain); err != nil {
		return err
	}
	show.end(totals, &audit, o.keep)
	if o.asJSON {
		if err := json.NewEncoder(out).Encode(demoJSONOf(totals, &audit)); err != nil {
			return err
		}
	}
	if !audit.OK() {
		return &failure{fmt.Errorf("the ledger does not add up: %d problems, the first: %s", audit.Faults, audit.Problems[0])}
	}
	return nil
}

// demoDir is the directory of the demo's store and what clears it away.
func demoDir(keep string) (dir string, remove func(), err error) {
	if keep != "" {
		return filepath.Join(keep, "data"), func() {}, os.MkdirAll(keep, 0o700)
	}
	temp, err := os.MkdirTemp("", "sekisho-demo-")
	return filepath.Join(temp, "data"), func() { _ = os.RemoveAll(temp) }, err
}

// demoSettings are a configuration with every port free to choose, so that none can be taken.
func demoSettings(dir string) *settings {
	s := &settings{Dir: dir, Admin: "127.0.0.1:0", Programs: []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(),
		Rules: risk.Program{Currency: spec.JPY, Zone: time.FixedZone("JST", 9*60*60)},
	}}}
	for _, l := range demoLinks {
		s.Links = append(s.Links, linkSettings{Name: l.name, Dialect: l.dialect, Listen: "127.0.0.1:0"})
	}
	return s
}

// demoJSON is what --json prints.
type demoJSON struct {
	Messages   int64            `json:"messages"`
	Approved   int64            `json:"approved"`
	Declined   map[string]int64 `json:"declined"`
	Reversed   int64            `json:"reversed"`
	Advices    int64            `json:"advices"`
	Duplicates int64            `json:"duplicates"`
	Unexpected map[string]int64 `json:"unexpected,omitempty"`
	NoAnswer   int64            `json:"no_answer"`
	P50        float64          `json:"p50_ms"`
	P99        float64          `json:"p99_ms"`
	Ledger     ledgerJSON       `json:"ledger"`
}

type ledgerJSON struct {
	OK      bool       `json:"ok"`
	Entries int        `json:"entries"`
	Wallets int        `json:"wallets"`
	Sum     spec.Money `json:"sum"`
}

func demoJSONOf(f demoTotals, audit *balance.Audit) demoJSON {
	return demoJSON{
		Messages: f.Messages, Approved: f.Approved, Declined: f.reasons, Reversed: f.Reversed, Advices: f.Advices,
		Duplicates: f.Duplicates, Unexpected: f.Unexpected, NoAnswer: f.NoAnswer,
		P50: milliseconds(f.P50), P99: milliseconds(f.P99),
		Ledger: ledgerJSON{OK: audit.OK(), Entries: audit.Entries, Wallets: audit.Wallets, Sum: audit.Sum},
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
