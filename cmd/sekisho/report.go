package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sekisho/jobs"
	"sekisho/spec/clearing"
)

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Where the money went: settlement, positions, unused balances, clearing files; who asked for card numbers",
		Long: "report reads the logs once and adds them up. A report ends by saying whether it adds up, and exits with 1\n" +
			"when it does not. Amounts of different currencies are never added: rows name their currency, and where there are\n" +
			"several each has sums of its own. In JSON and CSV amounts are minor units. While the store is served the report\n" +
			"is made there, beside the traffic.",
		Example: "  sekisho report position --config sekisho.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(newReportSettlement(), newReportPosition(), newReportUnused(), newReportFile(), newReportNumbers())
	return cmd
}

// reporting is what the reports have in common.
type reporting struct {
	path              *string
	asJSON, csv, mark *bool
}

func reportFlags(cmd *cobra.Command) *reporting {
	return &reporting{
		path:   configFlag(cmd),
		asJSON: cmd.Flags().Bool("json", false, "print the report as one JSON object"),
		csv:    cmd.Flags().Bool("csv", false, "print the report as CSV in UTF-8"),
		mark:   cmd.Flags().Bool("bom", false, "with --csv: begin with a byte order mark, for Excel"),
	}
}

// tabled is a report that can be shown.
type tabled[R any] interface {
	*R
	Table() jobs.Table
}

// makeReport has a report made and prints it. One that does not add up is a failure.
func makeReport[R any, P tabled[R]](cmd *cobra.Command, f *reporting, name string, options reportOptions) error {
	switch {
	case *f.asJSON && *f.csv:
		return usageError{errors.New("expected --json or --csv, not both")}
	case *f.mark && !*f.csv:
		return usageError{errors.New("--bom is for --csv")}
	}
	s, err := loadConfig(*f.path, os.Environ())
	if err != nil {
		return err
	}
	r, err := runJob[R](cmd.Context(), s, cmd.ErrOrStderr(), "report-"+name, options)
	if err != nil {
		return err
	}
	if m, ok := any(&r).(interface{ Missing() string }); ok && m.Missing() != "" {
		if *f.asJSON {
			err = printReport(cmd.OutOrStdout(), &r, nil, f)
		}
		return errors.Join(err, errors.New(m.Missing()))
	}
	t := P(&r).Table()
	if err := printReport(cmd.OutOrStdout(), &r, &t, f); err != nil {
		return err
	}
	if says, ok := any(&r).(interface{ aside(o *reportOptions) string }); ok {
		if text := says.aside(&options); text != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), text)
		}
	}
	if !t.OK {
		return fmt.Errorf("the report does not add up: %s", t.Problems[0])
	}
	return nil
}

func printReport(w io.Writer, report any, t *jobs.Table, f *reporting) error {
	switch {
	case *f.asJSON:
		return json.NewEncoder(w).Encode(report)
	case *f.csv:
		return t.WriteCSV(w, *f.mark)
	}
	return t.WriteText(w)
}

// reportOptions are the options of all reports; each has its own.
type reportOptions struct {
	At     time.Time `json:"at,omitzero"`
	File   string    `json:"file,omitempty"`
	Tenant string    `json:"tenant,omitempty"`
	After  string    `json:"after,omitempty"`
	Limit  int       `json:"limit,omitempty"`
}

var errNeedsDate = usageError{errors.New("--date is needed: expected one such as 2026-11-24")}

func newReportSettlement() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settlement --config FILE --date YYYY-MM-DD",
		Short: "What the clearing files of a day moved, by network and program",
		Long: "settlement adds up the records of all clearing files of a date, which is in a file's id, with the online\n" +
			"postings and resolutions of that day in UTC. DE4 is what records say, added up in whatever currency as a\n" +
			"file's own total is, to compare with that: it is not money. What was posted is in the program's currency. What\n" +
			"is in suspense is in DE4 and not posted.",
		Example: "  sekisho report settlement --config sekisho.yaml --date 2026-11-24 --csv",
		Args:    needs(),
	}
	f := reportFlags(cmd)
	date := cmd.Flags().String("date", "", "date of the files, YYYY-MM-DD; needed")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		if *date == "" {
			return errNeedsDate
		}
		day, err := time.Parse(time.DateOnly, *date)
		if err != nil {
			return usageError{fmt.Errorf("--date: %q is not a date: expected one such as 2026-11-24", *date)}
		}
		return makeReport[jobs.Settlement](cmd, f, "settlement", reportOptions{At: day})
	})
	return cmd
}

func newReportPosition() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "position --config FILE",
		Short: "Where all money is: wallets by program, and the accounts on the other side",
		Long: "position adds up what wallets have and what is on the other side. The sum over everything is zero, in each\n" +
			"currency. Held is what open holds are in the logs, as verify adds it up; ran out is how much of it has run out by\n" +
			"the instant of the report. No decision counts that as held any more: for them available is higher by it. The\n" +
			"next entry of a wallet releases it, or sekisho expire.",
		Example: "  sekisho report position --config sekisho.yaml",
		Args:    needs(),
	}
	f := reportFlags(cmd)
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		return makeReport[jobs.Position](cmd, f, "position", reportOptions{})
	})
	return cmd
}

func newReportUnused() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unused --config FILE --at INSTANT",
		Short: "The unused balance at an instant, by program",
		Long: "unused adds up what wallets had at an instant, as the payment services act asks for it on its base dates,\n" +
			"31 March and 30 September. Wallets below zero do not count and are told apart. Above 10,000,000 yen at\n" +
			"least half is to be deposited.",
		Example: "  sekisho report unused --config sekisho.yaml --at 2026-09-30T23:59:59.999+09:00",
		Args:    needs(),
	}
	f := reportFlags(cmd)
	at := cmd.Flags().String("at", "", "the instant, which has passed (RFC 3339); needed")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		if *at == "" {
			return usageError{errors.New("--at is needed: expected an instant such as 2026-09-30T23:59:59.999+09:00")}
		}
		when, err := passedTime("--at", *at, time.Now())
		if err != nil {
			return err
		}
		return makeReport[jobs.Unused](cmd, f, "unused", reportOptions{At: when})
	})
	return cmd
}

func newReportFile() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "file --config FILE FILE_ID",
		Short: "What became of the records of a clearing file",
		Long: "file counts the records of a clearing file twice: in the logs of wallets (and of fees) and in its own log. FILE_ID is the\n" +
			"25 digits of its id. Informational records have no effect and are only in its own log.",
		Example: "  sekisho report file --config sekisho.yaml 0012611230008879100000001",
		Args:    needs("FILE_ID"),
	}
	f := reportFlags(cmd)
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		id, err := clearing.ParseFileID(args[0])
		if err != nil {
			return usageError{err}
		}
		return makeReport[jobs.Placements](cmd, f, "file", reportOptions{File: id.String()})
	})
	return cmd
}

// currencies are those of the programs.
func (s *settings) currencies() jobs.Currencies {
	all := jobs.Currencies{}
	for i := range s.Programs {
		all[s.Programs[i].Name] = s.Programs[i].Rules.Currency
	}
	return all
}

// reportJobs are the reports as jobs.
func reportJobs() []job {
	return []job{
		jobOf("report-settlement", func(ctx context.Context, l *ledger, o reportOptions, tell func(progress)) (jobs.Settlement, error) {
			return jobs.ReportSettlement(ctx, l.store, o.At, l.settings.currencies(), tellOf(tell, "logs"))
		}),
		jobOf("report-position", func(ctx context.Context, l *ledger, _ reportOptions, tell func(progress)) (jobs.Position, error) {
			return jobs.ReportPosition(ctx, l.store, time.Now(), l.settings.currencies(), tellOf(tell, "logs"))
		}),
		jobOf("report-unused", func(ctx context.Context, l *ledger, o reportOptions, tell func(progress)) (jobs.Unused, error) {
			return jobs.ReportUnused(ctx, l.store, o.At, l.settings.currencies(), tellOf(tell, "logs"))
		}),
		jobOf("report-file", func(ctx context.Context, l *ledger, o reportOptions, tell func(progress)) (jobs.Placements, error) {
			id, err := clearing.ParseFileID(o.File)
			if err != nil {
				return jobs.Placements{}, err
			}
			return jobs.ReportFile(ctx, l.store, id, l.settings.currencies(), tellOf(tell, "logs"))
		}),
		jobOf("report-numbers", reportNumbers),
	}
}
