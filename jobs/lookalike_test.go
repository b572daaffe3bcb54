package jobs_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"sekisho/jobs"
)

func TestPurchasesThatAreOpenComeFirstAndTombstonesNotAtAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.ambiguous() // two are open, and alike in code and merchant
		gone := s.buy(first, 302, approved("777777"))
		s.cancel(gone) // the most alike: in the amount as well
		late := s.bought(first, 302)
		s.cancel(late)
		s.ask(late.request, first)
		if state := s.state(late); state != "tombstone" {
			t.Fatalf("it is %s", state)
		}
		item := s.only()
		alike, err := jobs.Lookalikes(t.Context(), s.store, item)
		var got []string
		for i := range alike {
			l := &alike[i]
			got = append(got, fmt.Sprintf("%s %d %s %s %s", l.State, l.Amount, l.Currency, l.Wallet, l.RRN))
		}
		want := []string{"open 300 JPY JPY R00000000001", "open 301 JPY JPY R00000000002", "reversed 302 JPY JPY R00000000003"}
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%v: alike are\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if why := strings.Join(item.Why, "; "); why != "several purchases fit: the same approval code and merchant" {
			t.Errorf("why: %q", why)
		}
	})
}
