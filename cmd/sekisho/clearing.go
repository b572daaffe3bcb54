package main

import "github.com/spf13/cobra"

func newClearing() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "clearing",
		Short:   "Clearing files",
		Example: "  sekisho clearing show FILE",
		Args:    cobra.ArbitraryArgs,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(newClearingShow(), newClearingLoad())
	return cmd
}
