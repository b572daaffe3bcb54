package scenario

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	authswitch "sekisho/switch"

	"sekisho/balance"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/jcb"
)

// world is a switch with its store and one network connected to it, in a bubble of time. A story
// on a single store may have more such nodes over the same logs.
type world struct {
	*node    // to which commands go
	nodes    map[int]*node
	t        *testing.T
	hasher   *spec.Hasher
	profile  string
	programs []router.Program
	told     []string // what stores and peers saw, in order
	mu       sync.Mutex
	cards    map[string]*card
	sent     map[string]string // DE7 by STAN, for DE90
}

// card is a card as a story names it.
type card struct {
	name, pan, expiry string
	id                spec.CardID
	token             bool // another number of a card
}

func newWorld(t *testing.T, o balance.MemoryOptions) *world {
	w := &world{t: t, cards: map[string]*card{}, sent: map[string]string{}, programs: []router.Program{{
		Name: "prepaid", Ranges: []string{"354012"}, Holds: router.DefaultHolds(), Rules: risk.Program{Currency: spec.JPY},
		Tolerances: router.DefaultTolerances(),
	}}}
	var err error
	if w.hasher, err = spec.NewHasher([]byte("a key for stories only, not secret")); err != nil {
		t.Fatal(err)
	}
	w.node = &node{number: 1, world: w, memory: balance.NewMemoryStore(o)}
	w.nodes = map[int]*node{1: w.node}
	w.memory = w.view()
	w.start()
	return w
}

// start puts a switch on the store, and a peer on the switch.
func (w *world) start() {
	var err error
	if w.dialect, err = jcb.NewVariant(w.hasher, []byte(w.profile)); err != nil {
		w.t.Fatalf("profile: %v", err)
	}
	log := slog.New(slog.DiscardHandler)
	attempt := uint64(w.number-1) << 40 //nolint:gosec // few: no node has another's attempts
	tell := w.node.tell
	w.store = &tellingStore{Store: w.memory, tell: tell, names: w.nameOf}
	w.book = balance.NewBook(w.store, balance.Options{Shards: 1, Log: log, Random: func() uint64 { attempt++; return attempt }})
	handler := router.New(w.book, w.programs, log, nil)
	if w.sw, err = authswitch.New(log, handler, nil, authswitch.LinkConfig{
		Name: "jcb", DialectName: "jcb", Dialect: w.dialect, Framing: authswitch.Length2Zero2,
	}); err != nil {
		w.t.Fatal(err)
	}
	w.hall = newHall()
	w.served.Go(func() {
		if err := w.sw.Serve("jcb", w.hall); err != nil {
			w.t.Errorf("serve: %v", err)
		}
	})
	w.connect()
}

func (w *world) connect() {
	ours, theirs := net.Pipe()
	w.hall.conns <- theirs
	w.wire = newPeer(ours, w.dialect.Table().Layout(), w.node.tell)
}

func (w *world) stop() {
	w.wire.quiet.Store(true)
	w.sw.Close()
	w.wire.close()
	w.served.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.book.Close(ctx); err != nil {
		w.t.Errorf("closing the book: %v", err)
	}
}

func (w *world) close() {
	for _, w.node = range w.nodes {
		w.stop()
		if err := w.memory.Close(); err != nil {
			w.t.Errorf("closing the store: %v", err)
		}
	}
}

func (w *world) verify() {
	synctest.Wait()
	audit, err := balance.Verify(context.Background(), w.memory, nil)
	if err != nil || !audit.OK() {
		w.t.Errorf("verify: %v %q", err, audit.Problems)
	}
}

// run carries out the commands of a block and returns what store and peer saw.
func (w *world) run(commands string) string {
	w.mu.Lock()
	w.told = nil
	w.mu.Unlock()
	for _, line := range strings.Split(commands, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			w.command(line)
		}
	}
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Contains("\n"+commands, "\npour ") { // what is not waited for is seen in any order
		slices.SortStableFunc(w.told, func(a, b string) int { return strings.Compare(a[:6], b[:6]) })
	}
	var out strings.Builder
	for _, line := range w.told {
		out.WriteString(line + "\n")
	}
	return out.String()
}

func (w *world) command(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	switch verb {
	case "wallet":
		w.open(words[0], rest)
		synctest.Wait()
	case "node":
		w.turn(int(w.integer(words[0])))
	case "send":
		w.send(words)
		synctest.Wait()
	case "pour": // sent without waiting for what comes of it
		w.send(words)
	case "advance":
		time.Sleep(w.duration(words[0]))
		synctest.Wait()
	case "restart":
		w.stop()
		w.memory = w.view()
		w.start()
	case "reconnect":
		w.wire.close()
		synctest.Wait()
		w.connect()
	case "profile":
		w.profile = strings.ReplaceAll(rest, "; ", "\n") + "\n"
		w.stop()
		w.start()
	case "fault":
		w.mu.Lock()
		w.faults = append(w.faults, faultOf[words[0]])
		w.mu.Unlock()
	case "slow":
		w.mu.Lock()
		w.delays = append(w.delays, w.duration(words[0]))
		w.mu.Unlock()
	case "limit":
		w.programs[0].Rules.AmountMax = spec.Money(w.integer(words[0]))
		w.stop()
		w.start()
	case "card":
		w.change(words[0], words[1])
		synctest.Wait()
	case "cleared": // cleared A 000001 amount 300 open 700: as a clearing record leaves it
		w.cleared(words)
		synctest.Wait()
	case "balance":
		synctest.Wait() // for what was poured
		w.tellBalance(words[0])
	default:
		w.t.Fatalf("unknown command %q", line)
	}
}

var faultOf = map[string]balance.Fault{
	"unknown-in": balance.FaultUnknownIn, "unknown-out": balance.FaultUnknown, "unknown-late": balance.FaultUnknownLate, "out": balance.FaultOut,
}

func (w *world) duration(text string) time.Duration {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		return time.Duration(w.integer(days)) * 24 * time.Hour
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		w.t.Fatalf("duration: %v", err)
	}
	return d
}

func (w *world) integer(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		w.t.Fatalf("number: %v", err)
	}
	return n
}

// nameOf is the name of a card in the story.
func (w *world) nameOf(id spec.CardID) string {
	for _, c := range w.cards {
		if c.id == id && !c.token {
			return c.name
		}
	}
	return "?"
}

// hall is a listener in memory.
type hall struct {
	conns chan net.Conn
	gone  chan struct{}
	once  sync.Once
}

func newHall() *hall { return &hall{conns: make(chan net.Conn), gone: make(chan struct{})} }

func (h *hall) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.gone:
		return nil, net.ErrClosed
	}
}

func (h *hall) Close() error {
	h.once.Do(func() { close(h.gone) })
	return nil
}

func (h *hall) Addr() net.Addr { return &net.TCPAddr{} }

// tellingStore tells what became durable, when it did.
type tellingStore struct {
	balance.Store
	tell  func(string)
	names func(spec.CardID) string
}

func (s *tellingStore) Append(batch []balance.Append, done func(int, balance.Result)) {
	s.Store.Append(batch, func(i int, r balance.Result) {
		switch {
		case r.Outcome == balance.In:
			for _, e := range batch[i].Entries {
				s.tell(s.line(e))
			}
		case len(batch[i].Entries) > 0:
			s.tell(fmt.Sprintf("store  %s v%d %s", batch[i].Entries[0].Log, batch[i].Entries[0].Version, outcomes[r.Outcome]))
		}
		done(i, r)
	})
}

var outcomes = map[balance.Outcome]string{balance.Conflict: "conflict", balance.Out: "not written", balance.Unknown: "outcome unknown"}

func (s *tellingStore) line(sealed balance.Sealed) string {
	var e balance.Entry
	if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
		return "store  " + err.Error()
	}
	out := fmt.Sprintf("store  %s v%d", e.Log, e.Version)
	for i, ev := range e.Events {
		if i > 0 {
			out += " +"
		}
		out += " " + ev.Kind.String()
		if ev.State != balance.StateNone {
			out += " " + ev.State.String()
		}
		if ev.Hold != 0 {
			out += fmt.Sprintf(" %d", ev.Hold)
		}
		if ev.Kind == balance.Refused || ev.Kind == balance.Voided {
			out += " " + ev.Answer.Reason.String()
		}
		if ev.Posted != 0 {
			out += fmt.Sprintf(" posted %+d %s", ev.Posted, ev.Counter)
		}
		if ev.Kind == balance.Suspended {
			out += " " + ev.Counter.String()
		}
		if f := flagNames(ev.Flags); f != "" {
			out += " [" + f + "]"
		}
	}
	last := e.Events[len(e.Events)-1]
	if last.Kind >= balance.Authorized && last.After != (balance.CardBalance{}) {
		out += fmt.Sprintf("  %s held %d available %d", s.names(last.Card), last.After.Held, last.After.Available())
	}
	return out
}

func flagNames(f balance.Flags) string {
	names := []struct {
		flag balance.Flags
		name string
	}{
		{balance.FlagAmountDiffers, "amount differs"},
		{balance.FlagAfterReversal, "after reversal"},
		{balance.FlagNetworkNo, "network refused"},
		{balance.FlagSuspicious, "suspicious DE95"},
		{balance.FlagAboveHold, "not below the hold"},
		{balance.FlagLate, "late"},
		{balance.FlagPartlyReversed, "partly reversed"},
		{balance.FlagRefund, "refund"},
		{balance.FlagWithinTolerance, "within tolerance"},
		{balance.FlagOver, "over"},
		{balance.FlagDoubleSale, "double sale"},
		{balance.FlagNoAuthorization, "no authorization"},
		{balance.FlagNotOpen, "not open"},
		{balance.FlagPartOf, "part"},
		{balance.FlagIncremented, "incremented"},
	}
	var out []string
	for _, n := range names {
		if f&n.flag != 0 {
			out = append(out, n.name)
		}
	}
	return strings.Join(out, ", ")
}
