package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec/clearing"
)

func TestOfTwoLoadsAtOnceOneClosesTheFileAndTheOtherIsADuplicate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  string
		nodes bool // each with a book of its own
	}{{"ordered", false}, {"single", false}, {"single", true}} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s %v %d", c.kind, c.nodes, seed), func(t *testing.T) {
				t.Parallel()
				var want string
				var events []string
				synctest.Test(t, func(t *testing.T) { want, events, _ = inOneGo(t, c.kind, seed) })
				synctest.Test(t, func(t *testing.T) {
					s, file := market(t, c.kind, seed)
					defer s.close()
					loaders := []*jobs.Loader{s.loader(), s.loader()}
					if c.nodes {
						node := *s
						node.open()
						defer node.close()
						loaders[1] = node.loader()
					}
					both(t, loaders, file, want)
					s.ends(file, want, events, "two at once")
				})
			})
		}
	}
}

// both has two loaders load one file at the same time.
func both(t *testing.T, loaders []*jobs.Loader, file []byte, want string) {
	t.Helper()
	var reports [2]jobs.LoadReport
	var errs [2]error
	var loads sync.WaitGroup
	for i := range loaders {
		loads.Go(func() { reports[i], errs[i] = loaders[i].Load(t.Context(), inMemory(file)) })
	}
	loads.Wait()
	closed := 0
	for i := range loaders {
		var refused *jobs.Refused
		switch {
		case errs[i] == nil:
			closed++
			if got := outcome(reports[i]); got != want {
				t.Errorf("the report is\n%s, alone it is\n%s", got, want)
			}
		case errors.As(errs[i], &refused) && refused.Reject.Reason == clearing.Duplicate:
		default:
			t.Errorf("neither closed nor a duplicate: %v", errs[i])
		}
	}
	if closed != 1 {
		t.Errorf("%d have closed the file, want 1", closed)
	}
}

func TestMoreRecordsWaitThanAreRememberedAndTheReportIsTheSame(t *testing.T) {
	t.Parallel()
	var want string
	var events []string
	synctest.Test(t, func(t *testing.T) { want, events, _ = inOneGo(t, "ordered", 1) })
	synctest.Test(t, func(t *testing.T) {
		s, file := market(t, "ordered", 1)
		defer s.close()
		s.limit.WaitingMax = 3
		s.ends(file, want, events, "three are remembered")
	})
}

func TestWhatTheStoreDoesNotTakeIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var want string
			var events []string
			synctest.Test(t, func(t *testing.T) { want, events, _ = inOneGo(t, kind, 2) })
			synctest.Test(t, func(t *testing.T) {
				s, file := market(t, kind, 2)
				defer s.close()
				s.close()
				appends, reads := 0, 0
				fault := func(balance.Append) balance.Fault {
					if appends++; appends%7 == 0 {
						return balance.FaultOut
					}
					return balance.FaultNone
				}
				unread := func(log string) error {
					if reads++; log != "" && log[0] == 'c' && reads%3 == 0 {
						return errors.New("not now")
					}
					return nil
				}
				s.options.Fault, s.options.ReadFault = fault, unread
				s.open()
				defer func() { s.options.Fault, s.options.ReadFault = nil, nil }()
				report, err := s.loader().Load(t.Context(), inMemory(file))
				if err != nil || outcome(report) != want {
					t.Errorf("%v, the report is\n%s, without a fault it is\n%s", err, outcome(report), want)
				}
				s.options.Fault, s.options.ReadFault = nil, nil
				s.reopen()
				s.ends(file, want, events, "with faults")
			})
		})
	}
}

func TestAStoreThatStaysAwayEndsTheLoadAndItGoesOnLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		s.begin("other", 50_000, 200)
		s.limit = jobs.LoadLimits{ChunkMax: 2, ReachEvery: 1}
		file := s.filed(s.offline(first, 1), s.offline(first, 2), s.offline(first, 4), s.offline(200, 8), s.offline(first, 16))
		s.close()
		away := true
		s.options.ReadFault = func(log string) error {
			if away && log == "other" {
				return errors.New("away")
			}
			return nil
		}
		s.open()
		begun := time.Now()
		_, err := s.loader().Load(t.Context(), inMemory(file))
		if !errors.Is(err, balance.ErrUnread) || !strings.Contains(err.Error(), "stopped at record 3 of 7; run it again") {
			t.Fatalf("the load ended with %v", err)
		}
		if took := time.Since(begun); took < 10*time.Second || took > time.Minute {
			t.Errorf("it gave up after %s", took)
		}
		away = false
		report, err := s.loader().Load(t.Context(), inMemory(file))
		if err != nil || report.Forced != 5 || report.SumApplied != 31 || report.Resumed != 3 {
			t.Errorf("then it loaded %+v, %v", report, err)
		}
		s.verify()
	})
}

func TestARecordDoesNotOvertakeOneOfItsWalletThatIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "single")
		defer s.close()
		v := s.buy(first, 1000)
		reads := 0
		s.options.ReadFault = func(log string) error {
			if log != "w" {
				return nil
			}
			if reads++; reads == 2 { // the first is of the wallet, the second looks for the purchase
				return errors.New("not now")
			}
			return nil
		}
		pass(150 * day)
		s.buy(first, 0)
		s.reopen()
		reads = 0
		if placed := s.load(s.presented(v), s.presented(v)); placed != "matched suspended" {
			t.Errorf("placed %q", placed)
		}
		if reads < 3 {
			t.Errorf("read %d times: nothing was tried again", reads)
		}
	})
}
