package balance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"sekisho/spec"
)

// Audit is what a ledger adds up to when every entry of every log is read and added again.
type Audit struct {
	Wallets  int
	Logs     int // wallets and house logs
	Entries  int
	Events   int
	Posted   spec.Money // over all wallets
	Held     spec.Money // over all wallets
	Sum      spec.Money // of all accounts, wallets and those on the other side: must be zero
	Accounts map[Account]AccountSums
	Problems []string // at most ProblemsMax; empty when everything adds up
	Faults   int      // how many there were
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
// over all accounts zero. It holds the names of all logs and the entries of a few. A log that grows
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
	total := Audit{Accounts: map[Account]AccountSums{}}
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
	return total, context.Cause(ctx)
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
	keys     map[Key]int64   // when it was decided, Unix milliseconds
	problems []string
}

func newCheck(log string) *check {
	return &check{
		wallet: NewWallet(log), open: map[Key]spec.Money{}, owed: map[Key]Account{},
		accounts: map[Account]AccountSums{}, keys: map[Key]int64{},
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
		if was, twice := c.keys[ev.Key]; twice && e.At-was <= ev.keptFor().Milliseconds() {
			c.problem("%s: entry %d decides key %s a second time", e.Log, e.Version, ev.Key)
		}
		c.keys[ev.Key] = e.At
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

func (a *Audit) add(c *check) {
	a.Logs++
	if c.wallet.Program != "" {
		a.Wallets++
	}
	a.Entries += c.entries
	a.Events += c.events
	a.Posted += c.wallet.Posted
	a.Held += c.wallet.Held
	for account, sums := range c.accounts {
		t := a.Accounts[account]
		a.Accounts[account] = AccountSums{t.Posted + sums.Posted, t.Held + sums.Held}
	}
	a.Faults += len(c.problems)
	a.Problems = append(a.Problems, c.problems[:min(len(c.problems), ProblemsMax-len(a.Problems))]...)
}

// close takes the sum over everything.
func (a *Audit) close() {
	slices.Sort(a.Problems)
	a.Sum = a.Posted
	held := spec.Money(0)
	for _, sums := range a.Accounts {
		a.Sum += sums.Posted
		held += sums.Held
	}
	if a.Sum != 0 {
		a.fault("the sum over all accounts is %d, not zero", a.Sum)
	}
	if held != a.Held {
		a.fault("wallets hold %d, for others %d is held", a.Held, held)
	}
}

func (a *Audit) fault(format string, args ...any) {
	a.Faults++
	if len(a.Problems) < ProblemsMax {
		a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
	}
}
