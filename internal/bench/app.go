package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// appLoad has app servers allocate: one call at a time on each connection, so many a second together, or with a
// rate of 0 each as soon as the one before is answered.
func appLoad(e *errand, serial *atomic.Uint64) (result, error) {
	rate, length := e.Rate, e.Length
	var wait sync.WaitGroup
	apps := make([]*app, appConnections)
	errs := make([]error, appConnections)
	began := time.Now()
	for i := range apps {
		apps[i] = &app{errand: e, serial: serial, latency: hdrhistogram.New(1, 60_000_000, 2)}
		if rate > 0 {
			apps[i].every = time.Second * appConnections / time.Duration(rate)
			apps[i].next = began.Add(apps[i].every * time.Duration(i) / appConnections)
		}
		wait.Go(func() { errs[i] = apps[i].run(began.Add(length)) })
	}
	wait.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return result{}, err
	}
	all := hdrhistogram.New(1, 60_000_000, 2)
	for _, a := range apps {
		all.Merge(a.latency)
	}
	return result{
		perSecond: float64(all.TotalCount()) / took.Seconds(),
		p50:       time.Duration(all.ValueAtQuantile(50)) * time.Microsecond,
		p99:       time.Duration(all.ValueAtQuantile(99)) * time.Microsecond,
	}, nil
}

// app is one connection of an app server. It writes and reads HTTP itself: what Go's client costs would be
// measured with the server.
type app struct {
	errand  *errand
	serial  *atomic.Uint64
	every   time.Duration // 0: as fast as it is answered
	next    time.Time
	latency *hdrhistogram.Histogram
}

func (a *app) run(until time.Time) error {
	conn, err := net.Dial("tcp", a.errand.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var out, body []byte
	for time.Now().Before(until) {
		due := time.Now()
		if a.every > 0 {
			if due = a.next; due.After(until) {
				return nil
			}
			time.Sleep(time.Until(due))
			a.next = a.next.Add(a.every)
		}
		out, body = a.request(out[:0], body[:0])
		if _, err := conn.Write(out); err != nil {
			return err
		}
		status, err := answered(in)
		if err != nil {
			return err
		}
		if status != "201" {
			return fmt.Errorf("an allocation is answered %s, so it was not allocations that were measured", status)
		}
		_ = a.latency.RecordValue(time.Since(due).Microseconds()) // within its range
	}
	return nil
}

// request gives a yen to a card, or takes it back, in turn; the first round takes some for that.
func (a *app) request(out, body []byte) (request, rest []byte) {
	serial := a.serial.Add(1) - 1
	n, round := int(serial%uint64(len(a.errand.Cards))), serial/uint64(len(a.errand.Cards)) //nolint:gosec // few
	amount := -1
	switch {
	case round == 0:
		amount = -1000
	case round%2 == 1:
		amount = 1
	}
	body = fmt.Appendf(body, `{"card":%q,"amount":{"amount":%d,"currency":"JPY"}}`, a.errand.Cards[n], amount)
	out = fmt.Appendf(out, "POST /v1/wallets/w%d/allocations HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nIdempotency-Key: %d\r\nContent-Length: %d\r\n\r\n",
		n, deskToken, serial, len(body))
	return append(out, body...), body
}

// answered reads an answer and gives its status.
func answered(in *bufio.Reader) (status string, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, value, found := bytes.Cut(line, []byte(": ")); {
		case first && len(line) >= 12:
			status = string(line[9:12])
		case found && string(name) == "Content-Length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return "", err
			}
		case len(line) == 0:
			_, err := io.CopyN(io.Discard, in, int64(length))
			return status, err
		}
	}
}
