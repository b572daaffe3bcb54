package main

import "github.com/spf13/cobra"

func newWalletTier() *cobra.Command {
	var wallet string
	var body struct {
		Tier string `json:"tier"`
	}
	return walletChange{
		use: "tier --wallet WALLET --tier NAME", short: "Give a wallet the limits of a tier",
		long: "tier gives a wallet the limits of a tier of its program, such as when its owner was identified. With an empty\n" +
			"name it has those of the program again. What it has already above a limit stays; only no more comes in.",
		example: "  sekisho wallet tier --wallet wal_0123456789abcdef01234567 --tier verified --config sekisho.yaml",
		flags: func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&wallet, "wallet", "", "the wallet; needed")
			cmd.Flags().StringVar(&body.Tier, "tier", "", "a tier of its program (programs[].wallet.tiers), or \"\" for the program's own limits; needed")
			for _, name := range []string{"wallet", "tier"} {
				if err := cmd.MarkFlagRequired(name); err != nil {
					panic(err) // the flag was made above
				}
			}
		},
		request: func([]string, string) (walletRequest, error) {
			return walletRequest{"/v1/wallets/" + wallet + "/tier", &body}, checkWalletID(wallet)
		},
		say: sayWallet,
	}.command()
}
