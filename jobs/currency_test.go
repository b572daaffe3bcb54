package jobs_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/risk"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// usd is a currency with cents.
const usd spec.Currency = 840

// yenAndDollars are the currencies of two programs.
var yenAndDollars = jobs.Currencies{"prepaid": spec.JPY, "travel": usd}

// abroad opens a second program, in dollars, with a wallet of one card.
func (s *shop) abroad(card int, posted spec.Money) {
	s.Helper()
	s.programs = append(s.programs, router.Program{
		Name: "travel", Ranges: []string{"354013"}, Rules: risk.Program{Currency: usd},
		Holds: router.DefaultHolds(), Tolerances: router.DefaultTolerances(), Receiver: spec.ParseInstitution([]byte("88792000")),
	})
	s.reopen()
	o := balance.Opening{Log: "abroad", Program: "travel", Currency: usd, Posted: posted, Cards: []balance.OpeningCard{{
		ID: cardID(card), Number: s.hasher.Hash([]byte(number(card).Digits())), Status: balance.CardActive, Issued: balance.Issued{Expiry: 4912}, Allocated: posted,
	}}}
	s.do("abroad", &plain{events: o.Events(balance.CallKey("open", "abroad"), 1, balance.Actor{}), rows: o.Rows()})
}

// twoCurrencies is a day of two programs that have one network and different currencies.
func (s *shop) twoCurrencies() clearing.FileID {
	s.Helper()
	const tourist = 6
	s.abroad(tourist, 50_000)
	sold, cents := s.buy(first, 1_200), s.buy(tourist, 550, dollars)
	s.buy(first, 3_000) // stay open
	s.buy(tourist, 275, dollars)
	theirs := func(d *clearing.Draft) { d.Currency, d.ReceiverID = usd, "88792000" }
	s.load(s.presented(sold), s.presented(cents), fee("19", 30), fee("29", 7, theirs), s.offline(nobody, 640))
	return s.file
}

func TestCurrenciesAreNeverAddedInReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		file := s.twoCurrencies()
		s.verify()
		now := time.Now()
		position, err := jobs.ReportPosition(t.Context(), s.store, now, yenAndDollars, nil)
		if err != nil || !position.OK || position.Sum != nil {
			t.Errorf("position: %v, %+v", err, position)
		}
		unused, err := jobs.ReportUnused(t.Context(), s.store, now, yenAndDollars, nil)
		if err != nil || !unused.OK || unused.Sum != nil || unused.Wallets != nil || unused.Others != nil {
			t.Errorf("unused: %v, %+v", err, unused)
		}
		settlement, err := jobs.ReportSettlement(t.Context(), s.store, now, yenAndDollars, nil)
		if err != nil || !settlement.OK {
			t.Errorf("settlement: %v, %+v", err, settlement)
		}
		placed, err := jobs.ReportFile(t.Context(), s.store, file, yenAndDollars, nil)
		if err != nil || !placed.OK || placed.Posted != nil {
			t.Errorf("file: %v, %+v", err, placed)
		}
		var all strings.Builder
		for _, table := range []jobs.Table{position.Table(), unused.Table(), settlement.Table(), placed.Table()} {
			all.WriteString(text(t, table) + "\n")
		}
		golden(t, "currencies.txt", all.String())
		var object bytes.Buffer
		for _, report := range []any{position, unused, settlement, placed} {
			if err := json.NewEncoder(&object).Encode(report); err != nil {
				t.Error(err)
			}
		}
		golden(t, "currencies.json", object.String())
		for _, want := range []jobs.Counter{
			{Account: "settlement:jcb", Currency: "JPY", Posted: 1_200 - 30, Held: 3_000},
			{Account: "settlement:jcb", Currency: "USD", Posted: 550 + 7, Held: 275},
		} {
			if !contains(position.Accounts, want) {
				t.Errorf("%+v is not in %+v", want, position.Accounts)
			}
		}
		if want := []jobs.SettlementNetwork{{"jcb", "JPY", 1_170, 0, 1_170}, {"jcb", "USD", 557, 0, 557}}; !slices.Equal(settlement.Networks, want) {
			t.Errorf("networks are %+v", settlement.Networks)
		}
	})
}

func TestMoneyOfAProgramThatIsNotConfiguredIsAddedToNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.load(fee("19", 30))
		r, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), nil, nil)
		want := []jobs.Amount{{Amount: 0}, {Currency: "JPY"}}
		if err != nil || !r.OK || !slices.Equal(r.Sums, want) || len(r.House) != 1 || r.House[0].Currency != "" {
			t.Errorf("%v, %+v", err, r)
		}
		u, err := jobs.ReportUnused(t.Context(), s.store, time.Now(), nil, nil)
		if err != nil || !u.OK || u.Sum != nil || len(u.Sums) != 2 || u.Sums[0] != (jobs.UnusedSum{}) {
			t.Errorf("unused: %v, %+v", err, u)
		}
	})
}

func TestExpiredHoldsOfTwoCurrenciesAreToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		s.twoCurrencies()
		time.Sleep(8 * day)
		r := s.expire(time.Now())
		want := []jobs.Amount{{Currency: "JPY", Amount: 3_000}, {Currency: "USD", Amount: 275}}
		if r.Expired != 2 || r.Amount != nil || !slices.Equal(r.Amounts, want) || jobs.AmountsText(r.Amounts) != "¥3,000, USD 2.75" {
			t.Errorf("%+v", r)
		}
	})
}

func TestAPositionTellsHowMuchOfWhatIsHeldRanOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, "ordered")
		defer s.close()
		check := func(held, ranOut spec.Money) {
			t.Helper()
			r, err := jobs.ReportPosition(t.Context(), s.store, time.Now(), yen, nil)
			if err != nil || !r.OK || len(r.Programs) != 1 {
				t.Fatalf("%v, %+v", err, r)
			}
			p := r.Programs[0]
			if p.Held != held || p.RanOut != ranOut || p.Available != p.Posted-held || !r.At.Equal(time.Now()) {
				t.Errorf("held %d, ran out %d, want %d and %d", p.Held, p.RanOut, held, ranOut)
			}
			if held != 0 && !contains(r.Accounts, jobs.Counter{Account: "settlement:jcb", Currency: "JPY", Held: held, RanOut: ranOut}) {
				t.Errorf("accounts are %+v", r.Accounts)
			}
			audit, err := balance.Verify(t.Context(), s.store, nil)
			if err != nil || audit.Held != p.Held {
				t.Errorf("verify says that %d is held: %v", audit.Held, err)
			}
		}
		v := s.buy(first, 1_000)
		s.buy(first, 5_000, mcc(7011))
		check(6_000, 0)
		s.less(v, 600) // its end stays, though this event does not say it
		time.Sleep(7*day - time.Millisecond)
		check(5_600, 0)
		time.Sleep(time.Millisecond)
		check(5_600, 600)
		s.expire(time.Now())
		check(5_000, 0)
		time.Sleep(40 * day)
		check(5_000, 5_000)
		s.expire(time.Now())
		check(0, 0)
	})
}

// less reverses a purchase down to an amount.
func (s *shop) less(v *sale, amount spec.Money) {
	s.Helper()
	s.stan++
	q := v.request
	q.MTI, q.STAN, q.Sent = 420, s.stan, time.Now().Unix()
	q.Original = spec.Original{Present: true, STAN: v.request.STAN, Sent: v.request.Sent, Acquirer: v.request.Acquirer}
	q.Replacement = spec.Replacement{Kind: spec.ReplacementAmount, Amount: amount}
	if got := s.ask(q, v.card); got.Reason != spec.Approved {
		s.Fatalf("the reversal is answered with %s", got.Reason)
	}
}
