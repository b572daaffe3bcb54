package authswitch

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"sekisho/spec"
)

// Several peers send over real connections, and several goroutines answer in any order.
func TestEveryMessageIsAnsweredOnceOnItsOwnConnection(t *testing.T) {
	const conns, each, clerks = 6, 3000, 4
	desk := newDesk()
	_, address := serveTCP(t, desk, LinkConfig{Limits: Limits{InFlightMax: 100}})
	var all sync.WaitGroup
	for i := range clerks {
		all.Go(func() { shuffle(desk, rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	var peers sync.WaitGroup
	for i := range conns {
		p := dialTCP(t, address)
		peers.Go(func() {
			for n := 0; n < each; n += 10 {
				var frames [][]byte
				for k := range 10 {
					frames = append(frames, frame("0100", i*each+n+k, 0, "with something behind"[:k]))
				}
				if err := p.write(framed(p.framing, frames...)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		peers.Go(func() { once(t, p, i*each, each) })
	}
	peers.Wait()
	close(desk.calls)
	all.Wait()
}

// shuffle answers calls in any order, a few at a time.
func shuffle(d *desk, random *rand.Rand) {
	for first := range d.calls {
		held := []spec.Call{first}
		for range random.IntN(20) {
			select {
			case call, open := <-d.calls:
				if open {
					held = append(held, call)
				}
			default:
			}
		}
		random.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		for _, call := range held {
			reason := spec.Approved
			if call.Request().STAN%2 == 1 {
				reason = spec.CardFrozen
			}
			call.Answer(spec.Response{Reason: reason})
		}
	}
}

// once checks that n answers come, one for each message from first on, and no more are there.
func once(t *testing.T, p *peer, first, n int) {
	seen := make([]bool, n)
	for range n {
		b, err := p.receive()
		if err != nil {
			t.Error(err)
			return
		}
		a := parseAnswer(b)
		want := map[bool]spec.Reason{false: spec.Approved, true: spec.CardFrozen}[a.stan%2 == 1]
		if k := a.stan - first; k < 0 || k >= n || seen[k] || a.reason != want {
			t.Errorf("unexpected answer %v", a)
			return
		}
		seen[a.stan-first] = true
	}
	if err := p.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := p.receive(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last answer: error %v", err)
	}
}
