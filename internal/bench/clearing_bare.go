package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// bare measures the least that could be done with the file: to read it, and to read it while for each
// record an entry as large as ours is appended to the log of its wallet. It decides nothing and remembers
// nothing.
func (c *clearingCase) bare(figures map[string]any, hasher *spec.Hasher, file, dir string, size int) error {
	began := time.Now()
	if err := c.read(file, hasher, func() error { return nil }); err != nil {
		return err
	}
	read := time.Since(began)
	store, err := openStore(dir, hasher)
	if err != nil {
		return err
	}
	began = time.Now()
	a := newAppending(store, c.wallets, size)
	err = errors.Join(c.read(file, hasher, a.record), a.end())
	took := time.Since(began)
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	n := float64(c.records())
	figures["clearing_read_per_s"] = int(n / read.Seconds())
	figures["clearing_bare_per_s"] = int(n / took.Seconds())
	figures["clearing_entry_bytes"] = size
	if ours, ok := figures["clearing_records_per_s"].(int); ok {
		figures["clearing_of_bare"] = rounded(float64(ours) / (n / took.Seconds()))
	}
	return nil
}

// read reads the file as a load does.
func (c *clearingCase) read(file string, hasher *spec.Hasher, each func() error) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := clearing.NewReader(f, hasher)
	var q clearing.Record
	for n := 0; ; n++ {
		err := r.Next(&q)
		if errors.Is(err, io.EOF) && n == c.records() {
			return nil
		}
		if err == nil {
			err = each()
		}
		if err != nil {
			return fmt.Errorf("reading the file, record %d: %w", n+1, err)
		}
	}
}

// How many entries are given to the store at once, as many as a load places together, and how many of
// those calls may be under way.
const (
	togetherMax = 2048
	underWayMax = 4
)

// appending appends an entry for each record, to one wallet's log after the other.
type appending struct {
	store   balance.Store
	logs    []string
	body    []byte
	next    int // records so far
	batch   []balance.Append
	free    chan struct{} // one for each call that may be made
	refused atomic.Int64
}

func newAppending(store balance.Store, wallets, size int) *appending {
	a := &appending{store: store, body: make([]byte, size), free: make(chan struct{}, underWayMax)}
	for w := range wallets {
		a.logs = append(a.logs, walletLog(w))
	}
	for range underWayMax {
		a.free <- struct{}{}
	}
	return a
}

func (a *appending) record() error {
	e := balance.Sealed{
		Log: a.logs[a.next%len(a.logs)], Version: uint64(a.next/len(a.logs) + 1), //nolint:gosec // positive
		Attempt: balance.Attempt(a.next), Body: a.body, //nolint:gosec // as above
	}
	a.batch = append(a.batch, balance.Append{Entries: []balance.Sealed{e}})
	a.next++
	if len(a.batch) == togetherMax {
		a.send()
	}
	return nil
}

// send hands what has gathered to the store, as soon as one more call may be made.
func (a *appending) send() {
	if len(a.batch) == 0 {
		return
	}
	<-a.free
	var left atomic.Int64
	left.Store(int64(len(a.batch)))
	a.store.Append(a.batch, func(_ int, r balance.Result) {
		if r.Outcome != balance.In {
			a.refused.Add(1)
		}
		if left.Add(-1) == 0 {
			a.free <- struct{}{}
		}
	})
	a.batch = make([]balance.Append, 0, togetherMax)
}

// end waits until everything is durable.
func (a *appending) end() error {
	a.send()
	for range underWayMax {
		<-a.free
	}
	if n := a.refused.Load(); n > 0 {
		return fmt.Errorf("the store did not take %d entries", n)
	}
	return nil
}
