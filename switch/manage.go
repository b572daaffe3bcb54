package authswitch

import "sekisho/spec"

// verdict is what happens to a decoded message.
type verdict uint8

const (
	route  verdict = iota // the handler answers it
	reply                 // it is answered here
	drop                  // it gets no answer
	hangUp                // the connection ends
)

// judge decides whether a message is the handler's; what belongs to the link itself is
// answered here: sign-on and echo, administrative advice, what is not served by any link.
func (l *link) judge(r *spec.Request) (spec.Response, verdict) {
	switch r.Class {
	case spec.Authorization, spec.Financial:
		r.SignedOff = !l.signOn.serves() // the handler knows what is a repeat
		return spec.Response{}, route
	case spec.AuthorizationAdvice, spec.FinancialAdvice, spec.Reversal, spec.ReversalAdvice:
		// They tell of something done, whoever is signed on.
		return spec.Response{}, route
	case spec.NetworkManagement:
		return spec.Response{Reason: l.manage(r)}, reply
	case spec.Administrative:
		return spec.Response{Reason: spec.Approved}, reply
	case spec.FileUpdate:
		return spec.Response{Reason: spec.NotServed}, reply
	case spec.Answer:
		return spec.Response{}, drop
	case spec.ClassUnknown:
		if r.Answerable() {
			return spec.Response{Reason: spec.FormatError}, reply
		}
	}
	return spec.Response{}, hangUp
}

func (l *link) manage(r *spec.Request) spec.Reason {
	if !r.Fields.Has(70) {
		return spec.NotServed
	}
	switch r.Network {
	case spec.SignOn:
		l.signOn.on()
	case spec.SignOff:
		l.signOn.off()
	case spec.EchoTest, spec.CutOver:
		return spec.Approved
	case spec.KeyExchange:
		return spec.NotServed
	default:
		return spec.NotServed
	}
	l.log.Info("sign-on state changed", "signed_on", l.signOn.String())
	return spec.Approved
}
