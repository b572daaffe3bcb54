package main

import "github.com/spf13/cobra"

func newWalletTier() *cobra.Command {
	return walletChange{
		use: "tier WALLET NAME", short: "Give a wallet the limits of a tier",
		long: "tier gives a wallet the limits of a tier of its program (programs[].wallet.tiers), such as when its owner was\n" +
			"identified. With the name \"\" it has those of the program again. What it has already above a limit stays; only\nno more comes in.",
		example: "  sekisho wallet tier wal_0123456789abcdef01234567 verified --config sekisho.yaml",
		args:    []string{"WALLET", "NAME"},
		request: func(args []string, _ string) (walletRequest, error) {
			return walletRequest{"/v1/wallets/" + args[0] + "/tier", map[string]string{"tier": args[1]}}, checkWalletID(args[0])
		},
		say: sayWallet,
	}.command()
}
