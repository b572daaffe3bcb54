package wallettest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"sekisho/spec"
)

// step is one thing that somebody asked of a wallet with one card.
type step struct {
	kind   byte // a allocate (negative: back), s sweep, p pay, b balance, m may yet allocate
	amount int64
}

// seen is what was answered.
type seen struct {
	ok                bool
	moved             int64 // by a sweep
	free              int64 // with a refused allocation: what there was
	unallocated, card int64 // of a balance
}

// purse is a wallet with one card as far as money goes: what it may answer follows from these two.
type purse struct{ unallocated, available int64 }

// step is what can be after it; nothing when the answer cannot be.
func (s purse) step(in step, out seen) []any {
	moved := func(amount int64) []any { return []any{purse{s.unallocated - amount, s.available + amount}} }
	can := s.unallocated >= in.amount && s.available >= -in.amount
	switch {
	case in.kind == 'm' && can: // it may have come too late as well
		return append(moved(in.amount), s)
	case in.kind == 'm':
		return []any{s}
	case in.kind == 'a' && out.ok && can:
		return moved(in.amount)
	case in.kind == 'a' && !out.ok && !can:
		if there := map[bool]int64{true: s.unallocated, false: s.available}[in.amount > 0]; out.free == there {
			return []any{s}
		}
	case in.kind == 's' && out.moved == s.available:
		return moved(-s.available)
	case in.kind == 'p' && out.ok && s.available >= in.amount:
		return []any{purse{s.unallocated, s.available - in.amount}}
	case in.kind == 'p' && !out.ok && s.available < in.amount, in.kind == 'b' && s == purse{out.unallocated, out.card}:
		return []any{s}
	}
	return nil
}

func purseModel(funds int64) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{purse{unallocated: funds}} },
		Step:  func(state, in, out any) []any { return state.(purse).step(in.(step), out.(seen)) },
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}

// history is what everybody asked and was answered, and when.
type history struct {
	*house
	wallet, card string
	began        time.Time
	mu           sync.Mutex
	operations   []porcupine.Operation
	read         []money
}

func (h *history) note(client int, in step, out seen, call, back int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: back})
}

// do does something at random as one of the clients.
func (h *history) do(client int) {
	n, call := h.any(), time.Since(h.began).Nanoseconds()
	in := step{"aaaspppb"[rand.IntN(8)], 1 + rand.Int64N(400)}
	var out seen
	switch in.kind {
	case 'p':
		reason := h.pay(n, h.card, in.amount)
		if reason == spec.StoreUnavailable { // it was not decided
			return
		}
		out.ok = reason == spec.Approved
	case 'b':
		b := h.balance(n, h.wallet)
		out.unallocated, out.card = b.Unallocated.Amount, b.Cards[0].Available.Amount
		h.mu.Lock()
		h.read = append(h.read, b)
		h.mu.Unlock()
	default:
		body := fmt.Sprintf(`{"card": %q, "sweep": true}`, h.card)
		if in.kind == 'a' {
			if rand.IntN(3) == 0 {
				in.amount = -in.amount
			}
			body = fmt.Sprintf(`{"card": %q, "amount": %s}`, h.card, jpy(in.amount))
		}
		r := h.post("/v1/wallets/"+h.wallet+"/allocations", body)
		out.ok, out.free, out.moved = r.Status/100 == 2, r.Free, -r.Amount.Amount
		if !out.ok && (r.Status != http.StatusConflict || in.kind == 's') {
			h.t.Errorf("got %d %s", r.Status, r.Text)
		}
		if !out.ok && r.Lost > 0 {
			h.note(client+1000, step{'m', in.amount}, seen{}, call, math.MaxInt64)
		}
	}
	h.note(client, in, out, call, time.Since(h.began).Nanoseconds())
}

// versioned wants each balance that was read to be the one that the log has at its version.
func (h *history) versioned() {
	h.t.Helper()
	type both struct{ Unallocated, Available sum }
	had := map[uint64]both{}
	for cursor := ""; ; {
		var p struct {
			Data []struct {
				Version uint64
				Balance both
			}
			Next string
		}
		h.get(h.any(), "/v1/wallets/"+h.wallet+"/events?limit=100&cursor="+cursor, &p)
		for _, e := range p.Data {
			had[e.Version] = e.Balance
		}
		if cursor = p.Next; cursor == "" || h.t.Failed() {
			break
		}
	}
	for _, b := range h.read {
		at := b.Version
		for ; had[at] == (both{}) && at > 0; at-- { // a sweep of nothing is not shown
		}
		if was := had[at]; was != (both{b.Unallocated, b.Available}) {
			h.t.Errorf("read at version %d: %+v; the log has %+v there", b.Version, b, was)
		}
	}
}

func TestWhatAWalletAnswersCouldHaveHappenedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const clients, times, funds = 8, 30, 1000
	kinds(t, func(t *testing.T, house *house) {
		h := &history{house: house, began: time.Now()}
		var ids []string
		h.wallet, ids = house.openWallet(funds, 1)
		h.card, house.loss = ids[0], 1
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for range times {
					h.do(i)
				}
			})
		}
		all.Wait()
		if result := porcupine.CheckOperationsTimeout(purseModel(funds), h.operations, 20*time.Second); result != porcupine.Ok {
			t.Errorf("%d operations: %s", len(h.operations), result)
		}
		h.versioned()
		house.verify()
	})
}
