package dynamo_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/spec"
)

func withRow(log string, v uint64, rows ...balance.Row) balance.Append {
	return balance.Append{Entries: []balance.Sealed{entry(log, v, 1)}, Rows: rows}
}

// clock is a time that only moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestPeekFindsARowOnceItIsKnownToBeDurable(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	r := row(1, "a")
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Lost() })
	d.want(d.append(withRow("a", 1, r)), balance.Unknown)
	if _, found := d.Peek(r.Hash); found {
		t.Error("a row is found whose append has no known outcome")
	}
	server.SetFaults(nil)
	d.want(d.append(withRow("a", 1, r)), balance.In)
	if got, found := d.Peek(r.Hash); !found || got != r {
		t.Errorf("peek: %v %v, want the row", got.Log, found)
	}
	cold := node(t, server.URL())
	if _, found := cold.Peek(r.Hash); found {
		t.Error("a node finds a row it has never read")
	}
	if got, found, err := cold.card(r.Hash); !found || got != r || err != nil {
		t.Errorf("card: %v %v %v, want the row", got.Log, found, err)
	}
	if got := peeked(cold.Peek, r.Hash); got != r {
		t.Errorf("peek after a look-up: %v, want the row", got.Log)
	}
	before := server.Calls()
	if _, found, _ := cold.card(r.Hash); !found || server.Calls() != before {
		t.Errorf("a row in memory is read again")
	}
}

// peeked is a row once peek finds it: when all who asked for it were answered, and not before.
func peeked(peek func(spec.CardHash) (balance.Row, bool), hash spec.CardHash) balance.Row {
	for {
		if row, found := peek(hash); found {
			return row
		}
		runtime.Gosched()
	}
}

func TestAllWhoAskForACardShareOneLookUpAndAreAnsweredInTheirOrder(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	writer, d := node(t, server.URL()), node(t, server.URL())
	r := row(1, "a")
	writer.want(writer.append(withRow("a", 1, r)), balance.In)
	leave := make(chan struct{})
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Fault{Before: leave} })
	const askers = 50
	answers := make(chan int, 2*askers)
	for i := range askers {
		d.Card(r.Hash, func(got balance.Row, found bool, err error) {
			if !found || got != r || err != nil {
				t.Errorf("asker %d: %v %v %v", i, got.Log, found, err)
			}
			if _, early := d.Peek(r.Hash); early {
				t.Errorf("peek finds the row while asker %d is being answered", i)
			}
			answers <- i
		})
	}
	close(leave)
	for i := range askers {
		if got := await(t, "card", answers); got != i {
			t.Fatalf("asker %d is answered in place of asker %d", got, i)
		}
	}
	if n := d.Stats().Lookups.Load(); n != 1 {
		t.Errorf("%d look-ups were made, want 1", n)
	}
	if n := d.Stats().Joined.Load(); n != askers-1 {
		t.Errorf("%d waited for it, want %d", n, askers-1)
	}
}

// Whoever asks while the askers before are being answered must not get past them.
func TestWhoAsksWhileOthersAreBeingAnsweredIsAnsweredBehindThem(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	writer, d := node(t, server.URL()), node(t, server.URL())
	r := row(1, "a")
	writer.want(writer.append(withRow("a", 1, r)), balance.In)
	answers := make(chan int, 3)
	d.Card(r.Hash, func(balance.Row, bool, error) {
		d.Card(r.Hash, func(balance.Row, bool, error) { answers <- 2 })
		answers <- 1
	})
	for want := 1; want <= 2; want++ {
		if got := await(t, "card", answers); got != want {
			t.Fatalf("asker %d is answered in place of %d", got, want)
		}
	}
}

func TestThatANumberHasNoCardIsRememberedForAShortWhile(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	now := &clock{now: time.Unix(1_700_000_000, 0)}
	d := node(t, server.URL(), func(o *dynamo.Options) { o.Now, o.AbsentFor = now.read, 2*time.Second })
	r := row(1, "a")
	looks := func(want uint64) {
		t.Helper()
		if _, found, err := d.card(r.Hash); found || err != nil {
			t.Fatalf("card: %v %v, want none", found, err)
		}
		if n := d.Stats().Lookups.Load(); n != want {
			t.Errorf("%d look-ups, want %d", n, want)
		}
	}
	looks(1)
	looks(1)
	now.move(1999 * time.Millisecond)
	looks(1)
	now.move(time.Millisecond)
	looks(2)
	d.want(d.append(withRow("a", 1, r)), balance.In)
	if _, found, err := d.card(r.Hash); !found || err != nil {
		t.Errorf("a card that was just made here is not found (%v)", err)
	}
}

// The read began before the row was there and ends after its append was answered.
func TestALookUpThatIsOvertakenByAnAppendFindsTheCard(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	r := row(1, "a")
	read, leave := make(chan struct{}), make(chan struct{})
	server.SetFaults(func(c dynamotest.Call) dynamotest.Fault {
		if c.Operation != "GetItem" {
			return dynamotest.Fault{}
		}
		close(read)
		return dynamotest.Fault{After: leave}
	})
	answers := make(chan bool, 2)
	d.Card(r.Hash, func(_ balance.Row, found bool, _ error) { answers <- found })
	await(t, "read", read)
	d.want(d.append(withRow("a", 1, r)), balance.In)
	d.Card(r.Hash, func(_ balance.Row, found bool, _ error) { answers <- found })
	close(leave)
	await(t, "card asked for before", answers)
	if !await(t, "card asked for after", answers) {
		t.Error("a card whose append was answered is not found")
	}
	if peeked(d.Peek, r.Hash) != r {
		t.Error("peek finds another afterwards")
	}
}

func TestLookUpsAreLimited(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL(), func(o *dynamo.Options) { o.LookupsPerSecond = 3 })
	busy := 0
	for i := range byte(40) {
		if _, _, err := d.card(row(i, "a").Hash); errors.Is(err, balance.ErrStoreBusy) {
			busy++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if busy == 0 || d.Stats().Lookups.Load()+uint64(busy) != 40 { //nolint:gosec // small
		t.Errorf("%d of 40 look-ups were made and %d turned away, want about 3 made", d.Stats().Lookups.Load(), busy)
	}
}

func TestALookUpThatFailsSaysSoToAllWhoWaitAndIsNotRemembered(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Refused("AccessDeniedException") })
	if _, found, err := d.card(spec.CardHash{1}); found || err == nil || !strings.Contains(err.Error(), "the role needs") {
		t.Errorf("card: %v %v, want an error with what to do", found, err)
	}
	server.SetFaults(nil)
	if _, found, err := d.card(spec.CardHash{1}); found || err != nil {
		t.Errorf("card: %v %v, want none", found, err)
	}
}

func TestANameTooLongForMemoryIsReadEachTime(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	long := strings.Repeat("x", balance.LogNameMax)
	r := row(1, long)
	if _, found, err := d.card(r.Hash); found || err != nil {
		t.Errorf("card: %v %v, want none", found, err)
	}
	d.want(d.append(withRow(long, 1, r)), balance.In)
	for range 2 {
		if got, found, err := d.card(r.Hash); !found || got != r || err != nil {
			t.Errorf("card: %v %v, want the row", found, err)
		}
	}
}
