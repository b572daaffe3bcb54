package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sekisho/jobs"
	"sekisho/spec"
)

func newClearingLoad() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "load --config FILE CLEARING_FILE...",
		Short: "Take clearing files into the wallets",
		Long: "load takes clearing files (JCB-style, unofficial), one after the other. Each file is checked from its\n" +
			"first to its last byte before anything is done; then every record is placed once: matched with its\n" +
			"purchase, posted without one, or put in suspense for a person. A load that was cut off goes on where it\n" +
			"was when it is run again. While the store is served it is done there, beside the traffic; the process\n" +
			"that serves reads the file.\n\n" +
			"It exits with 1 when any file is refused. Standard error then has a line of `sekisho: `, the reason, the\n" +
			"record and its offset; with --json standard output has a line for that file too, with file, refused (the\n" +
			"reason), record, offset and detail. A file that was taken before is a duplicate: nothing happens, and\n" +
			"those behind it are loaded; where it has other bytes than the one that was taken it says so, in JSON as\n" +
			"other_content. After any other refusal or error nothing behind it is.\n\n" +
			"With --dry-run every record is judged on the wallets as they are and nothing is recorded: what depends\n" +
			"on an earlier record of the same file counts as suspended, and a sale presented twice as two sales.",
		Example: "  sekisho clearing load --config sekisho.yaml today.clr\n" +
			"  sekisho clearing load --config sekisho.yaml --json today.clr | tail -n 1 | jq .suspended",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("expected at least one CLEARING_FILE")
			}
			return nil
		},
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one line of JSON for each file")
	dryRun := cmd.Flags().Bool("dry-run", false, "judge only, record nothing")
	link := cmd.Flags().String("link", "", "the network that sent the files (its only link, else its first of dialect jcb)")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		if *link, err = clearingLink(s, *link); err != nil {
			return err
		}
		loads := clearingLoads{cmd: cmd, settings: s, link: *link, dryRun: *dryRun, asJSON: *asJSON}
		return loads.all(args)
	})
	return cmd
}

// clearingLoads are the files of one command.
type clearingLoads struct {
	cmd      *cobra.Command
	settings *settings
	link     string
	dryRun   bool
	asJSON   bool
}

// all loads the files in their order. A duplicate is said at once, and those behind it are loaded.
func (c *clearingLoads) all(names []string) error {
	var left error
	for _, name := range names {
		err := c.load(name)
		switch {
		case err == nil:
		case duplicate(err):
			complain(c.cmd.ErrOrStderr(), err)
			left = errSaid
		default:
			return err
		}
	}
	return left
}

// load loads one file and shows what became of it.
func (c *clearingLoads) load(name string) error {
	file, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	stdout := c.cmd.OutOrStdout()
	report, err := runJob[jobs.LoadReport](c.cmd.Context(), c.settings, c.cmd.ErrOrStderr(), clearingLoadJob, clearingLoadOptions{File: file, Link: c.link, DryRun: c.dryRun})
	var refused *jobs.Refused
	switch {
	case c.asJSON && errors.As(err, &refused):
		return errors.Join(err, refusedLineOf(refused).write(stdout, name))
	case err != nil:
		return err
	case c.asJSON:
		return json.NewEncoder(stdout).Encode(&report)
	}
	return clearingReportText(stdout, name, &report)
}

const clearingLoadJob = "clearing-load"

// clearingLoadOptions are for one file.
type clearingLoadOptions struct {
	File   string `json:"file"` // from the root on: the process that has the store reads it
	Link   string `json:"link"`
	DryRun bool   `json:"dry_run"`
}

// clearingLink is the link that files come from: the one that is named, else the only one, else the first
// of dialect jcb.
func clearingLink(s *settings, name string) (string, error) {
	names := make([]string, 0, len(s.Links))
	for i := range s.Links {
		names = append(names, s.Links[i].Name)
	}
	switch l := s.linkNamed(name); {
	case l != nil:
		return name, nil
	case name != "":
		return "", usageError{fmt.Errorf("--link: there is no link %q: expected %s", name, strings.Join(names, " or "))}
	case len(s.Links) == 1:
		return names[0], nil
	}
	for i := range s.Links {
		if s.Links[i].Dialect == "jcb" {
			return names[i], nil
		}
	}
	return "", usageError{fmt.Errorf("--link: no link has dialect jcb: expected the name of the one that sends clearing files, %s", strings.Join(names, " or "))}
}

func (s *settings) linkNamed(name string) *linkSettings {
	for i := range s.Links {
		if s.Links[i].Name == name {
			return &s.Links[i]
		}
	}
	return nil
}

// loadClearing is the job.
func loadClearing(ctx context.Context, l *ledger, o clearingLoadOptions, tell func(progress)) (jobs.LoadReport, error) {
	link := l.settings.linkNamed(o.Link)
	if link == nil {
		return jobs.LoadReport{}, fmt.Errorf("the process that serves the store has no link %q: is its configuration another?", o.Link)
	}
	d, err := dialectNamed(link.Dialect).make(l.hasher, link.Fields, link.Profile)
	if err != nil {
		return jobs.LoadReport{}, fmt.Errorf("link %s: %w", link.Name, err)
	}
	loader := jobs.Loader{
		Book: l.book, Router: l.router, Hasher: l.hasher, Link: link.Name, Parts: d.Policy().MultiClearing, DryRun: o.DryRun,
		Metrics: l.metrics, Tell: pace(tell),
	}
	return loader.Load(ctx, jobs.FileAt(o.File))
}

// pace tells how far a load is, how fast it goes, and how long the rest of a step takes at that pace.
func pace(tell func(progress)) func(jobs.Progress) {
	step, begun, first := jobs.Step(""), time.Now(), uint32(0)
	return func(p jobs.Progress) {
		if p.Step != step {
			step, begun, first = p.Step, time.Now(), p.Records
		}
		unit := "records " + string(p.Step)
		if took := time.Since(begun).Seconds(); took > 0 && p.Records > first {
			rate := float64(p.Records-first) / took
			unit += fmt.Sprintf(", %s/s", spec.Grouped(int64(rate)))
			if left := p.Total - p.Records; p.Total > 0 && left > 0 {
				unit += fmt.Sprintf(", %s left", (time.Duration(float64(left)/rate+1) * time.Second).String())
			}
		}
		tell(progress{Done: int64(p.Records), Total: int64(p.Total), Unit: unit})
	}
}

func clearingReportText(w io.Writer, name string, r *jobs.LoadReport) error {
	var b strings.Builder
	what := "taken"
	if r.DryRun {
		what = "judged, nothing recorded"
	}
	fmt.Fprintf(&b, "%s: file %s %s, %s in %s\n\n", filepath.Base(name), r.FileID, what, jobs.Counted(int64(r.Records), "record", "records"), time.Duration(r.Took)*time.Millisecond) //nolint:gosec // below 10^8
	fmt.Fprintf(&b, "%-12s %12s %20s\n", "", "records", "sum of DE4")
	for _, c := range []struct {
		class   string
		records uint64
	}{{"matched", r.Matched}, {"forced", r.Forced}, {"over", r.Over}, {"ambiguous", r.Ambiguous}, {"suspended", r.Suspended}, {"other", r.Other}} {
		fmt.Fprintf(&b, "%-12s %12s %20s\n", c.class, spec.Grouped(int64(c.records)), spec.Grouped(int64(r.Sums[c.class]))) //nolint:gosec // as above
	}
	fmt.Fprintf(&b, "%-12s %12s %20s\n%-12s %12s %20s\n\n", "applied", spec.Grouped(int64(r.Records)), spec.Grouped(int64(r.SumApplied)), "in the file", spec.Grouped(int64(r.Records)), spec.Grouped(int64(r.SumFile))) //nolint:gosec // as above
	_, err := io.WriteString(w, b.String())
	return err
}
