package dynamo_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
)

// process is one node of a cluster: its own store, book and router over the one table.
type process struct {
	store  *dynamo.Store
	book   *balance.Book
	router *router.Router
}

// plant puts a bug between a book and its store; nil: none.
type plant func(balance.Store) balance.Store

func startNode(t *testing.T, url string, bug plant) *process {
	t.Helper()
	store, err := dynamo.Open(t.Context(), dynamo.Options{
		Table: "ledger", Endpoint: url, Create: true, AppendTimeout: 200 * time.Millisecond, ReadTimeout: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	var under balance.Store = store
	if bug != nil {
		under = bug(store)
	}
	n := &process{store: store, book: balance.NewBook(under, balance.Options{RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond})}
	n.router = router.New(n.book, []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Rules: risk.Program{Currency: spec.JPY},
	}}, slog.New(slog.DiscardHandler), nil)
	return n
}

// kill ends a node without waiting for anything that is under way.
func (n *process) kill(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = n.book.Close(ctx) // what was under way is given up, as in a crash
	if err := n.store.Close(); err != nil {
		t.Error(err)
	}
}

// cluster is some nodes over one table, and the wallets on it.
type cluster struct {
	t     *testing.T
	url   string
	bug   plant
	wrong func(format string, args ...any) // says what is wrong
	mu    sync.RWMutex
	nodes []*process
}

func (c *cluster) node(i int) *process {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.nodes[i%len(c.nodes)]
}

func (c *cluster) restart(i int) {
	fresh := startNode(c.t, c.url, c.bug)
	c.mu.Lock()
	old := c.nodes[i]
	c.nodes[i] = fresh
	c.mu.Unlock()
	old.kill(c.t)
}

// ask is a message on its way to a node.
type ask struct {
	request spec.Request
	answer  chan spec.Response
}

func (a *ask) Request() *spec.Request { return &a.request }
func (a *ask) Answer(r spec.Response) { a.answer <- r }

func (c *cluster) send(i int, r spec.Request) spec.Response {
	a := &ask{request: r, answer: make(chan spec.Response, 1)}
	c.node(i).router.Handle([]spec.Call{a})
	return <-a.answer
}

// sendTwice sends a message to two nodes at once. Where both answer, they must answer the same.
func (c *cluster) sendTwice(i int, r spec.Request) (spec.Response, bool) {
	var answers [2]spec.Response
	var both sync.WaitGroup
	for k := range 2 {
		both.Go(func() { answers[k] = c.send(i+k, r) })
	}
	both.Wait()
	a, b := answers[0], answers[1]
	if a.Silent {
		a = b
	}
	if !a.Silent && !b.Silent && (a.Reason != b.Reason || a.Approval != b.Approval) && !r.Inquiry() {
		c.wrong("stan %d was answered %s by one node and %s by another", r.STAN, a, b)
	}
	return a, !a.Silent
}

// step is one operation on a wallet as the checker sees it.
type step struct {
	kind     byte // p pay, c cancel, b balance
	purchase int
	amount   spec.Money
}

type outcome struct {
	known    bool
	approved bool
	balance  spec.Money
}

// moneyState is a wallet with one card: what is available, and which purchases were paid or
// cancelled.
type moneyState struct {
	available       spec.Money
	open, cancelled uint64
}

// money is the model: what a wallet may answer, in any order that the times allow.
func money(funds spec.Money, amounts []spec.Money) porcupine.Model {
	next := func(state, input, output any) []any {
		s, in, out := state.(moneyState), input.(step), output.(outcome)
		var after []any
		bit := uint64(1) << in.purchase
		switch in.kind {
		case 'p':
			paid := s
			paid.available -= in.amount
			paid.open |= bit
			can := in.amount <= s.available && s.cancelled&bit == 0
			if can && (out.approved || !out.known) {
				after = append(after, paid)
			}
			if (!can && !out.approved) || !out.known {
				after = append(after, s)
			}
		case 'c':
			undone := s
			if s.open&bit != 0 {
				undone.available += amounts[in.purchase]
			}
			undone.open &^= bit
			undone.cancelled |= bit
			after = append(after, undone)
			if !out.known {
				after = append(after, s)
			}
		case 'b':
			if !out.known || out.balance == s.available {
				after = append(after, s)
			}
		}
		return after
	}
	m := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{moneyState{available: funds}} },
		Step:  next,
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}

const (
	nodeWallets   = 8
	nodeFunds     = 1000
	nodeClients   = 64
	nodePurchases = 24 // of a wallet
)

// TestThreeNodesUnderFaultsKeepEveryYen runs three nodes that know nothing of each other, 64 clients,
// every message sent to two of them, answers lost, writes that land late, errors, nodes killed and
// started again.
func TestThreeNodesUnderFaultsKeepEveryYen(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { underFaults(t, seed, nil, t.Errorf) })
	}
}

func underFaults(t *testing.T, seed uint64, bug plant, wrong func(string, ...any)) {
	server := dynamotest.Start(t)
	c := &cluster{t: t, url: server.URL(), bug: bug, wrong: wrong}
	for range 3 {
		c.nodes = append(c.nodes, startNode(t, c.url, bug))
	}
	cards := openWallets(t, c.nodes[0].book)
	server.SetFaults(dynamotest.Random(seed, dynamotest.Chances{Lost: 80, Zombie: 40, ServerError: 30, ServerErrorDone: 20, Throttled: 20, LateBy: 15 * time.Millisecond}))

	began := time.Now()
	var mu sync.Mutex
	histories := make([][]porcupine.Operation, nodeWallets)
	amounts := make([][]spec.Money, nodeWallets)
	random := rand.New(rand.NewPCG(seed, 3))
	var todo []int
	for w := range nodeWallets {
		for range nodePurchases {
			amounts[w] = append(amounts[w], 20+spec.Money(random.IntN(150)))
			todo = append(todo, w)
		}
	}
	random.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	work := make(chan [2]int)
	var clients sync.WaitGroup
	for client := range nodeClients {
		clients.Go(func() {
			own := rand.New(rand.NewPCG(seed, uint64(client)))
			for job := range work {
				w, p := job[0], job[1]
				steps := []step{{'p', p, amounts[w][p]}}
				switch own.IntN(4) {
				case 0:
					steps = append(steps, step{'c', p, 0})
				case 1:
					steps = append(steps, step{'b', 0, 0})
				}
				for _, s := range steps {
					call := time.Since(began).Nanoseconds()
					out := c.do(own.IntN(3), cards[w], w, s)
					mu.Lock()
					histories[w] = append(histories[w], porcupine.Operation{ClientId: client, Input: s, Output: out, Call: call, Return: returned(began, out)})
					mu.Unlock()
				}
			}
		})
	}
	counts := make([]int, nodeWallets)
	for i, w := range todo {
		work <- [2]int{w, counts[w]}
		counts[w]++
		if i%60 == 59 {
			c.restart(random.IntN(3))
		}
	}
	close(work)
	clients.Wait()
	server.SetFaults(nil)
	for w := range nodeWallets { // the balance at the end ties everything together
		call := time.Since(began).Nanoseconds()
		out := c.do(w, cards[w], w, step{'b', 0, 0})
		histories[w] = append(histories[w], porcupine.Operation{ClientId: nodeClients, Input: step{'b', 0, 0}, Output: out, Call: call, Return: returned(began, out)})
	}
	c.judge(histories, amounts)
	c.askAgain(cards, amounts, histories)
	for _, n := range c.nodes {
		n.kill(t)
	}
	c.audit()
}

// askAgain sends every purchase once more three hours later, when its key has left memory.
func (c *cluster) askAgain(cards []spec.Card, amounts [][]spec.Money, histories [][]porcupine.Operation) {
	for w := range cards {
		answered := map[int]outcome{}
		for _, op := range histories[w] {
			if in, out := op.Input.(step), op.Output.(outcome); in.kind == 'p' {
				answered[in.purchase] = out
			}
		}
		for i := range c.nodes { // something new, so that the old keys leave
			c.send(i, c.message(cards[w], w, step{'p', 400 + i, 1}, 3*time.Hour))
		}
		for p, amount := range amounts[w] {
			a := c.send(p, c.message(cards[w], w, step{'p', p, amount}, 3*time.Hour))
			if first := answered[p]; first.known && (a.Silent || a.Reason.Approves() != first.approved) {
				c.wrong("wallet %d purchase %d: approved %v at first, three hours later %s", w, p, first.approved, a)
			}
		}
	}
}

func returned(began time.Time, o outcome) int64 {
	if !o.known {
		return 1 << 62 // it may still happen
	}
	return time.Since(began).Nanoseconds()
}

func (c *cluster) judge(histories [][]porcupine.Operation, amounts [][]spec.Money) {
	for w := range histories {
		switch porcupine.CheckOperationsTimeout(money(nodeFunds, amounts[w]), histories[w], 5*time.Second) {
		case porcupine.Illegal:
			c.wrong("wallet %d: no order of its %d operations explains their answers", w, len(histories[w]))
		case porcupine.Unknown:
			c.t.Logf("wallet %d: %d operations were too many to judge in time", w, len(histories[w]))
		case porcupine.Ok:
		}
	}
}

func (c *cluster) audit() {
	n := startNode(c.t, c.url, nil)
	a, err := balance.Verify(context.Background(), n.store, nil)
	if err != nil || !a.OK() {
		c.wrong("verify: %v %s", err, strings.Join(a.Problems, "\n"))
	}
	if a.Posted != nodeWallets*nodeFunds {
		c.wrong("the wallets have %d yen, %d were put in", a.Posted, nodeWallets*nodeFunds)
	}
	n.kill(c.t)
}

// openWallets begins the wallets, each with one card that has all of it.
func openWallets(t *testing.T, book *balance.Book) []spec.Card {
	t.Helper()
	var cards []spec.Card
	for w := range nodeWallets {
		card := spec.Card{Length: 16, Luhn: true}
		copy(card.Range[:], "35401200")
		card.Hash[0] = byte(w + 1)
		cards = append(cards, card)
		o := balance.Opening{Log: fmt.Sprint("wallet-", w), Program: "prepaid", Currency: spec.JPY, Posted: nodeFunds, Cards: []balance.OpeningCard{{
			ID: spec.CardID{byte(w + 1)}, Number: card.Hash, Status: balance.CardActive, Allocated: nodeFunds, Issued: balance.Issued{Expiry: 9912},
		}}}
		b := &beginning{o: o, done: make(chan error, 1)}
		book.Submit(balance.Post{Log: o.Log, At: time.Now(), Mover: b})
		if err := <-b.done; err != nil {
			t.Fatal(err)
		}
	}
	return cards
}

type beginning struct {
	o    balance.Opening
	done chan error
}

func (b *beginning) Decide(*balance.View) balance.Decision {
	return balance.Decision{Events: b.o.Events(balance.CallKey("begin", b.o.Log), 1, balance.Actor{}), Rows: b.o.Rows()}
}
func (b *beginning) Done(_ balance.Decision, err error)              { b.done <- err }
func (b *beginning) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

// message is what a step asks, sent so much later than now.
func (c *cluster) message(card spec.Card, w int, s step, later time.Duration) spec.Request {
	now := time.Now().Add(later)
	r := spec.Request{
		MTI: 100, Class: spec.Authorization, At: now, Link: "jcb", Policy: &spec.Policy{ReversedBefore: spec.ReversedBefore, UnknownReversal: spec.Approved, AccountVerification: spec.Approved},
		Card: card, Processing: [6]byte{'0', '0', '0', '0', '0', '0'}, Amount: s.amount, Currency: spec.JPY, Sent: sentBase, STAN: uint32(w*1000 + s.purchase), Acquirer: 8871,
	}
	r.Fields.Add(4)
	switch s.kind {
	case 'c':
		r.Original = spec.Original{Present: true, STAN: r.STAN, Sent: r.Sent, Acquirer: r.Acquirer}
		r.MTI, r.Class, r.STAN = 400, spec.Reversal, r.STAN+500
	case 'b':
		r.Processing[0] = '3'
		r.STAN = 900_000
		r.Sent = now.Unix()
	}
	return r
}

// do sends the message of a step, to two nodes.
func (c *cluster) do(i int, card spec.Card, w int, s step) outcome {
	a, known := c.sendTwice(i, c.message(card, w, s, 0))
	out := outcome{known: known, approved: a.Reason.Approves()}
	if a.Balance != nil {
		out.balance = a.Balance.Available
	}
	return out
}

// sentBase is DE7 of all messages: keys are told apart by DE11.
var sentBase = time.Now().Unix()
