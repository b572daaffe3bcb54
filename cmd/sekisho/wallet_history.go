package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// shownActivity is something that happened to the money of a wallet, as the API tells of it.
type shownActivity struct {
	At       time.Time `json:"at"`
	Type     string    `json:"type"`
	Card     string    `json:"card"`
	Amount   *money    `json:"amount"`
	State    string    `json:"state"`
	Held     *money    `json:"held"`
	Charged  *money    `json:"charged"`
	Refunded *money    `json:"refunded"`
	Merchant string    `json:"merchant"`
	Why      string    `json:"why"`
}

func newWalletActivity() *cobra.Command {
	var p pageFlags
	return walletLook{
		use: "activity WALLET", short: "List what happened to a wallet's money, newest first",
		long:    "activity lists purchases, each with all that became of it, and money that moved otherwise, newest first.",
		example: "  sekisho wallet activity wal_0123456789abcdef01234567 --config sekisho.yaml --limit 10",
		args:    []string{"WALLET"}, flags: p.add,
		path: func(args []string) (string, error) {
			return p.path("/v1/wallets/" + args[0] + "/activity"), errors.Join(checkWalletID(args[0]), p.check())
		},
		say: func(ctx context.Context, client *walletClient, out, stderr io.Writer, path string) error {
			page, err := readPage[shownActivity](ctx, client, path)
			if err != nil {
				return err
			}
			t := columns("at", "what", ">amount", ">held", ">charged", ">refunded", "state", "merchant", "card", "why")
			for i := range page.Data {
				a := &page.Data[i]
				t.row(atSecond(a.At), a.Type, amountOf(a.Amount), amountOf(a.Held), amountOf(a.Charged), amountOf(a.Refunded),
					a.State, strings.TrimSpace(a.Merchant), a.Card, a.Why)
			}
			if err := t.write(out); err != nil {
				return err
			}
			return page.sayMore(stderr)
		},
	}.command()
}

// shownEvent is an entry of a wallet's log, or an event of it, as the API tells of it.
type shownEvent struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Card    string    `json:"card"`
	Amount  *money    `json:"amount"`
	Balance *struct {
		Posted      *money `json:"posted"`
		Held        *money `json:"held"`
		Unallocated *money `json:"unallocated"`
	} `json:"balance"`
}

func newWalletEvents() *cobra.Command {
	var after uint64
	var limit int
	return walletLook{
		use: "events WALLET", short: "List a wallet's events in their order",
		long: "events lists what is in a wallet's log, oldest first, each with its version and the balance after it.\n" +
			"With --after a list goes on where another ended.",
		example: "  sekisho wallet events wal_0123456789abcdef01234567 --after 12 --config sekisho.yaml",
		args:    []string{"WALLET"},
		flags: func(cmd *cobra.Command) {
			cmd.Flags().Uint64Var(&after, "after", 0, "only those of a later version")
			cmd.Flags().IntVar(&limit, "limit", pageLimitMax, "how many at most, 1 to 100")
		},
		path: func(args []string) (string, error) {
			query := url.Values{"after": {strconv.FormatUint(after, 10)}, "limit": {strconv.Itoa(limit)}}
			p := pageFlags{limit: limit}
			return "/v1/wallets/" + args[0] + "/events?" + query.Encode(), errors.Join(checkWalletID(args[0]), p.check())
		},
		say: func(ctx context.Context, client *walletClient, out, stderr io.Writer, path string) error {
			page, err := readPage[shownEvent](ctx, client, path)
			if err != nil {
				return err
			}
			t := columns(">version", "at", "what", "card", ">amount", ">posted", ">held", ">unallocated")
			for i := range page.Data {
				e := &page.Data[i]
				posted, held, unallocated := "", "", ""
				if b := e.Balance; b != nil {
					posted, held, unallocated = amountOf(b.Posted), amountOf(b.Held), amountOf(b.Unallocated)
				}
				t.row(strconv.FormatUint(e.Version, 10), atSecond(e.At), e.Type, e.Card, amountOf(e.Amount), posted, held, unallocated)
			}
			if err := t.write(out); err != nil {
				return err
			}
			if page.Next != "" {
				_, err = fmt.Fprintf(stderr, "there is more: --after %s\n", page.Next)
			}
			return err
		},
	}.command()
}

// atSecond is a time for a person, UTC.
func atSecond(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
