package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/spec"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	length time.Duration
	rate   float64
	seed   uint64
	keep   string
	asJSON bool

	store    string // embedded or dynamodb
	endpoint string // of a table server; empty: DynamoDB Local is started
	nodes    int
}

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job: a switch, practice networks and wallets, over real TCP",
		Long: "demo starts the switch on this machine with an embedded store in a temporary folder, connects two\n" +
			"practice networks to it (JCB-style and QUICPay+ style, unofficial), tells a short story, opens a wallet\n" +
			"over the wallet API whose new card pays at once, then makes load and shows it second by second. In the\n" +
			"end the networks' clearing file for what was authorized is loaded, and every log is read again and\n" +
			"added up; the exit code is 1 when anything does not add up.",
		Example: "  sekisho demo\n  sekisho demo --for 60s --rate 5000 --keep ./demo\n  sekisho demo --for 3s --json | jq .ledger\n" +
			"  sekisho demo --store dynamodb --nodes 3",
		Args: needs(),
	}
	var o demoOptions
	flags := cmd.Flags()
	flags.DurationVar(&o.length, "for", 20*time.Second, "how long to make load")
	flags.Float64Var(&o.rate, "rate", 0, "messages a second (default 1000; 200 a node on DynamoDB)")
	flags.Uint64Var(&o.seed, "seed", 1, "what the load is drawn from")
	flags.StringVar(&o.keep, "keep", "", "keep the store in this directory")
	flags.BoolVar(&o.asJSON, "json", false, "print the totals as one JSON object")
	flags.StringVar(&o.store, "store", "embedded", "embedded, or dynamodb: several nodes over one table")
	flags.StringVar(&o.endpoint, "endpoint", "", "URL of a local DynamoDB server (default: DynamoDB Local is started, which needs npm and java)")
	flags.IntVar(&o.nodes, "nodes", 3, "switches in this process, with --store dynamodb")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(cmd.Flags().Changed("rate")); err != nil {
			return err
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

// The stores a demo can be shown on.
const (
	storeEmbedded = "embedded"
	storeDynamoDB = "dynamodb"
	demoNodesMax  = 9
)

// check fills in the rate and says what is wrong with the flags.
func (o *demoOptions) check(rateGiven bool) error {
	switch {
	case o.store != storeEmbedded && o.store != storeDynamoDB:
		return fmt.Errorf("--store: %q is not known, expected %s or %s", o.store, storeEmbedded, storeDynamoDB)
	case o.store == storeDynamoDB && o.keep != "":
		return errors.New("--keep is for the embedded store")
	case o.nodes < 1 || o.nodes > demoNodesMax:
		return fmt.Errorf("--nodes: expected 1 to %d, found %d", demoNodesMax, o.nodes)
	case !rateGiven && o.store == storeDynamoDB:
		o.rate = 200 * float64(o.nodes)
	case !rateGiven:
		o.rate = 1000
	}
	if o.length <= 0 || o.rate <= 0 {
		return fmt.Errorf("--for and --rate must be above zero, found %s and %v", o.length, o.rate)
	}
	return nil
}

func demo(ctx context.Context, o *demoOptions, screen, out io.Writer) (err error) {
	spareProcessor()
	defer runtime.KeepAlive(heapFloor())
	show := &stage{screen: screen}
	clear, err := show.build(ctx, o)
	if err != nil {
		return err
	}
	defer clear()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for _, e := range show.engines {
		go func() { // ends with the demo
			select {
			case err := <-e.Failed():
				stop(&failure{err})
			case <-ctx.Done():
			}
		}()
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, show.close())
		}
	}()
	world, err := openDemoWallets(ctx, show.engines[0])
	if err != nil {
		return err
	}
	before, err := show.consumption(ctx)
	if err != nil {
		return err
	}
	if err := show.connect(ctx); err != nil {
		return err
	}
	if err := show.story(ctx, world); err != nil {
		return err
	}
	hana, err := show.people(ctx)
	if err != nil {
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
	closed = true
	totals.wallet = hana
	return show.finish(ctx, o, totals, before, out)
}

// finish clears what was sold, ends the switches and shows what it all adds up to.
func (s *stage) finish(ctx context.Context, o *demoOptions, totals demoTotals, before consumption, out io.Writer) error {
	after, err := s.consumption(context.WithoutCancel(ctx))
	if err != nil {
		return errors.Join(err, s.close())
	}
	cleared, err := s.clearAll(ctx, o)
	if err != nil {
		return errors.Join(err, s.close())
	}
	audit, err := balance.Verify(context.WithoutCancel(ctx), s.engines[0].store, nil)
	if err != nil {
		return errors.Join(fmt.Errorf("verify: %w", err), s.close())
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	used := after.since(before)
	s.end(totals, cleared, &audit, used, o)
	if o.asJSON {
		result := demoJSONOf(totals, &audit)
		result.Clearing, result.Wallet = cleared.json(), totals.wallet
		if o.store == storeDynamoDB {
			result.tableJSON = used
		}
		if err := json.NewEncoder(out).Encode(result); err != nil {
			return err
		}
	}
	if !totals.wallet.OK {
		return &failure{errors.New("the wallet API and the card network do not tell the same of the purchase in the story")}
	}
	if !audit.OK() {
		return &failure{fmt.Errorf("the ledger does not add up: %d problems, the first: %s", audit.Faults, audit.Problems[0])}
	}
	return nil
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
	Clearing   demoClearing     `json:"clearing"`
	Wallet     *demoWallet      `json:"wallet"`
	*tableJSON
}

// tableJSON is what a demo on DynamoDB used, from the first wallet on.
type tableJSON struct {
	Conflicts int64   `json:"conflicts"`   // decisions made again because another node was faster
	Units     int64   `json:"write_units"` // as the table reported them
	PerAuth   float64 `json:"units_per_authorization"`
	Resolved  int64   `json:"in_doubt_resolved"` // appends without an answer that turned out to be in
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
