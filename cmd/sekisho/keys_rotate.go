package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"sekisho/jobs"
	"sekisho/spec"
)

func newKeysRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate --config FILE",
		Short: "Seal all card numbers under a new key",
		Long: "rotate makes a new primary key and seals the number of every card under it, beside the traffic. When it\n" +
			"was stopped, run it again: while any card is sealed under an older key it makes no new key, it goes on. When\n" +
			"all are under the primary key already, that is asking for another rotation, and a new key is made. Old\n" +
			"keys stay, see keys retire. It exits with 1 when a card is left under another key.",
		Example: "  sekisho keys rotate --config sekisho.yaml\n  sekisho keys rotate --config sekisho.yaml --to 1234567890 --json",
		Args:    needs(),
	}
	path := configFlag(cmd)
	to := cmd.Flags().String("to", "", "make no key: seal under this one, which keys add has put into the keyset")
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) (err error) {
		var o rotateOptions
		if *to != "" {
			if o.To, err = parseKeyID(*to); err != nil {
				return err
			}
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		r, err := runJob[jobs.Resealed](cmd.Context(), s, cmd.ErrOrStderr(), jobKeysRotate, o)
		if err != nil {
			return err
		}
		for _, problem := range r.Problems {
			fmt.Fprintln(cmd.ErrOrStderr(), problem)
		}
		if *asJSON {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		} else {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s card numbers sealed under key %d, %s left under others\n", spec.Grouped(int64(r.Cards)), r.Key, spec.Grouped(int64(r.Left)))
		}
		if err == nil && r.Left > 0 {
			return errSaid
		}
		return err
	})
	return cmd
}

func newKeysRetire() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retire --config FILE ID",
		Short: "Take a key out of the keyset for good",
		Long: "retire takes a key out of the keyset, unless it is the primary one or any card is sealed under it. It cannot\n" +
			"be undone: what the log, copies of it and exports have of before the rotation cannot be read any more.\n" +
			"Where nodes have keysets of their own, retire only after all of them seal under the newer key.",
		Example: "  sekisho keys retire --config sekisho.yaml 1234567890",
		Args:    needs("ID"),
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		id, err := parseKeyID(args[0])
		if err != nil {
			return err
		}
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		r, err := runJob[keyRetired](cmd.Context(), s, cmd.ErrOrStderr(), jobKeysRetire, retireOptions{id})
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "key %d is not in the keyset any more\n", r.Key)
		return err
	})
	return cmd
}
