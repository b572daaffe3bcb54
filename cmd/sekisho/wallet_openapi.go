package main

import (
	"github.com/spf13/cobra"

	"sekisho/teller"
	"sekisho/wallet"
)

func newWalletOpenAPI() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI document of the wallet API",
		Long: "openapi prints the document that the wallet API serves at /openapi.json: OpenAPI 3.1.0 in JSON, or with\n" +
			"--3.0 the same in OpenAPI 3.0.3, for tools that know no later one.",
		Example: "  sekisho wallet openapi > wallet.json\n  sekisho wallet openapi --3.0 > wallet-3.0.json",
		Args:    needs(),
	}
	older := cmd.Flags().Bool("3.0", false, "in OpenAPI 3.0.3")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		api, err := wallet.New(wallet.Options{Teller: teller.New(nil, teller.Options{}), Version: version()})
		if err != nil {
			return err
		}
		text := api.OpenAPI()
		if *older {
			text = api.OpenAPI30()
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	})
	return cmd
}
