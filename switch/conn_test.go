package authswitch

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

func TestAKeepAliveIsEchoedInEveryFraming(t *testing.T) {
	for f := range framingEnd {
		t.Run(f.String(), func(t *testing.T) {
			h := newHouse(t, approveAll{}, LinkConfig{Framing: f})
			p := h.dial()
			p.send(nil)
			if b, err := p.receive(); err != nil || len(b) != 0 {
				t.Errorf("got %d bytes and error %v, want an empty frame", len(b), err)
			}
			p.send(purchase(1))
			p.expect(answered{"0110", 1, spec.Approved})
			h.metrics.want(t, 1, "keep_alives_total")
		})
	}
}

func TestABatchIsHandedOverAtOnceAndItsAnswersLeaveInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sizes := make(chan int, 10)
		h := newHouse(t, handlerFunc(func(batch []spec.Call) {
			sizes <- len(batch)
			approveAll{}.Handle(batch)
		}), LinkConfig{})
		p := h.dial()
		p.send(purchase(1), purchase(2), frame("0800", 3, 301, ""), nil, purchase(4))
		p.expect(answered{"0110", 1, spec.Approved}, answered{"0110", 2, spec.Approved}, answered{"0110", 4, spec.Approved})
		p.expect(answered{"0810", 3, spec.Approved})
		if b, err := p.receive(); err != nil || len(b) != 0 {
			t.Errorf("got %d bytes and error %v, want the keep-alive", len(b), err)
		}
		if n := <-sizes; n != 3 {
			t.Errorf("the batch had %d calls, want 3", n)
		}
		if n := h.writes.Load(); n != 1 {
			t.Errorf("the answers left in %d writes, want 1", n)
		}
	})
}

func TestAnswersGivenWhileABatchIsHandedOverLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, handlerFunc(func(batch []spec.Call) {
			for _, call := range batch {
				call.Answer(spec.Response{Reason: spec.Approved})
				synctest.Wait() // the writer has had its chance
			}
		}), LinkConfig{})
		p := h.dial()
		p.send(purchase(1), purchase(2), purchase(3))
		p.expect(answered{"0110", 1, spec.Approved}, answered{"0110", 2, spec.Approved}, answered{"0110", 3, spec.Approved})
		if n := h.writes.Load(); n != 1 {
			t.Errorf("the answers left in %d writes, want 1", n)
		}
	})
}

type handlerFunc func([]spec.Call)

func (f handlerFunc) Handle(batch []spec.Call) { f(batch) }

func TestAnswersLeaveInTheOrderInWhichTheyWereGiven(t *testing.T) {
	desk := newDesk()
	h := newHouse(t, desk, LinkConfig{})
	p := h.dial()
	const n = 200
	var frames [][]byte
	for i := range n {
		frames = append(frames, purchase(i))
	}
	p.send(frames...)
	for i := range n {
		call := desk.take()
		if call == nil || call.Request().STAN != uint32(i) {
			t.Fatalf("call %d is out of order", i)
		}
		call.Answer(spec.Response{Reason: spec.InsufficientFunds})
	}
	for i := range n {
		p.expect(answered{"0110", i, spec.InsufficientFunds})
	}
}

func TestAFrameMayArriveByteByByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		for _, b := range framed(p.framing, purchase(7)) {
			time.Sleep(100 * time.Millisecond)
			if err := p.write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		p.expect(answered{"0110", 7, spec.Approved})
	})
}

func TestTheRequestIsFilledInAtTheEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		dialect := &plain{spec.Policy{Budget: 3 * time.Second}}
		h := newHouse(t, desk, LinkConfig{Dialect: dialect})
		p := h.dial()
		time.Sleep(time.Second)
		now := time.Now()
		p.send(purchase(1))
		r := desk.take().Request()
		if r.Link != "net" || r.Policy != &dialect.policy || !r.At.Equal(now) || !r.Deadline.Equal(now.Add(3*time.Second)) {
			t.Errorf("link %q, at %v, deadline %v, policy %v", r.Link, r.At.Sub(now), r.Deadline.Sub(now), r.Policy)
		}
		state := h.States()[0]
		if state != (LinkState{Name: "net", Dialect: "plain", Connections: 1, SignedOn: "off", SignOn: "optional", Serves: true, LastFrame: now.UTC()}) {
			t.Errorf("state is %+v", state)
		}
	})
}

func TestAFrameThatDoesNotArriveWhollyEndsItsConnectionAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		time.Sleep(time.Hour) // silence between frames is no matter
		p.send(purchase(1))
		p.expect(answered{"0110", 1, spec.Approved})
		began := time.Now()
		whole := framed(p.framing, purchase(2), purchase(3))
		cut := len(whole) - 5
		if err := p.write(whole[:cut]); err != nil {
			t.Fatal(err)
		}
		p.expect(answered{"0110", 2, spec.Approved})
		time.Sleep(4 * time.Second)
		if err := p.write(whole[cut : cut+1]); err != nil { // a byte more is no new frame
			t.Fatal(err)
		}
		p.expectClosed()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("closed after %v, want 5s", took)
		}
		h.Close()
		h.metrics.want(t, 1, "bad_frames_total", "stalled")
		h.metrics.want(t, 1, "connections_closed_total", "frame_stalled")
	})
}

func TestTheTimeOfAFrameIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{Limits: Limits{InFlightMax: 1}})
		p := h.dial()
		decide := func(stan int) {
			t.Helper()
			call := desk.take()
			if call == nil {
				t.Fatalf("stan %d does not arrive", stan)
			}
			call.Answer(spec.Response{Reason: spec.Approved})
			p.expect(answered{"0110", stan, spec.Approved})
		}
		write := func(b []byte) {
			t.Helper()
			if err := p.write(b); err != nil {
				t.Fatal(err)
			}
		}
		whole := framed(p.framing, purchase(0))
		half := len(whole) / 2
		write(whole[:half])
		for i := range 10 { // never a moment without a frame begun
			time.Sleep(4 * time.Second)
			next := framed(p.framing, purchase(i+1))
			write(append(whole[half:], next[:half]...))
			decide(i)
			whole = next
		}
		write(whole[half:])
		decide(10)
		time.Sleep(time.Hour) // no frame has begun, so none is late
		whole = framed(p.framing, purchase(21))
		write(append(framed(p.framing, purchase(20)), whole[:half]...))
		time.Sleep(7 * time.Second) // we do not read, so its time stands still
		decide(20)
		time.Sleep(4 * time.Second)
		write(whole[half:])
		decide(21)
	})
}

func TestASlowPeerDoesNotHoldUpAnotherAndIsClosedAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		slow, quick := h.dial(), h.dial()
		began := time.Now()
		slow.send(purchase(1)) // and never reads
		for i := range 9 {
			time.Sleep(time.Second)
			quick.send(purchase(i))
			quick.expect(answered{"0110", i, spec.Approved})
		}
		if n := h.States()[0].Connections; n != 2 {
			t.Fatalf("%d connections after 9 s, want 2", n)
		}
		time.Sleep(time.Until(began.Add(10 * time.Second)))
		synctest.Wait()
		if n := h.States()[0].Connections; n != 1 {
			t.Errorf("%d connections after 10 s, want 1", n)
		}
		h.metrics.want(t, 1, "connections_closed_total", "answers_not_read")
	})
}

func TestAPeerThatReadsSlowlyButReadsIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		var got bytes.Buffer
		for range 26 {
			time.Sleep(9 * time.Second)
			if _, err := io.CopyN(&got, p.conn, 1); err != nil {
				t.Fatal(err)
			}
		}
		if a := parseAnswer(got.Bytes()[4:]); a != (answered{"0110", 1, spec.Approved}) {
			t.Errorf("answer is %v", a)
		}
	})
}

func TestAPausedConnectionDatesWhatItReadsNextBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{Limits: Limits{InFlightMax: 2}, Dialect: &plain{spec.Policy{Budget: time.Second}}})
		p := h.dial()
		time.Sleep(time.Minute)
		began := time.Now()
		p.send(purchase(1), purchase(2))
		first, second := desk.take(), desk.take()
		third := make(chan error, 1)
		go func() { third <- p.write(framed(p.framing, purchase(3))) }()
		time.Sleep(2 * time.Second)
		select {
		case <-third:
			t.Fatal("the socket is read with the budget used up")
		default:
		}
		first.Answer(spec.Response{Reason: spec.InsufficientFunds})
		second.Answer(spec.Response{Reason: spec.InsufficientFunds})
		p.expect(answered{"0110", 1, spec.InsufficientFunds}, answered{"0110", 2, spec.InsufficientFunds})
		call := desk.take()
		if at := call.Request().At; !at.Equal(began) {
			t.Errorf("what was read after the pause is dated %v after the socket was empty, want 0", at.Sub(began))
		}
		call.Answer(spec.Response{Reason: spec.Approved}) // looks fresh, is late
		if err := <-third; err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		p.send(purchase(4))
		if call = desk.take(); !call.Request().At.Equal(began.Add(3 * time.Second)) {
			t.Error("the socket was empty again, and the next message is dated back all the same")
		}
		call.Answer(spec.Response{Reason: spec.Approved})
		p.expect(answered{"0110", 4, spec.Approved})
		h.metrics.want(t, 1, "dropped_late_total")
		h.metrics.want(t, 1, "pauses_total")
	})
}

func TestALateApprovalStaysUnsaidAndOtherLateAnswersDoNot(t *testing.T) {
	for _, c := range []struct {
		name   string
		mti    string
		reason spec.Reason
		sent   bool
	}{
		{"approval", "0100", spec.Approved, false},
		{"approval of a repeat", "0101", spec.Approved, false},
		{"approval of a part", "0100", spec.ApprovedPartly, false},
		{"approval of a single message", "0200", spec.Approved, false},
		{"refusal", "0100", spec.InsufficientFunds, true},
		{"said to be late", "0100", spec.Late, true},
		{"approval, by a profile that says when it is late", "0101", spec.Approved, false},
		{"advice taken", "0120", spec.Approved, true},
		{"reversal done", "0400", spec.Approved, true},
		{"reversal advice done", "0420", spec.Approved, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				desk := newDesk()
				h := newHouse(t, desk, LinkConfig{Dialect: &plain{spec.Policy{Budget: time.Second, LateAnswers: strings.HasSuffix(c.name, "late")}}})
				p := h.dial()
				p.send(frame(c.mti, 1, 0, ""))
				call := desk.take()
				response := call.Request().MTI.Response().String()
				time.Sleep(time.Second + 1)
				call.Answer(spec.Response{Reason: c.reason})
				p.send(frame("0800", 2, 301, ""))
				if c.sent {
					p.expect(answered{response, 1, c.reason})
				}
				p.expect(answered{"0810", 2, spec.Approved})
				h.Close()
				h.metrics.want(t, map[bool]float64{true: 0, false: 1}[c.sent], "dropped_late_total")
			})
		})
	}
}

func TestSilenceFreesTheCallAndSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{Limits: Limits{InFlightMax: 1}})
		p := h.dial()
		for i := range 5 {
			p.send(purchase(i))
			desk.take().Answer(spec.Response{Silent: true, Reason: spec.StoreUnavailable})
		}
		p.send(frame("0800", 9, 301, ""))
		p.expect(answered{"0810", 9, spec.Approved})
		h.metrics.want(t, 5, "silent_total")
	})
}

func TestAnAnswerGivenTwiceIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		call := desk.take()
		call.Answer(spec.Response{Reason: spec.Approved})
		call.Answer(spec.Response{Reason: spec.CardFrozen})
		p.send(frame("0800", 2, 301, ""))
		p.expect(answered{"0110", 1, spec.Approved}, answered{"0810", 2, spec.Approved})
		h.metrics.want(t, 1, "dropped_closed_total")
	})
}

func TestAnAnswerToAConnectionThatIsGoneGoesNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{})
		p := h.dial()
		p.send(purchase(1))
		call := desk.take()
		_ = p.conn.Close()
		time.Sleep(6 * time.Second) // it gets time, a half-closed peer could still read
		call.Answer(spec.Response{Reason: spec.Approved})
		h.metrics.want(t, 1, "dropped_closed_total")
		h.metrics.want(t, 0, "in_flight")
		h.metrics.want(t, 0, "connections")
	})
}
