package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// counters add up the accounts on the other side of the events of one log.
type counters struct {
	accounts map[balance.Account]balance.AccountSums
	open     map[balance.Key]owed
}

// owed is an open hold, to whom it is owed, and when it runs out.
type owed struct {
	account balance.Account
	hold    spec.Money
	expires int64 // Unix milliseconds; 0: never
}

func newCounters() counters {
	return counters{accounts: map[balance.Account]balance.AccountSums{}, open: map[balance.Key]owed{}}
}

func (c *counters) event(e *balance.Event) {
	if e.Posted != 0 {
		c.move(e.Counter, -e.Posted, 0)
	}
	if e.Purchase == (balance.Key{}) {
		return
	}
	o, ok := c.open[e.Purchase]
	if ok {
		c.move(o.account, 0, -o.hold)
		delete(c.open, e.Purchase)
	}
	if e.State == balance.Open {
		if e.Details != (balance.Details{}) {
			o.expires = e.Details.Expires
		}
		c.open[e.Purchase] = owed{e.Counter, e.Hold, o.expires}
		c.move(e.Counter, 0, e.Hold)
	}
}

func (c *counters) move(a balance.Account, posted, held spec.Money) {
	s := c.accounts[a]
	c.accounts[a] = balance.AccountSums{Posted: s.Posted + posted, Held: s.Held + held}
}

// ranOut is how much of what is held had run out at an instant, by account.
func (c *counters) ranOut(at int64) map[balance.Account]spec.Money {
	ranOut := map[balance.Account]spec.Money{}
	for _, o := range c.open {
		if o.expires != 0 && o.expires <= at {
			ranOut[o.account] += o.hold
		}
	}
	return ranOut
}

// accountKey is an account on the other side, apart by currency: one network can have several.
type accountKey struct {
	balance.Account
	currency spec.Currency
}

// accountSums are what accounts add up to.
type accountSums map[accountKey]accountSum

type accountSum struct{ posted, held, ranOut spec.Money }

// add adds the accounts of a log, which are in its currency.
func (all accountSums) add(c *counters, currency spec.Currency, at int64) {
	ranOut := c.ranOut(at)
	for a, s := range c.accounts {
		sum := all[accountKey{a, currency}]
		all[accountKey{a, currency}] = accountSum{sum.posted + s.Posted, sum.held + s.Held, sum.ranOut + ranOut[a]}
	}
}

// Counter is what an account on the other side adds up to in a currency, seen from the account. Minor units.
type Counter struct {
	Account  string     `json:"account"` // settlement:jcb
	Currency string     `json:"currency"`
	Posted   spec.Money `json:"posted"`  // went to it; negative: came from it
	Held     spec.Money `json:"held"`    // open holds that will go to it
	RanOut   spec.Money `json:"ran_out"` // of that, what ran out already
}

// counters are the accounts that have something, in the order of their names.
func (all accountSums) counters() []Counter {
	out := []Counter{}
	for a, s := range all {
		if s != (accountSum{}) {
			out = append(out, Counter{a.String(), currencyName(a.currency, 0), s.posted, s.held, s.ranOut})
		}
	}
	slices.SortFunc(out, func(a, b Counter) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Currency, b.Currency))
	})
	return out
}

// Check says whether a report adds up, and what does not.
type Check struct {
	OK       bool     `json:"ok"`
	Problems []string `json:"problems,omitempty"` // at most problemsMax
}

// problemsMax bounds the problems that are told in words.
const problemsMax = 20

func (c *Check) problem(format string, args ...any) {
	c.OK = false
	if len(c.Problems) < problemsMax {
		c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
	}
}
