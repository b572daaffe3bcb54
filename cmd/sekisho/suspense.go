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
	"sekisho/spec"
)

func newSuspense() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suspense",
		Short: "What could not be placed, and what a person decides about it",
		Args:  cobra.ArbitraryArgs,
		RunE:  needsSubcommand,
	}
	cmd.AddCommand(newSuspenseList(), newSuspenseShow(), newSuspenseResolve())
	return cmd
}

func newSuspenseList() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list --config FILE",
		Short: "What is in suspense, oldest first",
		Long: "list names the advices and clearing records that could not be placed and wait for somebody, oldest first. With\n" +
			"--all also those that were resolved. Beyond --limit they are only counted: the last line, and more in JSON,\n" +
			"say how many there are.",
		Example: "  sekisho suspense list --config sekisho.yaml --program prepaid",
		Args:    needs(),
	}
	path := configFlag(cmd)
	var o jobs.ListOptions
	cmd.Flags().StringVar(&o.Program, "program", "", "only of this program, or of this link where no program is known")
	cmd.Flags().StringVar(&o.Wallet, "wallet", "", "only of this wallet")
	cmd.Flags().BoolVar(&o.All, "all", false, "also what is resolved")
	cmd.Flags().IntVar(&o.Limit, "limit", 1000, fmt.Sprintf("how many at most, 1 to %s", spec.Grouped(suspenseLimitMax)))
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		if o.Limit < 1 || o.Limit > suspenseLimitMax {
			return usageError{fmt.Errorf("--limit: expected 1 to %s", spec.Grouped(suspenseLimitMax))}
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		l, err := runJob[suspenseList](cmd.Context(), s, cmd.ErrOrStderr(), "suspense-list", o)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(l)
		}
		return writeItems(cmd.OutOrStdout(), &l.Listing, time.Now())
	})
	return cmd
}

// suspenseLimitMax bounds how many items a list names.
const suspenseLimitMax = 100_000

// suspenseList is the result of the job.
type suspenseList struct {
	Job string `json:"job"`
	jobs.Listing
}

func listSuspense(ctx context.Context, l *ledger, o jobs.ListOptions, tell func(progress)) (suspenseList, error) {
	listing, err := jobs.ListSuspense(ctx, l.store, o, tellOf(tell, "logs"))
	return suspenseList{"suspense list", listing}, err
}

func newSuspenseShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show --config FILE ID",
		Short:   "One thing in suspense, with the purchases that it may be about",
		Long:    "show tells all that is known of one thing in suspense, and which purchases of its card are like it.",
		Example: "  sekisho suspense show --config sekisho.yaml alice@17.1",
		Args:    needs("ID"),
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		if _, _, _, err := jobs.ParseItemID(args[0]); err != nil {
			return usageError{err}
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		shown, err := runJob[suspenseItem](cmd.Context(), s, cmd.ErrOrStderr(), "suspense-show", itemOptions{ID: args[0]})
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(shown)
		}
		return writeItem(cmd.OutOrStdout(), &shown, time.Now())
	})
	return cmd
}

type itemOptions struct {
	ID string `json:"id"`
}

// suspenseItem is the result of the job.
type suspenseItem struct {
	Item       *jobs.Item       `json:"item"`
	Lookalikes []jobs.Lookalike `json:"lookalikes"`
}

func showSuspense(ctx context.Context, l *ledger, o itemOptions, _ func(progress)) (suspenseItem, error) {
	item, err := jobs.FindItem(ctx, l.store, o.ID)
	if err != nil {
		return suspenseItem{}, err
	}
	alike, err := jobs.Lookalikes(ctx, l.store, item)
	return suspenseItem{item, alike}, err
}

func newSuspenseResolve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resolve --config FILE ID (--attach PURCHASE | --force | --return) --who NAME --why TEXT",
		Short: "Place one thing in suspense, or return it",
		Long: "resolve decides about one thing in suspense, once: --attach posts it to a purchase that show names, --force\n" +
			"posts it without one, --return closes it without posting. Who and why are recorded with it. One of a card\n" +
			"that is not known needs --wallet and --card to be posted.",
		Example: "  sekisho suspense resolve --config sekisho.yaml alice@17.1 --force --who sato --why 'confirmed with the shop'",
		Args:    needs("ID"),
	}
	path := configFlag(cmd)
	var r jobs.Resolve
	flags := cmd.Flags()
	flags.StringVar(&r.Purchase, "attach", "", "post it to this purchase")
	force := flags.Bool("force", false, "post it without a purchase")
	back := flags.Bool("return", false, "close it without posting")
	flags.StringVar(&r.Who, "who", "", "who decided; needed")
	flags.StringVar(&r.Why, "why", "", "why, at most 200 bytes; needed. No card number belongs here")
	amount := flags.String("amount", "", "what to post, minor units of the program's currency, 1 to 999,999,999,999; as it says itself")
	flags.StringVar(&r.Wallet, "wallet", "", "the wallet it is for, when its card is not known")
	flags.StringVar(&r.Card, "card", "", "the card of that wallet, crd_…")
	asJSON := flags.Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		r.ID = args[0]
		if flags.Changed("amount") {
			n, err := parseAmount(*amount)
			if err != nil {
				return usageError{fmt.Errorf("--amount: expected 1 to %s minor units (twelve digits), such as 1200 or 1,200", spec.Grouped(int64(jobs.AmountMax)))}
			}
			r.Amount = spec.Money(n)
		}
		if err := checkResolve(&r, *force, *back); err != nil {
			return usageError{err}
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		done, err := runJob[jobs.Resolved](cmd.Context(), s, cmd.ErrOrStderr(), "suspense-resolve", r)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(done)
		}
		return writeResolved(cmd.OutOrStdout(), &done)
	})
	return cmd
}

// checkResolve sees that there is one action, and that nothing that is kept could be a card number.
func checkResolve(r *jobs.Resolve, force, back bool) error {
	actions := 0
	for action, given := range map[string]bool{jobs.ActionAttach: r.Purchase != "", jobs.ActionForce: force, jobs.ActionReturn: back} {
		if given {
			actions++
			r.Action = action
		}
	}
	switch {
	case actions != 1:
		return errors.New("expected one of --attach PURCHASE, --force and --return")
	case r.Who == "":
		return errors.New("--who is needed: expected the name of who decided")
	case r.Why == "":
		return errors.New("--why is needed: expected the reason in words")
	case blank(r.Who) != r.Who || blank(r.Why) != r.Why:
		return errors.New("--who and --why are kept: leave out whatever could be a card number")
	}
	return r.Check()
}

func resolveSuspense(ctx context.Context, l *ledger, r jobs.Resolve, _ func(progress)) (jobs.Resolved, error) {
	return r.Do(ctx, l.book, l.router)
}

func writeResolved(w io.Writer, r *jobs.Resolved) error {
	text := r.ID + " is closed, nothing was posted"
	if r.Action != jobs.ActionReturn {
		text = fmt.Sprintf("%s is placed in wallet %s: %s posted", r.ID, r.Wallet, jobs.MoneyText(r.Posted, r.Currency))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// suspenseJobs are the commands as jobs.
func suspenseJobs() []job {
	return []job{
		jobOf("suspense-list", listSuspense),
		jobOf("suspense-show", showSuspense),
		jobOf("suspense-resolve", resolveSuspense),
	}
}
