package authswitch

import "sync/atomic"

// signOn is whether the network at the other end of a link has signed on. It is of the link,
// not of one of its connections, and starts anew when the link has lost all of them.
type signOn struct {
	required bool // nothing is authorized before the first sign-on
	state    atomic.Int32
}

const (
	neverSigned int32 = iota
	signedOn
	signedOff
)

func (s *signOn) on()    { s.state.Store(signedOn) }
func (s *signOn) off()   { s.state.Store(signedOff) }
func (s *signOn) reset() { s.state.Store(neverSigned) }

// serves says whether a request, as opposed to an advice or a reversal, is decided.
func (s *signOn) serves() bool {
	state := s.state.Load()
	return state == signedOn || state == neverSigned && !s.required
}

// String is on or off; off before the first sign-on, also where none is required.
func (s *signOn) String() string {
	if s.state.Load() == signedOn {
		return "on"
	}
	return "off"
}

// rule says whether nothing is authorized before the first sign-on: required or optional.
func (s *signOn) rule() string {
	if s.required {
		return "required"
	}
	return "optional"
}
