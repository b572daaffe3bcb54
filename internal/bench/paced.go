package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// pacedConnections is how many connections a paced line has.
const pacedConnections = 4

// pacedLine sends so many authorizations a second, whatever becomes of the ones before (an open loop), and gives
// the median and the p99 of the time from when each was due until its answer.
func pacedLine(addr string, t *template, pans [][8]byte, serial *atomic.Uint64, rate int, length time.Duration) (r result, err error) {
	var wait sync.WaitGroup
	clients := make([]*pacer, pacedConnections)
	errs := make([]error, pacedConnections)
	began := time.Now()
	every := time.Second * pacedConnections / time.Duration(rate)
	for i := range clients {
		c := &pacer{
			client: client{template: t, pans: pans, serial: serial, latency: hdrhistogram.New(1, 60_000_000, 3)},
			sent:   map[uint32]time.Time{},
		}
		clients[i] = c
		first := began.Add(every * time.Duration(i) / pacedConnections)
		wait.Go(func() { errs[i] = c.pace(addr, first, every, int(length/every)) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	all := hdrhistogram.New(1, 60_000_000, 3)
	for _, c := range clients {
		all.Merge(c.latency)
		if c.refused > 0 {
			return r, errors.New("some were refused, so it was not authorizations that were measured")
		}
	}
	r.p50, r.p99 = time.Duration(all.ValueAtQuantile(50))*time.Microsecond, time.Duration(all.ValueAtQuantile(99))*time.Microsecond
	return r, nil
}

// pacer is one connection of a paced line: one goroutine writes, one reads.
type pacer struct {
	client
	mu   sync.Mutex
	sent map[uint32]time.Time // when each was due, by STAN
}

func (p *pacer) pace(addr string, first time.Time, every time.Duration, messages int) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	read := make(chan error, 1)
	go func() { read <- p.read(conn, messages) }()
	var out []byte
	for i := range messages {
		due := first.Add(every * time.Duration(i))
		time.Sleep(time.Until(due))
		p.mu.Lock()
		out = p.fill(out[:0], 1, due, p.sent)
		p.mu.Unlock()
		if _, err := conn.Write(out); err != nil {
			return errors.Join(err, conn.Close(), <-read)
		}
	}
	return <-read
}

// read reads so many answers.
func (p *pacer) read(conn io.Reader, messages int) error {
	in := make([]byte, 0, 1<<16)
	for got := 0; got < messages; {
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return err
		}
		now := time.Now()
		in = in[:len(in)+n]
		p.mu.Lock()
		n, err = p.take(&in, now, p.sent)
		p.mu.Unlock()
		if err != nil {
			return err
		}
		got += n
	}
	return nil
}
