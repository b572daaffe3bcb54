package cardnet

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/moov-io/iso8583"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("CARDNET_SKIP_LEAKS") != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}

// card is the made-up card number 354012 000000nnn with its check digit.
func card(t testing.TB, n int, expiry string) Card {
	t.Helper()
	number := fmt.Sprintf("354012%09d", n)
	sum := 0
	for i := range number {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			d = d/5 + d*2%10
		}
		sum += d
	}
	c, err := NewCard(number+strconv.Itoa((10-sum%10)%10), expiry)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// offline is a network without connections, for what needs none.
func offline(cfg Config) *Network {
	cfg.Addr = "nowhere"
	return &Network{cfg: cfg.withDefaults(), table: newTable(), books: newBooks(), tally: newTally()}
}

// issuer is the other side of the tests: it listens on loopback and answers with decide.
type issuer struct {
	t      testing.TB
	table  *iso8583.MessageSpec
	listen net.Listener
	decide func(message) (reply message, silent bool)
	lines  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	heard []message
}

// newIssuer starts one; it ends with the test. decide is called by several goroutines; nil
// approves everything.
func newIssuer(t testing.TB, decide func(message) (message, bool)) *issuer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if decide == nil {
		decide = func(m message) (message, bool) { return reply(m, "00", "731200"), false }
	}
	i := &issuer{t: t, table: newTable(), listen: l, decide: decide}
	i.lines.Go(i.accept)
	t.Cleanup(func() {
		_ = l.Close()
		i.hangUp()
		i.lines.Wait()
	})
	return i
}

func (i *issuer) accept() {
	for {
		c, err := i.listen.Accept()
		if err != nil {
			return
		}
		i.mu.Lock()
		i.conns = append(i.conns, c)
		i.mu.Unlock()
		i.lines.Go(func() { i.serve(c) })
	}
}

func (i *issuer) serve(c net.Conn) {
	defer c.Close() //nolint:errcheck // a test's
	r := bufio.NewReader(c)
	for {
		frame, err := readFrame(r)
		if err != nil {
			return
		}
		decoded, err := decode(i.table, frame)
		if err != nil {
			i.t.Errorf("the network sent a frame that cannot be read: %v", err)
			return
		}
		m := unpack(decoded)
		i.mu.Lock()
		i.heard = append(i.heard, m)
		i.mu.Unlock()
		answer, silent := i.decide(m)
		if silent {
			continue
		}
		if err := send(c, i.table, answer); err != nil {
			return
		}
	}
}

func send(c net.Conn, table *iso8583.MessageSpec, m message) error {
	packed, err := m.pack(table)
	if err != nil {
		return err
	}
	raw, err := packed.Pack()
	if err != nil {
		return errors.New("the test's answer does not fit the field table")
	}
	frame, err := appendFrame(nil, raw)
	if err != nil {
		return err
	}
	_, err = c.Write(frame)
	return err
}

// hangUp drops every connection there is.
func (i *issuer) hangUp() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.conns {
		_ = c.Close()
	}
	i.conns = nil
}

// messages are those heard so far, sign-ons included.
func (i *issuer) messages() []message {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]message(nil), i.heard...)
}

// dial connects a network to it that the test closes.
func (i *issuer) dial(cfg Config) *Network {
	i.t.Helper()
	cfg.Addr = i.listen.Addr().String()
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	cfg.BackoffMax = cmp.Or(cfg.BackoffMax, time.Millisecond)
	n, err := Dial(context.Background(), cfg)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = n.Close(context.Background()) })
	return n
}

// reply is an answer as the dialect promises it; the approval code only where it may stand.
func reply(m message, code, approval string) message {
	a := message{mti: expectedMTI(m.mti), elements: map[int]string{39: code}}
	for _, id := range promises(a.mti).echoed {
		if v, ok := m.elements[id]; ok {
			a.elements[id] = v
		}
	}
	if a.mti == "0110" {
		a.elements[38] = approval
		if code != actionApproved && code != actionPartly {
			a.elements[38] = noApproval
		}
		if code == actionApproved && m.inquires() {
			a.elements[54] = "0002392C000000005000"
		}
	}
	return a
}
