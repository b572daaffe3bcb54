package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sekisho/jobs"
	"sekisho/spec"
)

// walletRequest is one POST.
type walletRequest struct {
	path string
	body any // nil: the route takes none
}

// walletChange is a subcommand that changes something: one POST, and what is said of its answer.
type walletChange struct {
	use, short, long, example string
	args                      []string
	flags                     func(*cobra.Command)
	request                   func(args []string, key string) (walletRequest, error) // an error is wrong use
	currency                  *string                                                // of the amount; empty: that of the wallet, which is the first argument
	say                       func(w io.Writer, a *walletAnswer) error
}

// command is the subcommand.
func (c walletChange) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: c.use, Short: c.short, Long: strings.TrimSpace(c.long + "\n\n" + walletAccessHelp), Example: c.example, Args: needs(c.args...),
	}
	access := walletAccessFlags(cmd)
	key := cmd.Flags().String("key", "", "Idempotency-Key (default a random one)")
	quiet := cmd.Flags().BoolP("quiet", "q", false, "print only the id of what was made or changed")
	if c.flags != nil {
		c.flags(cmd)
	}
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		used := cmp.Or(*key, newKey())
		request, err := c.request(args, used)
		if err != nil {
			return usageError{err}
		}
		client, err := access.client(os.Getenv)
		if err != nil {
			return err
		}
		if c.currency != nil && *c.currency == "" {
			if *c.currency, err = client.currencyOf(cmd.Context(), args[0]); err != nil {
				return err
			}
			if request, err = c.request(args, used); err != nil {
				return usageError{err}
			}
		}
		answer, err := client.post(cmd.Context(), request.path, used, request.body)
		switch {
		case unsettled(err):
			return fmt.Errorf("%w\nrun the same again with --key %s: it happens once", err, used)
		case err != nil:
			var p *walletProblem
			if errors.As(err, &p) && c.currency != nil {
				p.currency = *c.currency
			}
			return err
		}
		out := cmd.OutOrStdout()
		switch {
		case access.asJSON:
			return sayBody(out, answer)
		case *quiet:
			return sayID(out, answer)
		}
		if answer.Replayed {
			fmt.Fprintln(cmd.ErrOrStderr(), "it had happened already: this is the answer of then")
		}
		return c.say(out, answer)
	})
	return cmd
}

// walletLook is a subcommand that only reads.
type walletLook struct {
	use, short, long, example string
	args                      []string
	flags                     func(*cobra.Command)
	path                      func(args []string) (string, error) // of what --json prints; an error is wrong use
	say                       func(ctx context.Context, client *walletClient, out, stderr io.Writer, path string) error
}

// command is the subcommand.
func (l walletLook) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: l.use, Short: l.short, Long: strings.TrimSpace(l.long + "\n\n" + walletAccessHelp), Example: l.example, Args: needs(l.args...),
	}
	access := walletAccessFlags(cmd)
	if l.flags != nil {
		l.flags(cmd)
	}
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		path, err := l.path(args)
		if err != nil {
			return usageError{err}
		}
		client, err := access.client(os.Getenv)
		if err != nil {
			return err
		}
		if !access.asJSON {
			return l.say(cmd.Context(), client, cmd.OutOrStdout(), cmd.ErrOrStderr(), path)
		}
		answer, err := client.get(cmd.Context(), path)
		if err != nil {
			return err
		}
		return sayBody(cmd.OutOrStdout(), answer)
	})
	return cmd
}

func sayBody(out io.Writer, answer *walletAnswer) error {
	_, err := fmt.Fprintln(out, string(answer.Body))
	return err
}

func sayID(out io.Writer, answer *walletAnswer) error {
	var made struct {
		ID string `json:"id"`
	}
	if err := answer.read(&made); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, made.ID)
	return err
}

// money is an amount as the API writes it.
type money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// String is for a person, in the major unit: ¥1,200, USD 5.50.
func (m money) String() string { return jobs.MoneyText(spec.Money(m.Amount), m.Currency) }

// amountRule is digits, or groups of three with commas between them.
var amountRule = regexp.MustCompile(`^([0-9]+|[1-9][0-9]{0,2}(,[0-9]{3})+)$`)

// parseAmount reads an amount above zero in the minor unit: 1200, or 1,200.
func parseAmount(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	if !amountRule.MatchString(text) || err != nil || n <= 0 || n > moneyMax {
		return 0, errors.New("the amount cannot be used: expected a whole number above zero in the minor unit, such as 1200 or 1,200 for 1,200 yen; a comma is for groups of three digits, never for decimals")
	}
	return n, nil
}

// What ids look like. They become part of an address.
var (
	walletIDRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
	cardIDRule   = regexp.MustCompile(`^crd_[0-9a-f]{24}$`)
)

func checkWalletID(id string) error {
	if !walletIDRule.MatchString(id) {
		return errors.New("the wallet cannot be used: expected its id, such as wal_0123456789abcdef01234567")
	}
	return nil
}

func checkCardID(id string) error {
	if !cardIDRule.MatchString(id) {
		return errors.New("the card cannot be used: expected its id, such as crd_0123456789abcdef01234567 (not its number)")
	}
	return nil
}
