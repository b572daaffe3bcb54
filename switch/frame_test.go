package authswitch

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

func TestWhatABadMessageGets(t *testing.T) {
	for _, c := range []struct {
		name   string
		frame  []byte
		answer *answered // nil: the connection is closed
		bad    string
	}{
		{"field that cannot be read", frame("0100", 1, 0, badField), &answered{"0110", 1, spec.FormatError}, "de48"},
		{"advice whose field cannot be read", frame("0120", 1, 0, badField), &answered{"0130", 1, spec.FormatError}, "de48"},
		{"answer whose field cannot be read", frame("0110", 1, 0, badField), nil, "de48"},
		{"field that cannot be read, and the dialect finds no answer", frame("0100", 1, 0, badAndMute), nil, "de48"},
		{"MTI that is not digits", []byte("abcd0000000000000000000"), nil, "mti"},
		{"message that ends before DE11", []byte("010011"), nil, "de7"},
		{"MTI that is not known", frame("1234", 1, 0, ""), &answered{"1244", 1, spec.FormatError}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, approveAll{}, LinkConfig{})
				p, other := h.dial(), h.dial()
				p.send(purchase(8), c.frame)
				p.expect(answered{"0110", 8, spec.Approved}) // what came before is answered
				if c.answer != nil {
					p.expect(*c.answer)
					p.send(purchase(9))
					p.expect(answered{"0110", 9, spec.Approved})
				} else {
					p.expectClosed()
				}
				other.send(purchase(10))
				other.expect(answered{"0110", 10, spec.Approved})
				h.Close()
				if c.bad != "" {
					h.metrics.want(t, 1, "bad_frames_total", c.bad)
				}
			})
		})
	}
}

func TestAnAnswerNobodyAskedForIsCountedAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{Limits: Limits{InFlightMax: 2}})
		p := h.dial()
		for i := range 10 {
			p.send(frame("0110", i, 0, ""))
		}
		p.send(purchase(11))
		p.expect(answered{"0110", 11, spec.Approved})
		h.metrics.want(t, 10, "unsolicited_total")
		h.metrics.want(t, 10, "frames_total", "answer")
	})
}

func TestABadLengthClosesBeforeTheMessageComes(t *testing.T) {
	for _, c := range []struct {
		name    string
		framing Framing
		header  []byte
		bad     string
	}{
		{"longer than the link takes, first two bytes", Length2Zero2, []byte{0x10, 0x01}, "length"},
		{"longer than the link takes, first byte", Length2Zero2, []byte{0xff}, "length"},
		{"third byte not zero", Length2Zero2, []byte{0, 30, 1}, "header"},
		{"fourth byte not zero", Length2Zero2, []byte{0, 0, 0, 1}, "header"},
		{"length2", Length2, []byte{0x10, 0x01}, "length"},
		{"no digit", ASCII4, []byte("00-1"), "header"},
		{"too many digits", ASCII4, []byte("5"), "length"},
		{"no packed digit", BCD2, []byte{0x0a}, "header"},
		{"too much, packed", BCD2, []byte{0x41, 0x00}, "length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, approveAll{}, LinkConfig{Framing: c.framing})
				p := h.dial()
				began := time.Now()
				if err := p.write(c.header); err != nil {
					t.Fatal(err)
				}
				p.expectClosed()
				if took := time.Since(began); took != 0 {
					t.Errorf("closed after %v", took)
				}
				h.Close()
				h.metrics.want(t, 1, "bad_frames_total", c.bad)
			})
		})
	}
}

func TestAPanicClosesItsConnectionOnlyAndLeavesNoBytesInTheLog(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame []byte
		fn    string
	}{
		{"while decoding", frame("0100", 1, 0, panicky), "Decode"},
		{"while handling", purchase(666), "Handle"},
		{"while the answer is built", frame("0100", 1, 0, panicReply), "AppendReply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				s, err := New(slog.New(slog.NewJSONHandler(&out, nil)), panicOn666{}, nil, LinkConfig{Name: "net", Dialect: &plain{}})
				if err != nil {
					t.Fatal(err)
				}
				hall := newHall()
				served := make(chan error, 1)
				go func() { served <- s.Serve("net", hall) }()
				dial := func() *peer {
					ours, theirs := net.Pipe()
					hall.conns <- theirs
					return newPeer(t, ours, Length2Zero2)
				}
				p, other := dial(), dial()
				p.send(c.frame)
				p.expectClosed()
				other.send(purchase(2))
				other.expect(answered{"0110", 2, spec.Approved})
				s.Close()
				if err := <-served; err != nil {
					t.Error(err)
				}
				wantPanicLine(t, out.String(), c.fn)
			})
		})
	}
}

// panicOn666 approves all but one.
type panicOn666 struct{}

func (panicOn666) Handle(batch []spec.Call) {
	for _, call := range batch {
		if call.Request().STAN == 666 {
			panic("cannot handle stan 000666 of 1123101112")
		}
		call.Answer(spec.Response{Reason: spec.Approved})
	}
}

func wantPanicLine(t *testing.T, log, function string) {
	t.Helper()
	if strings.Contains(log, "1123101112") {
		t.Error("the log quotes the message")
	}
	for line := range strings.Lines(log) {
		var fields struct{ Msg, Stack, Cause string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(fields.Msg, "panic") && fields.Cause == "string" && strings.Contains(fields.Stack, function) {
			return
		}
	}
	t.Errorf("no line tells of the panic in %s", function)
}

func TestAMessageWithoutAnyAnswerIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		p.send(frame("0100", 1, 0, unsayable), purchase(2))
		p.expect(answered{"0110", 2, spec.Approved})
		h.metrics.want(t, 1, "unbuilt_total")
	})
}
