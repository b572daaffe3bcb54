package jobs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

func TestAFeeThatIsTakenBackAtOnceCountsAsThatInItsFileAndDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.load(fee("19", 30, otherReference(9), takesBack)) // came first, and waits
		time.Sleep(24 * time.Hour)
		late := s.filed(fee("19", 30, otherReference(9)))
		of := time.Now()
		time.Sleep(24 * time.Hour) // it is loaded the day after its date
		report, err := s.loader().Load(t.Context(), inMemory(late))
		if err != nil {
			t.Fatal(err)
		}
		s.verify()
		if open := s.listing(jobs.ListOptions{}).Open; open != 0 {
			t.Errorf("%d are open in suspense", open)
		}
		r, err := jobs.ReportSettlement(t.Context(), s.store, of, yen, nil)
		if err != nil || !r.OK || len(r.Lines) != 1 {
			t.Fatalf("%v, %+v", err, r)
		}
		l, n := r.Lines[0], r.Networks[0]
		if l.Fees != (jobs.Flow{Count: 1, Amount: 30, Posted: -30}) || l.Undone != (jobs.Flow{Posted: 30}) || l.Online != (jobs.Flow{}) || n.Day != 0 || n.Others != 0 {
			t.Errorf("line %+v, network %+v", l, n)
		}
		if r, err := jobs.ReportSettlement(t.Context(), s.store, time.Now(), yen, nil); err != nil || len(r.Lines) != 0 {
			t.Errorf("the day it was loaded: %v, %+v", err, r.Lines)
		}
		id, err := clearing.ParseFileID(report.FileID)
		if err != nil {
			t.Fatal(err)
		}
		f, err := jobs.ReportFile(t.Context(), s.store, id, yen, nil)
		if err != nil || !f.OK || *f.Posted != 0 {
			t.Errorf("file: %v, %+v", err, f)
		}
	})
}

func TestACompletionUnderItsOwnKeyCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.policy.FinancialServed = true
		v := s.buy(first, 1_000)
		s.stan++
		q := v.request
		q.MTI, q.ActionCode, q.Approval, q.STAN, q.Amount = 220, [2]byte{'0', '0'}, v.approval, s.stan, 900
		q.Original = spec.Original{Present: true, STAN: v.request.STAN, Sent: v.request.Sent, Acquirer: v.request.Acquirer}
		s.ask(q, first)
		r, err := jobs.ReportSettlement(t.Context(), s.store, time.Now(), yen, nil)
		if err != nil || !r.OK || len(r.Lines) != 1 || r.Lines[0].Completed != (jobs.Flow{Count: 1, Amount: 900, Posted: 900}) {
			t.Errorf("%v, %+v", err, r)
		}
	})
}

func TestARefundByAMessageIsCountedWithWhatItSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.policy.FinancialServed, s.policy.RefundAtOnce = true, true
		v := s.buy(first, 1_000, refund) // credited at once
		v.request.Amount = 900           // and completed with less, under its own key
		s.completed(v)
		r, err := jobs.ReportSettlement(t.Context(), s.store, time.Now(), yen, nil)
		if err != nil || !r.OK || len(r.Lines) != 1 {
			t.Fatalf("%v, %+v", err, r)
		}
		l := r.Lines[0]
		if l.Completed != (jobs.Flow{Count: 1, Amount: 900, Posted: 100}) || l.Online != (jobs.Flow{Count: 1, Posted: -1_000}) {
			t.Errorf("%+v", l)
		}
	})
}
