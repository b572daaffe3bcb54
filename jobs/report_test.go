package jobs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden reports anew")

// yen are the currencies of the shop.
var yen = jobs.Currencies{"prepaid": spec.JPY}

// golden compares a text with the file that holds what it should be.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "report", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s: %v: got\n%swant\n%s", name, err, got, want)
	}
}

// aDay is a day of a small issuer: sales cleared and not, a refund, a dispute, fees, what was taken back, what
// nobody can place, and money posted by messages. It returns the file that was loaded.
func (s *shop) aDay() clearing.FileID {
	s.Helper()
	s.policy.FinancialServed, s.policy.RefundAtOnce = true, true
	s.begin("rich", 12_000_001, 6)
	s.begin("below", 20_000, 7)
	s.begin("empty", 10_000, 8)
	s.do("empty", &plain{events: []balance.Event{{Kind: balance.Funded, Posted: -10_000, Counter: balance.Account{Kind: balance.AccountTopUp, Name: "prepaid"}}}})
	cleared, over, undone := s.buy(first, 1_200), s.buy(first, 1_000), s.buy(first, 2_000)
	s.buy(6, 3_000)                                           // stays open
	s.buy(second, 700, refund)                                // credited at once
	s.buy(second, 400, func(q *spec.Request) { q.MTI = 220 }) // posted by a message
	one := s.buy(second, 300, approved("777777"))
	s.buy(second, 301, approved("777777")) // of the same code
	later := s.offline(second, 90)
	s.load(
		s.presented(cleared), s.presented(over, costs(1_500)), s.presented(undone), s.presented(undone, takesBack),
		s.offline(7, 50_000), s.offline(6, 800, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) }),
		s.presented(cleared, function(1442, 450)), fee("19", 30), fee("29", 5), told(603, 12),
		s.offline(nobody, 640), s.presented(one, func(d *clearing.Draft) { d.Amount, d.RRN = 302, spec.RRN{} }),
		s.offline(second, 77, takesBack), later, s.offline(6, 60, func(d *clearing.Draft) { d.Currency = 840 }),
	)
	return s.file
}

// approved is an advice of what the network approved with this code.
func approved(code string) func(*spec.Request) {
	return func(q *spec.Request) {
		q.MTI, q.ActionCode = 120, [2]byte{'0', '0'}
		copy(q.Approval[:], code)
		q.Fields.Add(38)
		q.Fields.Add(39)
	}
}

func text(t *testing.T, table jobs.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := table.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportsOfADayAreAsTheyWere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		file := s.aDay()
		s.verify()
		day := time.Now()
		settlement, err := jobs.ReportSettlement(t.Context(), s.store, day, yen, nil)
		if err != nil || !settlement.OK {
			t.Errorf("settlement: %v %q", err, settlement.Problems)
		}
		golden(t, "settlement.txt", text(t, settlement.Table()))
		position, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), yen, nil)
		if err != nil || !position.OK {
			t.Errorf("position: %v %q", err, position.Problems)
		}
		golden(t, "position.txt", text(t, position.Table()))
		unused, err := jobs.ReportUnused(t.Context(), s.store, day, yen, nil)
		if err != nil || !unused.OK {
			t.Errorf("unused: %v %q", err, unused.Problems)
		}
		golden(t, "unused.txt", text(t, unused.Table()))
		placed, err := jobs.ReportFile(t.Context(), s.store, file, yen, nil)
		if err != nil || !placed.OK {
			t.Errorf("file: %v %q", err, placed.Problems)
		}
		golden(t, "file.txt", text(t, placed.Table()))
		var csv, object bytes.Buffer
		table := settlement.Table()
		if err := table.WriteCSV(&csv, true); err != nil {
			t.Error(err)
		}
		golden(t, "settlement.csv", csv.String())
		for _, report := range []any{settlement, position, unused, placed} {
			if err := json.NewEncoder(&object).Encode(report); err != nil {
				t.Error(err)
			}
		}
		golden(t, "reports.json", object.String())
	})
}

func TestAPositionIsWhatVerifySaysAndSettlementAddsUpToIt(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ordered", "single"} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, kind)
			defer s.close()
			s.aDay()
			forced := jobs.Resolve{Action: jobs.ActionForce}
			for _, i := range s.suspense(jobs.ListOptions{Wallet: "w"}) {
				if i.Ambiguous {
					forced.ID = i.ID
				}
			}
			if _, err := s.resolve(forced); err != nil {
				t.Fatal(err)
			}
			audit, err := balance.Verify(context.Background(), s.store, nil)
			if err != nil || !audit.OK() {
				t.Fatalf("verify: %v %q", err, audit.Problems)
			}
			position, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), yen, nil)
			if err != nil {
				t.Fatal(err)
			}
			var posted, held spec.Money
			for _, p := range position.Programs {
				posted += p.Posted
				held += p.Held
			}
			for _, h := range position.House {
				posted += h.Posted
			}
			if posted != audit.Posted || held != audit.Held || *position.Sum != audit.Sum {
				t.Errorf("posted %d, held %d, sum %d; verify says %d, %d, %d", posted, held, *position.Sum, audit.Posted, audit.Held, audit.Sum)
			}
			for account, sums := range audit.Accounts {
				want := jobs.Counter{Account: account.String(), Currency: "JPY", Posted: sums.Posted, Held: sums.Held}
				if sums != (balance.AccountSums{}) && !contains(position.Accounts, want) {
					t.Errorf("%+v is not in %+v", want, position.Accounts)
				}
			}
			settlement, err := jobs.ReportSettlement(t.Context(), s.store, time.Now(), yen, nil)
			if err != nil {
				t.Fatal(err)
			}
			network := audit.Accounts[balance.Account{Kind: balance.AccountSettlement, Name: "jcb"}].Posted
			if n := settlement.Networks; len(n) != 1 || n[0].Account != network || n[0].Day != network || n[0].Others != 0 {
				t.Errorf("all of %d is of this day, the report says %+v", network, n)
			}
			if l := settlement.Lines; len(l) != 1 || l[0].Resolved != (jobs.Flow{Count: 1, Amount: 302, Posted: 302}) {
				t.Errorf("what was resolved is not in %+v", l)
			}
			other, err := jobs.ReportSettlement(t.Context(), s.store, time.Now().Add(24*time.Hour), yen, nil)
			if n := other.Networks; err != nil || len(other.Lines) != 0 || len(n) != 1 || n[0].Day != 0 || n[0].Others != network {
				t.Errorf("the next day: %v, %+v", err, other)
			}
		})
	}
}

func contains[T comparable](all []T, one T) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

func TestAnUnusedBalanceIsThatOfItsInstant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered") // 100,000
		defer s.close()
		begun := time.Now()
		time.Sleep(time.Second)
		s.begin("other", 20_000, 6)
		s.load(s.offline(first, 1_000))
		for at, want := range map[time.Time]spec.Money{begun.Add(-time.Millisecond): 0, begun: 100_000, begun.Add(999 * time.Millisecond): 100_000, time.Now(): 119_000} {
			r, err := jobs.ReportUnused(t.Context(), s.store, at, yen, nil)
			var unused spec.Money
			for _, p := range r.Programs {
				unused += p.Unused
			}
			if err != nil || !r.OK || unused != want {
				t.Errorf("at %s: %d unused, want %d: %v %q", at, unused, want, err, r.Problems)
			}
		}
	})
}

func TestAReportAboutAFileThatIsNotClosedFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		id, _ := clearing.ParseFileID("0010001010008879100000099")
		r, err := jobs.ReportFile(t.Context(), s.store, id, yen, nil)
		if err != nil || r.OK || !strings.Contains(r.Problems[0], "was never taken") {
			t.Errorf("%v, %+v", err, r)
		}
		s.do("file:"+id.String(), &plain{events: []balance.Event{{Kind: balance.FileTaken, Key: balance.ClearingKey([25]byte([]byte(id.String())), 0)}}})
		r, err = jobs.ReportFile(t.Context(), s.store, id, yen, nil)
		if err != nil || r.OK || r.Standing != "taken" {
			t.Errorf("%v, %+v", err, r)
		}
		// Its log says of one record more than was placed.
		s.do("file:"+id.String(), &plain{events: []balance.Event{{Kind: balance.FileClosed, Clearing: balance.Clearing{Placement: balance.PlacedMatched, Count: 1, Amount: 5}}}})
		r, err = jobs.ReportFile(t.Context(), s.store, id, yen, nil)
		if err != nil || r.OK || r.Standing != "closed" || !strings.Contains(text(t, r.Table()), "check: FAILED\nproblem: file 0010001010008879100000099: matched: 0 records of 0 found, its log says 1 of 5\n") {
			t.Errorf("%v, %+v", err, r)
		}
		settlement, err := jobs.ReportSettlement(t.Context(), s.store, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), yen, nil)
		if err != nil || settlement.OK || len(settlement.Files) != 1 {
			t.Errorf("the settlement of that day: %v, %+v", err, settlement)
		}
	})
}

func TestAReportOfAStoreThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		unreadable := errors.New("its bytes are gone")
		node := s.memory.Node(balance.MemoryOptions{ReadFault: func(string) error { return unreadable }})
		if _, err := jobs.ReportPosition(t.Context(), node, time.Now(), yen, nil); !errors.Is(err, unreadable) {
			t.Errorf("got %v", err)
		}
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
}
