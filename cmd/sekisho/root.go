package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// What the program exits with.
const (
	exitOK    = 0
	exitFail  = 1 // it could not be done, or what was checked is wrong
	exitUsage = 2 // it was asked for in a wrong way
)

// run is the program: arguments in, exit code out. Data goes to stdout, messages to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := unknownSubcommand(root, args)
	if err == nil {
		called, err = root.ExecuteContextC(ctx)
	}
	if err == nil {
		return exitOK
	}
	var failed *failure
	isFailure := errors.As(err, &failed)
	if !isFailure || failed.err != nil {
		complain(stderr, err)
	}
	if isFailure {
		return exitFail
	}
	fmt.Fprintf(stderr, "see '%s --help'\n", called.CommandPath())
	return exitUsage
}

// complain says what was wrong.
func complain(stderr io.Writer, err error) {
	fmt.Fprintf(stderr, "sekisho: %s\n", blank(strings.TrimSpace(err.Error())))
}

// unknownSubcommand looks before cobra does: with --help it would show the help of what it knows and
// exit as if that had been asked for.
func unknownSubcommand(root *cobra.Command, args []string) (*cobra.Command, error) {
	called, rest, err := root.Find(args)
	if err != nil || !called.HasSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") || rest[0] == "help" || rest[0] == "completion" {
		return called, nil
	}
	return called, needsSubcommand(called, rest[:1])
}

// newRoot is the command line. A new one is made for each run, so that nothing stays behind.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "sekisho",
		Short: "An ISO 8583 authorization switch with its own ledger",
		Long: "sekisho is an ISO 8583 authorization switch: card networks connect to it over TCP, it decides\n" +
			"their messages on wallets that it keeps itself, and answers.\n\n" +
			"It exits with 0 on success, 1 on failure, 2 on wrong use.",
		Example:       "  sekisho serve --config sekisho.yaml",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          needsSubcommand,

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if !belowZero.MatchString(err.Error()) {
			return flagError(err)
		}
		text := "an amount is above zero"
		if cmd.Flags().Lookup("back") != nil {
			text += "; --back takes money back from the card"
		}
		return errors.New(text)
	})
	root.AddCommand(newServe(), newSeed(), newInspect(), newVerify(), newClearing(), newDemo(), newTable(), newSpec(), newVersion(), newCardnet(),
		newExpire(), newReport(), newSuspense(), newWallet(), newPay(), newKeys())
	return root
}

// belowZero is what the reader of flags says of -100.
var belowZero = regexp.MustCompile(`^unknown shorthand flag: '[0-9]'`)

// flagError says what a flag is to be, where its reader only names a function of Go.
func flagError(err error) error {
	what, reader, _ := strings.Cut(err.Error(), ": strconv.")
	reader, _, _ = strings.Cut(reader, ":")
	if before, _, found := strings.Cut(what, ": time: "); found {
		what, reader = before, "duration"
	}
	expected := map[string]string{
		"ParseInt": "a whole number", "ParseUint": "a whole number, 0 or more", "ParseFloat": "a number", "ParseBool": "true or false",
		"duration": "a time such as 500ms or 20s",
	}[reader]
	if expected == "" {
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		expected += ", and a smaller one"
	}
	return errors.New(what + ": expected " + expected)
}

// needsSubcommand is what a command does that is only the name of others.
func needsSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(cmd.ErrOrStderr(), cmd.UsageString())
		return errors.New("a subcommand is missing")
	}
	text := fmt.Sprintf("%s has no subcommand %q", cmd.CommandPath(), args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(", did you mean %q?", near[0])
	}
	return errors.New(text)
}

// needs are the arguments of a command, by the names it has for them.
func needs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		what := "no argument"
		if len(names) > 0 {
			what = strings.Join(names, " and ")
		}
		return fmt.Errorf("expected %s, found %d arguments", what, len(args))
	}
}

// failure is an error of the work itself. Every other error that comes out of the command line is
// wrong use.
type failure struct{ err error } // nil when everything was said already

func (f *failure) Error() string {
	if f.err == nil {
		return "failed"
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// errSaid fails without another word.
var errSaid = &failure{}

// usageError is wrong use that shows only while the work is done.
type usageError struct{ error }

// work makes the function of a command: what it returns counts as a failure, but for a usageError.
func work(do func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd, args)
		var usage usageError
		var failed *failure
		switch {
		case err == nil:
			return nil
		case errors.As(err, &failed):
			return err
		case errors.As(err, &usage):
			return usage
		}
		return &failure{err}
	}
}

// configFlag gives a command its --config.
func configFlag(cmd *cobra.Command) *string {
	path := cmd.Flags().StringP("config", "c", "", "configuration file (YAML)")
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag was made in the line above
	}
	return path
}
