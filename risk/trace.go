package risk

import (
	"strconv"
	"strings"
)

// Step is one rule that was looked at: what was given, what it was held against, whether it held.
type Step struct {
	Name      string
	Got, Want int64
	OK        bool
}

// stepsMax is as many rules as Check can look at.
const stepsMax = 16

// Trace is the rules that were looked at, in order; the last one may have failed.
type Trace struct {
	n     int
	steps [stepsMax]Step
}

func (t *Trace) add(s Step) {
	t.steps[t.n] = s
	t.n++
}

// Steps are the rules in the order in which they were looked at.
func (t *Trace) Steps() []Step { return t.steps[:t.n] }

// String is one line: "card_open ok | expiry_agrees 2901/2912 NO".
func (t *Trace) String() string {
	var b strings.Builder
	for i, s := range t.Steps() {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(s.Name)
		if s.OK {
			b.WriteString(" ok")
			continue
		}
		b.WriteString(" " + strconv.FormatInt(s.Got, 10) + "/" + strconv.FormatInt(s.Want, 10) + " NO")
	}
	return b.String()
}
