package main

import "github.com/spf13/cobra"

// newCardnet is the practice network alone.
func newCardnet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cardnet",
		Short: "The practice network: what a card network would send",
		Long:  "cardnet is a card network to practise with, JCB-style and unofficial. demo connects it to a switch;\nhere it does what needs no connection.",
		Args:  cobra.ArbitraryArgs,
		RunE:  needsSubcommand,
	}
	cmd.AddCommand(newCardnetClearing())
	return cmd
}
