package wallettest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// kinds are the stores that the races run on: one switch on an ordered store; two over a single one that is
// slow, and loses answers and appends.
func kinds(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("one switch", func(t *testing.T) {
		t.Parallel()
		f(t, openHouse(t, balance.NewMemoryStore(balance.MemoryOptions{})))
	})
	t.Run("two switches over a store with faults", func(t *testing.T) {
		t.Parallel()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		faulty := func(seed uint64) balance.MemoryOptions {
			return balance.MemoryOptions{
				Single: true, Delay: balance.RandomDelays(seed, 0, time.Millisecond), LateBy: 3 * time.Millisecond,
				Fault: balance.RandomFaults(seed, balance.FaultChances{Out: 20, Unknown: 20, UnknownIn: 30, UnknownLate: 30}),
			}
		}
		store := balance.NewMemoryStore(faulty(seed))
		f(t, openHouse(t, store, store.Node(faulty(seed+1))))
	})
}

// race is what allocators and payers believe happened to one wallet.
type race struct {
	*house
	wallet, other string
	cards         []string
	allocated     [2]atomic.Int64 // per card, by the answers to allocations
	held          [2]atomic.Int64 // per card, by the approvals
	handedOver    atomic.Int64
	refused       [2]atomic.Int64 // allocations, purchases

	mu    sync.Mutex
	doubt []func() // to be asked again: see took
}

func TestAllocatorsAndPayersAtOneWalletMakeOrLoseNoYen(t *testing.T) {
	t.Parallel()
	const funds, clients, times = 60_000, 64, 12
	kinds(t, func(t *testing.T, h *house) {
		r := &race{house: h}
		r.wallet, r.cards = h.openWallet(funds, 2)
		r.other, _ = h.openWallet(0, 0)
		h.loss = 3
		var all sync.WaitGroup
		turns := make(chan struct{}, clients*times) // a purchase for each allocation: payers have the shorter way, and would be through first
		for i := range clients {
			random := rand.New(rand.NewPCG(uint64(i), rand.Uint64())) //nolint:gosec // amounts of a test
			all.Go(func() {
				for range times {
					r.allocate(random)
					turns <- struct{}{}
				}
			})
			pays := rand.New(rand.NewPCG(uint64(i), rand.Uint64())) //nolint:gosec // as above
			all.Go(func() {
				for range times {
					<-turns
					r.payOne(pays)
				}
			})
		}
		all.Wait()
		h.settled()
		h.loss = 0
		for _, ask := range r.doubt {
			ask()
		}
		r.settle(funds)
	})
}

// allocate moves money to a card or back, or a little of it to another wallet.
func (r *race) allocate(random *rand.Rand) {
	card, amount := random.IntN(len(r.cards)), 1+random.Int64N(2000)
	path, body := "/v1/wallets/"+r.wallet+"/allocations", `{"card": "`+r.cards[card]+`", "amount": `+jpy(amount)+`}`
	switch random.IntN(8) {
	case 0:
		body = `{"card": "` + r.cards[card] + `", "sweep": true}`
	case 1, 2:
		body = `{"card": "` + r.cards[card] + `", "amount": ` + jpy(-amount/2-1) + `}`
	case 3:
		path, card = "/v1/transfers", -1
		body = fmt.Sprintf(`{"from": %q, "to": %q, "amount": %s}`, r.wallet, r.other, jpy(amount/20+1))
	}
	a := r.post(path, body)
	r.took(&a, path, body, card)
}

// took notes what an answer says. That there is too little money is nothing wrong. A refusal is no entry of the
// log, so a try that was sent before it, and is still on its way, may find the money after all: whoever lost
// an answer asks again once all is quiet, and knows then.
func (r *race) took(a *reply, path, body string, card int) {
	switch {
	case a.Status/100 == 2 && card < 0:
		r.handedOver.Add(a.Amount.Amount)
	case a.Status/100 == 2:
		r.allocated[card].Add(a.Amount.Amount)
		if a.CardAfter.Available.Amount < 0 || a.CardAfter.Allocated.Amount-a.CardAfter.Held.Amount != a.CardAfter.Available.Amount {
			r.t.Errorf("after an allocation the card has %+v", a.CardAfter)
		}
	case a.Code != "insufficient_funds" || a.Free < 0:
		r.t.Errorf("got %d %s", a.Status, a.Text)
	case a.Lost > 0:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.doubt = append(r.doubt, func() {
			again := r.keyed(path, body, a.key, 0)
			r.took(&again, path, body, card)
		})
	default:
		r.refused[0].Add(1)
	}
}

func (r *race) payOne(random *rand.Rand) {
	card, amount := random.IntN(len(r.cards)), 1+random.Int64N(700)
	switch reason := r.pay(r.any(), r.cards[card], amount); reason {
	case spec.Approved:
		r.held[card].Add(amount)
	case spec.StoreUnavailable: // the store did not take it, and nothing happened
	case spec.InsufficientFunds:
		r.refused[1].Add(1)
	default:
		r.t.Errorf("a purchase is answered %s", reason)
	}
}

// settle compares what everybody was told with what the ledger has.
func (r *race) settle(funds int64) {
	h := r.house
	for i, n := range h.nodes {
		b := h.balance(n, r.wallet)
		left := funds - r.handedOver.Load()
		if b.Posted.Amount != left || b.Held.Amount != r.held[0].Load()+r.held[1].Load() || len(b.Cards) != 2 {
			h.t.Errorf("switch %d: %+v; want posted %d, held %d + %d", i, b, left, r.held[0].Load(), r.held[1].Load())
			continue
		}
		for c := range b.Cards {
			if b.Cards[c].Allocated.Amount != r.allocated[c].Load() || b.Cards[c].Held.Amount != r.held[c].Load() || b.Cards[c].Available.Amount < 0 {
				h.t.Errorf("switch %d: the card has %+v; want allocated %d, held %d", i, b.Cards[c].cardSum, r.allocated[c].Load(), r.held[c].Load())
			}
		}
		if b.Unallocated.Amount < 0 || b.Unallocated.Amount != left-r.allocated[0].Load()-r.allocated[1].Load() {
			h.t.Errorf("switch %d: unallocated %d of %d", i, b.Unallocated.Amount, left)
		}
		if b := h.balance(n, r.other); b.Posted.Amount != r.handedOver.Load() {
			h.t.Errorf("switch %d: %d arrived of %d that were handed over", i, b.Posted.Amount, r.handedOver.Load())
		}
	}
	if r.refused[0].Load() == 0 || r.refused[1].Load() == 0 || r.held[0].Load() == 0 {
		h.t.Errorf("it was no race for money: %d allocations and %d purchases were refused", r.refused[0].Load(), r.refused[1].Load())
	}
	r.neverBelowZero()
	h.verify()
}

// neverBelowZero reads the whole log: no card, and not what is unallocated, was ever below zero.
func (r *race) neverBelowZero() {
	for cursor := ""; ; {
		var p struct {
			Data []struct {
				Version   uint64
				CardAfter *cardSum `json:"card_after"`
				Balance   struct{ Unallocated, Available sum }
			}
			Next string
		}
		r.get(r.any(), "/v1/wallets/"+r.wallet+"/events?limit=100&cursor="+cursor, &p)
		for _, e := range p.Data {
			if e.Balance.Unallocated.Amount < 0 || e.Balance.Available.Amount < 0 || (e.CardAfter != nil && e.CardAfter.Available.Amount < 0) {
				r.t.Errorf("at version %d something is below zero: %+v, card %+v", e.Version, e.Balance, e.CardAfter)
			}
		}
		if cursor = p.Next; cursor == "" || r.t.Failed() {
			return
		}
	}
}
