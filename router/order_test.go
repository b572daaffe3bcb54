package router_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// permutations calls f with every order of n things.
func permutations(n int, f func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var next func(k int)
	next = func(k int) {
		if k == n {
			f(slices.Clone(order))
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			next(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	next(0)
}

// TestAnyOrderOfAPurchaseAndItsClearingEndsInTheSamePosted has 0100, 0400, 0420, 0120 and a clearing file with
// the presentment and, in one half, its reversal come in every order. The records of the file have both orders,
// and the reversal comes in a file of its own before or after as well.
func TestAnyOrderOfAPurchaseAndItsClearingEndsInTheSamePosted(t *testing.T) {
	for _, row := range []struct {
		name  string
		files [][]bool // of each file its records: true is the reversal
		want  spec.Money
	}{
		{"a presentment", [][]bool{{false}}, funds - 1000},
		{"a presentment and its reversal", [][]bool{{false, true}}, funds},
		{"a reversal and its presentment", [][]bool{{true, false}}, funds},
		{"the reversal in a later file, or in an earlier one", [][]bool{{false}, {true}}, funds},
		{"no clearing", nil, funds},
	} {
		t.Run(row.name, func(t *testing.T) {
			steps := []string{"0100", "0400", "0420", "0120"}
			for i := range row.files {
				steps = append(steps, fmt.Sprint("file ", i))
			}
			permutations(len(steps), func(order []int) {
				synctest.Test(t, func(t *testing.T) {
					h := newHistory(t, 1, order[0]%2 == 0)
					defer func() {
						if err := errors.Join(h.book.Close(context.Background()), h.book.Store().Close()); err != nil {
							t.Error(err)
						}
					}()
					start := time.Now()
					var told []string
					for _, i := range order {
						told = append(told, steps[i])
						h.oneStep(steps[i], start, row.files)
						time.Sleep(time.Second)
					}
					time.Sleep(10 * 24 * time.Hour)
					h.ask(spec.Request{MTI: 420, Amount: 1, Sent: time.Now().Unix(), STAN: 999, Acquirer: 8}) // lets what ran out go
					if b := h.balances(); b.Posted != row.want || b.Held != 0 || b.Allocated != row.want {
						t.Errorf("%v: posted %d held %d allocated %d, want %d held 0", told, b.Posted, b.Held, b.Allocated, row.want)
					}
					audit, err := balance.Verify(context.Background(), h.book.Store(), nil)
					if err != nil || !audit.OK() {
						t.Errorf("%v: verify: %v %q", told, err, audit.Problems)
					}
				})
			})
		})
	}
}

func (h *history) oneStep(step string, start time.Time, files [][]bool) {
	q := spec.Request{Amount: 1000, Sent: start.Unix(), STAN: 1, Acquirer: 8, MCC: 5411, LocalDate: 101, LocalTime: 90000, RRN: spec.RRN{'R', '1'}, Merchant: spec.MerchantID{'S'}}
	switch step {
	case "0100":
		q.MTI = 100
	case "0120":
		q.MTI, q.ActionCode = 120, [2]byte{'0', '0'}
		copy(q.Approval[:], "777777")
	case "0400", "0420":
		q.MTI, q.STAN, q.Original = 400, 2, spec.Original{Present: true, STAN: 1, Sent: start.Unix(), Acquirer: 8}
		if step == "0420" {
			q.MTI, q.STAN = 420, 3
		}
	default:
		h.file(step, start, files)
		return
	}
	h.ask(q)
}

// file loads one file as the loader does: what is deferred is given again in the end.
func (h *history) file(step string, start time.Time, files [][]bool) {
	n := int(step[len(step)-1] - '0')
	h.files++
	id, _ := clearing.ParseFileID(fmt.Sprintf("001%s%011d%05d", "260101", 88791, h.files))
	f := &router.Filing{File: id, Day: start, Taken: time.Now(), Link: "jcb"}
	var records []clearing.Record
	for i, reversal := range files[n] {
		r := clearing.Record{
			Number: uint32(i + 2), MTI: 1240, Function: 200, Card: h.card, Currency: spec.JPY, Acquirer: 8, Local: start.Add(9 * time.Hour).Unix(), //nolint:gosec // small
			MCC: 5411, Amount: 1000, RRN: spec.RRN{'R', '1'}, Merchant: spec.MerchantID{'S'}, Reversal: reversal,
		}
		copy(r.Processing[:], "000000")
		r.Fields.Add(3)
		copy(r.Approval[:], "777777")
		copy(r.Reference[:], "71234561124000000000012")
		records = append(records, r)
	}
	placed, err := h.router.Clear(context.Background(), f, records, false)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := range placed {
		if placed[i].Deferred {
			if _, err := h.router.Clear(context.Background(), f, records[i:i+1], true); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}
