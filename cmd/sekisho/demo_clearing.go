package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
)

// demoClearing is what --json says of the demo's clearing file. Records are detail records, sums are of
// DE4.
type demoClearing struct {
	Records    uint64     `json:"records"`
	Matched    uint64     `json:"matched"`
	Forced     uint64     `json:"forced"`
	Over       uint64     `json:"over"`
	Ambiguous  uint64     `json:"ambiguous"`
	Suspended  uint64     `json:"suspended"`
	Other      uint64     `json:"other"`
	SumFile    spec.Money `json:"sum_file"`
	SumApplied spec.Money `json:"sum_applied"`
}

// demoCleared is the demo's clearing file: what was written, and what became of it.
type demoCleared struct {
	file   cardnet.Cleared
	report jobs.LoadReport
	left   int // sales that are not in the file
}

func (c *demoCleared) json() demoClearing {
	r := &c.report
	return demoClearing{
		Records: r.Records, Matched: r.Matched, Forced: r.Forced, Over: r.Over, Ambiguous: r.Ambiguous,
		Suspended: r.Suspended, Other: r.Other, SumFile: r.SumFile, SumApplied: r.SumApplied,
	}
}

// demoSalesMax bounds the demo's clearing file, so that it ends soon after a long load. The rest stays
// held, as it does until the file of another day.
const demoSalesMax = 20_000

// demoClearingTimeMax is how long the clearing file may take after the demo was interrupted.
const demoClearingTimeMax = 30 * time.Second

// demoCases are what goes wrong in the demo's clearing file.
func demoCases() []string { return []string{"over", "no-authorization", "early-reversal"} }

// clearAll has the networks write what they sold into a clearing file, and loads it.
func (s *stage) clearAll(ctx context.Context, o *demoOptions) (*demoCleared, error) {
	dir, err := os.MkdirTemp("", "sekisho-clearing-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary file
	now := time.Now().UTC()
	file := cardnet.Clearing{Cases: demoCases(), Date: now, Sequence: now.Hour()*3600 + now.Minute()*60 + now.Second(), Seed: o.seed}
	for _, n := range s.networks {
		file.Sales = append(file.Sales, n.Sales()...)
	}
	sold := len(file.Sales)
	file.Sales = file.Sales[:min(sold, demoSalesMax)]
	var done cardnet.Cleared
	path := filepath.Join(dir, "demo.clr")
	err = toFile(path, nil, func(w io.Writer) (err error) {
		done, err = file.Write(w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("clearing file: %w", err)
	}
	e := s.engines[0]
	loader := jobs.Loader{Book: e.book, Router: e.router, Hasher: e.hasher, Link: s.links[0].name, Parts: true}
	tell := sparing(2*time.Second, time.Now(), func(p progress) { s.say("clearing file: %s", p) })
	loader.Tell = pace(tell)
	if ctx.Err() != nil { // the demo was ended early: it shows what it has all the same
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(context.WithoutCancel(ctx), demoClearingTimeMax)
		defer stop()
	}
	report, err := loader.Load(ctx, jobs.FileAt(path))
	if err != nil {
		return nil, err
	}
	return &demoCleared{done, report, sold - len(file.Sales)}, nil
}

// sayCleared shows what became of the file.
func (s *stage) sayCleared(c *demoCleared) {
	r := &c.report
	s.say("clearing file %s for what was authorized: %s records, loaded at %s a second", r.FileID, spec.Grouped(int64(r.Records)), spec.Grouped(r.PerSecond)) //nolint:gosec // a count
	var classes []string
	for _, c := range []struct {
		name    string
		records uint64
	}{{"matched", r.Matched}, {"forced", r.Forced}, {"over", r.Over}, {"ambiguous", r.Ambiguous}, {"suspended", r.Suspended}, {"other", r.Other}} {
		if c.records > 0 {
			classes = append(classes, fmt.Sprintf("%s %s (%s)", spec.Grouped(int64(c.records)), c.name, yen(r.Sums[c.name]))) //nolint:gosec // a count
		}
	}
	s.say("  %s", strings.Join(classes, ", "))
	known := map[string]string{}
	for _, k := range cardnet.ClearingCases() {
		known[k.Name] = k.What
	}
	for _, k := range c.file.Cases {
		s.say("  record %-12s %s -> %s", strings.Trim(fmt.Sprint(k.Numbers), "[]"), known[k.Name], placements(k.Placements))
	}
	if c.left > 0 {
		s.say("  %s more sales stay held until another file", spec.Grouped(int64(c.left)))
	}
	s.say("  in the file %s, applied %s", yen(r.SumFile), yen(r.SumApplied))
}
