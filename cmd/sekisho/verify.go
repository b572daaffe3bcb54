package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sekisho/balance"
	"sekisho/spec"
)

func newVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify --config FILE",
		Short: "Read every log again and add it up",
		Long: "verify reads every entry of every log and adds it up again: versions without gaps, the chain of\n" +
			"hashes, balances after each entry, no request decided twice, and the sum over all accounts, which is\n" +
			"zero. It exits with 1 when anything differs. While the store is served it is done there, beside the traffic.",
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
		audit, err := verify(cmd.Context(), s, cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		return report(cmd.OutOrStdout(), &audit, currencyOf(s), *asJSON)
	})
	return cmd
}

// report prints a ledger; one that does not add up is a failure.
func report(w io.Writer, a *balance.Audit, currency spec.Currency, asJSON bool) error {
	write := writeAudit
	if asJSON {
		write = writeAuditJSON
	}
	if err := write(w, a, currency); err != nil {
		return err
	}
	if !a.OK() {
		return fmt.Errorf("the ledger does not add up: %s problems", grouped(int64(a.Faults)))
	}
	return nil
}

// verify adds up the store of a configuration.
func verify(ctx context.Context, s *settings, stderr io.Writer) (audit balance.Audit, err error) {
	a, err := runJob[auditAnswer](ctx, s, stderr, "verify", struct{}{})
	if err != nil {
		return audit, err
	}
	audit = balance.Audit{
		Wallets: a.Wallets, Logs: a.Logs, Entries: a.Entries, Events: a.Events, Posted: a.Posted, Held: a.Held, Sum: a.Sum,
		Accounts: map[balance.Account]balance.AccountSums{}, Problems: a.Problems, Faults: a.Faults,
	}
	for _, account := range a.Accounts {
		audit.Accounts[account.Account] = account.AccountSums
	}
	return audit, nil
}

// auditAnswer is an audit as it goes from the process that made it to the command.
type auditAnswer struct {
	Wallets, Logs, Entries, Events int
	Posted, Held, Sum              spec.Money
	Accounts                       []auditAccount
	Problems                       []string
	Faults                         int
}

type auditAccount struct {
	balance.Account
	balance.AccountSums
}

// verifyLedger is the job.
func verifyLedger(ctx context.Context, l *ledger, _ struct{}, tell func(progress)) (auditAnswer, error) {
	audit, err := balance.Verify(ctx, l.store, func(entries int) { tell(progress{Done: int64(entries), Unit: "entries"}) })
	a := auditAnswer{
		Wallets: audit.Wallets, Logs: audit.Logs, Entries: audit.Entries, Events: audit.Events, Posted: audit.Posted,
		Held: audit.Held, Sum: audit.Sum, Problems: audit.Problems, Faults: audit.Faults,
	}
	for account, sums := range audit.Accounts {
		a.Accounts = append(a.Accounts, auditAccount{account, sums})
	}
	return a, err
}

// currencyOf is the currency of all programs, zero when there are several.
func currencyOf(s *settings) spec.Currency {
	c := s.Programs[0].Rules.Currency
	for i := range s.Programs {
		if s.Programs[i].Rules.Currency != c {
			return 0
		}
	}
	return c
}

// summary is one line about a ledger: "412,300 entries re-added over 12 wallets, every yen
// explained".
func summary(a *balance.Audit, currency spec.Currency) string {
	unit := "unit"
	if currency == spec.JPY {
		unit = "yen"
	}
	text := fmt.Sprintf("%s entries re-added over %s wallets, ", grouped(int64(a.Entries)), grouped(int64(a.Wallets)))
	if a.OK() {
		return text + "every " + unit + " explained"
	}
	return text + grouped(int64(a.Faults)) + " problems"
}

func writeAudit(w io.Writer, a *balance.Audit, currency spec.Currency) error {
	money := func(m spec.Money) string {
		if currency == 0 {
			return grouped(int64(m))
		}
		return m.Format(currency)
	}
	var b strings.Builder
	fmt.Fprintln(&b, summary(a, currency))
	fmt.Fprintf(&b, "\n%-32s %16s %16s\n", "account", "posted", "held")
	fmt.Fprintf(&b, "%-32s %16s %16s\n", "wallets", money(a.Posted), money(a.Held))
	for _, account := range accountsOf(a) {
		sums := a.Accounts[account]
		fmt.Fprintf(&b, "%-32s %16s %16s\n", account, money(sums.Posted), money(sums.Held))
	}
	fmt.Fprintf(&b, "%-32s %16s\n", "sum", money(a.Sum))
	for _, p := range a.Problems {
		fmt.Fprintln(&b, "problem:", p)
	}
	if more := a.Faults - len(a.Problems); more > 0 {
		fmt.Fprintf(&b, "and %s more problems\n", grouped(int64(more)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// accountsOf are the accounts on the other side, in order.
func accountsOf(a *balance.Audit) []balance.Account {
	accounts := make([]balance.Account, 0, len(a.Accounts))
	for account, sums := range a.Accounts {
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
	Sum      spec.Money              `json:"sum"`
	Posted   spec.Money              `json:"posted"`
	Held     spec.Money              `json:"held"`
	Accounts map[string]accountsJSON `json:"accounts"`
	Problems []string                `json:"problems"`
}

type accountsJSON struct {
	Posted spec.Money `json:"posted"`
	Held   spec.Money `json:"held"`
}

func writeAuditJSON(w io.Writer, a *balance.Audit, _ spec.Currency) error {
	out := auditJSON{
		OK: a.OK(), Entries: a.Entries, Wallets: a.Wallets, Sum: a.Sum, Posted: a.Posted, Held: a.Held,
		Accounts: map[string]accountsJSON{}, Problems: append([]string{}, a.Problems...),
	}
	for _, account := range accountsOf(a) {
		sums := a.Accounts[account]
		out.Accounts[account.String()] = accountsJSON{sums.Posted, sums.Held}
	}
	return json.NewEncoder(w).Encode(out)
}

// grouped is a number as a person reads it: 412,300.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
