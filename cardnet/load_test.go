package cardnet

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// crowd opens cards at a bank: some that work, one frozen, one unknown.
func crowd(t testing.TB, b *bank, cards int, funds int64) Load {
	l := Load{Funds: funds, Seed: 7, Unknown: []Card{card(t, 999, "2912")}, Frozen: []Card{card(t, 900, "2912")}}
	for n := range cards {
		c := card(t, n, "2912")
		b.open(c, funds, false)
		l.Cards = append(l.Cards, c)
	}
	b.open(l.Frozen[0], funds, true)
	return l
}

func TestALoadShowsEverythingAndTheBooksAgree(t *testing.T) {
	for _, dialect := range []string{DialectJCB, DialectQUICPay} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			b := newBank()
			n := newIssuer(t, b.decide).dial(Config{Dialect: dialect, Connections: 4})
			l := crowd(t, b, 6, 100_000)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seconds := 0
			l.Every = func(second, total Figures) {
				if seconds++; seconds >= 2 && total.Messages > 1100 { // a deck has been dealt
					cancel()
				}
				if second.Messages == 0 || second.P99 == 0 || total.Messages < second.Messages {
					t.Errorf("second %d: %+v", seconds, second)
				}
			}
			f, err := n.Run(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Unexpected) != 0 || f.NoAnswer != 0 {
				t.Errorf("unexpected %v, unanswered %d", f.Unexpected, f.NoAnswer)
			}
			for _, code := range []string{"51", "57", "54", "14", "05"} {
				if f.Declined[code] == 0 {
					t.Errorf("nothing was refused with %s", code)
				}
			}
			if f.Approved == 0 || f.Reversed == 0 || f.Advices == 0 || f.Duplicates == 0 || f.Inquiries == 0 {
				t.Errorf("a kind of traffic is missing: %+v", f)
			}
			if f.P50 <= 0 || f.P50 > f.P99 || f.P99 > f.Max+f.Max/50 {
				t.Errorf("latencies p50 %v p99 %v max %v", f.P50, f.P99, f.Max)
			}
			for c, h := range n.Expected() {
				if h.Uncertain != 0 || c != l.Unknown[0] && h.Yen != b.held(c) {
					t.Errorf("card %v: the books say %+v, the bank holds %d", c, h, b.held(c))
				}
			}
			if total := n.Expected()[l.Frozen[0]]; total.Yen == 0 {
				t.Error("no stand-in was made for the frozen card")
			}
		})
	}
}

func TestALongLoadDoesNotRunOutOfMoney(t *testing.T) {
	t.Parallel()
	b := newBank()
	n := newIssuer(t, b.decide).dial(Config{Connections: 2})
	l := crowd(t, b, 4, 25_000)
	l.Rate = 3000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	decided := 0
	b.slip = func(_, a message) (message, bool) {
		if decided++; decided == 1500 {
			cancel()
		}
		return a, false
	}
	f, err := n.Run(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	refused := int64(0)
	for _, count := range f.Declined {
		refused += count
	}
	if share := f.Approved * 100 / (f.Approved + refused); share < 85 {
		t.Errorf("%d %% of %d authorizations were approved, want 85 or more", share, f.Approved+refused)
	}
	if all := int64(len(l.Cards)) * l.Funds; b.granted < 2*all {
		t.Errorf("purchases of %d yen on cards of %d: too few to test anything", b.granted, all)
	}
	if b.lowest < 0 {
		t.Error("the bank went below zero")
	}
}

func TestALoadThatLosesItsConnectionsKeepsTrueBooks(t *testing.T) {
	t.Parallel()
	b := newBank()
	i := newIssuer(t, b.decide)
	n := i.dial(Config{Connections: 3})
	l := crowd(t, b, 4, 100_000)
	l.Rate, l.InFlight = 3000, 8
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	decided := 0
	b.slip = func(_, a message) (message, bool) {
		decided++
		if decided%100 == 0 && decided < 1200 { // no answer leaves for what was just decided
			i.hangUp()
		}
		if decided == 3000 { // what was in doubt has been cleared up by then
			cancel()
		}
		return a, false
	}
	f, err := n.Run(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	if f.NoAnswer == 0 {
		t.Error("no message lost its answer: the test did not test")
	}
	for what := range f.Unexpected {
		t.Errorf("unexpected: %s", what)
	}
	for c, h := range n.Expected() {
		if h.Uncertain != 0 || c != l.Unknown[0] && h.Yen != b.held(c) {
			t.Errorf("card %v: the books say %+v, the bank holds %d", c, h, b.held(c))
		}
	}
}

func TestALateAuthorizationAfterAStandInIsRepeatedUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	b := newBank()
	i := newIssuer(t, b.decide)
	n := i.dial(Config{})
	l := crowd(t, b, 2, 100_000)
	l.Rate, l.InFlight, l.Mix = 3000, 1, Mix{StandIn: 500}
	l.For = 10 * time.Second // when nothing is repeated
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lost, repeats := 0, 0
	b.slip = func(m, a message) (message, bool) {
		ours := strings.HasPrefix(a.elements[38], "9") // approved by a stand-in before
		if m.mti == "0100" && ours {
			lost++
			i.hangUp()
		}
		if m.mti == "0101" && ours {
			if repeats++; repeats == 3 {
				cancel()
			}
		}
		return a, false
	}
	if _, err := n.Run(ctx, l); err != nil {
		t.Fatal(err)
	}
	if lost == 0 || repeats < 3 {
		t.Errorf("%d answers were lost and %d messages repeated, want 3 or more", lost, repeats)
	}
	for c, h := range n.Expected() {
		if h.Uncertain != 0 {
			t.Errorf("card %v: the books say %+v, want no doubt", c, h)
		}
	}
}

func TestALoadNoticesAnIssuerThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		when func(m, right message) bool
		code string // answered instead
		says string
	}{
		"a frozen card pays": {
			func(_, a message) bool { return a.elements[39] == "57" }, "00", "answered 00, expected 57",
		},
		"a cancelled purchase is approved": {
			func(_, a message) bool { return a.elements[39] == "05" }, "00", "approved though its reversal had come first",
		},
		"an advice is refused": {
			func(m, _ message) bool { return m.mti == "0120" }, "51", "0130: answered 51, expected 00",
		},
		"a cancel is refused": {
			func(m, _ message) bool { return m.mti == "0400" }, "12", "0410: answered 12, expected 00",
		},
		"a repeat gets a new approval code": {
			func(m, a message) bool { return m.mti == "0101" && a.elements[39] == "00" && !m.inquires() }, "00", "a repeat got another answer",
		},
		"an unknown card pays": {
			func(_, a message) bool { return a.elements[39] == "14" }, "00", "answered 00, expected 14",
		},
		"our stand-in is forgotten": {
			func(_, a message) bool { return strings.HasPrefix(a.elements[38], "9") }, "00", "not our approval code",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b := newBank()
			slips := 0
			b.slip = func(m, a message) (message, bool) {
				if !c.when(m, a) {
					return a, false
				}
				return reply(m, c.code, "123456"), true
			}
			b.slipped = func() {
				if slips++; slips == 3 {
					cancel()
				}
			}
			n := newIssuer(t, b.decide).dial(Config{})
			l := crowd(t, b, 3, 100_000)
			l.Rate = 3000
			l.Mix = Mix{Frozen: 100, UnknownCard: 100, Cancel: 150, Repeat: 150, EarlyCancel: 150, StandIn: 150}
			f, err := n.Run(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for what := range f.Unexpected {
				found = found || strings.Contains(what, c.says)
			}
			if !found {
				t.Errorf("unexpected %v, want one that says %q", f.Unexpected, c.says)
			}
		})
	}
}

func TestADeckHoldsEveryKindAsOftenAsTheMixSays(t *testing.T) {
	mix := DefaultMix()
	d := newDeck(mix, rand.New(rand.NewPCG(1, 2)))
	messages, dealt := 0, map[kind]int{}
	for range len(d.kinds) {
		k := d.deal()
		dealt[k] += k.messages()
		messages += k.messages()
	}
	for k, want := range mix.perMille() {
		if dealt[k] != want {
			t.Errorf("kind %d: %d messages of a thousand, want %d", k, dealt[k], want)
		}
	}
	if messages != deckSize {
		t.Errorf("a deck is %d messages, want %d", messages, deckSize)
	}
}

func TestTheSameSeedMakesTheSameTraffic(t *testing.T) {
	draws := func(seed uint64) (all []due) {
		b := newBank()
		l := crowd(t, b, 5, 100_000).withDefaults()
		l.Seed = seed
		r := newRun(offline(Config{}), l)
		for range 3000 {
			all = append(all, r.draw(time.Time{}))
		}
		return all
	}
	if !slices.Equal(draws(1), draws(1)) {
		t.Error("two runs of one seed differ")
	}
	if slices.Equal(draws(1), draws(2)) {
		t.Error("two seeds make the same traffic")
	}
	for _, d := range draws(3) {
		if d.kind == purchase && (d.amount < 1 || d.amount > 3000) || d.kind == cardCheck && (d.amount < 1 || d.amount > 200) {
			t.Errorf("an amount of %d for kind %d", d.amount, d.kind)
		}
	}
}

func TestMessagesAreDueAtTheRateWhateverBecomesOfThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := crowd(t, newBank(), 2, 100_000).withDefaults()
		l.Rate, l.For = 400, 10*time.Second
		l.Mix = Mix{EarlyCancel: 500}
		r := newRun(offline(Config{}), l)
		go r.schedule(t.Context())
		start, messages := time.Now(), 0
		for d := range r.due {
			if want := start.Add(time.Duration(messages) * time.Second / 400); !d.at.Equal(want) {
				t.Fatalf("after %d messages the next is due after %v, want %v", messages, d.at.Sub(start), want.Sub(start))
			}
			messages += d.kind.messages()
			if d.kind == earlyCancel { // a slow worker: what is due next keeps its time
				time.Sleep(4 * time.Millisecond)
			}
		}
		if messages < 3999 || messages > 4001 {
			t.Errorf("%d messages in 10 s at 400 a second", messages)
		}
	})
}

func TestALoadThatCannotBeMadeIsRefused(t *testing.T) {
	good := []Card{card(t, 1, "2912")}
	for name, l := range map[string]Load{
		"no cards":              {},
		"a negative rate":       {Cards: good, Rate: -1},
		"a negative share":      {Cards: good, Mix: Mix{Cancel: -1}},
		"a mix above thousand":  {Cards: good, Mix: Mix{Cancel: 600, Repeat: 600}},
		"negative funds":        {Cards: good, Funds: -1},
		"a time below nothing":  {Cards: good, For: -time.Second},
		"nothing under way yet": {Cards: good, InFlight: -1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := offline(Config{}).Run(t.Context(), l); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestALoadOverAClosedNetworkSaysSo(t *testing.T) {
	b := newBank()
	n := newIssuer(t, b.decide).dial(Config{})
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Run(t.Context(), crowd(t, b, 1, 1000)); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestALoadEndsWithItsContext(t *testing.T) {
	b := newBank()
	n := newIssuer(t, b.decide).dial(Config{})
	ctx, cancel := context.WithCancel(t.Context())
	l := crowd(t, b, 2, 100_000)
	l.Rate = 500
	l.Every = func(_, _ Figures) { cancel() }
	if f, err := n.Run(ctx, l); err != nil || f.Messages == 0 {
		t.Errorf("%d messages, error %v", f.Messages, err)
	}
}

func TestMostOfASecondAtTheEndIsToldAsOne(t *testing.T) {
	t.Parallel()
	b := newBank()
	n := newIssuer(t, b.decide).dial(Config{})
	l := crowd(t, b, 2, 100_000)
	l.Rate, l.For = 500, 700*time.Millisecond
	var told []Figures
	l.Every = func(second, _ Figures) { told = append(told, second) }
	f, err := n.Run(t.Context(), l)
	if err != nil || f.Messages == 0 {
		t.Fatalf("%d messages, error %v", f.Messages, err)
	}
	if len(told) == 0 || told[len(told)-1].Messages == 0 || told[len(told)-1].P99 == 0 {
		t.Errorf("told of %+v", told)
	}
}
