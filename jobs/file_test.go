package jobs

import (
	"testing"

	"sekisho/balance"
)

// What two loads of one file had to say can be in one entry, in either order.
func TestAnEntryOfTwoLoadsIsReadAsWhatTheFurtherOneSays(t *testing.T) {
	t.Parallel()
	reached := func(upTo uint64) []balance.Event {
		var placed Tally
		placed[balance.PlacedMatched] = Sums{upTo, 10}
		first := balance.Event{Kind: balance.FileTaken, Clearing: balance.Clearing{Count: upTo}}
		return append([]balance.Event{first}, placed.events(balance.FileTaken)...)
	}
	for _, order := range [][2]uint64{{5, 9}, {9, 5}} {
		var s standing
		s.take(&balance.Entry{Events: append(reached(order[0]), reached(order[1])...)})
		if s.upTo != 9 || s.placed[balance.PlacedMatched].Records != 9 || s.closed {
			t.Errorf("%d then %d are read as %+v", order[0], order[1], s)
		}
		s.take(&balance.Entry{Events: append(reached(3), Tally{}.events(balance.FileClosed)...)})
		if !s.closed || s.upTo != 9 {
			t.Errorf("the end is read as %+v", s)
		}
	}
}
