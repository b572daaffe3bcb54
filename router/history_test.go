package router_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// history drives one card through random messages and clearing files, and asks a naive account of the rules
// what should have come of each.
type history struct {
	t      *testing.T
	random *rand.Rand
	book   *balance.Book
	router *router.Router
	row    balance.Row
	card   spec.Card
	policy spec.Policy
	model  ledgerModel
	files  int
	stan   uint32
	told   []string
	future []clearing.Record // whose reversal was in a file before
}

const funds = 10_000_000

type askedCall struct {
	request spec.Request
	answer  chan spec.Response
}

func (c *askedCall) Request() *spec.Request    { return &c.request }
func (c *askedCall) Answer(resp spec.Response) { c.answer <- resp }

func newHistory(t *testing.T, seed uint64, ordered bool) *history {
	h := &history{t: t, random: rand.New(rand.NewPCG(seed, 1)), model: newLedgerModel()} //nolint:gosec // repeatable
	attempt := uint64(0)
	store := balance.NewMemoryStore(balance.MemoryOptions{Single: !ordered})
	h.book = balance.NewBook(store, balance.Options{Shards: 1, Random: func() uint64 { attempt++; return attempt }})
	programs := []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Rules: risk.Program{Currency: spec.JPY}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(),
	}}
	h.router = router.New(h.book, programs, slog.New(slog.DiscardHandler), nil)
	h.policy = spec.Policy{UnknownReversal: spec.Approved, ReversedBefore: spec.ReversedBefore, SettledReversal: spec.Approved, AccountVerification: spec.Approved}
	h.card = spec.Card{Hash: spec.CardHash{7}, Length: 16, Luhn: true}
	copy(h.card.Range[:], "35401200")
	copy(h.card.Last[:], "0015")
	o := balance.Opening{Log: "w", Program: "prepaid", Currency: spec.JPY, Posted: funds, Cards: []balance.OpeningCard{{
		ID: spec.CardID{1}, Number: h.card.Hash, Issued: balance.Issued{Expiry: 3912}, Status: balance.CardActive, Allocated: funds,
	}}}
	h.row = o.Rows()[0]
	h.move(o.Events(balance.CallKey("seed"), 1, balance.Actor{}), o.Rows())
	return h
}

type plainMove struct {
	events []balance.Event
	rows   []balance.Row
	see    func(v *balance.View)
	done   chan error
}

func (m *plainMove) Decide(v *balance.View) balance.Decision {
	if m.see != nil {
		m.see(v)
	}
	return balance.Decision{Events: m.events, Rows: m.rows}
}
func (m *plainMove) Done(_ balance.Decision, err error)              { m.done <- err }
func (m *plainMove) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func (h *history) move(events []balance.Event, rows []balance.Row) {
	m := &plainMove{events: events, rows: rows, done: make(chan error, 1)}
	h.book.Submit(balance.Post{Log: "w", At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		h.t.Fatal(err)
	}
}

// balances are what the wallet has now.
func (h *history) balances() (b balance.Balances) {
	m := &plainMove{done: make(chan error, 1), see: func(v *balance.View) { b = v.Balances }}
	h.book.Submit(balance.Post{Log: "w", At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *history) ask(q spec.Request) spec.Response {
	q.At, q.Link, q.Policy, q.Card, q.Currency = time.Now(), "jcb", &h.policy, h.card, spec.JPY
	q.Class = q.MTI.Class()
	copy(q.Processing[:], "000000")
	for _, n := range []int{2, 3, 4, 7, 11, 32, 37, 42, 49} {
		q.Fields.Add(n)
	}
	c := &askedCall{request: q, answer: make(chan spec.Response, 1)}
	h.router.Handle([]spec.Call{c})
	return <-c.answer
}

func pick[T any](h *history, from ...T) T { return from[h.random.IntN(len(from))] }

func (h *history) say(format string, args ...any) {
	h.told = append(h.told, fmt.Sprintf(format, args...))
}

// purchase makes a message about something bought, and tells the model.
func (h *history) purchase(advice bool) {
	h.stan++
	now := time.Now().UTC()
	local := now.Add(9 * time.Hour)
	s := &soldModel{
		stan: h.stan, sent: now, local: local, asked: pick[int64](h, 1, 2, 500, 1000, 1000, 1200, 2*funds), merchant: pick(h, "SHOP1", "SHOP1", "SHOP2"),
		mcc: pick[uint16](h, 5411, 5411, 5812, 7011, 5541), rrn: pick(h, fmt.Sprintf("R%011d", h.stan), fmt.Sprintf("R%011d", h.stan), "R00000000001", "000000000000"),
	}
	q := spec.Request{
		MTI: 100, Amount: spec.Money(s.asked), Sent: now.Unix(), STAN: h.stan, Acquirer: 8, MCC: s.mcc,
		LocalDate: uint16(int(local.Month())*100 + local.Day()), LocalTime: uint32(local.Hour()*10000 + local.Minute()*100 + local.Second()), //nolint:gosec // a date
	}
	copy(q.RRN[:], s.rrn)
	copy(q.Merchant[:], s.merchant)
	if advice {
		q.MTI = 120
		s.asked %= funds
		q.Amount = spec.Money(s.asked)
		s.codes = []string{pick(h, "111111", "222222", fmt.Sprintf("%06d", 300000+h.stan))}
		copy(q.Approval[:], s.codes[0])
		q.ActionCode = [2]byte{'0', '0'}
	}
	resp := h.ask(q)
	h.say("%s stan %d amount %d mcc %d rrn %s merchant %s code %v: %s %s", q.MTI, h.stan, s.asked, s.mcc, s.rrn, s.merchant, s.codes, resp.Reason, resp.Approval)
	s.state = "declined"
	if resp.Reason == spec.Approved {
		s.state, s.hold, s.authorized = "open", s.asked, s.asked
		if !advice {
			s.codes = []string{resp.Approval.String()}
		}
		s.expires = now.Add(holdFor(s))
		if s.asked == 0 {
			s.state = "verified"
		}
	}
	h.model.sold = append(h.model.sold, s)
}

func (h *history) reverse() {
	if len(h.model.sold) == 0 {
		return
	}
	s := pick(h, h.model.sold...)
	h.stan++
	q := spec.Request{MTI: 420, Amount: spec.Money(s.asked), Sent: time.Now().Unix(), STAN: h.stan, Acquirer: 8, Original: spec.Original{Present: true, STAN: s.stan, Sent: s.sent.Unix(), Acquirer: 8}}
	left := int64(-1)
	if s.asked > 100 && h.random.IntN(3) == 0 {
		left = s.asked / 2
		q.Replacement = spec.Replacement{Kind: spec.ReplacementAmount, Amount: spec.Money(left)}
	}
	h.say("0420 of %d left %d", s.stan, left)
	h.ask(q)
	h.model.reverse(s, left, time.Now())
}

// record draws a clearing record from something that was sold, and changes it a little.
func (h *history) record(number uint32, earlier []clearing.Record) clearing.Record {
	if n := len(earlier); n > 0 && h.random.IntN(4) == 0 {
		r := earlier[h.random.IntN(n)]
		r.Number = number
		switch h.random.IntN(5) {
		case 0, 1:
			r.Reversal = !r.Reversal
		case 2: // as it is: the same DE31 again
		case 3:
			r.Function, r.Reversal = 205, false
		case 4:
			r.MTI, r.Function, r.Reversal = 1442, 450, false
			if r.Amount > 1 && h.random.IntN(2) == 0 { // a part of it, and perhaps another later
				r.Function, r.Amount = 453, spec.Money(h.random.Int64N(int64(r.Amount))+1)
			}
		}
		return r
	}
	if len(h.future) > 0 && h.random.IntN(6) == 0 {
		r := h.future[0]
		h.future = h.future[1:]
		r.Number, r.Reversal = number, false
		return r
	}
	r := clearing.Record{Number: number, MTI: 1240, Function: 200, Card: h.card, Currency: spec.JPY, Acquirer: 8, Local: time.Now().Add(9 * time.Hour).Unix(), MCC: 5411, Amount: 700}
	copy(r.Processing[:], "000000")
	r.Fields.Add(3)
	copy(r.Reference[:], fmt.Sprintf("7%022d", h.files*1000+int(number)))
	if len(h.model.sold) > 0 && h.random.IntN(10) > 0 {
		s := pick(h, h.model.sold...)
		r.Amount, r.Local, r.MCC = spec.Money(s.asked), s.local.Unix(), s.mcc
		copy(r.RRN[:], s.rrn)
		copy(r.Merchant[:], s.merchant)
		if len(s.codes) > 0 {
			copy(r.Approval[:], pick(h, s.codes...))
		}
	}
	for range h.random.IntN(4) {
		switch h.random.IntN(9) {
		case 0:
			r.Approval = spec.ApprovalCode{}
		case 1:
			copy(r.Approval[:], pick(h, "000000", "999999", "111111"))
		case 2:
			r.RRN = spec.RRN{}
		case 3:
			copy(r.RRN[:], "R99999999999")
		case 4:
			r.Merchant = spec.MerchantID{'O'}
		case 5:
			r.Amount = r.Amount * spec.Money(pick(h, 50, 104, 114, 119, 121)) / 100
		case 6:
			r.Local += pick[int64](h, 100, -100, 400, 40*86400, -70*86400, -7200)
		case 7:
			copy(r.Processing[:], pick(h, "200000", "010000"))
		case 8:
			r.Parts = pick[uint8](h, 1, 2, 2, 3)
			r.Part = 1 + uint8(h.random.UintN(uint(r.Parts))) //nolint:gosec // few
		}
	}
	if h.random.IntN(12) == 0 { // its reversal comes first
		r.Reversal = true
		h.future = append(h.future, r)
	}
	return r
}

func (h *history) load() {
	h.files++
	id, _ := clearing.ParseFileID(fmt.Sprintf("001%s%011d%05d", time.Now().UTC().Format("060102"), 88791, h.files))
	day, _ := id.Date()
	f := &router.Filing{File: id, Day: day, Taken: time.Now(), Link: "jcb", Parts: true}
	var records []clearing.Record
	earlier := slices.Clone(h.model.records)
	for n := range 1 + h.random.IntN(5) {
		r := h.record(uint32(n+2), earlier) //nolint:gosec // small
		records, earlier = append(records, r), append(earlier, r)
	}
	first, err := h.router.Clear(context.Background(), f, records, false)
	if err != nil {
		h.t.Fatal(err)
	}
	want := h.model.load(records, time.Now())
	for i := range records {
		got := first[i]
		if got.Deferred {
			again, err := h.router.Clear(context.Background(), f, records[i:i+1], true)
			if err != nil {
				h.t.Fatal(err)
			}
			got = again[0]
		}
		r := &records[i]
		h.say("file %d record %d %d/%d amount %d code %q rrn %q merchant %q mcc %d DE3 %s DE31 %s R %v part %d/%d: %s", h.files, r.Number, r.MTI, r.Function, r.Amount, r.Approval, r.RRN,
			r.Merchant, r.MCC, r.Processing[:2], r.Reference, r.Reversal, r.Part, r.Parts, got.Placement)
		if got.Placement.String() != want[i] || got.Err != nil {
			h.t.Fatalf("record %d is placed as %s (%v), want %s\n%s", r.Number, got.Placement, got.Err, want[i], strings.Join(h.told, "\n"))
		}
	}
	h.model.records = append(h.model.records, records...)
	again, _ := h.router.Clear(context.Background(), f, records, true)
	for i := range again {
		if again[i].Placement.String() != want[i] {
			h.t.Fatalf("given again, record %d is %s, was %s", records[i].Number, again[i].Placement, want[i])
		}
	}
}

func (h *history) step() {
	switch h.random.IntN(12) {
	case 0, 1, 2, 3:
		h.purchase(false)
	case 4:
		h.purchase(true)
	case 5:
		h.reverse()
	case 6, 7, 8, 9:
		h.load()
	case 10:
		d := pick(h, time.Minute, time.Hour, 5*time.Hour, 26*time.Hour, 200*time.Hour)
		h.say("%s later", d)
		time.Sleep(d)
	case 11:
		time.Sleep(pick(h, time.Second, 100*time.Second))
	}
	held := h.model.held(time.Now())
	if b := h.balances(); int64(b.Posted) != funds+h.model.posted || int64(b.Held) != held || b.Allocated != b.Posted {
		h.t.Fatalf("posted %d held %d allocated %d, want posted %d held %d\n%s", b.Posted, b.Held, b.Allocated, funds+h.model.posted, held, strings.Join(h.told, "\n"))
	}
}

var histories = flag.Int("histories", 60, "how many random histories")

func TestClearingAgreesWithANaiveAccountOnRandomHistories(t *testing.T) {
	for seed := range uint64(*histories) { //nolint:gosec // positive
		synctest.Test(t, func(t *testing.T) {
			h := newHistory(t, seed, seed%2 == 0)
			defer func() {
				if err := errors.Join(h.book.Close(context.Background()), h.book.Store().Close()); err != nil {
					t.Error(err)
				}
			}()
			steps := 60
			if seed%20 == 7 {
				steps = 400 // so many that the wallet keeps an index
			}
			for range steps {
				h.step()
			}
			audit, err := balance.Verify(context.Background(), h.book.Store(), nil)
			if err != nil || !audit.OK() {
				t.Fatalf("seed %d: verify: %v %q", seed, err, audit.Problems)
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
