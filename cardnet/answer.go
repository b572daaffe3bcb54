package cardnet

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"
)

// Answer is what the switch said, and what was wrong with how it said it.
type Answer struct {
	MTI        string        // "0110"; empty when no answer came
	ActionCode string        // DE39: "00" is approved, "10" approved for Amount only
	Approval   string        // DE38; "000000" on a refusal
	Amount     int64         // DE4
	Balances   []Balance     // DE54
	STAN       string        // DE11
	RRN        string        // DE37
	Latency    time.Duration // from before the write to after the read
	// Unexpected says how the answer differs from what the dialect promises. It names
	// elements, never what is in them.
	Unexpected []string

	// For Again. A function, because printing an Answer must not reach the message: some
	// verbs of fmt print what lies behind an unexported pointer.
	again func(context.Context) (Answer, error)
}

// errand is a message, what it is about and what its answer changes.
type errand struct {
	message message
	about   *Purchase    // nil for network management
	twice   bool         // it had been answered before
	settle  func(Answer) // notes what the answer says
}

// Balance is one group of DE54, in the currency's minor unit.
type Balance struct {
	AccountType string // 2 digits
	AmountType  string // "01" allocated, "02" available
	Currency    string // "392" is yen
	Amount      int64  // below zero when the sign is D
}

// The values of DE39 that are approvals.
const (
	actionApproved = "00"
	actionPartly   = "10"
)

// Approved says whether money may be spent on the answer.
func (a Answer) Approved() bool {
	return a.ActionCode == actionApproved || a.ActionCode == actionPartly
}

// Again sends the very message that this answer belongs to once more, marked as a repeat:
// 0101, 0121, 0401 or 0421. It is how to go on after [ErrNoAnswer], and how to see whether a
// duplicate is answered from the record.
func (*Network) Again(ctx context.Context, a Answer) (Answer, error) {
	if a.again == nil {
		return Answer{}, errors.New("send again: this is not the answer to a message")
	}
	return a.again(ctx)
}

// again is the repeat of an errand.
func (n *Network) again(e errand, answered bool) func(context.Context) (Answer, error) {
	return func(ctx context.Context) (Answer, error) {
		e := errand{message: e.message.repeated(), about: e.about, twice: e.twice || answered, settle: e.settle}
		return n.ask(ctx, e)
	}
}

// ask sends a message, judges its answer and enters it in the books. With [ErrNoAnswer] the
// Answer still serves Again.
func (n *Network) ask(ctx context.Context, e errand) (Answer, error) {
	replied, took, err := n.exchange(ctx, e.message)
	if errors.Is(err, ErrNoAnswer) {
		n.tally.unanswered()
		if e.about != nil {
			n.books.doubt(e.about, true)
		}
	}
	if err != nil {
		return Answer{again: n.again(e, false)}, err
	}
	a := n.judged(e.message, replied, took)
	a.again = n.again(e, true)
	if e.about != nil {
		n.books.doubt(e.about, false)
	}
	if e.settle != nil {
		e.settle(a)
	}
	n.tally.answered(e, a)
	return a, nil
}

// judged reads an answer and counts and logs what is wrong with it.
func (n *Network) judged(asked, replied message, took time.Duration) Answer {
	a := Answer{
		MTI:        replied.mti,
		ActionCode: replied.elements[39],
		Approval:   replied.elements[38],
		STAN:       replied.elements[11],
		RRN:        replied.elements[37],
		Latency:    took,
		Unexpected: judge(asked, replied),
	}
	a.Amount, _ = strconv.ParseInt(replied.elements[4], 10, 64) // judge has looked at it
	a.Balances, _ = balances(replied.elements[54])              // and at this
	for _, what := range a.Unexpected {
		n.unexpected(what)
	}
	return a
}

// unexpected counts and logs something that should not happen; what never holds card data.
func (n *Network) unexpected(what string) {
	n.tally.unexpected(what)
	n.cfg.Logger.Warn("unexpected", slog.String("what", what))
}

// balances reads DE54; ok is false when it is not whole groups of 20.
func balances(value string) (all []Balance, ok bool) {
	const group = 20
	for ; len(value) >= group; value = value[group:] {
		amount, err := strconv.ParseInt(value[8:group], 10, 64)
		sign := value[7]
		if err != nil || sign != 'C' && sign != 'D' {
			return nil, false
		}
		if sign == 'D' {
			amount = -amount
		}
		all = append(all, Balance{AccountType: value[:2], AmountType: value[2:4], Currency: value[4:7], Amount: amount})
	}
	return all, value == ""
}
