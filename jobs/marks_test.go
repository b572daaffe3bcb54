package jobs_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
)

// A log remembers how far it had come of its last files only.
func TestAFileThatGoesOnAfterManyOthersPlacesNothingTwice(t *testing.T) {
	t.Parallel()
	for _, others := range []int{1, 15, 16, 40} {
		for cut := 2; cut <= 10; cut++ {
			t.Run(fmt.Sprintf("%d others, cut off after %d", others, cut), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newShop(t, "ordered")
					defer s.close()
					s.limit = jobs.LoadLimits{ChunkMax: 1, ReachEvery: 1000}
					v, named := s.buy(first, 1000), otherReference(77)
					file := s.filed(
						s.presented(v, takesBack), s.presented(v), s.offline(first, 70), s.offline(nobody, 9),
						fee("19", 40, named, takesBack), fee("19", 40, named), fee("19", 1, otherReference(78)),
					)
					s.cut(file, cut)
					for range others {
						s.load(s.offline(first, 1), s.offline(nobody, 1), fee("29", 1))
						time.Sleep(3 * time.Hour)
					}
					r, err := s.loader().Load(s.Context(), inMemory(file))
					if got := [5]uint64{r.Records, r.Matched, r.Forced, r.Suspended, r.Other}; err != nil || got != [5]uint64{7, 1, 1, 1, 4} {
						t.Errorf("%v, %v", got, err)
					}
					fees, want := spec.Money(0), 1-spec.Money(others)
					s.events(func(log string, _ int, e *balance.Event) {
						if log == "fees:prepaid" {
							fees += e.Posted
						}
					})
					if posted, _ := s.money(first); posted != funds-70-spec.Money(others) || fees != want {
						t.Errorf("posted %d, fees %d", posted, fees)
					}
					s.verify()
				})
			})
		}
	}
}
