package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
)

func newVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify --config FILE",
		Short: "Read every log again and add it up",
		Long: "verify reads every entry of every log and adds it up again: versions without gaps, the chain of\n" +
			"hashes, balances after each entry, no request decided twice, and the sum over all accounts, which is\n" +
			"zero, in each currency. It exits with 1 when anything differs. Amounts in JSON are minor units; where there\n" +
			"are several currencies they are under sums alone. While the store is served it is done there, beside the\n" +
			"traffic; else nothing is written but who has the lock.\n\n" +
			"What an embedded store has behind its last entry is told (dropped_tail): mostly a write that was cut off,\n" +
			"which nobody had an answer to. What no such write leaves is damage, and a problem: then compare with a\n" +
			"backup or another copy.",
		Example: "  sekisho verify --config sekisho.yaml\n  sekisho verify --config sekisho.yaml --json | jq .ok",
		Args:    needs(),
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the result as one JSON object")
	cmd.RunE = work(func(cmd *cobra.Command, _ []string) error {
		s, err := loadConfig(*path, os.Environ())
		if err != nil {
			return err
		}
		v, err := verify(cmd.Context(), s, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		return report(cmd.OutOrStdout(), &v, *asJSON)
	})
	return cmd
}

// verified is what verify found.
type verified struct {
	balance.Audit
	tail *droppedTail // nil: there is none
}

// report prints a ledger; one that does not add up is a failure, and so is one whose end is damaged.
func report(w io.Writer, v *verified, asJSON bool) error {
	write := writeAudit
	if asJSON {
		write = writeAuditJSON
	}
	if err := write(w, v); err != nil {
		return err
	}
	switch {
	case !v.OK():
		return fmt.Errorf("the ledger does not add up: %s", jobs.Counted(v.Faults, "problem", "problems"))
	case v.tail.damaged():
		return errors.New("the end of the log is damaged")
	}
	return nil
}

// verify adds up the store of a configuration.
func verify(ctx context.Context, s *settings, stderr io.Writer) (v verified, err error) {
	a, err := runJob[auditAnswer](ctx, s, stderr, "verify", struct{}{})
	if err != nil {
		return v, err
	}
	audit := balance.Audit{Wallets: a.Wallets, Logs: a.Logs, Entries: a.Entries, Events: a.Events, Problems: a.Problems, Faults: a.Faults}
	for _, c := range a.Currencies {
		sums := balance.CurrencySums{Currency: c.Currency, Posted: c.Posted, Held: c.Held, Sum: c.Sum, Accounts: map[balance.Account]balance.AccountSums{}}
		for _, account := range c.Accounts {
			sums.Accounts[account.Account] = account.AccountSums
		}
		audit.Currencies = append(audit.Currencies, sums)
	}
	return verified{audit, a.Tail}, nil
}

// auditAnswer is an audit as it goes from the process that made it to the command.
type auditAnswer struct {
	Wallets, Logs, Entries, Events int
	Currencies                     []auditCurrency
	Problems                       []string
	Faults                         int
	Tail                           *droppedTail
}

type auditCurrency struct {
	Currency          spec.Currency
	Posted, Held, Sum spec.Money
	Accounts          []auditAccount
}

type auditAccount struct {
	balance.Account
	balance.AccountSums
}

// verifyLedger is the job.
func verifyLedger(ctx context.Context, l *ledger, _ struct{}, tell func(progress)) (auditAnswer, error) {
	audit, err := balance.Verify(ctx, l.store, func(entries int) { tell(progress{Done: int64(entries), Unit: "entries"}) })
	a := auditAnswer{Wallets: audit.Wallets, Logs: audit.Logs, Entries: audit.Entries, Events: audit.Events, Problems: audit.Problems, Faults: audit.Faults, Tail: droppedFrom(l.store)}
	for i := range audit.Currencies {
		c := &audit.Currencies[i]
		one := auditCurrency{Currency: c.Currency, Posted: c.Posted, Held: c.Held, Sum: c.Sum}
		for account, sums := range c.Accounts {
			one.Accounts = append(one.Accounts, auditAccount{account, sums})
		}
		a.Currencies = append(a.Currencies, one)
	}
	return a, err
}

// summary is one line about a ledger: "412,300 entries re-added over 12 wallets, every yen
// explained".
func summary(a *balance.Audit) string {
	unit := "unit"
	if len(a.Currencies) == 1 && a.Currencies[0].Currency == spec.JPY {
		unit = "yen"
	}
	text := jobs.Counted(a.Entries, "entry", "entries") + " re-added over " + jobs.Counted(a.Wallets, "wallet", "wallets") + ", "
	switch {
	case !a.OK():
		return text + jobs.Counted(a.Faults, "problem", "problems")
	case a.Entries == 0:
		return text + "nothing to explain"
	}
	return text + "every " + unit + " explained"
}

func writeAudit(w io.Writer, a *verified) error {
	var b strings.Builder
	fmt.Fprintln(&b, summary(&a.Audit))
	all := a.Currencies
	if len(all) == 0 {
		all = make([]balance.CurrencySums, 1)
	}
	for i := range all {
		writeSums(&b, &all[i], len(all) > 1)
	}
	for _, p := range a.Problems {
		fmt.Fprintln(&b, "problem:", p)
	}
	if more := a.Faults - len(a.Problems); more > 0 {
		fmt.Fprintf(&b, "and %s\n", jobs.Counted(more, "more problem", "more problems"))
	}
	switch {
	case a.tail.damaged():
		fmt.Fprintln(&b, "problem:", a.tail)
	case a.tail != nil:
		fmt.Fprintln(&b, "note:", a.tail)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeSums writes the accounts in one currency. Where it is one of several its name is in front.
func writeSums(b *strings.Builder, sums *balance.CurrencySums, several bool) {
	money := func(m spec.Money) string {
		if sums.Currency == 0 {
			return spec.Grouped(int64(m))
		}
		return m.Format(sums.Currency)
	}
	account := "account"
	if several {
		account = "account, " + cmp.Or(currencyName(sums.Currency), "in no currency")
	}
	fmt.Fprintf(b, "\n%-32s %16s %16s\n", account, "posted", "held")
	fmt.Fprintf(b, "%-32s %16s %16s\n", "wallets", money(sums.Posted), money(sums.Held))
	for _, account := range accountsOf(sums) {
		s := sums.Accounts[account]
		fmt.Fprintf(b, "%-32s %16s %16s\n", account, money(s.Posted), money(s.Held))
	}
	fmt.Fprintf(b, "%-32s %16s\n", "sum", money(sums.Sum))
}

// currencyName is ISO 4217; empty for none.
func currencyName(c spec.Currency) string {
	if c == 0 {
		return ""
	}
	return c.String()
}

// accountsOf are the accounts on the other side, in order.
func accountsOf(c *balance.CurrencySums) []balance.Account {
	accounts := make([]balance.Account, 0, len(c.Accounts))
	for account, sums := range c.Accounts {
		if sums != (balance.AccountSums{}) {
			accounts = append(accounts, account)
		}
	}
	slices.SortFunc(accounts, func(x, y balance.Account) int { return strings.Compare(x.String(), y.String()) })
	return accounts
}

// auditJSON is what --json prints. Amounts are minor units.
type auditJSON struct {
	OK       bool                    `json:"ok"`
	Entries  int                     `json:"entries"`
	Wallets  int                     `json:"wallets"`
	Sum      *spec.Money             `json:"sum,omitzero"` // these four where there are not several currencies
	Posted   *spec.Money             `json:"posted,omitzero"`
	Held     *spec.Money             `json:"held,omitzero"`
	Accounts map[string]accountsJSON `json:"accounts,omitzero"`
	Sums     []currencyJSON          `json:"sums"` // the same by currency
	Problems []string                `json:"problems"`
	Tail     *droppedTail            `json:"dropped_tail,omitzero"`
}

type currencyJSON struct {
	Currency string                  `json:"currency"` // empty: house logs of no program that has wallets
	Sum      spec.Money              `json:"sum"`
	Posted   spec.Money              `json:"posted"`
	Held     spec.Money              `json:"held"`
	Accounts map[string]accountsJSON `json:"accounts"`
}

type accountsJSON struct {
	Posted spec.Money `json:"posted"`
	Held   spec.Money `json:"held"`
}

func writeAuditJSON(w io.Writer, a *verified) error {
	out := auditJSON{OK: a.OK() && !a.tail.damaged(), Entries: a.Entries, Wallets: a.Wallets, Sums: []currencyJSON{}, Problems: append([]string{}, a.Problems...), Tail: a.tail}
	if a.tail.damaged() {
		out.Problems = append(out.Problems, a.tail.String())
	}
	for i := range a.Currencies {
		out.Sums = append(out.Sums, sumsOf(&a.Currencies[i]))
	}
	if len(out.Sums) < 2 {
		only := currencyJSON{Accounts: map[string]accountsJSON{}}
		if len(out.Sums) == 1 {
			only = out.Sums[0]
		}
		out.Sum, out.Posted, out.Held, out.Accounts = &only.Sum, &only.Posted, &only.Held, only.Accounts
	}
	return json.NewEncoder(w).Encode(out)
}

func sumsOf(c *balance.CurrencySums) currencyJSON {
	out := currencyJSON{currencyName(c.Currency), c.Sum, c.Posted, c.Held, map[string]accountsJSON{}}
	for _, account := range accountsOf(c) {
		sums := c.Accounts[account]
		out.Accounts[account.String()] = accountsJSON{sums.Posted, sums.Held}
	}
	return out
}
