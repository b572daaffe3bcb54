package jobs

import (
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

// owed is an open hold and to whom it is owed.
type owed struct {
	account balance.Account
	hold    spec.Money
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
	if o, ok := c.open[e.Purchase]; ok {
		c.move(o.account, 0, -o.hold)
		delete(c.open, e.Purchase)
	}
	if e.State == balance.Open {
		c.open[e.Purchase] = owed{e.Counter, e.Hold}
		c.move(e.Counter, 0, e.Hold)
	}
}

func (c *counters) move(a balance.Account, posted, held spec.Money) {
	s := c.accounts[a]
	c.accounts[a] = balance.AccountSums{Posted: s.Posted + posted, Held: s.Held + held}
}

// addTo adds the accounts of a log to those of all.
func (c *counters) addTo(all map[balance.Account]balance.AccountSums) {
	for a, s := range c.accounts {
		sum := all[a]
		all[a] = balance.AccountSums{Posted: sum.Posted + s.Posted, Held: sum.Held + s.Held}
	}
}

// Counter is what an account on the other side adds up to, seen from the account. Minor units.
type Counter struct {
	Account string     `json:"account"` // settlement:jcb
	Posted  spec.Money `json:"posted"`  // went to it; negative: came from it
	Held    spec.Money `json:"held"`    // open holds that will go to it
}

// countersOf are the accounts that have something, in the order of their names.
func countersOf(all map[balance.Account]balance.AccountSums) []Counter {
	out := []Counter{}
	for a, s := range all {
		if s != (balance.AccountSums{}) {
			out = append(out, Counter{a.String(), s.Posted, s.Held})
		}
	}
	slices.SortFunc(out, func(a, b Counter) int { return strings.Compare(a.Account, b.Account) })
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
