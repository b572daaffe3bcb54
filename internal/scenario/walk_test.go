package scenario

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
)

// op is one step of a walk.
type op struct {
	mti, stan, of string
	rrn           string
	pre           bool
	amount, left  int64
	no            bool
}

// line is the op as a command. Every purchase keeps its DE7.
func (o op) line(sent map[string]string, now time.Time) string {
	if sent[o.stan] == "" {
		sent[o.stan] = now.UTC().Format("0102150405")
	}
	line := fmt.Sprintf("send %s card A amount %d stan %s f7 %s", o.mti, o.amount, o.stan, sent[o.stan])
	if o.rrn != "" {
		line += " rrn " + o.rrn
	}
	if o.pre {
		line += " preauth yes"
	}
	switch o.mti[:3] {
	case "012":
		line += " code 777777 action 00"
	}
	if o.no {
		line += " f39 05"
	}
	if o.of != "" {
		if sent[o.of] == "" {
			sent[o.of] = now.UTC().Format("0102150405")
		}
		line += " f90 0100" + o.of + sent[o.of] + "0008871000000088710000"
		if o.left >= 0 {
			line += fmt.Sprintf(" left %d", o.left)
		}
	}
	return line
}

var walks = flag.Int("walks", 40, "random walks on each kind of store")

var wireAnswer = regexp.MustCompile(`wire   \d{4} 39=(..)`)

// TestRandomWalksAgreeWithANaiveModel walks at random over the messages of a few purchases, with
// hours and days in between, restarts, and on a single store lost and late answers.
func TestRandomWalksAgreeWithANaiveModel(t *testing.T) {
	const steps = 80
	for _, single := range []bool{false, true} {
		for seed := range *walks {
			t.Run(fmt.Sprintf("single=%v/seed=%d", single, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { walk(t, single, uint64(seed), steps) })
			})
		}
	}
}

func walk(t *testing.T, single bool, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, balance.MemoryOptions{Single: single})
	defer w.close()
	w.run("profile financial_served: true")
	w.run("wallet alice posted 20000, card A allocated 9000, card B allocated 1000")
	m := newModel(9000)
	sent := map[string]string{}
	last := op{}
	for step := range steps {
		switch n := r.IntN(100); {
		case n < 4:
			w.run("restart")
		case n < 10:
			w.run([]string{"advance 2h", "advance 5h", "advance 26h", "advance 3d", "advance 9d"}[r.IntN(5)])
		case n < 12:
			m.frozen = !m.frozen
			w.run("card A " + map[bool]string{true: "frozen", false: "active"}[m.frozen])
		case n < 20 && single:
			w.mu.Lock()
			w.faults = append(w.faults, []balance.Fault{balance.FaultUnknown, balance.FaultUnknownIn, balance.FaultUnknownLate, balance.FaultOut}[r.IntN(4)])
			w.mu.Unlock()
		}
		o := last
		if step == 0 || r.IntN(5) > 0 {
			o = randomOp(r, int(seed%3)*4)
		}
		last = o
		now := time.Now()
		seen := w.run(o.line(sent, now))
		if single && !strings.Contains(seen, "wire") {
			seen += w.run("advance 2s")
		}
		want := m.answer(o, now)
		got := wireAnswer.FindStringSubmatch(seen)
		if len(got) == 0 || got[1] != want {
			t.Fatalf("step %d: %+v: want 39=%s, seen %q", step, o, want, seen)
		}
		if free := m.available(time.Now()); !strings.Contains(w.run("send 0100 card A amount 0 pc 300000 stan 99999"+fmt.Sprint(step%10)+" f7 "+time.Now().UTC().Format("0102150405")), inquiry(free, m.frozen)) {
			t.Fatalf("step %d: %+v: want available %d, seen %q", step, o, free, w.told)
		}
	}
	w.verify()
}

func inquiry(free int64, frozen bool) string {
	if frozen {
		return "39=57"
	}
	sign := "C"
	if free < 0 {
		sign, free = "D", -free
	}
	return fmt.Sprintf("54=0002392%s%012d", sign, free)
}

// randomOp is about twelve purchases, or those of them from a number on. Two are pre-authorizations.
func randomOp(r *rand.Rand, from int) op {
	stan := fmt.Sprintf("1%05d", from+r.IntN(12-from))
	o := op{stan: stan, amount: []int64{100, 800, 1500, 1500, 6000, 20000, 0}[r.IntN(7)], left: -1}
	switch kind := r.IntN(10); kind { // of purchases 10 and 11 there are increments
	case 0, 1:
		o.stan = fmt.Sprintf("5%05d", r.IntN(6))
	}
	o.name()
	switch r.IntN(11) {
	case 0, 1, 2:
		o.mti = "0100"
	case 3:
		o.mti = "0101"
	case 4:
		o.mti = "0120"
		o.no = r.IntN(4) == 0
	case 5:
		o.mti, o.rrn, o.pre = []string{"0200", "0201"}[r.IntN(2)], "", false
		o.stan = fmt.Sprintf("7%05d", r.IntN(8))
	case 6, 7:
		o.mti, o.rrn, o.pre = []string{"0220", "0221"}[r.IntN(2)], "", false
		o.of, o.stan = stan, fmt.Sprintf("6%05d", r.IntN(16))
		if r.IntN(3) == 0 { // of a sale that we were asked for, or would have been
			o.of, o.stan, o.no = "", fmt.Sprintf("7%05d", r.IntN(8)), r.IntN(4) == 0
		}
	default:
		o.mti = []string{"0400", "0420", "0401"}[r.IntN(3)]
		o.of, o.rrn, o.pre = o.stan, "", false
		switch r.IntN(6) {
		case 0:
			o.of = fmt.Sprintf("6%05d", r.IntN(16))
		case 1:
			o.of = fmt.Sprintf("7%05d", r.IntN(8))
		}
		o.stan = fmt.Sprintf("%s%05d", o.mti[2:3], r.IntN(30))
		if r.IntN(2) == 0 {
			o.left = []int64{50, 700, 1400, 5000, 0}[r.IntN(5)]
		}
	}
	return o
}

// name gives pre-authorizations and their increments a DE37.
func (o *op) name() {
	switch {
	case o.stan == "100010" || o.stan == "100011":
		o.rrn, o.pre = "W"+o.stan[4:], true
	case o.stan[0] == '5':
		o.rrn = fmt.Sprintf("W1%d", int(o.stan[5]-'0')%2)
	}
}
