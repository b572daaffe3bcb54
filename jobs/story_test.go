package jobs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// story is something that happens to a card and its clearing. The wallet begins with 100,000, of which the
// first card has 90,000.
type story struct {
	name      string
	play      func(s *shop) (*sale, string) // the sale to look at, if any, and where the records were placed
	placed    string
	posted    spec.Money // of the wallet, afterwards
	available spec.Money // of the first card, afterwards
	state     string     // of the sale, afterwards
}

// tell plays stories on either kind of store, in a bubble of time.
func tell(t *testing.T, stories []story) {
	t.Helper()
	for _, kind := range []string{"ordered", "single"} {
		for _, st := range stories {
			t.Run(kind+": "+st.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newShop(t, kind)
					defer s.close()
					sold, placed := st.play(s)
					if placed != st.placed {
						t.Errorf("placed %q, want %q", placed, st.placed)
					}
					if posted, available := s.money(first); posted != st.posted || available != st.available {
						t.Errorf("posted %d and available %d, want %d and %d", posted, available, st.posted, st.available)
					}
					if sold != nil {
						if state := s.state(sold); state != st.state {
							t.Errorf("the sale is %s, want %s", state, st.state)
						}
					}
					s.verify()
				})
			})
		}
	}
}

// pass lets time go by. It takes none: stories are told in a bubble of time.
func pass(d time.Duration) { time.Sleep(d) }
