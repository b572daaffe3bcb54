package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// shownWallet is a wallet as the API tells of it.
type shownWallet struct {
	ID       string `json:"id"`
	Version  uint64 `json:"version"`
	Kind     string `json:"kind"`
	Program  string `json:"program"`
	Currency string `json:"currency"`
	Name     string `json:"name"`
	Tier     string `json:"tier"`
}

func sayWallet(w io.Writer, a *walletAnswer) error {
	var s shownWallet
	if err := a.read(&s); err != nil {
		return err
	}
	return s.say(w)
}

// say is one line.
func (s *shownWallet) say(w io.Writer) error {
	line := s.ID
	if s.Name != "" {
		line += fmt.Sprintf("   %q", s.Name)
	}
	if s.Kind != "" {
		line += "   " + s.Kind
	}
	if s.Tier != "" {
		line += "   tier " + s.Tier
	}
	_, err := fmt.Fprintf(w, "%s   %s %s   version %d\n", line, s.Program, s.Currency, s.Version)
	return err
}

// shownBalance is a wallet's money as the API tells of it.
type shownBalance struct {
	Version     uint64             `json:"version"`
	Posted      money              `json:"posted"`
	Held        money              `json:"held"`
	Available   money              `json:"available"`
	Unallocated money              `json:"unallocated"`
	Cards       []shownCardBalance `json:"cards"`
}

type shownCardBalance struct {
	Card      string `json:"card"`
	Allocated money  `json:"allocated"`
	Held      money  `json:"held"`
	Available money  `json:"available"`
}

// say is a line for the wallet and a table of its cards.
func (b *shownBalance) say(w io.Writer) error {
	_, err := fmt.Fprintf(w, "posted %s   held %s   available %s   unallocated %s\n", b.Posted, b.Held, b.Available, b.Unallocated)
	if err != nil || len(b.Cards) == 0 {
		return err
	}
	t := columns("card", ">allocated", ">held", ">available")
	for i := range b.Cards {
		c := &b.Cards[i]
		t.row(c.Card, c.Allocated.String(), c.Held.String(), c.Available.String())
	}
	return t.write(w)
}

func newWalletShow() *cobra.Command {
	return walletLook{
		use: "show WALLET", short: "Show a wallet and its balance",
		long:    "show prints a wallet and what it has, all of one version. With --json it is the body of the balance.",
		example: "  sekisho wallet show wal_0123456789abcdef01234567 --config sekisho.yaml",
		args:    []string{"WALLET"},
		path: func(args []string) (string, error) {
			return "/v1/wallets/" + args[0] + "/balance", checkWalletID(args[0])
		},
		say: func(ctx context.Context, client *walletClient, out, _ io.Writer, path string) error {
			var wallet shownWallet
			answer, err := client.get(ctx, path[:len(path)-len("/balance")])
			if err == nil {
				err = answer.read(&wallet)
			}
			if err != nil {
				return err
			}
			var balance shownBalance
			if answer, err = client.get(ctx, path); err == nil {
				err = answer.read(&balance)
			}
			if err != nil {
				return err
			}
			wallet.Version = balance.Version
			if err := wallet.say(out); err != nil {
				return err
			}
			return balance.say(out)
		},
	}.command()
}
