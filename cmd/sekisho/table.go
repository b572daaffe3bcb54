package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"sekisho/balance/dynamo"
	"sekisho/deploy/dynamodb"
)

func newTable() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "table",
		Short: "The DynamoDB table",
		Args:  cobra.ArbitraryArgs,
		RunE:  needsSubcommand,
	}
	cmd.AddCommand(newTableShow())
	return cmd
}

func newTableShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [--config FILE]",
		Short: "Print the table's template, or compare a live table with it",
		Long: "show prints the CloudFormation template of the table. With a configuration it compares the live\n" +
			"table with the template instead, and exits with 1 when they differ.",
		Example: "  sekisho table show > table.yaml\n  sekisho table show --config sekisho.yaml",
		Args:    needs(),
	}
	path := cmd.Flags().StringP("config", "c", "", "configuration file (YAML)")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		if *path == "" {
			_, err := io.WriteString(cmd.OutOrStdout(), dynamodb.Template())
			return err
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		if s.Dynamo == nil {
			return fmt.Errorf("%s has no store.dynamodb: there is no table to compare", *path)
		}
		differences, err := dynamo.Compare(cmd.Context(), *s.Dynamo)
		if err != nil {
			return err
		}
		for _, d := range differences {
			fmt.Fprintln(cmd.OutOrStdout(), d)
		}
		if len(differences) > 0 {
			return &failure{fmt.Errorf("table %s differs from the template in %d ways", s.Dynamo.Table, len(differences))}
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "table %s is as the template says\n", s.Dynamo.Table)
		return err
	})
	return cmd
}
