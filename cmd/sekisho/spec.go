package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newSpec() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "spec",
		Short:   "Field tables of the dialects",
		Example: "  sekisho spec list\n  sekisho spec export jcb > jcb.json",
		Args:    cobra.ArbitraryArgs,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(newSpecList(), newSpecExport())
	return cmd
}

func newSpecList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the dialects",
		Example: "  sekisho spec list",
		Args:    needs(),
		RunE: work(func(cmd *cobra.Command, _ []string) error {
			for _, d := range dialects() {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-8s %s\n", d.name, d.about); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

func newSpecExport() *cobra.Command {
	return &cobra.Command{
		Use:   "export NAME",
		Short: "Print the field table of a dialect in moov's JSON",
		Long: "export prints the field table of a dialect in the JSON of github.com/moov-io/iso8583, which can load\n" +
			"it by itself (specs.Builder.ImportJSON).",
		Example:   "  sekisho spec export jcb > jcb.json",
		Args:      needs("NAME"),
		ValidArgs: dialectNames(),
		RunE: work(func(cmd *cobra.Command, args []string) error {
			d := dialectNamed(args[0])
			if d == nil {
				return unknownDialect(args[0])
			}
			table, err := d.export()
			if err != nil {
				return fmt.Errorf("dialect %s: %w", d.name, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(string(table)))
			return err
		}),
	}
}

func unknownDialect(name string) error {
	return usageError{fmt.Errorf("dialect %q is not known: expected %s", name, strings.Join(dialectNames(), " or "))}
}
