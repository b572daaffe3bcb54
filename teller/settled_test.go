package teller

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// versions are the balances that a wallet's log has at each of its versions.
func (d *desk) versions(wallet string) map[uint64]balance.Entry {
	d.t.Helper()
	had := map[uint64]balance.Entry{}
	for after := uint64(0); ; {
		page, err := d.Events(d.t.Context(), caller(), wallet, after, PageMax)
		if err != nil {
			d.t.Fatal(err)
		}
		if len(page) == 0 {
			return had
		}
		for _, e := range page {
			had[e.Version], after = e, e.Version
		}
	}
}

// holds has a card hold money until it runs out.
func (d *desk) holds(wallet string, card spec.CardID, amount spec.Money, until time.Time) {
	d.t.Helper()
	e := balance.Event{
		Kind: balance.Authorized, Card: card, Hold: amount, State: balance.Open, Key: balance.CallKey("asked"),
		Purchase: balance.CallKey("purchase"), Details: balance.Details{Amount: amount, Expires: until.UnixMilli()},
	}
	l := &look{ended: make(chan error, 1), see: func(*balance.View) {}, events: []balance.Event{e}}
	d.book.Submit(balance.Post{Log: wallet, At: time.Now(), Mover: l})
	if err := <-l.ended; err != nil {
		d.t.Fatal(err)
	}
}

// What is read between calls that come into one entry is a version of the log, whole: the one before that entry.
func TestWhatIsReadWhileOthersShareAnEntryIsOneVersionOfTheLog(t *testing.T) {
	for _, runsOut := range []time.Duration{5 * time.Millisecond, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			delay := func(balance.Append) time.Duration { return 10 * time.Millisecond }
			d := newDesk(t, balance.MemoryOptions{Single: true, Delay: delay, ReadDelay: time.Millisecond})
			w := d.wallet(Opening{}, 1000)
			d.holds(w, d.card(w, 900), 300, time.Now().Add(10*time.Millisecond+runsOut))
			read := make(chan Snapshot, 3)
			up := func(key string, amount spec.Money) {
				go func() {
					if _, err := d.TopUp(context.Background(), call(key), w, amount, key); err != nil {
						t.Error(err)
					}
				}()
				synctest.Wait()
			}
			look := func() {
				go func() {
					s, err := d.Wallet(context.Background(), caller(), w)
					if err != nil {
						t.Error(err)
					}
					read <- s
				}()
				synctest.Wait()
			}
			up("on its way", 1)
			<-time.After(8 * time.Millisecond)
			look()
			up("a", 10)
			look()
			up("b", 100)
			look()
			seen := []Snapshot{<-read, <-read, <-read}
			had := d.versions(w)
			for _, s := range seen {
				e := had[s.Version]
				if s.Balances != e.After || s.At != e.At || (s.Held == 0) != (runsOut < time.Hour) {
					t.Errorf("version %d is read with %+v at %d, the log has %+v at %d", s.Version, s.Balances, s.At, e.After, e.At)
				}
			}
			d.verified()
		})
	}
}

// What cannot share an entry has its turn however many read meanwhile.
func TestManyWhoReadKeepNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, balance.MemoryOptions{Single: true, ReadDelay: 10 * time.Millisecond})
		w, other := d.wallet(Opening{}, 1000), d.wallet(Opening{}, 0)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done := make(chan struct{})
		var readers sync.WaitGroup
		for i := range 8 {
			readers.Go(func() {
				<-time.After(time.Duration(i) * time.Millisecond)
				for {
					select {
					case <-done:
						return
					default:
					}
					if _, err := d.Wallet(context.Background(), caller(), w); err != nil {
						t.Error(err)
					}
				}
			})
		}
		<-time.After(100 * time.Millisecond)
		_, issued := d.Issue(ctx, d.next(), w, Issuing{})
		_, handedOver := d.Transfer(ctx, d.next(), w, other, 10, "")
		close(done)
		readers.Wait()
		if issued != nil || handedOver != nil {
			t.Errorf("a card is issued: %v; money is handed over: %v", issued, handedOver)
		}
	})
}
