package cardnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Config says whom to call and as whom. Only Addr is needed; the zero value of everything
// else stands for what its line says.
type Config struct {
	Addr        string        // host:port of the switch
	Framing     string        // "length2-zero2", the only one so far
	Dialect     string        // "jcb" (default) or "quicpay": the same wire, other entry modes
	Acquirer    string        // DE32, at most 11 digits; 88711234
	Forwarder   string        // DE33, at most 11 digits; 88715000
	Receiver    string        // DE100, at most 11 digits; 88791000
	Timeout     time.Duration // for one answer, and for one connect; 5 s
	Connections int           // TCP connections of the link; 1
	InFlight    int           // messages waiting for an answer at once, all connections together; 512
	EchoEvery   time.Duration // 0800/301 on every connection; 0 is never
	BackoffMax  time.Duration // between two attempts to connect again; 2 s
	StayOn      bool          // Close does not sign off: peers may be using the same link
	Sales       bool          // every purchase is remembered for [Network.Sales]: about 500 bytes each
	Logger      *slog.Logger  // nothing is logged without one

	// DialContext opens a connection; net.Dialer's when nil.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// The names a Config knows.
const (
	FramingLength2Zero2 = "length2-zero2"
	DialectJCB          = "jcb"
	DialectQUICPay      = "quicpay"
)

const backoffFirst = 20 * time.Millisecond

func (c Config) withDefaults() Config {
	c.Framing = cmp.Or(c.Framing, FramingLength2Zero2)
	c.Dialect = cmp.Or(c.Dialect, DialectJCB)
	c.Acquirer = cmp.Or(c.Acquirer, "88711234")
	c.Forwarder = cmp.Or(c.Forwarder, "88715000")
	c.Receiver = cmp.Or(c.Receiver, "88791000")
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	c.Connections = cmp.Or(c.Connections, 1)
	c.InFlight = cmp.Or(c.InFlight, 512)
	c.BackoffMax = cmp.Or(c.BackoffMax, 2*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.DialContext == nil {
		c.DialContext = (&net.Dialer{Timeout: c.Timeout}).DialContext
	}
	return c
}

func (c Config) validate() error {
	if c.Addr == "" {
		return errors.New("practice network: no address to connect to: set Addr to host:port")
	}
	if c.Framing != FramingLength2Zero2 {
		return fmt.Errorf("practice network: framing %q is not served: use %q", c.Framing, FramingLength2Zero2)
	}
	if c.Dialect != DialectJCB && c.Dialect != DialectQUICPay {
		return fmt.Errorf("practice network: dialect %q is not served: use %q or %q", c.Dialect, DialectJCB, DialectQUICPay)
	}
	for name, id := range map[string]string{"Acquirer": c.Acquirer, "Forwarder": c.Forwarder, "Receiver": c.Receiver} {
		if len(id) > institutionMax || !digits(id) {
			return fmt.Errorf("practice network: %s %q: an institution id has 1 to %d digits", name, id, institutionMax)
		}
	}
	if c.Timeout < 0 || c.Connections < 0 || c.InFlight < 0 || c.EchoEvery < 0 || c.BackoffMax < 0 {
		return errors.New("practice network: Timeout, Connections, InFlight, EchoEvery and BackoffMax cannot be negative")
	}
	return nil
}

const institutionMax = 11

// digits says whether s is one or more decimal digits.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
