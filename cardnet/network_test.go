package cardnet

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAPurchaseGoesThroughItsLife(t *testing.T) {
	for _, dialect := range []string{DialectJCB, DialectQUICPay} {
		t.Run(dialect, func(t *testing.T) {
			i := newIssuer(t, nil)
			n := i.dial(Config{Dialect: dialect, Connections: 2})
			ctx := t.Context()
			p := &Purchase{Card: card(t, 1, "2912"), Amount: 1200}
			answer := func(name string) func(Answer, error) Answer {
				return func(a Answer, err error) Answer {
					t.Helper()
					if err != nil || a.ActionCode != "00" || len(a.Unexpected) > 0 {
						t.Fatalf("%s: answered %q, unexpected %v, error %v", name, a.ActionCode, a.Unexpected, err)
					}
					return a
				}
			}
			held := func(want int64) {
				t.Helper()
				if got := n.Expected()[p.Card]; got.Yen != want || got.Uncertain != 0 {
					t.Fatalf("the books say %+v, want %d yen held", got, want)
				}
			}
			first := answer("purchase")(n.Authorize(ctx, p))
			if first.MTI != "0110" || first.Approval != "731200" || first.Amount != 1200 || p.Approval != "731200" || first.Latency <= 0 {
				t.Errorf("the answer reads %s, DE38 %s, amount %d", first.MTI, first.Approval, first.Amount)
			}
			held(1200)
			answer("repeat")(n.Repeat(ctx, p))
			held(1200)
			answer("partial cancel")(n.Cancel(ctx, p, 500))
			held(500)
			cancelled := answer("cancel")(n.CancelAdvice(ctx, p, 0))
			held(0)
			answer("cancel again")(n.Again(ctx, cancelled))
			held(0)
			answer("repeat after the cancel")(n.Repeat(ctx, p))
			held(0)
			other := &Purchase{Card: p.Card, Amount: 640}
			answer("stand-in")(n.StandIn(ctx, other, "00"))
			held(640)
			answer("stand-in, a refusal that comes too late to count")(n.StandIn(ctx, other, "05"))
			held(640)
			if b := answer("balance")(n.Balance(ctx, p.Card)); len(b.Balances) != 1 || b.Balances[0].Amount != 5000 {
				t.Errorf("the balances are %v", b.Balances)
			}
			answer("verification")(n.Verify(ctx, p.Card))
			answer("refund")(n.Refund(ctx, &Purchase{Card: p.Card, Amount: 100}))
			answer("echo")(n.Echo(ctx))
			answer("advice")(n.Inform(ctx, CutOver))
			held(640)
			want := "0800 0800 0100 0101 0400 0420 0421 0101 0120 0120 0100 0100 0100 0800 0620"
			var got []string
			for _, m := range i.messages() {
				got = append(got, m.mti)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("sent %s, want %s", strings.Join(got, " "), want)
			}
			f := n.Figures()
			if f.Approved != 3 || f.Duplicates != 3 || f.Reversed != 2 || f.Advices != 2 || f.Inquiries != 1 || f.NoAnswer != 0 || len(f.Unexpected) != 0 {
				t.Errorf("the figures are %+v", f)
			}
			if err := n.Close(ctx); err != nil {
				t.Errorf("close: %v", err)
			}
			all := i.messages()
			if last := all[len(all)-1]; last.mti != "0800" || last.elements[70] != "002" {
				t.Errorf("the last message is a %s, want a sign-off", last.mti)
			}
		})
	}
}

func TestEveryMessageOfAPurchaseCarriesItsKey(t *testing.T) {
	i := newIssuer(t, nil)
	n := i.dial(Config{Dialect: DialectQUICPay})
	p := &Purchase{Card: card(t, 1, "2912"), Amount: 1200}
	for _, send := range []func() (Answer, error){
		func() (Answer, error) { return n.Cancel(t.Context(), p, 0) }, // before its purchase
		func() (Answer, error) { return n.Authorize(t.Context(), p) },
		func() (Answer, error) { return n.Repeat(t.Context(), p) },
		func() (Answer, error) { return n.StandIn(t.Context(), p, "00") },
	} {
		if _, err := send(); err != nil {
			t.Fatal(err)
		}
	}
	heard := i.messages()[1:] // after the sign-on
	key := func(m message) string { return m.elements[11] + m.elements[7] + m.elements[32] }
	if key(heard[1]) != key(heard[2]) || key(heard[1]) != key(heard[3]) {
		t.Error("purchase, repeat and advice have not the same STAN, DE7 and DE32")
	}
	if key(heard[0]) == key(heard[1]) {
		t.Error("a cancel has its purchase's key instead of its own")
	}
	if !strings.Contains(heard[0].elements[90], heard[1].elements[11]+heard[1].elements[7]) {
		t.Error("DE90 of the early cancel does not name the purchase that came after it")
	}
	if heard[1].elements[22] != "071" || heard[3].elements[39] != "00" || heard[3].elements[38] == "" || heard[3].elements[60] == "" {
		t.Error("entry mode, or what an advice carries, is not what the dialect says")
	}
	if got := n.Figures().Unexpected["0110: approved though its reversal had come first"]; got != 1 {
		t.Errorf("an approval after the reversal was noted %d times, want once", got)
	}
}

func TestATimeOutIsFollowedByAFreshConnectionThatWorks(t *testing.T) {
	i := newIssuer(t, func(m message) (message, bool) {
		return reply(m, "00", "731200"), m.mti == "0100" && m.elements[4] == amountOf(666)
	})
	n := i.dial(Config{Timeout: 100 * time.Millisecond})
	p := &Purchase{Card: card(t, 1, "2912"), Amount: 666}
	a, err := n.Authorize(t.Context(), p)
	if !errors.Is(err, ErrNoAnswer) {
		t.Fatalf("error %v, want ErrNoAnswer", err)
	}
	if h := n.Expected()[p.Card]; h.Uncertain != 1 || h.Yen != 0 {
		t.Errorf("the books say %+v, want one uncertain purchase", h)
	}
	if _, err := n.Authorize(t.Context(), &Purchase{Card: p.Card, Amount: 100}); err != nil {
		t.Fatalf("after the time-out: %v", err)
	}
	if a, err = n.Again(t.Context(), a); err != nil || !a.Approved() {
		t.Fatalf("the same message again: %v", err)
	}
	if h := n.Expected()[p.Card]; h.Uncertain != 0 || h.Yen != 766 {
		t.Errorf("the books say %+v, want 766 yen and no doubt", h)
	}
	signOns := 0
	for _, m := range i.messages() {
		if m.mti == "0800" {
			signOns++
		}
	}
	if signOns != 2 {
		t.Errorf("%d sign-ons, want one for each of the two connections", signOns)
	}
}

func TestAPeerThatNeverAnswersDoesNotHoldClose(t *testing.T) {
	signedOn := false
	i := newIssuer(t, func(m message) (message, bool) { // one connection: one goroutine
		silent := signedOn
		signedOn = true
		return reply(m, "00", ""), silent
	})
	n := i.dial(Config{Timeout: time.Minute})
	waiting := make(chan error)
	for range 8 {
		go func() {
			_, err := n.Authorize(context.Background(), &Purchase{Card: card(t, 1, "2912"), Amount: 1})
			waiting <- err
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := n.Close(ctx); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("close said %v, want that the sign-off got no answer", err)
	}
	for range 8 {
		if err := <-waiting; !errors.Is(err, ErrNoAnswer) && !errors.Is(err, ErrClosed) {
			t.Errorf("a purchase under way ended with %v", err)
		}
	}
	if _, err := n.Authorize(t.Context(), &Purchase{Card: card(t, 1, "2912")}); !errors.Is(err, ErrClosed) {
		t.Errorf("after the close: %v, want ErrClosed", err)
	}
	if err := n.Close(t.Context()); err != nil {
		t.Errorf("a second close: %v", err)
	}
}

func TestAPeerThatDoesNotReadDoesNotHoldClose(t *testing.T) {
	here, there := net.Pipe() // nobody reads there after the sign-on, and a pipe buffers nothing
	defer there.Close()       //nolint:errcheck // a test's
	go func() {
		frame, err := readFrame(there)
		if err != nil {
			return
		}
		if m, err := decode(newTable(), frame); err == nil {
			_ = send(there, newTable(), reply(unpack(m), "00", ""))
		}
	}()
	dialled := false
	n, err := Dial(t.Context(), Config{Addr: "pipe", Timeout: 50 * time.Millisecond, DialContext: func(context.Context, string, string) (net.Conn, error) {
		if dialled {
			return nil, errors.New("only once")
		}
		dialled = true
		return here, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	for range 3 {
		go func() {
			_, err := n.Authorize(context.Background(), &Purchase{Card: card(t, 1, "2912"), Amount: 1})
			ended <- err
		}()
	}
	for range 3 {
		if err := <-ended; err == nil {
			t.Error("a purchase that nobody read was answered")
		}
	}
	_ = n.Close(t.Context())
}

func TestAConnectionThatIsLostComesBackAndSignsOn(t *testing.T) {
	i := newIssuer(t, nil)
	n := i.dial(Config{Connections: 3})
	for range 5 {
		i.hangUp()
		for range 10 {
			a, err := n.Authorize(t.Context(), &Purchase{Card: card(t, 1, "2912"), Amount: 10})
			if err != nil && !errors.Is(err, ErrNoAnswer) {
				t.Fatalf("error %v, want an answer or ErrNoAnswer", err)
			}
			if err == nil && !a.Approved() {
				t.Fatalf("answered %s", a.ActionCode)
			}
		}
	}
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	i := newIssuer(t, func(m message) (message, bool) { return reply(m, "05", ""), false })
	addr := i.listen.Addr().String()
	for name, c := range map[string]struct {
		cfg  Config
		says string
	}{
		"no address":            {Config{}, "Addr"},
		"an unknown framing":    {Config{Addr: addr, Framing: "ascii4"}, "length2-zero2"},
		"an unknown dialect":    {Config{Addr: addr, Dialect: "visa"}, "quicpay"},
		"a bad institution":     {Config{Addr: addr, Acquirer: "12A"}, "Acquirer"},
		"a sign-on refused":     {Config{Addr: addr, Connections: 2}, "sign on"},
		"nobody at the address": {Config{Addr: "127.0.0.1:1"}, "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Dial(t.Context(), c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestEchoesAreSentByTheClock(t *testing.T) {
	echoed := make(chan struct{}, 100)
	i := newIssuer(t, func(m message) (message, bool) {
		if m.elements[70] == "301" {
			echoed <- struct{}{}
		}
		return reply(m, "00", ""), false
	})
	i.dial(Config{EchoEvery: time.Millisecond})
	<-echoed
	<-echoed
}

func TestANetworkThatStaysOnDoesNotSignOffForOthers(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, nil)
	n := i.dial(Config{StayOn: true})
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range i.messages() {
		if m.elements[70] != "001" {
			t.Errorf("it sent a %s about %s, want sign-ons only", m.mti, m.elements[70])
		}
	}
}
