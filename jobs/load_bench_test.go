package jobs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// A file of 200,000 sales of 20,000 wallets on the embedded store: authorized shortly before, or one a week
// and so long ago that the wallets have forgotten them.
func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct {
		name  string
		ago   time.Duration
		apart time.Duration
	}{{"lately", 0, 0}, {"long ago", 150 * day, 7 * day}} {
		b.Run(c.name, func(b *testing.B) {
			const wallets, each = 20_000, 10
			spent := time.Duration(0)
			for range b.N {
				b.StopTimer()
				s := newShop(b, "embedded")
				s.ago = c.ago
				s.beginMany(wallets)
				var sold []*sale
				for range each {
					sold = append(sold, s.buyMany(wallets)...)
					s.ago -= c.apart
				}
				file := s.written(sold)
				s.reopen()
				runtime.GC()
				before := processor()
				b.StartTimer()
				report, err := s.loader().Load(b.Context(), jobs.FileAt(file))
				b.StopTimer()
				spent += processor() - before
				if err != nil || report.Matched != wallets*each {
					b.Fatalf("%+v, %v", report, err)
				}
				s.close()
			}
			b.ReportMetric(float64(b.N)*wallets*each/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(spent.Seconds()/float64(b.N)*1e6/(wallets*each), "cpu-us/record")
		})
	}
}

// processor is the processor time that this process has used: on a machine that others use as well the
// time on the clock says little.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// written is a file on disk with the sales.
func (s *shop) written(sold []*sale) string {
	drafts := make([]*clearing.Draft, 0, len(sold))
	for _, v := range sold {
		drafts = append(drafts, s.presented(v))
	}
	name := filepath.Join(s.TempDir(), "many.clr")
	if err := os.WriteFile(name, s.filed(drafts...), 0o600); err != nil {
		s.Fatal(err)
	}
	return name
}

// manyFrom is the first card of many wallets with one card each.
const manyFrom = 1000

func (s *shop) beginMany(wallets int) {
	s.Helper()
	done := make(chan error, wallets)
	for i := range wallets {
		n := manyFrom + i
		log := fmt.Sprintf("m%d", n)
		o := balance.Opening{Log: log, Program: "prepaid", Currency: spec.JPY, Posted: 1_000_000, Cards: []balance.OpeningCard{{
			ID: cardID(n), Number: s.hasher.Hash([]byte(number(n).Digits())), Status: balance.CardActive, Issued: balance.Issued{Expiry: 4912}, Allocated: 1_000_000,
		}}}
		s.book.Submit(balance.Post{Log: log, At: s.now(), Mover: &plain{events: o.Events(balance.CallKey("open", log), 1, balance.Actor{}), rows: o.Rows(), done: done}})
	}
	for range wallets {
		if err := <-done; err != nil {
			s.Fatal(err)
		}
	}
}

// buyMany has each of many wallets buy once.
func (s *shop) buyMany(wallets int) (sold []*sale) {
	s.Helper()
	var calls []*call
	var batch []spec.Call
	for i := range wallets {
		v := s.bought(manyFrom+i, spec.Money(100+i%1000))
		c := s.request(v.request, v.card)
		sold, calls, batch = append(sold, v), append(calls, c), append(batch, c)
	}
	s.router.Handle(batch)
	for i, c := range calls {
		if sold[i].response = <-c.answer; sold[i].response.Reason != spec.Approved {
			s.Fatalf("answered %s", sold[i].response.Reason)
		}
		sold[i].approval = sold[i].response.Approval
	}
	return sold
}
