package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// shape is how many connections there are and how many messages are under way on each.
type shape struct{ connections, inFlight int }

func (s shape) String() string { return fmt.Sprintf("%dx%d", s.connections, s.inFlight) }

// result is what a load got.
type result struct {
	perSecond float64
	p50, p99  time.Duration
	refused   int64
}

// load keeps a number of messages under way on each connection for a while (a closed loop) and
// counts answers. The answers of one connection may come in any order; it is enough for the
// figures that each answer lets one more message out.
func load(addr string, s shape, t *template, pans [][8]byte, serial *atomic.Uint64, length time.Duration) (result, error) {
	var wait sync.WaitGroup
	results := make([]*client, s.connections)
	errs := make([]error, s.connections)
	for i := range s.connections {
		c := &client{template: t, pans: pans, serial: serial, inFlight: s.inFlight, latency: hdrhistogram.New(1, 60_000_000, 2)}
		results[i] = c
		wait.Go(func() { errs[i] = c.run(addr, length) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return result{}, err
	}
	all := hdrhistogram.New(1, 60_000_000, 2)
	var r result
	for _, c := range results {
		all.Merge(c.latency)
		r.perSecond += float64(c.answers) / c.took.Seconds()
		r.refused += c.refused
	}
	r.p50 = time.Duration(all.ValueAtQuantile(50)) * time.Microsecond
	r.p99 = time.Duration(all.ValueAtQuantile(99)) * time.Microsecond
	return r, nil
}

// client is one connection of the load.
type client struct {
	template *template
	pans     [][8]byte
	serial   *atomic.Uint64
	inFlight int
	latency  *hdrhistogram.Histogram
	answers  int64
	refused  int64
	took     time.Duration
}

func (c *client) run(addr string, length time.Duration) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	began := time.Now()
	until := began.Add(length)
	sent := map[uint32]time.Time{}
	out := c.fill(nil, c.inFlight, began, sent)
	in := make([]byte, 0, 1<<16)
	for under := c.inFlight; under > 0; {
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return err
			}
		}
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return fmt.Errorf("after %d answers: %w", c.answers, err)
		}
		in = in[:len(in)+n]
		now := time.Now()
		got, err := c.take(&in, now, sent)
		if err != nil {
			return err
		}
		under -= got
		out = out[:0]
		if now.Before(until) {
			out = c.fill(out, got, now, sent)
			under += got
		}
	}
	c.took = time.Since(began)
	return nil
}

func (c *client) fill(out []byte, n int, now time.Time, sent map[uint32]time.Time) []byte {
	for range n {
		serial := c.serial.Add(1)
		out = c.template.append(out, c.pans[serial%uint64(len(c.pans))], serial)
		sent[uint32(serial%1_000_000)] = now //nolint:gosec // below a million
	}
	return out
}

// take counts the whole answers in the buffer and keeps the rest.
func (c *client) take(in *[]byte, now time.Time, sent map[uint32]time.Time) (n int, err error) {
	b := *in
	for len(b) >= 4 {
		size := int(binary.BigEndian.Uint16(b))
		if len(b) < 4+size {
			break
		}
		stan, refused, ok := answerOf(b[4 : 4+size])
		at, mine := sent[stan]
		if !ok || !mine {
			return n, io.ErrUnexpectedEOF
		}
		delete(sent, stan)
		if refused {
			c.refused++
		}
		_ = c.latency.RecordValue(now.Sub(at).Microseconds()) // within its range
		n++
		b = b[4+size:]
	}
	c.answers += int64(n)
	*in = append((*in)[:0], b...)
	return n, nil
}

// answerOf finds DE11 and DE39 in a 0110 as both servers write it: MTI, two bitmaps, 2, 3, 4, 7,
// 11, 12, 13, 14, 32, 33, 37, 38, 39.
func answerOf(m []byte) (stan uint32, refused, ok bool) {
	const fixed = 4 + 16 + 9 + 3 + 6 + 5
	if len(m) < fixed+3+3+2+2+5+5+12+6+2 {
		return 0, false, false
	}
	for _, b := range m[fixed : fixed+3] {
		stan = stan*100 + uint32(b>>4)*10 + uint32(b&15)
	}
	code := fixed + 3 + 3 + 2 + 2 + 5 + 5 + 12 + 6
	return stan, m[code] != 0xF0 || m[code+1] != 0xF0, true
}
