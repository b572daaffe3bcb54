package jobs

import (
	"slices"

	"sekisho/router"
	"sekisho/spec/clearing"
)

// waiting are the records of a file that wait for its end, by their numbers, and what became of those that might
// have waited. Beyond a bound they are all that might wait. There is one for the reversals and one for the
// others, which are settled first: a reversal can be about one of them.
type waiting struct {
	reversals bool
	numbers   []uint32 // ascending, as they are read
	over      bool     // there are more
	placed    Tally
}

func (w *waiting) add(number uint32, most int) {
	if len(w.numbers) == most {
		w.over = true
		return
	}
	w.numbers = append(w.numbers, number)
}

func (w *waiting) some() bool { return w.over || len(w.numbers) > 0 }

func (w *waiting) has(q *clearing.Record) bool {
	if w.over {
		return router.MayWait(q) && q.Reversal == w.reversals
	}
	_, found := slices.BinarySearch(w.numbers, q.Number)
	return found
}
