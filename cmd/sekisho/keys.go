package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"sekisho/spec"
	"sekisho/vault"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "The keys that card numbers are sealed under",
		Long: "keys is about the keyset of number_key: the keys that card numbers are encrypted under in the store.\n" +
			"Numbers are sealed under its primary key; older keys stay to open what was sealed under them, until they\n" +
			"are retired. No command shows a key or a number.\n\n" +
			"One machine, or nodes that share the file: rotate, and later retire the old key. Nodes that each have\n" +
			"a copy of the file, or SEKISHO_NUMBER_KEY:\n" +
			"  1. keys add, which does not use the new key yet; give all nodes the new keyset\n" +
			"  2. keys rotate --to ID; give all nodes the keyset again, so that they seal under the new key as well\n" +
			"  3. keys rotate --to ID once more, for what they sealed meanwhile\n" +
			"  4. keys retire the old one when keys show says that no card is sealed under it; give all nodes the keyset\n" +
			"A process reads the file again when it changes; one that has the keyset from the environment is restarted.",
		Example: "  sekisho keys show --config sekisho.yaml\n  sekisho keys rotate --config sekisho.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(newKeysMake(), newKeysShow(), newKeysAdd(), newKeysRotate(), newKeysRetire())
	return cmd
}

func newKeysMake() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "make --config FILE",
		Short: "Make the keyset where none is",
		Long: "make writes a keyset with one random key to the file of number_key.file, or to number.key beside an\n" +
			"embedded store, wrapped by the key service where number_key.kms_key names one. It never overwrites one.",
		Example: "  sekisho keys make --config sekisho.yaml",
		Args:    needs(),
	}
	return numberFileCommand(cmd, func(ctx context.Context, file vault.File) (uint32, error) {
		err := makeNumberFile(ctx, file)
		if errors.Is(err, fs.ErrExist) {
			return 0, fmt.Errorf("there is a keyset in %s already, and it stays", file.Path)
		}
		if err != nil {
			return 0, err
		}
		v, err := file.Open(ctx)
		if err != nil {
			return 0, err
		}
		return v.Primary()
	}, "keys make", "made in")
}

func newKeysAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add --config FILE",
		Short: "Put a new key into the keyset without using it yet",
		Long: "add puts a random key into the keyset. Nothing is sealed under it before keys rotate --to ID, so that\n" +
			"every node can have it first.",
		Example: "  sekisho keys add --config sekisho.yaml",
		Args:    needs(),
	}
	return numberFileCommand(cmd, func(ctx context.Context, file vault.File) (uint32, error) {
		id, err := file.Add(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: expected a keyset file, such as sekisho keys make writes", err)
		}
		return id, err
	}, "keys add", "added to")
}

// keyChanged is what make and add print.
type keyChanged struct {
	Job  string `json:"job"`
	Key  uint32 `json:"key"`
	File string `json:"file"`
}

// numberFileCommand makes a command that changes the keyset's file and needs no store.
func numberFileCommand(cmd *cobra.Command, change func(context.Context, vault.File) (uint32, error), name, did string) *cobra.Command {
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), keyServiceTimeMax)
		defer cancel()
		file, err := changeableNumbers(ctx, s)
		if err != nil {
			return err
		}
		id, err := change(ctx, file)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if *asJSON {
			return json.NewEncoder(out).Encode(keyChanged{name, id, file.Path})
		}
		_, err = fmt.Fprintf(out, "key %d %s %s: keep a copy, without it no card number that is sealed under it can be read again\n", id, did, file.Path)
		return err
	})
	return cmd
}

// changeableNumbers is the file of the keyset; without one the error says what to do.
func changeableNumbers(ctx context.Context, s *settings) (vault.File, error) {
	if s.NumberSecret != "" {
		return vault.File{}, errNumbersFromEnvironment
	}
	file, _, err := numberFile(ctx, s)
	if errors.Is(err, errNoNumberFile) && developmentNumbers(s) {
		err = errors.New("the numbers of this local table are sealed under a fixed key that everybody knows: set number_key.file to have keys of its own")
	}
	return file, err
}

// errNumbersFromEnvironment says that the keyset cannot be changed from here.
var errNumbersFromEnvironment = errors.New("the keyset comes from SEKISHO_NUMBER_KEY and cannot be changed there: keep it in a file, change that with number_key.file and without the variable, and give all nodes its base64")

func newKeysShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show --config FILE",
		Short: "The keys by their ids, and how many cards are sealed under each",
		Long: "show lists the keys of the keyset and counts the cards whose number is sealed under each, over all wallets.\n" +
			"It shows neither keys nor numbers.",
		Example: "  sekisho keys show --config sekisho.yaml --json",
		Args:    needs(),
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		r, err := runJob[keysShown](cmd.Context(), s, cmd.ErrOrStderr(), jobKeysShow, struct{}{})
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
		}
		return r.write(cmd.OutOrStdout())
	})
	return cmd
}

func (r *keysShown) write(out io.Writer) error {
	t := columns("key", "cards", "state")
	for _, k := range r.Keys {
		what := ""
		switch {
		case !k.Known:
			what = "not in the keyset: these numbers cannot be read"
		case k.Primary:
			what = "primary"
		case !k.Enabled:
			what = "disabled"
		case k.Cards == 0:
			what = "can be retired, or is not used yet"
		}
		t.row(strconv.FormatUint(uint64(k.ID), 10), spec.Grouped(int64(k.Cards)), what)
	}
	if r.Unsealed > 0 {
		t.row("none", spec.Grouped(int64(r.Unsealed)), "the number is not kept")
	}
	if r.Strange > 0 {
		t.row("?", spec.Grouped(int64(r.Strange)), "what is kept is no sealed number")
	}
	return t.write(out)
}

// parseKeyID reads the id of a key.
func parseKeyID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, usageError{fmt.Errorf("%q is no id of a key: expected a number such as keys show lists", text)}
	}
	return uint32(id), nil
}
