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
)

func newExpire() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "expire --config FILE",
		Short: "Release the holds that ran out",
		Long: "expire goes through all wallets and records that the holds which ran out are released. They count as\n" +
			"released from that instant on, whether this runs or not, and can still be cleared afterwards: this only\n" +
			"tidies. It is safe to run again, beside serve, and on several machines at once.",
		Example: "  sekisho expire --config sekisho.yaml\n  sekisho expire --config sekisho.yaml --at 2026-11-24T00:00:00+09:00 --json",
		Args:    needs(),
	}
	path := configFlag(cmd)
	at := cmd.Flags().String("at", "", "tidy what ran out by this time, which has passed (RFC 3339); now")
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		when, err := passedTime("--at", *at, time.Now())
		if err != nil {
			return err
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		r, err := runJob[jobs.Expired](cmd.Context(), s, cmd.ErrOrStderr(), "expire", expireOptions{At: when})
		if err != nil {
			return err
		}
		return writeExpired(cmd.OutOrStdout(), &r, *asJSON)
	})
	return cmd
}

type expireOptions struct {
	At time.Time `json:"at"`
}

// expireHolds is the job.
func expireHolds(ctx context.Context, l *ledger, o expireOptions, tell func(progress)) (jobs.Expired, error) {
	return jobs.Expire(ctx, l.book, o.At, tellOf(tell, "wallets"))
}

// tellOf tells of progress in a unit.
func tellOf(tell func(progress), unit string) func(done, total int) {
	return func(done, total int) { tell(progress{Done: int64(done), Total: int64(total), Unit: unit}) }
}

// passedTime reads a time that has passed; none is now.
func passedTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return at, usageError{fmt.Errorf("%s: %q is not a time: expected one such as 2026-11-24T00:00:00+09:00", flag, text)}
	case at.After(now):
		return at, usageError{fmt.Errorf("%s: %s has not come yet", flag, text)}
	case at.Before(time.Unix(0, 0)):
		return at, usageError{errors.New(flag + ": a time before 1970 is none of this ledger's")}
	}
	return at, nil
}

func writeExpired(w io.Writer, r *jobs.Expired, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, "%s of %s released in %s, as of %s\n",
		jobs.Counted(r.Expired, "hold", "holds"), jobs.AmountsText(r.Amounts), jobs.Counted(r.Wallets, "wallet", "wallets"), r.At.UTC().Format(time.RFC3339))
	return err
}
