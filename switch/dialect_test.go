package authswitch

import (
	"fmt"
	"strconv"
	"time"

	"sekisho/spec"
)

// plain is a dialect for tests: MTI (4 digits), DE7 (10), DE11 (6), DE70 (3), then anything.
// What stands there can ask for trouble. An answer has DE39 (2) behind the first three.
type plain struct{ policy spec.Policy }

const plainSize = 23

// Troublesome tails of a message.
const (
	badField   = "BAD"   // does not decode, MTI, DE7 and DE11 are read
	badAndMute = "BADM"  // the same, and no answer can be built
	panicky    = "PANIC" // decoding panics
	unsayable  = "MUTE"  // no answer can be built
	panicReply = "ARGH"  // building the answer panics
)

func frame(mti string, stan int, network int, tail string) []byte {
	return fmt.Appendf(nil, "%s%010d%06d%03d%s", mti, 1123101112, stan, network, tail)
}

func purchase(stan int) []byte { return frame("0100", stan, 0, "") }

func framed(f Framing, frames ...[]byte) []byte {
	var out []byte
	for _, b := range frames {
		header := make([]byte, f.HeaderSize())
		f.PutHeader(header, len(b))
		out = append(append(out, header...), b...)
	}
	return out
}

func (p *plain) Policy() *spec.Policy { return &p.policy }

func (p *plain) Decode(frame []byte, r *spec.Request) error {
	at, deadline, link := r.At, r.Deadline, r.Link
	*r = spec.Request{At: at, Deadline: deadline, Link: link}
	if len(frame) < 4 {
		return &spec.FieldError{Field: 0, Expected: "four digits"}
	}
	mti, err := digits(frame[:4])
	if err != nil {
		return &spec.FieldError{Field: 0, Expected: "four digits"}
	}
	r.MTI = spec.MTI(mti)
	r.Class = r.MTI.Class()
	if len(frame) < plainSize {
		return &spec.FieldError{Field: 7, Offset: len(frame), Expected: "ten digits"}
	}
	stan, _ := digits(frame[14:20])
	network, _ := digits(frame[20:23])
	r.STAN, r.Network = uint32(stan), spec.NetworkCode(network)
	r.Fields.Add(7)
	r.Fields.Add(11)
	r.Fields.Add(70)
	switch string(frame[plainSize:]) {
	case badField, badAndMute:
		return &spec.FieldError{Field: 48, Offset: plainSize, Expected: "something better"}
	case panicky:
		panic("card 0000 in " + string(frame))
	}
	return nil
}

func digits(b []byte) (n int, err error) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%d is no digit", c)
		}
		n = n*10 + int(c-'0')
	}
	return n, nil
}

func (p *plain) AppendReply(dst, frame []byte, r spec.Response) []byte {
	switch string(frame[plainSize:]) {
	case unsayable, badAndMute:
		return dst
	case panicReply:
		panic("no answer to " + string(frame))
	}
	mti, _ := digits(frame[:4])
	dst = append(dst, spec.MTI(mti).Response().String()...)
	dst = append(dst, frame[4:20]...)
	return fmt.Appendf(dst, "%02d", r.Reason)
}

// answered takes an answer of plain apart.
type answered struct {
	mti    string
	stan   int
	reason spec.Reason
}

func parseAnswer(b []byte) answered {
	if len(b) != 22 {
		return answered{mti: fmt.Sprintf("%d bytes", len(b))}
	}
	stan, _ := strconv.Atoi(string(b[14:20]))
	reason, _ := strconv.Atoi(string(b[20:]))
	return answered{string(b[:4]), stan, spec.Reason(reason)}
}

func (a answered) String() string { return fmt.Sprintf("%s stan %d %s", a.mti, a.stan, a.reason) }

// approveAll answers at once.
type approveAll struct{}

func (approveAll) Handle(batch []spec.Call) {
	for _, call := range batch {
		if call.Request().SignedOff {
			call.Answer(spec.Response{Reason: spec.NotSignedOn})
			continue
		}
		call.Answer(spec.Response{Reason: spec.Approved})
	}
}

// desk keeps what it is handed, for the test to answer.
type desk struct{ calls chan spec.Call }

func newDesk() *desk { return &desk{make(chan spec.Call, 1000)} }

func (d *desk) Handle(batch []spec.Call) {
	for _, call := range batch {
		d.calls <- call
	}
}

// take is the next call, or nil when none is handed over within a minute.
func (d *desk) take() spec.Call {
	select {
	case call := <-d.calls:
		return call
	case <-time.After(time.Minute):
		return nil
	}
}
