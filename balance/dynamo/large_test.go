package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/spec"
)

const (
	largeHolds = 10_000
	itemMax    = 400 << 10
)

// plain has events recorded.
type plain struct {
	decide func(*balance.View) balance.Decision
	done   chan error
}

func (p *plain) Decide(v *balance.View) balance.Decision         { return p.decide(v) }
func (p *plain) Done(_ balance.Decision, err error)              { p.done <- err }
func (p *plain) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func post(t *testing.T, b *balance.Book, log string, decide func(*balance.View) balance.Decision) {
	t.Helper()
	p := &plain{decide, make(chan error, 1)}
	b.Submit(balance.Post{Log: log, At: time.Now(), Mover: p})
	if err := await(t, "post", p.done); err != nil {
		t.Fatal(err)
	}
}

func always(events ...balance.Event) func(*balance.View) balance.Decision {
	return func(*balance.View) balance.Decision { return balance.Decision{Events: events} }
}

var largeCard = spec.CardID{7, 7, 7}

// hold is the event of a purchase of 1 yen, with what a usual one carries.
func hold(n int, sent int64) balance.Event {
	key := balance.MessageKey(spec.Authorization, largeCard, sent, uint32(n%1_000_000), 88711234)
	return balance.Event{
		Kind: balance.Authorized, Key: key, Fingerprint: spec.Fingerprint(n), Answer: balance.Answer{Reason: spec.Approved},
		Actor: balance.Actor{Kind: balance.ActorNetwork, Name: "jcb"}, Card: largeCard,
		Counter: balance.Account{Kind: balance.AccountSettlement, Name: "jcb"}, Purchase: key.Purchase(), State: balance.Open, Hold: 1,
		Details: balance.Details{Amount: 1, Currency: spec.JPY, MCC: 5411, EntryMode: 51, Merchant: spec.MerchantID{'S', 'H', 'O', 'P', '1'}},
	}
}

// snapshotLarge appends one more hold with a snapshot of the whole wallet, long before a book would, and
// says into how many pieces it was cut.
func snapshotLarge(t *testing.T, endpoint string, sent int64) int64 {
	t.Helper()
	d := node(t, endpoint)
	w := balance.NewWallet("large")
	for _, sealed := range d.load("large").Entries {
		var e balance.Entry
		if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
			t.Fatal(err)
		}
		if err := w.Replay(&e, sealed.Body); err != nil {
			t.Fatal(err)
		}
	}
	draft := w.Draft(time.Now().UnixMilli())
	draft.Add(hold(largeHolds, sent))
	e, body := draft.Seal(99)
	snapshot := balance.AppendSnapshot(nil, w)
	t.Logf("a snapshot of %d bytes", len(snapshot))
	d.in(balance.Sealed{Log: "large", Version: e.Version, Attempt: 99, At: e.At, Body: body, Snapshot: snapshot})
	if n := d.load("large"); n.Snapshot == nil || len(n.Entries) != 0 {
		t.Errorf("loading begins with %d entries, want the snapshot alone", len(n.Entries))
	}
	return int64(d.Stats().Pieces.Load()) //nolint:gosec // few
}

// One wallet with 10,000 open holds and the keys that go with them, and a node that has never seen it.
func TestAWalletOfTenThousandOpenHoldsIsLoadedAndGoesOn(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	_, b := bookOn(t, server.URL())
	sent := time.Now().Unix()
	opening := balance.Opening{Log: "large", Program: "p", Currency: spec.JPY, Posted: 50_000, Cards: []balance.OpeningCard{{
		ID: largeCard, Status: balance.CardActive, Allocated: 50_000, Issued: balance.Issued{Expiry: 9912}, Number: spec.CardHash{7},
	}}}
	if err := opening.Check(); err != nil {
		t.Fatal(err)
	}
	post(t, b, "large", always(opening.Events(balance.CallKey("open"), 1, balance.Actor{Kind: balance.ActorOperator, Name: "test"})...))
	const each = 400 // an entry of less than 64 KB
	for n := 0; n < largeHolds; n += each {
		events := make([]balance.Event, 0, each)
		for i := range each {
			events = append(events, hold(n+i, sent))
		}
		post(t, b, "large", always(events...))
	}
	pieces := snapshotLarge(t, server.URL(), sent)
	d, fresh := bookOn(t, server.URL())
	begun := time.Now()
	post(t, fresh, "large", func(v *balance.View) balance.Decision {
		if v.Held != largeHolds+1 {
			t.Errorf("%d held, want %d", v.Held, largeHolds+1)
		}
		first := hold(0, sent)
		if record, ready := v.Record(first.Key); !ready || record == nil {
			t.Error("the first key is not in memory")
		}
		return balance.Decision{Events: []balance.Event{hold(largeHolds+1, sent)}}
	})
	t.Logf("loaded and authorized in %v with %d read units; %d pieces written, largest item %d bytes",
		time.Since(begun), d.Stats().ReadUnits.Load(), pieces, server.Largest(tableOf(t)))
	released := hold(0, sent)
	released.Kind, released.State, released.Hold = balance.Released, balance.Reversed, 0
	released.Key, released.Details = released.Key.Of(spec.Reversal), balance.Details{}
	post(t, fresh, "large", always(released))
	post(t, b, "large", func(v *balance.View) balance.Decision { // on the node that knows nothing of it
		return balance.Decision{}
	})
	audit, err := balance.Verify(t.Context(), d.Store, nil)
	if err != nil || !audit.OK() || audit.Held != largeHolds+1 {
		t.Errorf("verify: %v, %d held, %q; want %d held", err, audit.Held, strings.Join(audit.Problems, "; "), largeHolds+1)
	}
	if pieces < 2 {
		t.Errorf("the snapshot was cut into %d pieces, want several", pieces)
	}
	if n := server.Largest(tableOf(t)); n > itemMax {
		t.Errorf("an item has %d bytes, at most %d", n, itemMax)
	}
}
