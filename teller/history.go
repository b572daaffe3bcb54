package teller

import (
	"context"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// PageMax bounds what one page of a list has.
const PageMax = 100

// Events reads the entries of a wallet's log with a version above after, oldest first, at most limit of them
// (1 to PageMax). An entry has what happened, the balances of the wallet after it, and those of the card after
// each event. The next page begins after the version of the last. Entries that only keep a reference are in
// them too, and what moved nothing; [Shows] tells what a client is shown.
func (t *Teller) Events(ctx context.Context, c Caller, wallet string, after uint64, limit int) ([]balance.Entry, error) {
	s, err := t.Wallet(ctx, c, wallet)
	if err != nil || after >= s.Version {
		return nil, err
	}
	limit = min(max(limit, 1), PageMax)
	var page []balance.Entry
	err = t.scan(ctx, wallet, after+1, balance.Forward, func(e *balance.Entry) bool {
		if e.Version <= s.Version {
			page = append(page, *e)
		}
		return len(page) < limit && e.Version < s.Version
	})
	return page, err
}

// Shows says whether an event is of interest to a client: not one that only keeps a reference, nor one that
// moved nothing, nor the sealing of a card's number under another key.
func Shows(e *balance.Event) bool {
	switch e.Kind { //nolint:exhaustive // a choice of them
	case balance.Funded:
		return e.Posted != 0
	case balance.Allocated:
		return e.Allocated != 0
	case balance.CardChanged:
		return !resealed(e)
	}
	return true
}

// resealed says whether an event of a card tells nothing of it, but how its number is sealed.
func resealed(e *balance.Event) bool {
	known := e.Issued
	known.Sealed = ""
	return known == (balance.Issued{}) && e.Profile == (balance.Profile{}) && e.Status == 0 && e.Note == ""
}

// Past is what a wallet had at an instant.
type Past struct {
	Version  uint64    // of the last entry up to then; 0: the wallet was not open yet
	At       time.Time // of that entry
	Currency spec.Currency
	balance.Balances
	Cards []PastCard // that were issued by then, in the order of their issue
}

// PastCard is the money of a card at an instant.
type PastCard struct {
	Card spec.CardID
	balance.CardBalance
}

// Unallocated is the money that no card had.
func (p *Past) Unallocated() spec.Money { return p.Posted - p.Allocated }

// Available is the money that was not held.
func (p *Past) Available() spec.Money { return p.Posted - p.Held }

// BalanceAt is what the log says that a wallet had at an instant, with all that was recorded up to it. What
// ran out counts as released from the entry on that says so.
func (t *Teller) BalanceAt(ctx context.Context, c Caller, wallet string, at time.Time) (Past, error) {
	s, err := t.Wallet(ctx, c, wallet)
	if err != nil {
		return Past{}, err
	}
	b := lookBack{at: at.UnixMilli(), Past: Past{Currency: s.Currency}, cards: map[spec.CardID]*balance.CardBalance{}}
	if err := t.scan(ctx, wallet, s.Version, balance.Backward, b.entry); err != nil {
		return Past{}, err
	}
	for i := range s.Cards {
		had := &s.Cards[i].CardBalance
		if then, later := b.cards[s.Cards[i].ID]; later {
			had = then
		}
		if had != nil {
			b.Cards = append(b.Cards, PastCard{s.Cards[i].ID, *had})
		}
	}
	return b.Past, nil
}

// lookBack reads a log backwards to an instant, and on from there for the cards that have changed since. All others
// had then what they have now.
type lookBack struct {
	Past
	at    int64
	cards map[spec.CardID]*balance.CardBalance // with later events, and what they had; nil: not found yet, or not issued
	open  int                                  // of those, how many are still to be found
}

// entry takes an entry; it returns false when no older one is needed.
func (b *lookBack) entry(e *balance.Entry) bool {
	later := e.At > b.at
	if !later && b.Version == 0 {
		b.Version, b.At, b.Balances = e.Version, time.UnixMilli(e.At).UTC(), e.After
	}
	for i := len(e.Events) - 1; i >= 0; i-- {
		ev := &e.Events[i]
		had, changed := b.cards[ev.Card]
		switch {
		case ev.Card == spec.CardID{}:
		case later && !changed:
			b.cards[ev.Card] = nil
			b.open++
		case !later && changed && had == nil:
			after := ev.After
			b.cards[ev.Card] = &after
			b.open--
		}
		if later && ev.Kind == balance.CardIssued {
			b.open--
		}
	}
	return b.Version == 0 || b.open > 0
}
