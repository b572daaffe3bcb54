package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sekisho/balance"
	"sekisho/balance/embedded"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
)

// ledger is a book over an embedded store, without a network.
type ledger struct {
	log    *slog.Logger
	hasher *spec.Hasher
	store  *embedded.Store
	book   *balance.Book
}

func openLedger(dir string) (*ledger, error) {
	hasher, err := spec.NewHasher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	l := &ledger{log: slog.New(slog.DiscardHandler), hasher: hasher}
	l.store, err = openStore(dir, hasher)
	if err != nil {
		return nil, err
	}
	l.book = balance.NewBook(l.store, balance.Options{Log: l.log})
	return l, nil
}

func openStore(dir string, hasher *spec.Hasher) (*embedded.Store, error) {
	store, _, err := embedded.Open(embedded.Options{Dir: dir, CheckValue: hasher.CheckValue(), Fatal: func(err error) { panic(err) }})
	return store, err
}

func (l *ledger) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(l.book.Close(ctx), l.store.Close())
}

// programs are what the bench serves.
func programs() []router.Program {
	return []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Rules: risk.Program{Currency: spec.JPY},
	}}
}

// postsMax is how many wallets are begun at the same time: far below what the store lets wait for the disk.
const postsMax = 4096

// post has something happen in every wallet, many at once.
func (c *clearingCase) post(l *ledger, at time.Time, events func(wallet int) ([]balance.Event, []balance.Row)) error {
	done := make(chan error, postsMax)
	posts := make([]balance.Post, 0, postsMax)
	for first := 0; first < c.wallets; first += postsMax {
		posts = posts[:0]
		for w := first; w < min(first+postsMax, c.wallets); w++ {
			e, rows := events(w)
			posts = append(posts, balance.Post{Log: walletLog(w), At: at, Mover: &begin{e, rows, done}})
		}
		l.book.Submit(posts...)
		for range posts {
			if err := <-done; err != nil {
				return err
			}
		}
	}
	return nil
}

// seed begins the wallets and has them buy: all at once, or with an entry for each purchase, months ago; then
// the holds run out.
func (c *clearingCase) seed(l *ledger, now time.Time) error {
	first := c.each
	if c.aged {
		first = 1
	}
	err := c.post(l, now.Add(-c.ago), func(w int) ([]balance.Event, []balance.Row) {
		o := balance.Opening{Log: walletLog(w), Program: "prepaid", Currency: spec.JPY, Posted: 1e6, Cards: []balance.OpeningCard{{
			ID: walletCard(w), Number: l.hasher.Hash([]byte(cardNumber(w))), Status: balance.CardActive, Allocated: 1e6, Issued: balance.Issued{Expiry: 4912},
		}}}
		return c.bought(o.Events(balance.CallKey("bench", o.Log), 1, balance.Actor{}), w, 0, first, now), o.Rows()
	})
	for n := first; n < c.each && err == nil; n++ {
		err = c.post(l, now.Add(time.Duration(n)*c.apart-c.ago), func(w int) ([]balance.Event, []balance.Row) {
			return c.bought(nil, w, n, n+1, now), nil
		})
	}
	if err != nil || !c.aged {
		return err
	}
	last := now.Add(time.Duration(c.each)*c.apart - c.ago)
	return c.post(l, last.Add(heldFor), func(int) ([]balance.Event, []balance.Row) { return nil, nil })
}

// bought appends the events of a wallet's purchases.
func (c *clearingCase) bought(events []balance.Event, wallet, from, to int, now time.Time) []balance.Event {
	for n := from; n < to; n++ {
		p := c.purchase(wallet, n, now)
		events = append(events, p.authorized(walletCard(wallet)))
	}
	return events
}

func walletLog(w int) string { return fmt.Sprintf("w%d", w) }

func walletCard(w int) spec.CardID {
	return spec.CardID{byte(w), byte(w >> 8), byte(w >> 16), 1} //nolint:gosec // parts of a number
}

// entrySize is how many bytes the entry of a clearing record has, the average over some wallets.
func (l *ledger) entrySize(wallets int) (int, error) {
	entries, size := 0, 0
	var unread error
	for w := range wallets {
		done := make(chan error, 1)
		l.store.Scan(walletLog(w), 1, balance.Forward, func(s balance.Sealed) bool {
			var e balance.Entry
			unread = errors.Join(unread, balance.DecodeEntry(s.Body, &e))
			if len(e.Events) > 0 && e.Events[0].Key.Kind() == balance.KeyClearing {
				entries, size = entries+1, size+len(s.Body)
			}
			return unread == nil
		}, func(err error) { done <- err })
		if err := errors.Join(<-done, unread); err != nil {
			return 0, err
		}
	}
	if entries == 0 {
		return 0, errors.New("no entry of a clearing record was found")
	}
	return size / entries, nil
}

// verify reads the whole ledger again.
func (l *ledger) verify() error {
	audit, err := balance.Verify(context.Background(), l.store, nil)
	if err == nil && !audit.OK() {
		err = fmt.Errorf("the ledger does not add up: %q", audit.Problems)
	}
	return err
}
