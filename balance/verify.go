package balance

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/spec"
)

// Audit is what a ledger adds up to when every entry of every log is read and added again.
type Audit struct {
	Wallets      int
	Logs         int // wallets and house logs
	Entries      int
	Events       int
	CurrencySums                // where there is one currency; empty where there are several, which make no sum
	Currencies   []CurrencySums // each by itself, in the order of their numbers
	Problems     []string       // at most ProblemsMax; empty when everything adds up
	Faults       int            // how many there were
}

// CurrencySums are what the logs in one currency add up to. A wallet's currency is the one that it was opened
// in. A house log is in that of the wallets of the program in its name; where these have several, or there are
// none, it is in none, 0.
type CurrencySums struct {
	Currency spec.Currency
	Posted   spec.Money // over all wallets and house logs
	Held     spec.Money
	Sum      spec.Money // of all accounts, wallets and those on the other side: must be zero
	Accounts map[Account]AccountSums
}

// AccountSums are what the events that name an account add up to, seen from the account.
type AccountSums struct {
	Posted spec.Money // went to it; negative: came from it
	Held   spec.Money // open holds that will go to it
}

// ProblemsMax bounds the problems that are told in words.
const ProblemsMax = 100

// OK says whether everything adds up.
func (a *Audit) OK() bool { return a.Faults == 0 }

// verifyAtOnce is how many logs are read at the same time.
const verifyAtOnce = 8

// Verify reads every log of a store from its first entry and adds it up again: versions without
// gaps, a chain of hashes, balances after each entry equal to the recomputed ones, no key decided
// twice while it means the same request, snapshots equal to the state at their entry, and the sum
// over all accounts zero in each currency. It holds the names of all logs and the entries of a few. A log that grows
// meanwhile is read as far as it went. progress, when given, is called now and then with the entries read so far.
func Verify(ctx context.Context, store Store, progress func(entries int)) (Audit, error) {
	var logs []logAt
	if err := wait(ctx, func(done func(error)) {
		store.Logs(func(log string, last uint64) bool {
			logs = append(logs, logAt{log, last})
			return ctx.Err() == nil
		}, done)
	}); err != nil {
		return Audit{}, fmt.Errorf("listing the logs: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	total := newTotals()
	var mu sync.Mutex
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(verifyAtOnce, len(logs)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(logs) && ctx.Err() == nil; i = next.Add(1) - 1 {
				one, err := checkLog(ctx, store, logs[i])
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				total.add(one)
				if progress != nil {
					progress(total.Entries)
				}
				mu.Unlock()
			}
		})
	}
	readers.Wait()
	total.close()
	return total.Audit, context.Cause(ctx)
}

func checkLog(ctx context.Context, store Store, l logAt) (*check, error) {
	one := newCheck(l.log)
	err := wait(ctx, func(done func(error)) {
		store.Scan(l.log, 1, Forward, func(s Sealed) bool {
			one.entry(&s)
			return ctx.Err() == nil
		}, done)
	})
	if err != nil {
		return nil, fmt.Errorf("reading log %s: %w", l.log, err)
	}
	one.end(l.last)
	return one, nil
}

type logAt struct {
	log  string
	last uint64
}

// wait turns a call that answers later into one that waits.
func wait(ctx context.Context, call func(done func(error))) error {
	answer := make(chan error, 1)
	call(func(err error) { answer <- err })
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check adds up one log, twice: once as the wallet does, once on its own.
type check struct {
	wallet   *Wallet
	entries  int
	events   int
	posted   spec.Money
	open     map[Key]spec.Money // open holds by purchase
	accounts map[Account]AccountSums
	owed     map[Key]Account // to whom an open hold is owed
	keys     map[Key]decidedKey
	problems []string
}

// decidedKey is when a key was decided, Unix milliseconds, and for which request.
type decidedKey struct {
	at    int64
	print spec.Fingerprint
}

func newCheck(log string) *check {
	return &check{
		wallet: NewWallet(log), open: map[Key]spec.Money{}, owed: map[Key]Account{},
		accounts: map[Account]AccountSums{}, keys: map[Key]decidedKey{},
	}
}

func (c *check) problem(format string, args ...any) {
	if len(c.problems) < ProblemsMax {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *check) entry(s *Sealed) {
	var e Entry
	c.entries++
	if err := DecodeEntry(s.Body, &e); err != nil {
		c.problem("%s: entry %d cannot be read: %v", s.Log, s.Version, err)
		return
	}
	if e.Version != s.Version || e.Attempt != s.Attempt || e.At != s.At {
		c.problem("%s: entry %d is kept as entry %d", s.Log, e.Version, s.Version)
	}
	for i := range e.Events {
		c.event(&e, &e.Events[i])
	}
	if err := c.wallet.Replay(&e, s.Body); err != nil {
		c.problem("%v", err)
		return
	}
	if s.Snapshot != nil && !bytes.Equal(s.Snapshot, AppendSnapshot(nil, c.wallet)) {
		c.problem("%s: the snapshot at entry %d is not the state after it", s.Log, s.Version)
	}
	c.holds(&e)
}

func (c *check) event(e *Entry, ev *Event) {
	c.events++
	if ev.Key != (Key{}) {
		was, twice := c.keys[ev.Key]
		again := ev.Kind == CallTaken && ev.Fingerprint == was.print // a claim says the same again
		if twice && !again && e.At-was.at <= ev.keptFor().Milliseconds() {
			c.problem("%s: entry %d decides key %s a second time", e.Log, e.Version, ev.Key)
		}
		c.keys[ev.Key] = decidedKey{e.At, ev.Fingerprint}
	}
	c.posted += ev.Posted
	if ev.Posted != 0 {
		if ev.Counter.Kind == AccountNone {
			c.problem("%s: entry %d moves money and names no account on the other side", e.Log, e.Version)
		}
		sums := c.accounts[ev.Counter]
		sums.Posted -= ev.Posted
		c.accounts[ev.Counter] = sums
	}
	if ev.Purchase == (Key{}) {
		return
	}
	if owner, ok := c.owed[ev.Purchase]; ok {
		sums := c.accounts[owner]
		sums.Held -= c.open[ev.Purchase]
		c.accounts[owner] = sums
		delete(c.owed, ev.Purchase)
		delete(c.open, ev.Purchase)
		if owner != ev.Counter {
			c.problem("%s: entry %d moves a hold owed to %s for %s", e.Log, e.Version, owner, ev.Counter)
		}
	}
	if ev.State == Open {
		c.open[ev.Purchase], c.owed[ev.Purchase] = ev.Hold, ev.Counter
		sums := c.accounts[ev.Counter]
		sums.Held += ev.Hold
		c.accounts[ev.Counter] = sums
	}
}

// holds compares what the wallet says is held with the open holds one by one.
func (c *check) holds(e *Entry) {
	if c.posted != e.After.Posted {
		c.problem("%s: entry %d: posted is %d, its events add up to %d", e.Log, e.Version, e.After.Posted, c.posted)
	}
	if e.Version%64 != 0 {
		return
	}
	c.sumHolds(e.Version, e.After.Held)
}

func (c *check) sumHolds(version uint64, held spec.Money) {
	var sum spec.Money
	for _, h := range c.open {
		sum += h
	}
	if sum != held {
		c.problem("%s: entry %d: held is %d, the open holds are %d", c.wallet.Log, version, held, sum)
	}
}

func (c *check) end(last uint64) {
	if c.wallet.Version < last {
		c.problem("%s: %d entries, the store names %d", c.wallet.Log, c.wallet.Version, last)
	}
	c.sumHolds(c.wallet.Version, c.wallet.Held)
	var allocated, held spec.Money
	for _, card := range c.wallet.cards {
		allocated += card.Allocated
		held += card.Held
	}
	if allocated != c.wallet.Allocated || held != c.wallet.Held {
		c.problem("%s: the cards have %d and hold %d, the wallet says %d and %d", c.wallet.Log, allocated, held, c.wallet.Allocated, c.wallet.Held)
	}
}

// totals is an audit while logs are added to it.
type totals struct {
	Audit
	programs map[string]spec.Currency        // of their wallets; 0: several
	sums     map[spec.Currency]*CurrencySums // by currency
	house    map[string]*CurrencySums        // of house logs with money, by program
}

func newTotals() *totals {
	return &totals{programs: map[string]spec.Currency{}, sums: map[spec.Currency]*CurrencySums{}, house: map[string]*CurrencySums{}}
}

func (t *totals) add(c *check) {
	t.Logs++
	t.Entries += c.entries
	t.Events += c.events
	t.Faults += len(c.problems)
	t.Problems = append(t.Problems, c.problems[:min(len(c.problems), ProblemsMax-len(t.Problems))]...)
	w := c.wallet
	one := CurrencySums{Posted: w.Posted, Held: w.Held, Accounts: c.accounts}
	switch {
	case w.Program != "":
		t.Wallets++
		if other, ok := t.programs[w.Program]; ok && other != w.Currency {
			t.programs[w.Program] = 0
		} else {
			t.programs[w.Program] = w.Currency
		}
		addTo(t.sums, w.Currency, &one)
	case w.Posted != 0 || w.Held != 0 || len(c.accounts) > 0:
		addTo(t.house, HouseProgram(w.Log), &one)
	}
}

// addTo adds what was added up already to what there is under a key.
func addTo[K comparable](all map[K]*CurrencySums, key K, more *CurrencySums) {
	sums := all[key]
	if sums == nil {
		sums = &CurrencySums{Accounts: map[Account]AccountSums{}}
		all[key] = sums
	}
	sums.Posted += more.Posted
	sums.Held += more.Held
	for account, s := range more.Accounts {
		before := sums.Accounts[account]
		sums.Accounts[account] = AccountSums{before.Posted + s.Posted, before.Held + s.Held}
	}
}

// close gives house logs their currencies and takes the sum over everything.
func (t *totals) close() {
	slices.Sort(t.Problems)
	for program, sums := range t.house {
		addTo(t.sums, t.programs[program], sums)
	}
	for currency, sums := range t.sums {
		sums.Currency = currency
		t.Currencies = append(t.Currencies, *sums)
	}
	slices.SortFunc(t.Currencies, func(a, b CurrencySums) int { return cmp.Compare(a.Currency, b.Currency) })
	for i := range t.Currencies {
		t.balanced(&t.Currencies[i])
	}
	if len(t.Currencies) == 1 {
		t.CurrencySums = t.Currencies[0]
	}
}

// balanced takes the sum over everything in one currency.
func (a *Audit) balanced(sums *CurrencySums) {
	sums.Sum = sums.Posted
	held := spec.Money(0)
	for _, s := range sums.Accounts {
		sums.Sum += s.Posted
		held += s.Held
	}
	unit := "of no currency"
	if sums.Currency != 0 {
		unit = sums.Currency.String()
	}
	if sums.Sum != 0 {
		a.fault("the sum over all accounts is %d %s, not zero", sums.Sum, unit)
	}
	if held != sums.Held {
		a.fault("wallets hold %d %s, for others %d is held", sums.Held, unit, held)
	}
}

// HouseProgram is the program, or the link, in the name of a house log: fees:<program>, suspense:<program>:<day>.
func HouseProgram(log string) string {
	parts := strings.Split(log, ":")
	if len(parts) > 1 && (parts[0] == "suspense" || parts[0] == "fees") {
		return parts[1]
	}
	return ""
}

func (a *Audit) fault(format string, args ...any) {
	a.Faults++
	if len(a.Problems) < ProblemsMax {
		a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
	}
}
