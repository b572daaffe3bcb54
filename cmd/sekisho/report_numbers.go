package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/teller"
)

// numbersReport is who asked for the numbers of cards in full on a day: by tenant, then in the order in which
// they asked.
type numbersReport struct {
	Report   string        `json:"report"`
	Date     string        `json:"date"`
	Showings []numberShown `json:"showings"`
	Next     string        `json:"next,omitempty"` // where to go on, when there are more
	jobs.Check
}

type numberShown struct {
	At     jobs.Time `json:"at"`
	Who    string    `json:"who"`
	Tenant string    `json:"tenant"`
	Wallet string    `json:"wallet,omitempty"` // none: the card is none of the tenant's
	Card   string    `json:"card"`
	Result string    `json:"result"`
	Reason string    `json:"reason"`
}

// How many showings one report has.
const (
	numbersDefault = 10_000
	numbersMax     = 100_000
)

func newReportNumbers() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "numbers --config FILE --date YYYY-MM-DD",
		Short: "Who asked to see a card's number in full on a day, and why",
		Long: "numbers lists every call of a day in UTC that asked for the full number of a card: when, who, of which tenant,\n" +
			"which card, what came of it and the reason that was given. All tenants, or one: tenant by tenant, those of each\n" +
			"in the order in which they asked. The time is the first column of --csv, for whoever sorts it. Beyond --limit it\n" +
			"stops and says on standard error, and in JSON under next, with which --after it goes on.",
		Example: "  sekisho report numbers --config sekisho.yaml --date 2026-11-24 --tenant t1",
		Args:    needs(),
	}
	f := reportFlags(cmd)
	var o reportOptions
	flags := cmd.Flags()
	date := flags.String("date", "", "the day, YYYY-MM-DD; needed")
	flags.StringVar(&o.Tenant, "tenant", "", "only of this tenant (default all)")
	flags.IntVar(&o.Limit, "limit", numbersDefault, fmt.Sprintf("how many at most, 1 to %s", spec.Grouped(numbersMax)))
	flags.StringVar(&o.After, "after", "", "go on where an earlier report stopped")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) (err error) {
		if *date == "" {
			return errNeedsDate
		}
		if o.At, err = time.Parse(time.DateOnly, *date); err != nil {
			return usageError{fmt.Errorf("--date: %q is not a date: expected one such as 2026-11-24", *date)}
		}
		if o.Limit < 1 || o.Limit > numbersMax {
			return usageError{fmt.Errorf("--limit: expected 1 to %s", spec.Grouped(numbersMax))}
		}
		if _, _, err := parseAfter(o.After); err != nil {
			return usageError{err}
		}
		return makeReport[numbersReport](cmd, f, "numbers", o)
	})
	return cmd
}

// parseAfter takes the place apart where a report goes on: a log and the version of the last entry that was
// told. It is empty for the beginning.
func parseAfter(text string) (log string, version uint64, err error) {
	if text == "" {
		return "", 0, nil
	}
	at := strings.LastIndex(text, "@")
	if version, err = strconv.ParseUint(text[at+1:], 10, 64); at < 1 || err != nil {
		return "", 0, errors.New("--after: expected what the report before it named, such as audit:t1:2026-11-24@1000")
	}
	return text[:at], version, nil
}

// errEnough ends a report that has all it may have.
var errEnough = errors.New("enough")

// reportNumbers is the job. It holds one report in memory, however many showings there are.
func reportNumbers(ctx context.Context, l *ledger, o reportOptions, tell func(progress)) (numbersReport, error) {
	r := numbersReport{Report: "numbers", Date: o.At.UTC().Format(time.DateOnly), Showings: []numberShown{}, Check: jobs.Check{OK: true}}
	after, version, err := parseAfter(o.After)
	if err != nil {
		return r, err
	}
	logs := []string{teller.AuditLog(o.Tenant, r.Date)}
	if o.Tenant == "" {
		if logs, err = auditLogs(ctx, l.store, r.Date); err != nil {
			return r, err
		}
	}
	if after != "" && (!teller.AuditedOn(after, r.Date) || (o.Tenant != "" && after != logs[0])) {
		return r, errors.New("--after: it is of a report about another day or tenant: leave it out to begin anew")
	}
	most := min(cmp.Or(o.Limit, numbersDefault), numbersMax)
	for i, log := range logs {
		if log < after {
			continue
		}
		from := uint64(1)
		if log == after {
			from = version + 1
		}
		err := r.read(ctx, l.store, log, from, most)
		if errors.Is(err, errEnough) {
			return r, nil
		}
		if err != nil {
			return r, err
		}
		tell(progress{Done: int64(i + 1), Total: int64(len(logs)), Unit: "logs"})
	}
	return r, nil
}

// auditLogs are the names of the logs of all tenants for a day, in order.
func auditLogs(ctx context.Context, store balance.Store, day string) (logs []string, err error) {
	done := make(chan error, 1)
	store.Logs(func(log string, _ uint64) bool {
		if teller.AuditedOn(log, day) {
			logs = append(logs, log)
		}
		return ctx.Err() == nil
	}, func(err error) { done <- err })
	if err = <-done; err != nil {
		return nil, fmt.Errorf("listing the logs: %w", err)
	}
	slices.Sort(logs)
	return logs, ctx.Err()
}

// read adds the showings of a log from a version on. With most of them already it stops before the next and
// says where. An entry is told whole, so that there can be more by what else was asked for at once.
func (r *numbersReport) read(ctx context.Context, store balance.Store, log string, from uint64, most int) error {
	var e balance.Entry
	var stopped error
	done := make(chan error, 1)
	store.Scan(log, from, balance.Forward, func(s balance.Sealed) bool {
		if len(r.Showings) >= most {
			r.Next, stopped = fmt.Sprintf("%s@%d", log, s.Version-1), errEnough
		} else if stopped = balance.DecodeEntry(s.Body, &e); stopped == nil {
			r.add(&e)
		}
		return stopped == nil && ctx.Err() == nil
	}, func(err error) { done <- err })
	if err := errors.Join(<-done, ctx.Err()); err != nil {
		return fmt.Errorf("reading log %s: %w", log, err)
	}
	if stopped != nil && !errors.Is(stopped, errEnough) {
		return fmt.Errorf("log %s: %w", log, stopped)
	}
	return stopped
}

// add takes what an entry tells of.
func (r *numbersReport) add(e *balance.Entry) {
	for i := range e.Events {
		a, ok := teller.ShownOf(&e.Events[i], e.At)
		if !ok {
			r.OK = false
			r.Problems = []string{fmt.Sprintf("%s: entry %d is not about a number that was asked for", e.Log, e.Version)} // the last is enough
			continue
		}
		r.Showings = append(r.Showings, numberShown{jobs.Time{Time: a.At}, a.Who, a.Tenant, a.Wallet, a.Card.String(), a.Result, a.Reason})
	}
}

// aside says where the next report goes on, or that there is nothing of the tenant that was named.
func (r *numbersReport) aside(o *reportOptions) string {
	switch {
	case r.Next != "":
		return "there are more: go on with --after " + r.Next
	case o.Tenant != "" && o.After == "" && len(r.Showings) == 0:
		return fmt.Sprintf("tenant %q has no record of %s: nobody asked with a token of it, or it is called otherwise in wallet_api.tokens", o.Tenant, r.Date)
	}
	return ""
}

// Table shows it to a person.
func (r *numbersReport) Table() jobs.Table {
	t := jobs.Table{
		Title: "Card numbers asked for on " + r.Date + " (UTC)", OK: r.OK, Holds: "each entry is about a number that was asked for", Problems: r.Problems,
		Columns: []jobs.Column{{Name: "at"}, {Name: "who"}, {Name: "tenant"}, {Name: "wallet"}, {Name: "card"}, {Name: "result"}, {Name: "reason"}},
	}
	for i := range r.Showings {
		s := &r.Showings[i]
		row := make([]jobs.Cell, 0, len(t.Columns))
		for _, text := range []string{s.At.UTC().Format(jobs.TimeLayout), s.Who, s.Tenant, s.Wallet, s.Card, s.Result, s.Reason} {
			row = append(row, jobs.Cell{Text: text, IsText: true})
		}
		t.Rows = append(t.Rows, row)
	}
	t.Notes = []string{spec.Grouped(int64(len(r.Showings))) + " asked for"}
	return t
}
