package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sekisho/jobs"
	"sekisho/router"
)

// clearingCase is a clearing file for purchases that wallets with one card each have made.
type clearingCase struct {
	name    string        // begins the names of its figures
	wallets int           // with one card each
	each    int           // purchases of each, a record of the file for each
	ago     time.Duration // before now, of the first purchase of a wallet
	apart   time.Duration // between one purchase of a wallet and its next
	aged    bool          // the holds ran out and the wallets have forgotten the purchases
}

func (c *clearingCase) records() int { return c.wallets * c.each }

// purchasesEach is how often each card paid.
const purchasesEach = 10

// clearingLoads measures the loading of clearing files into the embedded store: of purchases that were
// authorized shortly before, and of such as left the wallets' memory months ago. Only the load is
// measured; the purchases before it are put into the logs as events. With profiles, a directory, a
// profile of the processor during each load and one of the memory after it are written there.
func clearingLoads(figures map[string]any, records int, profiles string) error {
	for _, c := range []clearingCase{
		{name: "clearing", wallets: max(1, records/purchasesEach), each: purchasesEach, ago: 15 * time.Minute, apart: time.Minute},
		{name: "clearing_aged", wallets: max(1, records/20/purchasesEach), each: purchasesEach, ago: 150 * 24 * time.Hour, apart: 24 * time.Hour, aged: true},
	} {
		if err := c.measure(figures, profiles); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (c *clearingCase) measure(figures map[string]any, profiles string) error {
	dir, err := os.MkdirTemp(".", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bench.clr")
	l, err := openLedger(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	size, err := c.loaded(figures, l, file, profiles)
	if err := errors.Join(err, l.close()); err != nil {
		return err
	}
	if c.aged {
		return nil
	}
	return c.bare(figures, l.hasher, file, filepath.Join(dir, "bare"), size)
}

// loaded prepares the wallets and the file, and measures the load. size is how many bytes the entry of a
// record has.
func (c *clearingCase) loaded(figures map[string]any, l *ledger, file, profiles string) (size int, err error) {
	now := time.Now()
	if err := c.seed(l, now); err != nil {
		return 0, err
	}
	if err := c.write(file, now); err != nil {
		return 0, err
	}
	loader := jobs.Loader{Book: l.book, Router: router.New(l.book, programs(), l.log, nil), Hasher: l.hasher, Link: "jcb", Parts: true}
	memory := startPeak()
	stop, err := startProfile(profiles, c.name)
	if err != nil {
		return 0, err
	}
	began, before := time.Now(), cpu()
	report, err := loader.Load(context.Background(), jobs.FileAt(file))
	took, spent := time.Since(began), cpu()-before
	if !c.aged {
		memory.figures(figures, c.name)
	}
	if err := errors.Join(err, stop()); err != nil {
		return 0, err
	}
	if report.Matched != uint64(c.records()) || report.SumFile != report.SumApplied { //nolint:gosec // positive
		return 0, fmt.Errorf("%d of %d records matched, the file's sum is %d and %d is applied: it was not the matching that was measured",
			report.Matched, c.records(), report.SumFile, report.SumApplied)
	}
	figures[c.name+"_records_per_s"] = int(float64(c.records()) / took.Seconds())
	figures[c.name+"_cpu_us_per_record"] = rounded(spent.Seconds() * 1e6 / float64(c.records()))
	if size, err = l.entrySize(min(c.wallets, 1000)); err != nil {
		return 0, err
	}
	return size, l.verify()
}
