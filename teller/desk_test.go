package teller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// desk is a teller on one node, with a switch beside it.
type desk struct {
	*Teller
	t      *testing.T
	store  *balance.MemoryStore
	book   *balance.Book
	router *router.Router
	hasher *spec.Hasher
	policy spec.Policy
	drawn  *drawn
	keys   int
	stan   uint32
	files  int
	record clearing.Record // the last that was presented

	takesBack bool // the next takes it back
}

// drawn remembers the numbers that were drawn, for all nodes of a test.
type drawn struct {
	mu      sync.Mutex
	numbers map[spec.CardID][]string
}

func (d *drawn) seal(card spec.CardID, n spec.PAN) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.numbers[card] = append(d.numbers[card], n.Digits())
	return fmt.Sprintf("sealed %d of %s", len(d.numbers[card]), card), nil
}

// of is the nth number of a card, from 0.
func (d *drawn) of(card spec.CardID, n int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.numbers[card][n]
}

func testProgram() Program {
	return Program{Name: "prepaid", Ranges: []string{"354012000000"}, Currency: spec.JPY, Tiers: []Tier{{Name: "known"}}}
}

// newDesk starts a node over a store of its own.
func newDesk(t *testing.T, o balance.MemoryOptions, change ...func(*Options)) *desk {
	t.Helper()
	return newNode(t, balance.NewMemoryStore(o), &drawn{numbers: map[spec.CardID][]string{}}, change...)
}

// node starts another node over the same logs.
func (d *desk) node(o balance.MemoryOptions, change ...func(*Options)) *desk {
	d.t.Helper()
	return newNode(d.t, d.store.Node(o), d.drawn, change...)
}

func newNode(t *testing.T, store *balance.MemoryStore, numbers *drawn, change ...func(*Options)) *desk {
	t.Helper()
	h, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: store, hasher: h, drawn: numbers}
	d.book = balance.NewBook(store, balance.Options{RetryMin: time.Millisecond, RetryMax: 4 * time.Millisecond})
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		if err := errors.Join(d.book.Close(ctx), store.Close()); err != nil {
			t.Error(err)
		}
	})
	o := Options{Programs: []Program{testProgram()}, Hash: h.Hash, Seal: numbers.seal}
	for _, f := range change {
		f(&o)
	}
	d.Teller = New(d.book, o)
	d.policy = spec.Policy{UnknownReversal: spec.Approved, ReversedBefore: spec.ReversedBefore, SettledReversal: spec.Approved, AccountVerification: spec.Approved}
	d.router = router.New(d.book, []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Rules: risk.Program{Currency: spec.JPY}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(),
	}}, slog.New(slog.DiscardHandler), nil)
	return d
}

func caller() Caller { return Caller{Tenant: "t1", Programs: []string{"prepaid"}, Actor: "app"} }

func call(key string) Call { return Call{Caller: caller(), Route: "POST /test", Key: key, Body: 1} }

// someone is the id of a person of a test.
func someone(called string) spec.PersonID { return spec.PersonID(name("person", called)) }

// next is a call that was not made before.
func (d *desk) next() Call {
	d.keys++
	return call(fmt.Sprint("key ", d.keys))
}

// must takes what was done.
func (d *desk) must(done Done, err error) Done {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	return done
}

// wallet opens a wallet with money.
func (d *desk) wallet(o Opening, posted spec.Money) string {
	d.t.Helper()
	if o.Form == 0 {
		o.Form = balance.Personal
	}
	o.Program = "prepaid"
	id := d.must(d.Open(d.t.Context(), d.next(), o)).Log
	if posted > 0 {
		d.must(d.TopUp(d.t.Context(), d.next(), id, posted, fmt.Sprint("r-", d.keys)))
	}
	return id
}

// card issues a card with money.
func (d *desk) card(wallet string, allocated spec.Money) spec.CardID {
	d.t.Helper()
	id := d.must(d.Issue(d.t.Context(), d.next(), wallet, Issuing{})).Events[0].Card
	if allocated > 0 {
		d.must(d.Allocate(d.t.Context(), d.next(), wallet, id, allocated))
	}
	return id
}

func (d *desk) snapshot(wallet string) Snapshot {
	d.t.Helper()
	s, err := d.Wallet(d.t.Context(), caller(), wallet)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (s *Snapshot) card(id spec.CardID) balance.Card {
	for _, c := range s.Cards {
		if c.ID == id {
			return c
		}
	}
	return balance.Card{}
}

// verified says that the whole ledger adds up.
func (d *desk) verified() balance.Audit {
	d.t.Helper()
	a, err := balance.Verify(context.Background(), d.store.Node(balance.MemoryOptions{}), nil)
	if err != nil || !a.OK() {
		d.t.Errorf("verify: %v %q", err, a.Problems)
	}
	return a
}

// refused says that a call was refused as wanted. Errors with fields are compared with them.
func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if reflect.TypeOf(want) != reflect.TypeOf(ErrNotFound) {
		if !reflect.DeepEqual(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

type asked struct {
	request spec.Request
	answer  chan spec.Response
}

func (c *asked) Request() *spec.Request    { return &c.request }
func (c *asked) Answer(resp spec.Response) { c.answer <- resp }

// pay sends a message with a number and waits for its answer.
func (d *desk) pay(number string, q spec.Request) spec.Response {
	d.t.Helper()
	return d.payAt(time.Now(), number, q)
}

// payAt sends it at a time.
func (d *desk) payAt(at time.Time, number string, q spec.Request) spec.Response {
	d.t.Helper()
	q.At, q.Link, q.Policy, q.Card, q.Currency = at, "jcb", &d.policy, d.hasher.Card([]byte(number)), spec.JPY
	q.Class, q.Acquirer = q.MTI.Class(), 8
	copy(q.Processing[:], "000000")
	copy(q.Merchant[:], "SHOP1")
	if q.STAN == 0 {
		d.stan++
		q.STAN, q.Sent = d.stan, q.At.Unix()
	}
	copy(q.RRN[:], fmt.Sprintf("R%011d", q.STAN))
	for _, n := range []int{2, 3, 4, 7, 11, 32, 37, 42, 49} {
		q.Fields.Add(n)
	}
	c := &asked{request: q, answer: make(chan spec.Response, 1)}
	d.router.Handle([]spec.Call{c})
	return <-c.answer
}

// clear presents a sale, as one file.
func (d *desk) clear(number string, amount spec.Money, stan uint32, approval spec.ApprovalCode) balance.Placement {
	d.t.Helper()
	d.files++
	id, err := clearing.ParseFileID(fmt.Sprintf("001%s%011d%05d", time.Now().UTC().Format("060102"), 88791, d.files))
	if err != nil {
		d.t.Fatal(err)
	}
	day, _ := id.Date()
	r := clearing.Record{
		Number: 2, MTI: 1240, Function: 200, Card: d.hasher.Card([]byte(number)), Currency: spec.JPY, Acquirer: 8,
		Local: time.Now().Unix(), MCC: 5411, Amount: amount, Approval: approval,
	}
	copy(r.Processing[:], "000000")
	copy(r.Merchant[:], "SHOP1")
	copy(r.RRN[:], fmt.Sprintf("R%011d", stan))
	copy(r.Reference[:], fmt.Sprintf("7%022d", d.files))
	r.Fields.Add(3)
	if d.takesBack {
		r = d.record
		r.Reversal = true
	}
	d.record = r
	placed, err := d.router.Clear(d.t.Context(), &router.Filing{File: id, Day: day, Taken: time.Now(), Link: "jcb"}, []clearing.Record{r}, true)
	if err != nil || placed[0].Err != nil {
		d.t.Fatal(err, placed)
	}
	return placed[0].Placement
}
