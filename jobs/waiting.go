package jobs

import (
	"slices"

	"sekisho/router"
	"sekisho/spec/clearing"
)

// waiting are the records of a file that wait for its end, by their numbers. Beyond a bound they are all
// that might wait.
type waiting struct {
	numbers []uint32 // ascending, as they are read
	over    bool     // there are more
}

func (w *waiting) add(number uint32, most int) {
	if len(w.numbers) == most {
		w.over = true
		return
	}
	w.numbers = append(w.numbers, number)
}

func (w *waiting) some() bool { return len(w.numbers) > 0 }

func (w *waiting) has(q *clearing.Record) bool {
	if w.over {
		return router.MayWait(q)
	}
	_, found := slices.BinarySearch(w.numbers, q.Number)
	return found
}
