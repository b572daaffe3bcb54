package dynamo_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
)

// Large answers that are errors are what shows a connection that is closed too early.
func TestConnectionsAreKeptAndNoMoreThanMayBeInFlight(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	const logs, rounds, inFlight = 16, 20, 16
	for i := range logs {
		e := entry(fmt.Sprintf("w%d", i), 1, 1)
		e.Body = append(e.Body, make([]byte, 100<<10)...)
		d.in(e)
	}
	var wg sync.WaitGroup
	for range rounds {
		var batch []balance.Append
		for i := range logs {
			batch = append(batch, alone(entry(fmt.Sprintf("w%d", i), 1, 2)))
		}
		wg.Add(logs)
		d.Append(batch, func(_ int, r balance.Result) {
			defer wg.Done()
			if r.Outcome != balance.Conflict {
				t.Errorf("an append whose version is taken is %s (%v)", outcomeName(r.Outcome), r.Err)
			}
		})
		wg.Wait()
	}
	if n := server.Connections(); n > inFlight {
		t.Errorf("%d connections were opened for at most %d calls at a time", n, inFlight)
	}
}

func TestNoMoreThanTheBoundIsInFlightAndNoMoreThanTheBoundWaits(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	const inFlight, waiting, more = 4, 6, 5
	d := node(t, server.URL(), func(o *dynamo.Options) { o.Appends, o.WaitMax = inFlight, waiting })
	arrived, leave := make(chan struct{}, 100), make(chan struct{})
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault {
		arrived <- struct{}{}
		return dynamotest.Fault{Before: leave}
	})
	var batch []balance.Append
	for i := range inFlight + waiting + more {
		batch = append(batch, alone(entry(fmt.Sprintf("w%d", i), 1, 1)))
	}
	answers := make(chan balance.Result, len(batch))
	d.Append(batch, func(_ int, r balance.Result) { answers <- r })
	for range more {
		r := await(t, "append beyond the bound", answers)
		if r.Outcome != balance.Out || !errors.Is(r.Err, balance.ErrStoreBusy) {
			t.Errorf("beyond the bound: %s (%v), want Out with ErrStoreBusy", outcomeName(r.Outcome), r.Err)
		}
	}
	for range inFlight {
		await(t, "call", arrived)
	}
	if n := len(arrived); n != 0 {
		t.Errorf("%d calls more than the bound are in flight", n)
	}
	if n := d.Stats().Busy.Load(); n != more {
		t.Errorf("%d are counted as turned away, want %d", n, more)
	}
	close(leave)
	for range inFlight + waiting {
		d.want(await(t, "append", answers), balance.In)
	}
	d.in(entry("w0", 2, 1)) // there is room again
}

func TestCloseWaitsForWhatWasAppended(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	s := mustOpen(t, small(server.URL(), tableOf(t)))
	leave := make(chan struct{})
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Fault{Before: leave} })
	answers := make(chan int, 3)
	s.Append([]balance.Append{alone(entry("a", 1, 1)), alone(entry("b", 1, 1)), {}}, func(i int, _ balance.Result) { answers <- i })
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case <-closed:
		t.Fatal("Close returned while an append was in flight")
	case <-answers:
		t.Fatal("an append, or the barrier behind it, was answered before its call was")
	default:
	}
	close(leave)
	if err := await(t, "close", closed); err != nil {
		t.Error(err)
	}
	if len(answers) != 3 {
		t.Fatalf("%d of 3 are answered when Close returns", len(answers))
	}
	for range 2 {
		if i := <-answers; i == 2 {
			t.Error("a barrier is answered before what was appended before it")
		}
	}
}
