package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/embedded"
	"sekisho/jobs"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// shop is where cards of ours buy, and from where clearing files come: a router and a book over some store,
// and one wallet with two cards.
type shop struct {
	testing.TB
	kind     string
	dir      string               // of an embedded store
	memory   *balance.MemoryStore // of the others
	options  balance.MemoryOptions
	store    balance.Store
	book     *balance.Book
	router   *router.Router
	hasher   *spec.Hasher
	policy   spec.Policy
	programs []router.Program
	under    func(balance.Store) balance.Store // put over the store before a book is

	stan  uint32
	files int
	file  clearing.FileID // of the last load
	limit jobs.LoadLimits
	ago   time.Duration // before now, that messages are of
}

// now is the time of what is asked for.
func (s *shop) now() time.Time { return time.Now().Add(-s.ago) }

// The two cards of the wallet, the first with a token and an old number.
const (
	first  = 1
	second = 2
	token  = 3
	old    = 4
	nobody = 5
)

// funds is what the wallet begins with; the first card has all but 10,000 of it.
const funds = 100_000

var storeKinds = []string{"ordered", "single", "embedded"}

func newShop(t testing.TB, kind string) *shop {
	t.Helper()
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{TB: t, kind: kind, hasher: hasher, policy: spec.Policy{
		UnknownReversal: spec.Approved, ReversedBefore: spec.ReversedBefore, SettledReversal: spec.Approved, AccountVerification: spec.Approved,
	}}
	s.programs = []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Rules: risk.Program{Currency: spec.JPY},
		Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Receiver: spec.ParseInstitution([]byte(own)),
	}}
	switch kind {
	case "embedded":
		s.dir = t.TempDir()
	default:
		s.options.Single = kind == "single"
		s.memory = balance.NewMemoryStore(s.options)
	}
	s.open()
	t.Cleanup(s.close)
	s.begin("w", funds, first, second)
	return s
}

// open starts a book on what the store has.
func (s *shop) open() {
	s.Helper()
	if s.kind == "embedded" {
		store, _, err := embedded.Open(embedded.Options{Dir: s.dir, CheckValue: s.hasher.CheckValue(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			s.Fatal(err)
		}
		s.store = store
	} else {
		s.store = s.memory.Node(s.options)
	}
	on := s.store
	if s.under != nil {
		on = s.under(on)
	}
	s.book = balance.NewBook(on, balance.Options{RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond})
	s.router = router.New(s.book, s.programs, slog.New(slog.DiscardHandler), nil)
}

// close ends the book and the store.
func (s *shop) close() {
	s.Helper()
	if s.book == nil {
		return
	}
	if err := errors.Join(s.book.Close(context.Background()), s.store.Close()); err != nil {
		s.Error(err)
	}
	s.book = nil
}

func (s *shop) reopen() {
	s.Helper()
	s.close()
	s.open()
}

// plain is a move that does what it is told.
type plain struct {
	events []balance.Event
	rows   []balance.Row
	see    func(v *balance.View) (ready bool)
	done   chan error
}

func (m *plain) Decide(v *balance.View) balance.Decision {
	if m.see != nil && !m.see(v) {
		return balance.Decision{}
	}
	return balance.Decision{Events: m.events, Rows: m.rows}
}
func (m *plain) Done(_ balance.Decision, err error)              { m.done <- err }
func (m *plain) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func (s *shop) do(log string, m *plain) {
	s.Helper()
	m.done = make(chan error, 1)
	s.book.Submit(balance.Post{Log: log, At: time.Now(), Mover: m})
	if err := <-m.done; err != nil {
		s.Fatal(err)
	}
}

// begin opens a wallet with cards; the first of them has all but 10,000 of the money.
func (s *shop) begin(log string, posted spec.Money, cards ...int) {
	s.Helper()
	o := balance.Opening{Log: log, Program: "prepaid", Currency: spec.JPY, Posted: posted}
	for i, n := range cards {
		c := balance.OpeningCard{
			ID: cardID(n), Number: s.hasher.Hash([]byte(number(n).Digits())), Status: balance.CardActive, Issued: balance.Issued{Expiry: 4912},
		}
		if i == 0 {
			c.Allocated = posted - 10_000
		} else {
			c.Allocated = 10_000
		}
		if n == first {
			c.Tokens = []spec.CardHash{s.hasher.Hash([]byte(number(token).Digits())), s.hasher.Hash([]byte(number(old).Digits()))}
		}
		o.Cards = append(o.Cards, c)
	}
	s.do(log, &plain{events: o.Events(balance.CallKey("open", log), 1, balance.Actor{}), rows: o.Rows()})
}

func cardID(n int) spec.CardID { return spec.CardID{byte(n), byte(n >> 8), byte(n >> 16), 1} } //nolint:gosec // parts of a number

// number makes a card number up, in the range for tests.
func number(n int) spec.PAN {
	digits := fmt.Sprintf("354012%09d", n)
	for last := '0'; last <= '9'; last++ {
		if p, err := spec.ParsePAN(digits + string(last)); err == nil {
			return p
		}
	}
	panic("one of ten digits passes")
}

// sale is something bought, as a message asked for it and as its clearing tells of it.
type sale struct {
	request  spec.Request
	local    time.Time
	card     int
	approval spec.ApprovalCode
	response spec.Response
}

// call takes the answer to a message.
type call struct {
	request spec.Request
	answer  chan spec.Response
}

func (c *call) Request() *spec.Request    { return &c.request }
func (c *call) Answer(resp spec.Response) { c.answer <- resp }

func (s *shop) ask(q spec.Request, card int) spec.Response {
	s.Helper()
	c := s.request(q, card)
	s.router.Handle([]spec.Call{c})
	return <-c.answer
}

func (s *shop) request(q spec.Request, card int) *call {
	q.At, q.Link, q.Policy, q.Class, q.Card = s.now(), "jcb", &s.policy, q.MTI.Class(), s.hasher.Card([]byte(number(card).Digits()))
	for _, n := range []int{2, 3, 4, 7, 11, 32, 37, 42, 49} {
		q.Fields.Add(n)
	}
	return &call{request: q, answer: make(chan spec.Response, 1)}
}

// bought is a purchase that is to be asked for.
func (s *shop) bought(card int, amount spec.Money, change ...func(*spec.Request)) *sale {
	s.stan++
	now := s.now().UTC()
	local := now.Add(9 * time.Hour)
	v := &sale{card: card, local: local, request: spec.Request{
		MTI: 100, Processing: [6]byte([]byte("000000")), Amount: amount, Currency: spec.JPY, Sent: now.Unix(), STAN: s.stan, Acquirer: 88715, MCC: 5411,
		LocalDate: uint16(int(local.Month())*100 + local.Day()),                      //nolint:gosec // a date
		LocalTime: uint32(local.Hour()*10_000 + local.Minute()*100 + local.Second()), //nolint:gosec // a time
		RRN:       spec.RRN([]byte(fmt.Sprintf("R%011d", s.stan))), Merchant: merchant("SHOP"),
	}}
	for _, f := range change {
		f(&v.request)
	}
	return v
}

// buy asks for a purchase.
func (s *shop) buy(card int, amount spec.Money, change ...func(*spec.Request)) *sale {
	s.Helper()
	v := s.bought(card, amount, change...)
	v.response = s.ask(v.request, card)
	v.approval = v.response.Approval
	if v.request.Approval.Real() {
		v.approval = v.request.Approval
	}
	return v
}

// cancel reverses a purchase in full.
func (s *shop) cancel(v *sale) {
	s.Helper()
	s.stan++
	q := v.request
	q.MTI, q.STAN, q.Sent = 420, s.stan, time.Now().Unix()
	q.Original = spec.Original{Present: true, STAN: v.request.STAN, Sent: v.request.Sent, Acquirer: v.request.Acquirer}
	if got := s.ask(q, v.card); got.Reason != spec.Approved {
		s.Fatalf("the reversal is answered with %s", got.Reason)
	}
}

func merchant(name string) (m spec.MerchantID) {
	copy(m[:], name)
	return m
}

func mcc(code uint16) func(*spec.Request) { return func(q *spec.Request) { q.MCC = code } }

func refund(q *spec.Request) { q.Processing = [6]byte([]byte("200000")) }

// The institutions of the files.
const network, own = "88710000", "88791000"

// filed is the next file with these records.
func (s *shop) filed(drafts ...*clearing.Draft) []byte {
	s.Helper()
	s.files++
	id, err := clearing.MakeFileID(clearing.ToMember, time.Now(), "88791000", s.files)
	if err != nil {
		s.Fatal(err)
	}
	return s.write(id, clearing.Options{}, drafts...)
}

func (s *shop) write(id clearing.FileID, o clearing.Options, drafts ...*clearing.Draft) []byte {
	s.Helper()
	var b bytes.Buffer
	w := clearing.NewWriter(&b, o)
	err := w.Header(id, network, own)
	for _, d := range drafts {
		if err == nil {
			err = w.Write(d)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		s.Fatal(err)
	}
	return b.Bytes()
}

// inMemory is a file that is only in memory.
func inMemory(file []byte) jobs.Source {
	return jobs.Source{Name: "test.clr", Open: func() (jobs.Opened, error) { return held{bytes.NewReader(file)}, nil }}
}

// held are bytes in place of an open file.
type held struct{ *bytes.Reader }

func (held) Close() error { return nil }

func (s *shop) loader() *jobs.Loader {
	return &jobs.Loader{Book: s.book, Router: s.router, Hasher: s.hasher, Link: "jcb", Parts: true, Limits: s.limit}
}

// load takes a file with these records, and says of each where it was placed.
func (s *shop) load(drafts ...*clearing.Draft) string {
	s.Helper()
	file := s.filed(drafts...)
	report, err := s.loader().Load(s.Context(), inMemory(file))
	if err != nil {
		s.Fatal(err)
	}
	s.adds(&report)
	s.file, _ = clearing.ParseFileID(report.FileID)
	return s.placements(len(drafts))
}

// adds holds that a report adds up.
func (s *shop) adds(r *jobs.LoadReport) {
	s.Helper()
	if r.Matched+r.Forced+r.Over+r.Ambiguous+r.Suspended+r.Other != r.Records || r.SumApplied != r.SumFile {
		s.Errorf("the report does not add up: %+v", r)
	}
}
