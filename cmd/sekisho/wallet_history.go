package main

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// shownActivity is something that happened to the money of a wallet, as the API tells of it.
type shownActivity struct {
	At        time.Time `json:"at"`
	Type      string    `json:"type"`
	Card      string    `json:"card"`
	Amount    money     `json:"amount"`
	Other     string    `json:"other"`
	Reference string    `json:"reference"`
	Purchase  struct {  // what became of it, where it is one
		State    string `json:"state"`
		Held     *money `json:"held"`
		Charged  *money `json:"charged"`
		Refunded *money `json:"refunded"`
		Merchant string `json:"merchant"`
		Why      string `json:"why"`
	} `json:"purchase"`
}

// about says of whom or what it is, besides the card.
func (a *shownActivity) about() string {
	return strings.TrimSpace(strings.Join([]string{strings.TrimSpace(a.Purchase.Merchant), a.Other, a.Reference}, " "))
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
			t := columns("at", "what", ">amount", ">held", ">charged", ">refunded", "state", "about", "card", "why")
			for i := range page.Data {
				a, p := &page.Data[i], &page.Data[i].Purchase
				t.row(atSecond(a.At), spaced(a.Type), a.Amount.String(), amountOf(p.Held), amountOf(p.Charged), amountOf(p.Refunded),
					spaced(p.State), a.about(), a.Card, p.Why)
			}
			if err := t.write(out); err != nil {
				return err
			}
			return page.sayMore(stderr)
		},
	}.command()
}

// shownEvent is something in a wallet's log, as the API tells of it.
type shownEvent struct {
	Version   uint64    `json:"version"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Card      string    `json:"card"`
	State     string    `json:"state"`
	Reason    string    `json:"reason"`
	Hold      *money    `json:"hold"`      // of the purchase, after it
	Posted    *money    `json:"posted"`    // by how much the wallet's money changed
	Allocated *money    `json:"allocated"` // by how much the card's money changed
	Balance   struct {
		Posted      money `json:"posted"`
		Held        money `json:"held"`
		Unallocated money `json:"unallocated"`
	} `json:"balance"`
}

func newWalletEvents() *cobra.Command {
	var after uint64
	var p pageFlags
	return walletLook{
		use: "events WALLET", short: "List a wallet's events in their order",
		long: "events lists what is in a wallet's log, oldest first: each with its version, by how much it changed the\n" +
			"money of the wallet and of the card, and what the wallet has after it. With --after it goes on where\n" +
			"another list ended.",
		example: "  sekisho wallet events wal_0123456789abcdef01234567 --after 12 --config sekisho.yaml",
		args:    []string{"WALLET"},
		flags: func(cmd *cobra.Command) {
			cmd.Flags().Uint64Var(&after, "after", 0, "only those of a later version")
			p.add(cmd)
		},
		path: func(args []string) (string, error) {
			path := p.path("/v1/wallets/" + args[0] + "/events")
			if after > 0 {
				path += "&after=" + strconv.FormatUint(after, 10)
			}
			return path, errors.Join(checkWalletID(args[0]), p.check())
		},
		say: func(ctx context.Context, client *walletClient, out, stderr io.Writer, path string) error {
			page, err := readPage[shownEvent](ctx, client, path)
			if err != nil {
				return err
			}
			t := columns(">version", "at", "what", "card", "state", "reason", ">hold", ">posted", ">allocated", ">| posted", ">held", ">unallocated")
			for i := range page.Data {
				e := &page.Data[i]
				t.row(strconv.FormatUint(e.Version, 10), atSecond(e.At), spaced(e.Kind), e.Card, spaced(e.State), spaced(e.Reason), amountOf(e.Hold),
					signed(e.Posted), signed(e.Allocated), e.Balance.Posted.String(), e.Balance.Held.String(), e.Balance.Unallocated.String())
			}
			if err := t.write(out); err != nil {
				return err
			}
			return page.sayMore(stderr)
		},
	}.command()
}

// spaced is a name of the API for a person.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// signed is by how much an amount changed, where it did.
func signed(m *money) string {
	if m == nil || m.Amount <= 0 {
		return amountOf(m)
	}
	return "+" + m.String()
}

// atSecond is a time for a person, UTC.
func atSecond(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
