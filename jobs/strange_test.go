package jobs_test

import (
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// wrongDigit gives a record a card number whose check digit is wrong.
func wrongDigit(d *clearing.Draft) {
	digits := []byte(d.PAN.Digits())
	digits[15] = '0' + (digits[15]-'0'+1)%10
	d.Further = append(d.Further, clearing.Field{DE: 2, Value: string(digits)})
}

func in(currency spec.Currency) func(*clearing.Draft) {
	return func(d *clearing.Draft) { d.Currency = currency }
}

func TestWhatCannotBePlacedIsInSuspenseAndMovesNothing(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"a currency that is not ours, without DE6", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, in(840)))
		}, "suspended", 100_000, 89_000, "open"},
		{"a currency that is not ours, DE6 in another", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			d := s.presented(v, in(840))
			d.Billing, d.BillingCurrency = 900, 978
			return v, s.load(d)
		}, "suspended", 100_000, 89_000, "open"},
		{"decimals that a currency has not", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, func(d *clearing.Draft) { d.Exponents = "3922" }))
		}, "suspended", 100_000, 89_000, "open"},
		{"a card that is nobody's", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			d := s.presented(v)
			d.PAN = number(nobody)
			return v, s.load(d)
		}, "suspended", 100_000, 89_000, "open"},
		{"a wrong check digit", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, wrongDigit))
		}, "suspended", 100_000, 89_000, "open"},
		{"a card of a wallet that is closed: the sale is posted all the same", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.do("w", &plain{events: []balance.Event{{
				Kind: balance.CardChanged, Card: cardID(first), Status: balance.CardClosed, Answer: balance.Answer{Reason: spec.Approved},
			}}})
			return v, s.load(s.presented(v))
		}, "matched", 99_000, 0, "settled"}, // what was not held went back to the wallet
		{"information moves nothing", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(told(603, 1000), told(695, 0), s.presented(v), told(691, 7), told(692, 0), told(570, 0))
		}, "none none matched none none none", 99_000, 89_000, "settled"},
		{"no record at all", func(s *shop) (*sale, string) {
			return nil, s.load()
		}, "", 100_000, 90_000, ""},
	})
}

func TestACardThatIsNobodysIsInTheSuspenseLogOfItsProgramAndDay(t *testing.T) {
	t.Parallel()
	s := newShop(t, "ordered")
	d := s.offline(nobody, 700)
	wrong := s.offline(first, 800, wrongDigit)
	if placed := s.load(d, wrong); placed != "suspended suspended" {
		t.Errorf("placed %q", placed)
	}
	found := 0
	date, _ := s.file.Date()
	s.events(func(log string, _ int, e *balance.Event) {
		if e.Kind != balance.Suspended {
			return
		}
		found++
		if log != "suspense:prepaid:"+date.Format("2006-01-02") || e.Clearing.Amount == 0 || !strings.Contains(e.Note, "card") {
			t.Errorf("in %s: %s, %d", log, e.Note, e.Clearing.Amount)
		}
	})
	if found != 2 {
		t.Errorf("%d records are in suspense, want 2", found)
	}
}

func TestTheReportHasEveryRecordInOneClassWithItsSum(t *testing.T) {
	t.Parallel()
	for _, kind := range storeKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newShop(t, kind)
			held, over, twice := s.buy(first, 1000), s.buy(first, 1001), s.buy(first, 1002)
			s.buy(first, 500)
			s.buy(first, 500)
			two := s.presented(s.bought(first, 500), approval("999999"))
			two.Merchant = merchant("ELSEWHERE")
			report, err := s.loader().Load(t.Context(), inMemory(s.filed(
				s.presented(held), s.offline(first, 20), s.presented(over, costs(3000)), two, s.presented(twice), s.presented(twice), told(603, 7), fee("19", 40),
			)))
			if err != nil {
				t.Fatal(err)
			}
			s.adds(&report)
			got := [7]uint64{report.Records, report.Matched, report.Forced, report.Over, report.Ambiguous, report.Suspended, report.Other}
			if want := [7]uint64{8, 2, 1, 1, 1, 1, 2}; got != want {
				t.Errorf("records, matched, forced, over, ambiguous, suspended, other are %d, want %d", got, want)
			}
			for class, want := range map[string]spec.Money{"matched": 2002, "forced": 20, "over": 3000, "ambiguous": 500, "suspended": 1002, "other": 47} {
				if report.Sums[class] != want {
					t.Errorf("the sum of what was %s is %d, want %d", class, report.Sums[class], want)
				}
			}
			if report.SumFile != 6571 || report.SumApplied != 6571 {
				t.Errorf("the sums are %d and %d, want 6571", report.SumFile, report.SumApplied)
			}
			s.verify()
		})
	}
}
