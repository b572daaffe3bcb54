package authswitch

import (
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekisho/spec"
)

// BenchmarkDataPath drives the switch, with a dialect and a handler that do next to nothing,
// beside an echo of the same bytes: same peers, same frames, one read and one write for what
// has come. It prints messages per second of both, CPU per message of both (with the peers',
// which is the same for both), and their ratio.
func BenchmarkDataPath(b *testing.B) {
	for _, load := range []struct{ conns, window int }{{8, 32}, {64, 16}} {
		b.Run(fmt.Sprintf("%dx%d", load.conns, load.window), func(b *testing.B) {
			address, stop := echo(b)
			bare := drive(b, address, load.conns, load.window, benchFrame)
			stop()
			_, address = serveTCP(b, shards(b, 2), LinkConfig{Dialect: mirror{}})
			ours := drive(b, address, load.conns, load.window, benchFrame)
			b.ReportMetric(ours.rate, "msg/s")
			b.ReportMetric(bare.rate, "bare-msg/s")
			b.ReportMetric(ours.rate/bare.rate, "of-bare")
			b.ReportMetric(ours.cpu, "cpu-µs/msg")
			b.ReportMetric(bare.cpu, "bare-cpu-µs/msg")
			b.ReportMetric(ours.cpu/bare.cpu, "cpu-of-bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const benchFrame = 255

// mirror is a dialect that answers with the bytes of the request.
type mirror struct{}

var mirrorPolicy = spec.Policy{Budget: time.Minute}

func (mirror) Policy() *spec.Policy { return &mirrorPolicy }

func (mirror) Decode(frame []byte, r *spec.Request) error {
	r.MTI, r.Class, r.STAN = 100, spec.Authorization, uint32(frame[0])
	return nil
}

func (mirror) AppendReply(dst, frame []byte, _ spec.Response) []byte { return append(dst, frame...) }

// shards answers from other goroutines, as the router does.
func shards(b *testing.B, n int) Handler {
	b.Helper()
	var all sync.WaitGroup
	inboxes := make([]chan []spec.Call, n)
	for i := range inboxes {
		inboxes[i] = make(chan []spec.Call, 4096)
		all.Go(func() {
			for batch := range inboxes[i] {
				for _, call := range batch {
					call.Answer(spec.Response{Reason: spec.Approved})
				}
			}
		})
	}
	b.Cleanup(func() {
		for _, inbox := range inboxes {
			close(inbox)
		}
		all.Wait()
	})
	return handlerFunc(func(batch []spec.Call) {
		shard := batch[0].Request().STAN % uint32(n) //nolint:gosec // a few
		inboxes[shard] <- append([]spec.Call(nil), batch...)
	})
}

type speed struct{ rate, cpu float64 } // messages a second, µs a message

// drive sends b.N messages over all connections, with window of them in flight on each.
func drive(b *testing.B, address string, conns, window, size int) speed {
	b.Helper()
	peers := make([]net.Conn, conns)
	for i := range peers {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		peers[i] = c
	}
	var all sync.WaitGroup
	began, cpu := time.Now(), cpuTime()
	for i, c := range peers {
		n := b.N / conns
		if i < b.N%conns {
			n++
		}
		all.Go(func() { flood(b, c, n, window, size) })
	}
	all.Wait()
	took := time.Since(began)
	return speed{float64(b.N) / took.Seconds(), float64((cpuTime() - cpu).Nanoseconds()) / 1000 / float64(b.N)}
}

// flood sends as many messages as it has got answers, in one write.
func flood(b *testing.B, c net.Conn, n, window, size int) {
	var block []byte
	for range window {
		block = append(block, framed(Length2Zero2, make([]byte, size))...)
	}
	each := len(block) / window
	buf := make([]byte, 64<<10)
	sent := min(n, window)
	if _, err := c.Write(block[:sent*each]); err != nil {
		b.Error(err)
		return
	}
	for got, done := 0, 0; done < n; {
		k, err := c.Read(buf)
		if err != nil {
			b.Error(err)
			return
		}
		got += k
		fresh := got/each - done
		done += fresh
		if more := min(fresh, n-sent); more > 0 {
			sent += more
			if _, err := c.Write(block[:more*each]); err != nil {
				b.Error(err)
				return
			}
		}
	}
}

// echo is a server that writes back what it reads.
func echo(b *testing.B) (address string, stop func()) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if _, err := c.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr().String(), func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
		all.Wait()
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRoundTrip is one message in memory, from the bytes of a frame to those of the
// answer, without a socket.
func BenchmarkRoundTrip(b *testing.B) {
	config := LinkConfig{Name: "net", Dialect: mirror{}}
	l := newLink(config, approveAll{}, quiet(), newMetrics())
	ours, theirs := net.Pipe()
	defer ours.Close()
	c := newConn(l, theirs)
	defer c.close(endClosed)
	w := writer{conn: c, answers: l.metrics.newAnswerCounts()}
	block := framed(Length2Zero2, make([]byte, benchFrame), make([]byte, benchFrame), make([]byte, benchFrame), make([]byte, benchFrame))
	for range 8 {
		block = append(block, block[:4*(benchFrame+4)]...)
	}
	frames := len(block) / (benchFrame + 4)
	b.ReportAllocs()
	var calls []*call
	for i := 0; i < b.N; i += frames {
		for rest := block; len(rest) > 0; {
			space := c.in.space()
			n := copy(space, rest)
			rest = rest[n:]
			now := time.Now()
			c.in.took(n, len(space))
			c.date.took(now, now, n < len(space))
			if _, end := c.hand(); end != "" {
				b.Fatal(end)
			}
		}
		calls, _ = c.out.take(calls)
		for rest := calls; len(rest) > 0; {
			n := w.build(rest)
			if _, err := io.Discard.Write(w.buf); err != nil {
				b.Fatal(err)
			}
			c.out.release(rest[:n])
			l.metrics.wrote(w.answers, n)
			rest = rest[n:]
		}
	}
}
