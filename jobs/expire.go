package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Expired is what an expiry run did. Amounts are minor units.
type Expired struct {
	Job      string           `json:"job"` // expire
	At       Time             `json:"at"`
	Wallets  int              `json:"wallets"`          // looked at
	Expired  int              `json:"expired"`          // holds released by this run
	Amount   *spec.Money      `json:"amount,omitempty"` // of them; none where there are several currencies
	Amounts  []Amount         `json:"amounts"`          // the same by currency
	Programs []ExpiredProgram `json:"programs"`         // where there were any
}

// ExpiredProgram is the part of one program.
type ExpiredProgram struct {
	Program  string     `json:"program"`
	Currency string     `json:"currency"`
	Expired  int        `json:"expired"`
	Amount   spec.Money `json:"amount"`
}

// expireAtOnce is how many wallets are looked at and tidied at the same time.
const expireAtOnce = 64

// Expire releases the holds that ran out by an instant, in every wallet. Such a hold counts as released
// whether this runs or not: the next entry of its wallet would release it as well, and it stays matchable. It is
// safe to run again, beside the traffic, and on several nodes at once: each hold is released once, and counted
// by whoever did it. A wallet is looked at in the store, so that the book keeps those in memory that are in
// use; only one with something to tidy goes through the book. progress, when given, is called now and then
// with the number of logs looked at and of all.
func Expire(ctx context.Context, book *balance.Book, at time.Time, progress func(done, total int)) (Expired, error) {
	logs, err := namesOf(ctx, book.Store())
	if err != nil {
		return Expired{}, err
	}
	x := &expiry{book: book, at: at, programs: map[programKey]*ExpiredProgram{}}
	logs = slices.DeleteFunc(logs, IsHouse)
	err = inParallel(ctx, expireAtOnce, logs, func(ctx context.Context, log string) error {
		wallet, err := x.tidy(ctx, log)
		if errors.Is(err, balance.ErrOverloaded) {
			err = nil // so many are waiting for it that the next of them tidies it
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := x.fail(fmt.Errorf("expiring holds of wallet %s: %w", log, err)); err != nil {
				return err
			}
		}
		if wallet {
			x.seen()
		}
		return nil
	}, progress)
	if err == nil {
		err = errors.Join(x.errs...)
	}
	return x.result(), err
}

// expireErrorsMax is how many wallets may fail before a run gives up: one that cannot be read must not
// keep the others from being tidied, but a store that fails fails for all.
const expireErrorsMax = 20

// expiry is a run.
type expiry struct {
	book *balance.Book
	at   time.Time

	mu       sync.Mutex
	wallets  int
	programs map[programKey]*ExpiredProgram
	errs     []error
}

// fail keeps an error, and returns them all when there are too many to go on.
func (x *expiry) fail(err error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.errs = append(x.errs, err)
	if len(x.errs) < expireErrorsMax {
		return nil
	}
	return fmt.Errorf("%d wallets failed, no more are tried: %w", len(x.errs), errors.Join(x.errs...))
}

// seen counts one more wallet.
func (x *expiry) seen() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wallets++
}

func (x *expiry) result() Expired {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := Expired{Job: "expire", At: Time{x.at}, Wallets: x.wallets, Programs: []ExpiredProgram{}}
	sums := byCurrency{}
	for k, p := range x.programs {
		r.Programs = append(r.Programs, *p)
		r.Expired += p.Expired
		sums[k.currency] += p.Amount
	}
	r.Amount, r.Amounts = sums.only(), sums.amounts()
	slices.SortFunc(r.Programs, func(a, b ExpiredProgram) int {
		return cmp.Or(cmp.Compare(a.Program, b.Program), cmp.Compare(a.Currency, b.Currency))
	})
	return r
}

// tidy releases what ran out in one log, and says whether that is a wallet.
func (x *expiry) tidy(ctx context.Context, log string) (wallet bool, err error) {
	w, err := loadWallet(ctx, x.book.Store(), log)
	if err != nil {
		return true, err
	}
	due := map[balance.Key]bool{}
	for _, e := range w.RanOut(x.at) {
		due[e.Purchase] = true
	}
	if len(due) == 0 {
		return isWallet(w), nil
	}
	m := &tidying{done: make(chan error, 1)}
	x.book.Submit(balance.Post{Log: log, At: x.at, Mover: m})
	select {
	case err = <-m.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return true, err
	}
	return true, x.count(ctx, w, due, m.version)
}

// severalEntries is from how many holds on the book may need entries of their own to release them.
const severalEntries = balance.EventsMax / 4

// count finds what this run released: the events in the entry that it made, which nobody else made. When
// somebody was faster that entry has other events, or is another's, which cannot have these. Of a wallet with
// very many all are counted since it was looked at.
func (x *expiry) count(ctx context.Context, w *balance.Wallet, due map[balance.Key]bool, version uint64) error {
	from := version
	if len(due) >= severalEntries {
		from = w.Version + 1
	}
	n, sum := 0, spec.Money(0)
	err := read(ctx, x.book.Store(), w.Log, from, func(e *balance.Entry) {
		for i := range e.Events {
			event := &e.Events[i]
			if event.Kind == balance.Expired && e.Version <= version && (due[event.Purchase] || from < version) {
				n++
				sum += event.Hold
			}
		}
	})
	if err != nil || n == 0 {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	k := programKey{w.Program, w.Currency}
	p := x.programs[k]
	if p == nil {
		p = &ExpiredProgram{Program: w.Program, Currency: w.Currency.String()}
		x.programs[k] = p
	}
	p.Expired += n
	p.Amount += sum
	return nil
}

// tidying is a request for nothing: the book puts what ran out by its time into the entry it makes.
type tidying struct {
	version uint64 // of that entry
	done    chan error
}

// Decide implements [balance.Mover].
func (m *tidying) Decide(v *balance.View) balance.Decision {
	m.version = v.Version + 1
	return balance.Decision{}
}

// Done implements [balance.Mover].
func (m *tidying) Done(_ balance.Decision, err error) { m.done <- err }

// Overdue implements [balance.Mover]; it has no deadline.
func (m *tidying) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }
