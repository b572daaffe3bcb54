package main

import "github.com/spf13/cobra"

// newWallet is what people and their app servers do with wallets, over the wallet API.
func newWallet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wallet",
		Short: "Open wallets, issue cards, move money: a client of the wallet API",
		Long: "wallet does over HTTP what an app server does: each subcommand is one call of the wallet API, and\n" +
			"prints what it answers; --json prints the body as it is.\n\n" + walletAccessHelp,
		Example: "  sekisho wallet create --config sekisho.yaml --name Hana --program prepaid\n" +
			"  sekisho wallet show wal_0123456789abcdef01234567 --config sekisho.yaml",
		Args: cobra.ArbitraryArgs,
		RunE: needsSubcommand,
	}
	cmd.AddCommand(newWalletCreate(), newWalletTopUp(), newWalletIssue(), newWalletAllocate(), newWalletSweep(), newWalletTransfer(),
		newWalletTier(), newWalletShow(), newWalletActivity(), newWalletEvents(), newWalletCards(), newWalletOpenAPI())
	cmd.AddCommand(newCardChanges()...)
	return cmd
}
