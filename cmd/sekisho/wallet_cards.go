package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// shownCard is a card as the API tells of it.
type shownCard struct {
	ID        string `json:"id"`
	Wallet    string `json:"wallet"`
	Version   uint64 `json:"version"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	First6    string `json:"first6"`
	Last4     string `json:"last4"`
	Expiry    string `json:"expiry"`
	Allocated *money `json:"allocated"`
	Held      *money `json:"held"`
	Available *money `json:"available"`
}

// masked is its number as it may be shown.
func (c *shownCard) masked() string { return c.First6 + "******" + c.Last4 }

func sayCard(w io.Writer, a *walletAnswer) error {
	var c shownCard
	if err := a.read(&c); err != nil {
		return err
	}
	name := c.Name
	if name != "" {
		name = fmt.Sprintf("   %q", name)
	}
	_, err := fmt.Fprintf(w, "%s   %s   expiry %s   %s%s   version %d\n", c.ID, c.masked(), c.Expiry, c.Status, name, c.Version)
	return err
}

func newWalletIssue() *cobra.Command {
	var body struct {
		Name   string `json:"name,omitempty"`
		Holder string `json:"holder,omitempty"`
	}
	return walletChange{
		use: "issue WALLET", short: "Issue a card",
		long:    "issue gives a wallet another card, at once. It can pay with what is allocated to it.",
		example: "  C=$(sekisho wallet issue wal_0123456789abcdef01234567 --name groceries --config sekisho.yaml -q)",
		args:    []string{"WALLET"},
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&body.Name, "name", "", "how the card is called")
			cmd.Flags().StringVar(&body.Holder, "holder", "", "the person who spends with it, per_… (default the wallet's owner)")
		},
		request: func(args []string, _ string) (walletRequest, error) {
			return walletRequest{"/v1/wallets/" + args[0] + "/cards", &body}, checkWalletID(args[0])
		},
		say: sayCard,
	}.command()
}

// newCardChanges are the subcommands that change a card and nothing else.
func newCardChanges() []*cobra.Command {
	var all []*cobra.Command
	for _, c := range []struct{ verb, short, long string }{
		{"freeze", "Freeze a card", "freeze has a card refused from the next authorization on, until it is unfrozen."},
		{"unfreeze", "Unfreeze a card", "unfreeze has a frozen card pay again."},
		{"close", "Close a card", "close ends a card for good, whatever state it is in. Free money returns to the wallet; what is held stays\nuntil it is cleared or released."},
		{"reissue", "Give a card a new number", "reissue gives a card a new number under the same id. The old number is refused from then on; what was\npaid with it still clears."},
	} {
		all = append(all, walletChange{
			use: c.verb + " CARD", short: c.short, long: c.long,
			example: "  sekisho wallet " + c.verb + " crd_0123456789abcdef01234567 --config sekisho.yaml",
			args:    []string{"CARD"},
			request: func(args []string, _ string) (walletRequest, error) {
				return walletRequest{path: "/v1/cards/" + args[0] + "/" + c.verb}, checkCardID(args[0])
			},
			say: sayCard,
		}.command())
	}
	return all
}

func newWalletCards() *cobra.Command {
	var p pageFlags
	return walletLook{
		use: "cards WALLET", short: "List the cards of a wallet",
		long:    "cards lists the cards of a wallet in the order of their issue, closed ones too.",
		example: "  sekisho wallet cards wal_0123456789abcdef01234567 --config sekisho.yaml",
		args:    []string{"WALLET"}, flags: p.add,
		path: func(args []string) (string, error) {
			return p.path("/v1/wallets/" + args[0] + "/cards"), errors.Join(checkWalletID(args[0]), p.check())
		},
		say: func(ctx context.Context, client *walletClient, out, stderr io.Writer, path string) error {
			page, err := readPage[shownCard](ctx, client, path)
			if err != nil {
				return err
			}
			if err := cardTable(out, page.Data); err != nil {
				return err
			}
			return page.sayMore(stderr)
		},
	}.command()
}

// cardTable is a line for each card.
func cardTable(out io.Writer, cards []shownCard) error {
	t := columns("card", "number", "expiry", "status", "name", ">allocated", ">held", ">available")
	for i := range cards {
		c := &cards[i]
		t.row(c.ID, c.masked(), c.Expiry, c.Status, c.Name, amountOf(c.Allocated), amountOf(c.Held), amountOf(c.Available))
	}
	return t.write(out)
}

// amountOf is an amount where there is one.
func amountOf(m *money) string {
	if m == nil {
		return ""
	}
	return m.String()
}
