package cardnet

import (
	"context"
	"fmt"
	"time"
)

// Code is what a network management message is about: DE70.
type Code int

// The codes of the dialect.
const (
	SignOn      Code = 1
	SignOff     Code = 2
	KeyExchange Code = 101
	CutOver     Code = 201
	EchoTest    Code = 301
)

// Manage sends an 0800. The connections sign on by themselves; this is for all else, and for
// signing on again after a sign-off.
func (n *Network) Manage(ctx context.Context, code Code) (Answer, error) {
	return n.ask(ctx, errand{message: n.management(mtiNetwork, code, time.Now())})
}

// Echo sends an 0800/301.
func (n *Network) Echo(ctx context.Context) (Answer, error) { return n.Manage(ctx, EchoTest) }

// Inform sends an administrative advice, 0620, which is about a code too.
func (n *Network) Inform(ctx context.Context, code Code) (Answer, error) {
	return n.ask(ctx, errand{message: n.management(mtiAdministrative, code, time.Now())})
}

func (n *Network) management(mti string, code Code, at time.Time) message {
	stan, _ := n.identify()
	return message{mti: mti, elements: map[int]string{
		7:   at.UTC().Format(transmission),
		11:  fmt.Sprintf("%06d", stan),
		33:  n.cfg.Forwarder,
		70:  fmt.Sprintf("%03d", code),
		100: n.cfg.Receiver,
	}}
}
