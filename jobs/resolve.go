package jobs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
)

// Resolve is what a person decided about an item in suspense.
type Resolve struct {
	ID       string
	Action   string     // attach, force or return
	Purchase string     // with attach: as suspense show names it
	Amount   spec.Money // minor units of the program's currency, at most AmountMax; 0: as the item says
	Wallet   string     // an item whose card is not known: the wallet it is for
	Card     string     // and its card, crd_…
	Who, Why string
}

// Actions of a [Resolve].
const (
	ActionAttach = "attach"
	ActionForce  = "force"
	ActionReturn = "return"
)

// Resolved is what was done.
type Resolved struct {
	Job    string     `json:"job"` // suspense resolve
	ID     string     `json:"id"`
	Action string     `json:"action"`
	Wallet string     `json:"wallet,omitempty"` // where it was placed
	Posted spec.Money `json:"posted"`           // to that wallet

	Currency string `json:"currency,omitempty"` // of posted
}

// ShapeError is what is wrong with a request, whatever is in the store.
type ShapeError struct{ Text string }

func (e *ShapeError) Error() string { return e.Text }

// Check says what is wrong with the request itself. The error is a [*ShapeError].
func (r *Resolve) Check() error {
	wrong := func(format string, args ...any) error {
		return &ShapeError{fmt.Sprintf(format, args...)}
	}
	if _, _, _, err := ParseItemID(r.ID); err != nil {
		return wrong("%v", err)
	}
	switch r.Action {
	case ActionAttach:
		if _, err := parsePurchase(r.Purchase); err != nil {
			return wrong("%v", err)
		}
	case ActionForce, ActionReturn:
		if r.Purchase != "" {
			return wrong("only attach names a purchase")
		}
	default:
		return wrong("the action %q is not known: expected attach, force or return", r.Action)
	}
	if _, err := parseCard(r.Card); r.Card != "" && err != nil {
		return wrong("%v", err)
	}
	switch {
	case r.Action == ActionReturn && (r.Wallet != "" || r.Card != "" || r.Amount != 0):
		return wrong("a return moves no money: it has no wallet, card or amount")
	case (r.Wallet == "") != (r.Card == ""):
		return wrong("a wallet and its card go together")
	case IsHouse(r.Wallet) || len(r.Wallet) > balance.LogNameMax:
		return wrong("%q is not a wallet", r.Wallet)
	case r.Amount < 0 || r.Amount > AmountMax:
		return wrong("the amount %d cannot be posted: expected 1 to 999,999,999,999 minor units (twelve digits)", r.Amount)
	case strings.TrimSpace(r.Who) == "" || len(r.Who) > whoMax:
		return wrong("expected who resolves it, at most %d bytes", whoMax)
	case strings.TrimSpace(r.Why) == "" || len(r.Why) > balance.NoteMax:
		return wrong("expected why, at most %d bytes", balance.NoteMax)
	}
	return nil
}

// AmountMax is the largest amount that a resolution posts: the twelve digits that a message or a record has
// for one.
const AmountMax spec.Money = 999_999_999_999

// whoMax bounds the name of an operator, in bytes.
const whoMax = 64

// Do resolves an item: one entry of its wallet, with who and why. An item whose card is not known is first
// claimed for a wallet, in its own log, so that it cannot be posted twice; a resolution that was cut off between
// the two is finished by the same command.
func (r *Resolve) Do(ctx context.Context, book *balance.Book, rules *router.Router) (Resolved, error) {
	if err := r.Check(); err != nil {
		return Resolved{}, err
	}
	item, err := FindItem(ctx, book.Store(), r.ID)
	if err != nil {
		return Resolved{}, err
	}
	what, err := r.resolution(item)
	if err != nil {
		return Resolved{}, err
	}
	if what.Log != item.Log {
		if err := r.claim(ctx, book, item, what); err != nil {
			return Resolved{}, err
		}
	}
	if err := rules.Resolve(ctx, what); err != nil {
		return Resolved{}, r.explain(ctx, book.Store(), err)
	}
	done, err := FindItem(ctx, book.Store(), r.ID)
	if err != nil {
		return Resolved{}, err
	}
	out := Resolved{Job: "suspense resolve", ID: r.ID, Action: r.Action}
	if r.Action != ActionReturn {
		out.Wallet, out.Posted, out.Currency = what.Log, done.Resolution.Posted, done.Resolution.Currency
	}
	return out, nil
}

// resolution is what the router is to do.
func (r *Resolve) resolution(item *Item) (*router.Resolution, error) {
	what := &router.Resolution{ID: r.ID, Log: item.Log, Card: item.event.Card, Item: item.event, Amount: r.Amount, Who: r.Who, Why: r.Why}
	switch r.Action {
	case ActionAttach:
		what.Action = router.Attach
		what.Purchase, _ = parsePurchase(r.Purchase) // checked before
	case ActionForce:
		what.Action = router.Force
	default:
		what.Action = router.Return
	}
	switch {
	case item.Standing == ItemResolved || item.Standing == ItemMet:
		return nil, resolvedError(item)
	case item.Wallet != "" && r.Wallet != "":
		return nil, fmt.Errorf("%s is of a known card of wallet %s: leave out the wallet and the card", r.ID, item.Wallet)
	case item.Wallet != "":
		return what, nil
	case item.Standing == ItemClaimed && r.Wallet != item.Resolution.Wallet:
		return nil, fmt.Errorf("%s is being placed in wallet %s by %s, and that was not finished: resolve it there", r.ID, item.Resolution.Wallet, item.Resolution.Who)
	case r.Action == ActionReturn:
		return what, nil
	case item.event.Card == (spec.CardID{}):
		return nil, fmt.Errorf("%s is a fee or without a card: only a return is possible", r.ID)
	case r.Wallet == "":
		return nil, fmt.Errorf("%s is of a card that is not known: name the wallet and the card it is for, or return it", r.ID)
	}
	what.Log = r.Wallet
	what.Card, _ = parseCard(r.Card) // checked before
	return what, nil
}

func resolvedError(item *Item) error {
	if item.Resolution == nil {
		return fmt.Errorf("%s: its original came later, and both are done", item.ID)
	}
	return fmt.Errorf("%s: %w, by %s at %s: %s", item.ID, router.ErrResolved, item.Resolution.Who, item.Resolution.At.Format(time.RFC3339), item.Resolution.Why)
}

// explain says who was faster.
func (r *Resolve) explain(ctx context.Context, store balance.Store, err error) error {
	if errors.Is(err, router.ErrResolved) {
		if item, unread := FindItem(ctx, store, r.ID); unread == nil && item.Standing == ItemResolved {
			return resolvedError(item)
		}
	}
	return err
}

// claim says in the log of an item which wallet it goes to, after a look at whether it can go there.
func (r *Resolve) claim(ctx context.Context, book *balance.Book, item *Item, what *router.Resolution) error {
	_, err := decided(ctx, book, what.Log, func(v *balance.View) balance.Decision { return placeable(v, what) })
	if err != nil {
		return fmt.Errorf("%s cannot be placed in wallet %s: %w", r.ID, what.Log, err)
	}
	claimed, err := decided(ctx, book, item.Log, func(v *balance.View) balance.Decision {
		record, ready := v.Record(item.key())
		if !ready || record != nil {
			return balance.Decision{}
		}
		return balance.Decision{Events: []balance.Event{{
			Kind: balance.Resolved, Key: item.key(), Card: item.event.Card, Note: r.Why,
			Answer:   balance.Answer{Reason: spec.Approved},
			Actor:    balance.Actor{Kind: balance.ActorOperator, Name: r.Who},
			Counter:  balance.Account{Kind: balance.AccountWallet, Name: what.Log},
			Clearing: balance.Clearing{Amount: item.event.Clearing.Amount, Currency: item.event.Clearing.Currency},
		}}}
	})
	if err != nil {
		return fmt.Errorf("claiming %s: %w", r.ID, err)
	}
	if len(claimed.Events) > 0 {
		return nil
	}
	now, err := FindItem(ctx, book.Store(), r.ID)
	switch {
	case err != nil:
		return err
	case now.Standing == ItemClaimed && now.Resolution.Wallet == what.Log:
		return nil // begun before, or at the same moment: the wallet's entry is the last word
	case now.Standing == ItemClaimed:
		return fmt.Errorf("%s is being placed in wallet %s by %s: resolve it there", r.ID, now.Resolution.Wallet, now.Resolution.Who)
	}
	return resolvedError(now)
}

// placeable says whether a wallet can take an item. It decides nothing.
func placeable(v *balance.View, what *router.Resolution) balance.Decision {
	if router.Reverses(&what.Item) {
		return balance.Decision{Undecided: router.ErrReversal}
	}
	_, usable := router.Postable(&what.Item.Details, v.Currency)
	switch _, ok := v.Card(what.Card); {
	case v.Program == "":
		return balance.Decision{Undecided: errors.New("there is no such wallet")}
	case !ok:
		return balance.Decision{Undecided: fmt.Errorf("it has no card %s", what.Card)}
	case what.Amount == 0 && !usable:
		return balance.Decision{Undecided: router.ErrNoAmount}
	}
	if what.Action != router.Attach {
		return balance.Decision{}
	}
	p, ready := v.Purchase(what.Purchase)
	if ready && (p == nil || p.Card != what.Card) {
		return balance.Decision{Undecided: router.ErrNoPurchase}
	}
	return balance.Decision{}
}

// decided has something decided on a log and waits until what it rests on is durable.
func decided(ctx context.Context, book *balance.Book, log string, decide func(v *balance.View) balance.Decision) (balance.Decision, error) {
	m := &deciding{decide: decide, done: make(chan struct{})}
	book.Submit(balance.Post{Log: log, At: time.Now(), Mover: m})
	select {
	case <-m.done:
		return m.decision, m.err
	case <-ctx.Done():
		return balance.Decision{}, ctx.Err()
	}
}

// deciding is a decision on its way through the book.
type deciding struct {
	decide   func(v *balance.View) balance.Decision
	decision balance.Decision
	err      error
	done     chan struct{}
}

// Decide implements [balance.Mover].
func (m *deciding) Decide(v *balance.View) balance.Decision { return m.decide(v) }

// Done implements [balance.Mover].
func (m *deciding) Done(d balance.Decision, err error) {
	m.decision, m.err = d, err
	close(m.done)
}

// Overdue implements [balance.Mover]; it has no deadline.
func (m *deciding) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// parseCard reads the id of a card: crd_ and 32 hexadecimal digits.
func parseCard(name string) (id spec.CardID, err error) {
	digits, ok := strings.CutPrefix(name, "crd_")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != len(id) {
		return id, fmt.Errorf("%q is not the id of a card: expected crd_ and %d hexadecimal digits", blankDigits(name), 2*len(id))
	}
	copy(id[:], b)
	return id, nil
}

// blankDigits shows what was given in place of an id without the digits of a card number.
func blankDigits(name string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '#'
		}
		return r
	}, name)
}
