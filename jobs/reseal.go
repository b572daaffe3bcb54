package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sekisho/balance"
	"sekisho/spec"
)

// Sealing is what resealing asks of whoever seals card numbers. The functions are safe for several goroutines.
type Sealing struct {
	KeyOf   func(sealed string) (key uint32, ok bool)                       // under which a number is sealed
	Primary func() (key uint32, err error)                                  // under which numbers are sealed now
	Reseal  func(card spec.CardID, sealed string) (again string, err error) // under the primary key
}

// Resealed is what a run did.
type Resealed struct {
	Job      string   `json:"job"`  // keys rotate
	Key      uint32   `json:"key"`  // under which all are to be sealed
	Made     bool     `json:"made"` // whether this run made that key
	Cards    int      `json:"cards"`
	Left     int      `json:"left"`               // sealed under another key when it ended
	Problems []string `json:"problems,omitempty"` // why, of some of them
}

// How much is done at the same time, and at most.
const (
	resealAtOnce        = 16 // wallets, each with one post on its way
	resealedTogetherMax = 64 // cards of one entry
	resealPassesMax     = 10
	resealProblemsMax   = 10
)

// Reseal seals every card number that is sealed under another key than the primary one under that, one
// CardChanged for each. It is made on the version of a wallet that still has the number as it was read: a card
// that gets another number meanwhile keeps that. It is safe to run again, beside the traffic, and on several nodes
// at once; when the primary key changes meanwhile it goes on with the newer. It ends when it has been through all
// wallets and found nothing to do any more, or nothing that can be done: then Left is above zero. progress, when
// given, is called now and then with the number of wallets looked at in one pass, and of all.
func Reseal(ctx context.Context, book *balance.Book, s Sealing, progress func(done, total int)) (Resealed, error) {
	out := Resealed{Job: "keys rotate"}
	for range resealPassesMax {
		p := &resealPass{book: book, sealing: s}
		err := EachWallet(ctx, book.Store(), resealAtOnce, p.wallet, progress)
		out.Cards += p.done
		out.Left, out.Problems = p.found-p.done, p.problems
		if err != nil {
			return out, err
		}
		if p.found == 0 || p.done == 0 {
			break
		}
	}
	key, err := s.Primary()
	out.Key = key
	return out, err
}

// resealPass goes through all wallets once.
type resealPass struct {
	book    *balance.Book
	sealing Sealing

	mu          sync.Mutex
	found, done int // cards that are sealed under another key, and those of them that are not any more
	problems    []string
}

// wallet reseals the cards of one wallet. Only one with something to do goes through the book.
func (p *resealPass) wallet(ctx context.Context, w *balance.Wallet) error {
	key, err := p.sealing.Primary()
	if err != nil {
		return err
	}
	old, again := map[spec.CardID]string{}, map[spec.CardID]string{}
	for _, c := range w.Cards() {
		if under, ok := p.sealing.KeyOf(c.Sealed); c.Sealed == "" || ok && under == key {
			continue
		}
		sealed, err := p.sealing.Reseal(c.ID, c.Sealed)
		p.count(1, 0, err)
		if err != nil {
			continue
		}
		old[c.ID], again[c.ID] = c.Sealed, sealed
		if len(again) == resealedTogetherMax {
			if err := p.post(ctx, w.Log, old, again); err != nil {
				return err
			}
			old, again = map[spec.CardID]string{}, map[spec.CardID]string{}
		}
	}
	if len(again) == 0 {
		return nil
	}
	return p.post(ctx, w.Log, old, again)
}

// post puts what was sealed again in the place of what was sealed before, where that is still there.
func (p *resealPass) post(ctx context.Context, log string, old, again map[spec.CardID]string) error {
	d, err := decided(ctx, p.book, log, func(v *balance.View) (d balance.Decision) {
		for _, c := range v.Cards() {
			if sealed := again[c.ID]; sealed != "" && c.Sealed == old[c.ID] {
				d.Events = append(d.Events, balance.Event{
					Kind: balance.CardChanged, Card: c.ID, Issued: balance.Issued{Sealed: sealed},
					Actor: balance.Actor{Kind: balance.ActorOperator, Name: "keys rotate"},
				})
			}
		}
		return d
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, balance.ErrStopped):
		return err
	case err != nil: // what else is wrong with one wallet must not keep the others; the next pass sees what became of it
		p.count(0, 0, fmt.Errorf("wallet %s: %w", log, err))
		return nil
	}
	p.count(0, len(d.Events), nil)
	return nil
}

func (p *resealPass) count(found, done int, problem error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found += found
	p.done += done
	if problem != nil && len(p.problems) < resealProblemsMax {
		p.problems = append(p.problems, problem.Error())
	}
}

// CardsUnder says how many cards are sealed under each key.
type CardsUnder struct {
	Keys     map[uint32]int
	Unsealed int // cards whose number is not kept
	Strange  int // cards with something beside them that is no sealed number
}

// CountSealed counts the cards of all wallets by the key that their numbers are sealed under, as the store has
// them. progress is as for [Reseal].
func CountSealed(ctx context.Context, store balance.Store, keyOf func(sealed string) (uint32, bool), progress func(done, total int)) (CardsUnder, error) {
	var mu sync.Mutex
	under := CardsUnder{Keys: map[uint32]int{}}
	err := EachWallet(ctx, store, resealAtOnce, func(_ context.Context, w *balance.Wallet) error {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range w.Cards() {
			key, ok := keyOf(c.Sealed)
			switch {
			case c.Sealed == "":
				under.Unsealed++
			case !ok:
				under.Strange++
			default:
				under.Keys[key]++
			}
		}
		return nil
	}, progress)
	return under, err
}
