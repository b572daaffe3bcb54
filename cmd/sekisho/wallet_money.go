package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newWalletCreate() *cobra.Command {
	var body struct {
		Kind    string `json:"kind"`
		Program string `json:"program"`
		Name    string `json:"name"`
	}
	return walletChange{
		use: "create --name NAME --program PROGRAM", short: "Open a wallet",
		long: "create opens a wallet, for one person or for a group. Its id follows from tenant and key: with the same\n--key it is opened once.",
		example: "  sekisho wallet create --config sekisho.yaml --name Hana --program prepaid\n" +
			"  W=$(sekisho wallet create --config sekisho.yaml --name Trip --kind group --program prepaid -q)",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&body.Kind, "kind", "personal", "personal or group")
			cmd.Flags().StringVar(&body.Program, "program", "", "program of the configuration")
			cmd.Flags().StringVar(&body.Name, "name", "", "how the wallet is called")
		},
		request: func([]string, string) (walletRequest, error) {
			switch {
			case body.Kind != "personal" && body.Kind != "group":
				return walletRequest{}, errors.New("--kind: expected personal or group")
			case body.Name == "" || body.Program == "":
				return walletRequest{}, errors.New("--name and --program are needed: expected how the wallet is called, and a program of the configuration")
			}
			return walletRequest{"/v1/wallets", &body}, nil
		},
		say: sayWallet,
	}.command()
}

func newWalletTopUp() *cobra.Command {
	var currency, reference string
	return walletChange{
		use: "top-up WALLET AMOUNT", short: "Credit money that came in",
		long:    "top-up credits a wallet with money that came in from elsewhere. A wallet takes a reference once.",
		example: "  sekisho wallet top-up wal_0123456789abcdef01234567 5000 --reference r-1 --config sekisho.yaml",
		args:    []string{"WALLET", "AMOUNT"}, currency: &currency,
		flags: func(cmd *cobra.Command) {
			currencyFlag(cmd, &currency)
			cmd.Flags().StringVar(&reference, "reference", "", "names the money where it came from (default the key)")
		},
		request: func(args []string, key string) (walletRequest, error) {
			amount, err := parseAmount(args[1])
			return walletRequest{"/v1/wallets/" + args[0] + "/top-ups", map[string]any{
				"amount": money{amount, currency}, "reference": cmp.Or(reference, key),
			}}, errors.Join(checkWalletID(args[0]), err)
		},
		say: sayMoved("credited"),
	}.command()
}

func newWalletAllocate() *cobra.Command {
	var currency string
	var back bool
	return walletChange{
		use: "allocate WALLET CARD AMOUNT", short: "Allocate money to a card, or take it back",
		long:    "allocate moves money of a wallet to one of its cards, which can spend it from then on; with --back from\nthe card to the wallet.",
		example: "  sekisho wallet allocate wal_0123456789abcdef01234567 crd_0123456789abcdef01234567 2000 --config sekisho.yaml",
		args:    []string{"WALLET", "CARD", "AMOUNT"}, currency: &currency,
		flags: func(cmd *cobra.Command) {
			currencyFlag(cmd, &currency)
			cmd.Flags().BoolVar(&back, "back", false, "from the card back to the wallet")
		},
		request: func(args []string, _ string) (walletRequest, error) {
			amount, err := parseAmount(args[2])
			if back {
				amount = -amount
			}
			return walletRequest{"/v1/wallets/" + args[0] + "/allocations", map[string]any{
				"card": args[1], "amount": money{amount, currency},
			}}, errors.Join(checkWalletID(args[0]), checkCardID(args[1]), err)
		},
		say: sayMoved("allocated"),
	}.command()
}

func newWalletSweep() *cobra.Command {
	return walletChange{
		use: "sweep WALLET CARD", short: "Take back all that is free on a card",
		long:    "sweep moves all money of a card that no purchase holds back to its wallet.",
		example: "  sekisho wallet sweep wal_0123456789abcdef01234567 crd_0123456789abcdef01234567 --config sekisho.yaml",
		args:    []string{"WALLET", "CARD"},
		request: func(args []string, _ string) (walletRequest, error) {
			return walletRequest{"/v1/wallets/" + args[0] + "/allocations", map[string]any{
				"card": args[1], "sweep": true,
			}}, errors.Join(checkWalletID(args[0]), checkCardID(args[1]))
		},
		say: sayMoved("allocated"),
	}.command()
}

func newWalletTransfer() *cobra.Command {
	var currency, reference string
	return walletChange{
		use: "transfer FROM TO AMOUNT", short: "Hand money over to another wallet",
		long:    "transfer moves unallocated money from one wallet to another of the same program, wholly or not at all.",
		example: "  sekisho wallet transfer wal_0123456789abcdef01234567 wal_89abcdef0123456701234567 500 --config sekisho.yaml",
		args:    []string{"FROM", "TO", "AMOUNT"}, currency: &currency,
		flags: func(cmd *cobra.Command) {
			currencyFlag(cmd, &currency)
			cmd.Flags().StringVar(&reference, "reference", "", "what both wallets show of it (default the key)")
		},
		request: func(args []string, key string) (walletRequest, error) {
			amount, err := parseAmount(args[2])
			return walletRequest{"/v1/transfers", map[string]any{
				"from": args[0], "to": args[1], "amount": money{amount, currency}, "reference": cmp.Or(reference, key),
			}}, errors.Join(checkWalletID(args[0]), checkWalletID(args[1]), err)
		},
		say: sayMoved("transferred"),
	}.command()
}

func currencyFlag(cmd *cobra.Command, currency *string) {
	cmd.Flags().StringVar(currency, "currency", "", "currency of the amount, ISO 4217 (default the wallet's)")
}

// sayMoved says what money was moved.
func sayMoved(verb string) func(io.Writer, *walletAnswer) error {
	return func(w io.Writer, a *walletAnswer) error {
		var moved struct {
			ID      string `json:"id"`
			Card    string `json:"card"`
			Version uint64 `json:"version"`
			Amount  money  `json:"amount"`
			After   *struct {
				Available money `json:"available"`
			} `json:"card_after"`
		}
		if err := a.read(&moved); err != nil {
			return err
		}
		what := verb
		switch {
		case moved.Amount.Amount < 0:
			moved.Amount.Amount, what = -moved.Amount.Amount, "back to the wallet"
		case moved.Amount.Amount == 0:
			what = verb + ": there was nothing to move"
		}
		line := fmt.Sprintf("%s %s", moved.Amount, what)
		if moved.After != nil {
			line += fmt.Sprintf(", the card has %s available", moved.After.Available)
		}
		_, err := fmt.Fprintf(w, "%s   version %d   %s\n", line, moved.Version, moved.ID)
		return err
	}
}
