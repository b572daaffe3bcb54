package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// crowd are wallets with one card each, which have bought this and that.
const crowd = 8

// market makes a shop whose crowd has bought things, and a file with all that can happen to them. The same
// seed makes the same.
func market(t testing.TB, kind string, seed uint64) (*shop, []byte) {
	s := newShop(t, kind)
	s.limit = jobs.LoadLimits{ChunkMax: 16, ReachEvery: 3}
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // repeatable
	var sold []*sale
	for i := range crowd {
		card := 100 + i
		s.begin(fmt.Sprintf("c%d", i), 50_000, card)
		for range 8 {
			v := s.buy(card, spec.Money(random.IntN(4)*500+1), mcc([]uint16{5411, 5812, 5542, 7011}[random.IntN(4)]))
			if random.IntN(6) == 0 {
				s.cancel(v)
			}
			sold = append(sold, v)
		}
	}
	var drafts []*clearing.Draft
	for len(drafts) < 250 {
		v := sold[random.IntN(len(sold))]
		var d *clearing.Draft
		switch earlier := len(drafts); random.IntN(13) {
		case 0:
			d = s.presented(v, costs(v.request.Amount+spec.Money(random.IntN(200))))
		case 1:
			d = s.presented(v, part(uint8(random.IntN(2)+1), 2), costs(v.request.Amount/2)) //nolint:gosec // 1 or 2
		case 2, 3:
			d = s.presented(v, takesBack)
		case 4:
			d = s.presented(v, function(1442, 450))
		case 5:
			d = s.presented(v, function(1240, 205))
		case 6:
			d = s.offline(v.card, 70)
		case 7:
			d = s.offline(v.card, 80, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) })
		case 8:
			d = []*clearing.Draft{fee("19", 40, otherReference(uint64(random.IntN(5)))), fee("19", 40, otherReference(uint64(random.IntN(5))), takesBack), told(603, 7), s.offline(nobody, 9)}[random.IntN(4)]
		case 9:
			if earlier == 0 {
				continue
			}
			again := *drafts[random.IntN(earlier)]
			d = &again
			if random.IntN(2) == 0 && d.MTI != 1644 && d.MTI != 1540 {
				takesBack(d)
			}
		case 10:
			d = s.presented(v, unnamed, approval("999999"), otherReference(uint64(1000+earlier))) //nolint:gosec // not negative
			d.Merchant = merchant("ELSEWHERE")
		default:
			d = s.presented(v)
		}
		drafts = append(drafts, d)
	}
	return s, s.filed(drafts...)
}

// axe cuts a process off after so many appends: nothing is written any more, and nobody hears of it until
// the process is gone.
type axe struct {
	balance.Store
	mu     sync.Mutex
	left   int
	fell   func()
	unsaid []func()
	buried bool
}

func (a *axe) Append(batch []balance.Append, done func(int, balance.Result)) {
	a.mu.Lock()
	through := min(len(batch), a.left)
	a.left -= through
	if a.left == 0 && a.fell != nil {
		a.fell()
		a.fell = nil
	}
	say := func() {
		for i := through; i < len(batch); i++ {
			done(i, balance.Result{Outcome: balance.Unknown, Err: balance.ErrClosed})
		}
	}
	buried := a.buried
	if !buried {
		a.unsaid = append(a.unsaid, say)
	}
	a.mu.Unlock()
	if through > 0 {
		a.Store.Append(batch[:through], done)
	}
	if buried {
		say()
	}
}

// bury says what was left unsaid, so that what waits for it ends.
func (a *axe) bury() {
	a.mu.Lock()
	a.buried = true
	unsaid := a.unsaid
	a.mu.Unlock()
	for _, say := range unsaid {
		say()
	}
}

// cut loads a file in a process that ends after so many appends, and starts another. It says whether the
// load was cut off.
func (s *shop) cut(file []byte, after int) bool {
	s.Helper()
	s.close()
	ctx, fell := context.WithCancel(s.Context())
	defer fell()
	chop := &axe{left: after, fell: fell}
	s.under = func(on balance.Store) balance.Store { chop.Store = on; return chop }
	s.open()
	s.under = nil
	_, err := s.loader().Load(ctx, inMemory(file))
	var refused *jobs.Refused // taken already: all that the process before had not heard is that it was done
	if err != nil && !errors.Is(err, context.Canceled) && !errors.As(err, &refused) {
		s.Fatal(err)
	}
	chop.bury()
	gone, leave := context.WithCancel(s.Context())
	leave()
	if closed := s.book.Close(gone); closed != nil && !errors.Is(closed, context.Canceled) {
		s.Error(closed)
	}
	if closed := s.store.Close(); closed != nil {
		s.Error(closed)
	}
	s.open()
	return err != nil
}

// outcome is a report without what is about one run only.
func outcome(r jobs.LoadReport) string { //nolint:gocritic // a copy, to be changed
	r.Seconds, r.Took, r.PerSecond, r.Resumed, r.Waited = 0, 0, 0, 0, 0
	return fmt.Sprintf("%+v", r)
}

// told are all events of all wallets and house logs in their order, but for the logs of files.
func (s *shop) told() []string {
	s.Helper()
	var out []string
	s.events(func(log string, _ int, e *balance.Event) {
		if !strings.HasPrefix(log, "file:") {
			out = append(out, fmt.Sprintf("%s %s %s %s %s %d %d %d %d", log, e.Kind, e.Key, e.Clearing.Placement, e.State, e.Hold, e.Posted, e.Allocated, e.Flags))
		}
	})
	slices.SortStableFunc(out, func(a, b string) int {
		before, _, _ := strings.Cut(a, " ")
		after, _, _ := strings.Cut(b, " ")
		return strings.Compare(before, after)
	})
	return out
}

// inOneGo loads the file of a market, and says what came of it.
func inOneGo(t *testing.T, kind string, seed uint64) (outcomes string, events []string, appends int) {
	s, file := market(t, kind, seed)
	defer s.close()
	before := s.entries()
	report, err := s.loader().Load(s.Context(), inMemory(file))
	if err != nil {
		t.Fatal(err)
	}
	s.adds(&report)
	s.verify()
	return outcome(report), s.told(), int(s.entries() - before) //nolint:gosec // few
}

func TestALoadThatIsCutOffAnywhereEndsLikeOneInOneGo(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%s %d", kind, seed), func(t *testing.T) {
				t.Parallel()
				var want string
				var events []string
				appends := 0
				synctest.Test(t, func(t *testing.T) { want, events, appends = inOneGo(t, kind, seed) })
				for range 5 {
					after := 1 + rand.IntN(2*appends) //nolint:gosec // any; some appends append nothing
					again := 1 + rand.IntN(2*appends) //nolint:gosec // any
					synctest.Test(t, func(t *testing.T) {
						s, file := market(t, kind, seed)
						defer s.close()
						if s.cut(file, after) {
							s.cut(file, again)
						}
						s.ends(file, want, events, fmt.Sprintf("cut after %d and %d of %d entries", after, again, appends))
					})
				}
			})
		}
	}
}

// What waits for its original is settled in one order, wherever the load was cut off before.
func TestReversalsOfWhatWaitsAreSettledInOneOrderHoweverOftenTheLoadIsCutOff(t *testing.T) {
	t.Parallel()
	backwards := func(t *testing.T) (*shop, []byte) {
		s := newShop(t, "ordered")
		s.limit = jobs.LoadLimits{ChunkMax: 2, ReachEvery: 2}
		one, two := s.buy(first, 1000), s.buy(first, 300)
		charged := func(v *sale, change ...func(*clearing.Draft)) *clearing.Draft {
			return s.presented(v, append([]func(*clearing.Draft){function(1442, 450)}, change...)...)
		}
		orphan := s.buy(first, 77)
		return s, s.filed(
			charged(one, takesBack), charged(one), s.presented(one), charged(one, takesBack), // the second is one too many
			s.presented(orphan, takesBack), charged(two), s.presented(two), charged(two, takesBack),
		)
	}
	var want string
	var events []string
	synctest.Test(t, func(t *testing.T) {
		s, file := backwards(t)
		defer s.close()
		report, err := s.loader().Load(t.Context(), inMemory(file))
		if err != nil || report.Matched != 2 || report.Other != 4 || report.Suspended != 2 || report.Waited != 6 {
			t.Fatalf("loaded %+v, %v", report, err)
		}
		want, events = outcome(report), s.told()
	})
	cuts := 0
	for whole := false; !whole; cuts++ {
		synctest.Test(t, func(t *testing.T) {
			s, file := backwards(t)
			defer s.close()
			whole = !s.cut(file, cuts+1)
			s.ends(file, want, events, fmt.Sprintf("cut after %d appends", cuts+1))
		})
	}
	if cuts < 12 {
		t.Errorf("cut off %d times only", cuts)
	}
}

func TestWhatAnEarlierLoadPutIntoSuspenseStaysThereWhenItsCardIsMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		s.begin("other", 50_000, 200)
		s.limit = jobs.LoadLimits{ChunkMax: 2}
		file := s.filed(s.offline(nobody, 1), s.offline(nobody, 2), s.offline(200, 4), s.offline(first, 8))
		s.close()
		away := true
		s.options.ReadFault = func(log string) error {
			if away && log == "other" {
				return errors.New("away")
			}
			return nil
		}
		s.open()
		if _, err := s.loader().Load(t.Context(), inMemory(file)); !errors.Is(err, balance.ErrUnread) {
			t.Fatalf("the load ended with %v", err)
		}
		away = false
		s.begin("late", 50_000, nobody)
		before := s.lasts()["late"]
		report, err := s.loader().Load(t.Context(), inMemory(file))
		if err != nil || report.Suspended != 2 || report.Forced != 2 {
			t.Errorf("then it loaded %+v, %v", report, err)
		}
		if items := s.suspense(jobs.ListOptions{}); len(items) != 2 || s.lasts()["late"] != before {
			t.Errorf("%d items in suspense, the new wallet has %d entries more", len(items), s.lasts()["late"]-before)
		}
		s.verify()
	})
}

// When more records wait than are remembered, those that had not to wait are asked again.
func TestWhatIsInSuspenseStaysThereWhenItsCardIsMadeBeforeTheEndOfItsLoad(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	s.limit.WaitingMax = 1
	one, two := s.buy(first, 100), s.buy(first, 200)
	path := s.onDisk(s.filed(s.offline(nobody, 7, takesBack), s.presented(one, takesBack), s.presented(two, takesBack), s.presented(one), s.presented(two)))
	report, err := s.meanwhile(path, jobs.StepPlace, func() error { s.begin("late", 50_000, nobody); return nil })
	if err != nil || report.Suspended != 1 || report.Other != 2 || report.Matched != 2 || report.Waited != 3 {
		t.Errorf("loaded %+v, %v", report, err)
	}
	if items := s.suspense(jobs.ListOptions{}); len(items) != 1 || items[0].Wallet != "" {
		t.Errorf("%d items in suspense, want the one of no wallet", len(items))
	}
	s.verify()
}

// ends loads a file to its end, if it is not there, and holds that everything is as it would be in one go.
func (s *shop) ends(file []byte, want string, events []string, how string) {
	s.Helper()
	report, err := s.loader().Load(s.Context(), inMemory(file))
	var refused *jobs.Refused
	if errors.As(err, &refused) && refused.Reject.Reason == clearing.Duplicate {
		err = nil // the last thing written was that it is closed
	} else if got := outcome(report); got != want {
		s.Errorf("%s: the report is\n%s, in one go it is\n%s", how, got, want)
	}
	if err != nil {
		s.Fatal(err)
	}
	got := s.told()
	for i := range max(len(got), len(events)) {
		if i >= len(got) || i >= len(events) || got[i] != events[i] {
			s.Errorf("%s: of %d and %d events, number %d differs:\n%s\n%s", how, len(got), len(events), i, nth(got, i), nth(events, i))
			break
		}
	}
	s.verify()
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "none"
}
