package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"sekisho/balance"
)

// TestAnyOrderOfAPurchaseEndsInTheSameMoney sends the messages of one purchase in any order, each
// any number of times: with a full reversal among them nothing is held in the end, without one
// the amount is, once.
func TestAnyOrderOfAPurchaseEndsInTheSameMoney(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single=%v", single), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				messages := rapid.SliceOfN(rapid.SampledFrom([]string{"0100", "0101", "0120", "0121", "0400", "0401", "0420"}), 1, 8).Draw(rt, "messages")
				pauses := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "3h", "restart"}), len(messages), len(messages)).Draw(rt, "pauses")
				var wrong string
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, balance.MemoryOptions{Single: single})
					defer w.close()
					wrong = anyOrder(w, messages, pauses)
					w.verify()
				})
				if wrong != "" {
					rt.Fatal(wrong)
				}
			})
		})
	}
}

// anyOrder sends the messages and says what is wrong, if anything.
func anyOrder(w *world, messages, pauses []string) string {
	w.run("wallet alice posted 5000, card A allocated 5000")
	sent := time.Now().UTC().Format("0102150405")
	of := "0100000001" + sent + "0008871000000088710000"
	for i, mti := range messages {
		switch pauses[i] {
		case "3h": // and something else, so that old keys leave memory
			w.run(fmt.Sprintf("advance 3h\nsend 0100 card A amount 0 stan 9%05d", i))
		case "restart":
			w.run("restart")
		}
		line := fmt.Sprintf("send %s card A amount 1200 f7 %s ", mti, sent)
		switch mti[:3] {
		case "010":
			line += "stan 000001"
		case "012":
			line += "stan 000001 code 777777 action 00"
		case "040":
			line += "stan 000002 f90 " + of
		case "042":
			line += "stan 000003 f90 " + of
		}
		if seen := w.run(line); !strings.Contains(seen, "wire   ") {
			return fmt.Sprintf("%s was not answered: %q", line, seen)
		}
	}
	want := 1200
	if slices.ContainsFunc(messages, func(m string) bool { return m[:2] == "04" }) {
		want = 0
	}
	got := w.run("balance alice")
	if !strings.Contains(got, fmt.Sprintf("posted 5000 held %d available %d", want, 5000-want)) {
		return fmt.Sprintf("%v %q: want %d held, got %s", messages, pauses, want, got)
	}
	return ""
}

// TestAnyOrderOfACompletionPostsTheSame sends what belongs to a completed purchase in any order, each any
// number of times: what the completion says is posted once, or nothing when the completion is reversed.
func TestAnyOrderOfACompletionPostsTheSame(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single=%v", single), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				messages := rapid.SliceOfN(rapid.SampledFrom([]string{"0100", "0101", "0120", "0121", "0220", "0221", "0420", "0421"}), 1, 8).Draw(rt, "messages")
				pauses := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "3h", "restart"}), len(messages), len(messages)).Draw(rt, "pauses")
				link := rapid.SampledFrom([]string{"f90", "rrn", "code"}).Draw(rt, "link")
				var wrong string
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, balance.MemoryOptions{Single: single})
					defer w.close()
					wrong = anyCompletion(w, messages, pauses, link)
					w.verify()
				})
				if wrong != "" {
					rt.Fatal(wrong)
				}
			})
		})
	}
}

// anyCompletion sends the messages and says what is wrong, if anything. link is what a completion names its
// purchase by.
func anyCompletion(w *world, messages, pauses []string, link string) string {
	w.run("profile financial_served: true")
	w.run("wallet alice posted 5000, card A allocated 5000")
	sent := time.Now().UTC().Format("0102150405")
	of := func(stan string) string { return "f90 0100" + stan + sent + "0008871000000088710000" }
	by := map[string]string{"f90": of("000001"), "rrn": "rrn R1", "code": "code 777777"}[link]
	posted := 0
	for i, mti := range messages {
		switch pauses[i] {
		case "3h": // and something else, so that old keys leave memory
			w.run(fmt.Sprintf("advance 3h\nsend 0100 card A amount 0 stan 9%05d", i))
		case "restart":
			w.run("restart")
		}
		line := fmt.Sprintf("send %s card A f7 %s ", mti, sent)
		switch mti[:3] {
		case "010":
			line += "amount 1200 stan 000001 rrn R1"
		case "012":
			line += "amount 1200 stan 000001 rrn R1 code 777777 action 00"
		case "022":
			line += "amount 900 stan 000002 " + by
			posted = 900
		case "042":
			line += "amount 900 stan 000003 " + of("000002")
		}
		if seen := w.run(line); !strings.Contains(seen, "wire   ") {
			return fmt.Sprintf("%s was not answered: %q", line, seen)
		}
	}
	if slices.ContainsFunc(messages, func(m string) bool { return m[:3] == "042" }) {
		posted = 0
	}
	got := w.run("balance alice")
	if !strings.Contains(got, fmt.Sprintf("posted %d held", 5000-posted)) {
		return fmt.Sprintf("%v %q: want %d posted, got %s", messages, pauses, posted, got)
	}
	return ""
}
