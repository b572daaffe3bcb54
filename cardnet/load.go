package cardnet

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Load says what traffic to make and for how long. Kinds, cards, amounts and merchants follow
// from the seed alone; which purchase a cancel meets depends on when answers come.
type Load struct {
	Rate     float64       // messages a second, whatever the answers do; 1000
	For      time.Duration // 0 is until the context ends
	Seed     uint64
	Cards    []Card // that work; at least one
	Frozen   []Card // that are frozen; without one nobody pays with it
	Unknown  []Card // that the switch does not know; the same
	Funds    int64  // yen that every card has at the least; 1,000,000
	Mix      Mix    // DefaultMix when zero
	InFlight int    // purchases under way at once; 64. Above it they wait, and the wait counts

	// Every is called once a second with the figures of that second and of the run so far.
	Every func(second, total Figures)
}

// Mix is how many messages of a thousand are of a kind; purchases of 1 to 3,000 yen are the
// rest. A kind of two messages counts both. On top of it old purchases are cancelled in full
// as soon as more than six tenths of Funds are held on a card, so that it never runs dry.
type Mix struct {
	TooLarge        int // more than any card has: 51
	Frozen          int // a frozen card: 57
	WrongExpiry     int // 54
	UnknownCard     int // 14
	Cancel          int // in full: 0400, every third 0420
	PartialCancel   int // the same, with DE95
	Repeat          int // 0101, answered as before
	EarlyCancel     int // the cancel comes before its purchase, which must then be refused
	StandIn         int // 0120: we approved; a quarter for a frozen card, a quarter followed by the late 0100
	StandInApproved int // 0120: we approved what the switch had approved
	StandInRefused  int // 0120: we refused, half of them what the switch had approved
	Balance         int
	CardCheck       int // 1 to 200 yen
	Verify          int // amount 0
	Refund          int
}

// DefaultMix is a busy shop with everything that goes wrong in one.
func DefaultMix() Mix {
	return Mix{
		TooLarge: 12, Frozen: 10, WrongExpiry: 10, UnknownCard: 10,
		Cancel: 40, PartialCancel: 15, Repeat: 15, EarlyCancel: 10,
		StandIn: 12, StandInApproved: 8, StandInRefused: 8,
		Balance: 20, CardCheck: 15, Verify: 5, Refund: 5,
	}
}

// kind is one line of a Mix.
type kind uint8

const (
	purchase kind = iota
	tooLarge
	frozen
	wrongExpiry
	unknownCard
	cancel
	partialCancel
	repeat
	earlyCancel
	standIn
	standInApproved
	standInRefused
	balance
	cardCheck
	verify
	refund
)

func (m Mix) perMille() map[kind]int {
	return map[kind]int{
		tooLarge: m.TooLarge, frozen: m.Frozen, wrongExpiry: m.WrongExpiry, unknownCard: m.UnknownCard,
		cancel: m.Cancel, partialCancel: m.PartialCancel, repeat: m.Repeat, earlyCancel: m.EarlyCancel,
		standIn: m.StandIn, standInApproved: m.StandInApproved, standInRefused: m.StandInRefused,
		balance: m.Balance, cardCheck: m.CardCheck, verify: m.Verify, refund: m.Refund,
	}
}

func (l Load) withDefaults() Load {
	l.Rate = cmp.Or(l.Rate, 1000)
	l.Funds = cmp.Or(l.Funds, 1_000_000)
	l.InFlight = cmp.Or(l.InFlight, 64)
	l.Mix = cmp.Or(l.Mix, DefaultMix())
	return l
}

func (l Load) validate() error {
	if len(l.Cards) == 0 {
		return errors.New("load: no cards to pay with")
	}
	if l.Rate <= 0 || l.For < 0 || l.Funds <= 0 || l.InFlight <= 0 {
		return errors.New("load: Rate, Funds and InFlight must be above zero, For not below")
	}
	sum := 0
	for _, count := range l.Mix.perMille() {
		if count < 0 {
			return errors.New("load: a share of the mix cannot be negative")
		}
		sum += count
	}
	if sum > deckSize {
		return fmt.Errorf("load: the mix is %d of %d messages: it must leave room for purchases", sum, deckSize)
	}
	return nil
}
