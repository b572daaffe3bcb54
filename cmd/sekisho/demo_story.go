package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"sekisho/cardnet"
	"sekisho/spec"
)

// stage is where the demo is shown.
type stage struct {
	screen   io.Writer
	engines  []*engine
	links    []demoLink
	networks []*cardnet.Network // one a link, in their order
	token    secret             // for the wallet API of the first switch
}

func (s *stage) say(format string, args ...any) {
	fmt.Fprintf(s.screen, format+"\n", args...)
}

func (s *stage) curtain(where string, took time.Duration) {
	s.say("sekisho demo: real TCP on 127.0.0.1, %s. Nothing leaves this machine. Ctrl-C ends it.", where)
	s.say("ready in %.1f s   metrics http://%s/metrics   JCB-style and QUICPay+ style, unofficial", took.Seconds(), s.engines[0].adminAddr)
}

// connect has a practice network sign on to each link.
func (s *stage) connect(ctx context.Context) error {
	for _, l := range s.links {
		n, err := cardnet.Dial(ctx, cardnet.Config{Addr: l.engine.Addr(l.name).String(), Dialect: l.dialect, Connections: 4, Sales: true})
		if err != nil {
			return fmt.Errorf("practice network %s: %w", l.name, err)
		}
		s.networks = append(s.networks, n)
		s.say("link %-17s %-21s signed on   0800/001 -> 0810 00", l.name, l.engine.Addr(l.name))
	}
	return nil
}

func (s *stage) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for i, n := range s.networks {
		if err := n.Close(ctx); err != nil {
			s.say("link %s: not signed off: %v", s.links[i].name, err)
		}
	}
}

// story tells what can become of a purchase, one line each as it happens.
func (s *stage) story(ctx context.Context, w *demoWorld) error {
	jcb, quicpay := s.networks[0], s.networks[min(1, len(s.networks)-1)]
	s.say("\nwallet \"hanami\"  %s = first card %s + second card %s + shared %s\n", yen(hanamiPosted), yen(hanamiFirst), yen(hanamiSecond), yen(hanamiPosted-hanamiFirst-hanamiSecond))
	tap := &cardnet.Purchase{Card: w.token, Amount: 1_200, MCC: "5411"}
	game := &cardnet.Purchase{Card: w.second, Amount: 8_000, MCC: "5816"}
	lunch := &cardnet.Purchase{Card: w.first, Amount: 640, MCC: "5812"}
	scenes := []struct {
		mti, who, what string
		amount         int64
		ask            func() (cardnet.Answer, error)
		then           string
	}{
		{"0100", "first", "convenience store, by phone", 1_200, func() (cardnet.Answer, error) { return quicpay.Authorize(ctx, tap) }, "held"},
		{"0100", "second", "game shop", 8_000, func() (cardnet.Answer, error) { return jcb.Authorize(ctx, game) }, ""},
		{"0101", "second", "game shop, sent again", 8_000, func() (cardnet.Answer, error) { return jcb.Repeat(ctx, game) }, "answered from the record"},
		{"0400", "first", "取消 (cancel)", 1_200, func() (cardnet.Answer, error) { return quicpay.Cancel(ctx, tap, 0) }, "released"},
		{"0120", "first", "the network decided for us", 640, func() (cardnet.Answer, error) { return jcb.StandIn(ctx, lunch, "00") }, "held, whatever we would have said"},
	}
	for _, scene := range scenes {
		before, err := s.refusals()
		if err != nil {
			return err
		}
		a, err := scene.ask()
		if err != nil {
			return fmt.Errorf("%s of the %s card: %w", scene.mti, scene.who, err)
		}
		after, err := s.refusals()
		if err != nil {
			return err
		}
		s.say("  %s  %-6s %7s  %-27s  %-32s %5.1f ms  %s", scene.mti, scene.who, yen(spec.Money(scene.amount)), scene.what,
			verdict(a, differences(after, before)), milliseconds(a.Latency), scene.then)
	}
	a, err := jcb.Balance(ctx, w.first)
	if err != nil {
		return fmt.Errorf("balance of the first card: %w", err)
	}
	amounts := map[string]spec.Money{}
	for _, b := range a.Balances {
		amounts[b.AmountType] = spec.Money(b.Amount)
	}
	allocated, available := amounts["01"], amounts["02"]
	s.say("  0100  first           balance                      available %s = %s - %s held", yen(available), yen(allocated), yen(allocated-available))
	return nil
}

func yen(m spec.Money) string { return m.Format(spec.JPY) }

// verdict says what DE39 says, and for a refusal made now by which of our reasons.
func verdict(a cardnet.Answer, refused map[string]int64) string {
	switch {
	case a.MTI == "0110" && a.Approved():
		return "approved " + a.Approval
	case a.Approved():
		return a.ActionCode
	}
	text := "declined " + a.ActionCode
	for reason := range refused {
		text += " " + reason
	}
	return text
}
