package cardnet

import (
	"bufio"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// hostile is a peer that answers, answers twice, answers what nobody asked, sends rubbish,
// keeps silent and hangs up, as its random source says.
func hostile(t testing.TB, seed uint64) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var lines sync.WaitGroup
	lines.Go(func() {
		for k := uint64(0); ; k++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			lines.Go(func() { torment(c, rand.New(rand.NewPCG(seed, k))) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		lines.Wait()
	})
	return l
}

func torment(c net.Conn, random *rand.Rand) {
	defer c.Close() //nolint:errcheck // a test's
	table, r := newTable(), bufio.NewReader(c)
	for {
		frame, err := readFrame(r)
		if err != nil {
			return
		}
		m, err := decode(table, frame)
		if err != nil {
			return
		}
		asked := unpack(m)
		right := reply(asked, "00", "731200")
		what := random.IntN(100)
		if asked.mti == "0800" {
			what = 0
		}
		switch {
		case what < 80:
			err = send(c, table, right)
		case what < 85: // twice
			if err = send(c, table, right); err == nil {
				err = send(c, table, right)
			}
		case what < 88: // the request itself comes back, and then its answer
			if err = send(c, table, asked); err == nil {
				err = send(c, table, right)
			}
		case what < 90: // keep-alive
			if _, err = c.Write(make([]byte, headerSize)); err == nil {
				err = send(c, table, right)
			}
		case what < 92: // rubbish of a good length, and then the answer
			if _, err = c.Write([]byte("\x00\x05\x00\x00\xF0\xF1\xF1\xF0\xFF")); err == nil {
				err = send(c, table, right)
			}
		case what < 94: // a header that is none
			_, err = c.Write([]byte{0, 1, 2, 3})
		case what < 96: // an answer and the end, at once
			_ = send(c, table, right)
			return
		case what < 98:
			return
		default: // silence
		}
		if err != nil {
			return
		}
	}
}

func TestAHostilePeerWedgesNothing(t *testing.T) {
	for seed := range uint64(3) {
		l := hostile(t, seed)
		n, err := Dial(t.Context(), Config{
			Addr: l.Addr().String(), Timeout: 60 * time.Millisecond, Connections: 3, BackoffMax: time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		var people sync.WaitGroup
		var mu sync.Mutex
		answered, lost := 0, 0
		for who := range 24 {
			people.Go(func() {
				for range 40 {
					_, err := n.Authorize(context.Background(), &Purchase{Card: card(t, who, "2912"), Amount: 10})
					mu.Lock()
					switch {
					case err == nil:
						answered++
					case errors.Is(err, ErrNoAnswer) || errors.Is(err, errNotSent):
						lost++
					default:
						t.Errorf("error %v, want an answer or that there is none", err)
					}
					mu.Unlock()
				}
			})
		}
		people.Wait()
		if answered == 0 || lost == 0 {
			t.Errorf("seed %d: %d answered, %d lost: the peer was not hostile", seed, answered, lost)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_ = n.Close(ctx) // whether the sign-off is confirmed is the peer's whim
		cancel()
	}
}

func TestTwoMessagesOfOneKeyAreNotInFlightTogether(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	i := newIssuer(t, func(m message) (message, bool) {
		if m.mti == "0100" {
			close(arrived)
			<-release
		}
		return reply(m, "00", "731200"), false
	})
	n := i.dial(Config{})
	p := Purchase{Card: card(t, 1, "2912"), Amount: 10}
	n.complete(&p)
	first, second := p, p
	done := make(chan error)
	go func() {
		_, err := n.Authorize(context.Background(), &first)
		done <- err
	}()
	<-arrived
	if _, err := n.Repeat(t.Context(), &second); !errors.Is(err, errInFlight) {
		t.Errorf("error %v, want that one is in flight", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("the first: %v", err)
	}
}

func TestAMessageThatDoesNotFitTheTableIsRefusedAndHarmsNobody(t *testing.T) {
	n := newIssuer(t, nil).dial(Config{})
	for name, p := range map[string]*Purchase{
		"an amount of 13 digits":      {Amount: 1e12},
		"an amount below zero":        {Amount: -1},
		"a merchant that is too long": {Merchant: "PRACTICE00000001"},
		"a category with a letter":    {MCC: "54A1"},
	} {
		p.Card = card(t, 1, "2912")
		if _, err := n.Authorize(t.Context(), p); err == nil || errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: error %v, want that it was not sent", name, err)
		}
	}
	if _, err := n.Authorize(t.Context(), &Purchase{Card: card(t, 1, "2912"), Amount: 10}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
