package jobs_test

import (
	"testing"
	"time"

	"sekisho/spec"
)

const day = 24 * time.Hour

// present buys for one amount and has another presented.
func present(asked, presented spec.Money, change ...func(*spec.Request)) func(s *shop) (*sale, string) {
	return func(s *shop) (*sale, string) {
		v := s.buy(first, asked, change...)
		return v, s.load(s.presented(v, costs(presented)))
	}
}

func foreign(billed spec.Money) func(*spec.Request) {
	return func(q *spec.Request) {
		q.Currency, q.Billing, q.BillingCurrency = 840, billed, spec.JPY
		q.Fields.Add(6)
		q.Fields.Add(51)
	}
}

func TestAPresentmentIsPostedAndItsHoldReleased(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"at the amount that was held", present(1200, 1200), "matched", 98_800, 88_800, "settled"},
		{"below what was held", present(1200, 700), "matched", 99_300, 89_300, "settled"},
		{"above what was held, without tolerance", present(1000, 1001), "over", 98_999, 88_999, "settled"},
		{"a card check of 1 yen that is presented", present(1, 1), "matched", 99_999, 89_999, "settled"},
		{"amount 0, verified, presented with 0", present(0, 0), "matched", 100_000, 90_000, "settled"},
		{"a verified card, presented with an amount", present(0, 500), "over", 99_500, 89_500, "settled"},
		{"dining, 20 percent above", present(1000, 1200, mcc(5812)), "matched", 98_800, 88_800, "settled"},
		{"dining, a yen more", present(1000, 1201, mcc(5812)), "over", 98_799, 88_799, "settled"},
		{"a taxi, 20 percent above", present(1000, 1200, mcc(4121)), "matched", 98_800, 88_800, "settled"},
		{"a hotel, 15 percent above", present(10_000, 11_500, mcc(7011)), "matched", 88_500, 78_500, "settled"},
		{"a hotel, a yen more", present(10_000, 11_501, mcc(7011)), "over", 88_499, 78_499, "settled"},
		{"car hire, 15 percent above", present(10_000, 11_500, mcc(7512)), "matched", 88_500, 78_500, "settled"},
		{"fuel, 1 yen authorized, the whole sale presented", present(1, 4800, mcc(5542)), "matched", 95_200, 85_200, "settled"},
		{"fuel, up to the cap", present(2, 30_000, mcc(5542)), "matched", 70_000, 60_000, "settled"},
		{"fuel, a yen above the cap", present(1, 30_001, mcc(5542)), "over", 69_999, 59_999, "settled"},
		{"fuel with 3 yen authorized is like anything else", present(3, 4, mcc(5542)), "over", 99_996, 89_996, "settled"},
		{"fuel a week later", func(s *shop) (*sale, string) {
			v := s.buy(first, 1, mcc(5542))
			pass(7 * day)
			return v, s.load(s.presented(v, costs(4800)))
		}, "matched", 95_200, 85_200, "settled"},
		{"abroad, by DE6, 5 percent above", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			d := s.presented(v)
			d.Billing = 2100
			return v, s.load(d)
		}, "matched", 97_900, 87_900, "settled"},
		{"abroad, more than 5 percent above", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, foreign(2000))
			d := s.presented(v)
			d.Billing = 2101
			return v, s.load(d)
		}, "over", 97_899, 87_899, "settled"},
		{"late, 40 days after: matched by DE38 and DE37", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			pass(40 * day)
			return v, s.load(s.presented(v))
		}, "matched", 98_800, 88_800, "settled"},
		{"with a token, presented with the number", func(s *shop) (*sale, string) {
			v := s.buy(token, 1200)
			v.card = first
			return v, s.load(s.presented(v))
		}, "matched", 98_800, 88_800, "settled"},
		{"with the number, presented with an old one", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			d := s.presented(v)
			d.PAN = number(old)
			return v, s.load(d)
		}, "matched", 98_800, 88_800, "settled"},
		{"of another card of the wallet: that card pays", func(s *shop) (*sale, string) {
			v := s.buy(second, 1200)
			return v, s.load(s.presented(v))
		}, "matched", 98_800, 90_000, "settled"},
		{"shipped under a second authorization: the first hold stands", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			again := s.buy(first, 1200)
			return v, s.load(s.presented(again))
		}, "matched", 98_800, 87_600, "open"},
	})
}

func TestAPresentmentIsFoundByTheRulesInTheirOrder(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"DE38 and merchant, another DE37", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, unnamed, costs(1100)))
		}, "matched", 98_900, 88_900, "settled"},
		{"DE38 and merchant, more than 35 days apart: no rule", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			d := s.presented(v, unnamed, costs(1100))
			d.Local += int64(36 * 86400)
			return v, s.load(d)
		}, "forced", 98_900, 87_700, "open"},
		{"a hotel, 50 days apart", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200, mcc(7011))
			d := s.presented(v, unnamed, costs(1100))
			d.Local += int64(50 * 86400)
			return v, s.load(d)
		}, "matched", 98_900, 88_900, "settled"},
		{"DE38 and the same amount, another merchant", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			d := s.presented(v, unnamed)
			d.Merchant = merchant("ELSEWHERE")
			return v, s.load(d)
		}, "matched", 98_800, 88_800, "settled"},
		{"DE37 and acquirer, another DE38", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200)
			return v, s.load(s.presented(v, approval("999999")))
		}, "matched", 98_800, 88_800, "settled"},
		{"merchant, time and amount within tolerance", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, mcc(5812))
			d := s.presented(v, unnamed, approval("999999"), costs(1150))
			d.Local += 170
			return v, s.load(d)
		}, "matched", 98_850, 88_850, "settled"},
		{"merchant and time, the amount too far: forced", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000, mcc(5812))
			return v, s.load(s.presented(v, unnamed, approval("999999"), costs(1300)))
		}, "forced", 98_700, 87_700, "open"},
		{"the same day, amount and class", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			d := s.presented(v, unnamed, approval("999999"))
			d.Merchant = merchant("ELSEWHERE")
			d.Local += 600
			return v, s.load(d)
		}, "matched", 99_000, 89_000, "settled"},
		{"two of the same day and amount: nobody guesses", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			s.buy(first, 1000)
			d := s.presented(v, unnamed, approval("999999"))
			d.Merchant = merchant("ELSEWHERE")
			return v, s.load(d)
		}, "ambiguous", 100_000, 88_000, "open"},
		{"the network's own DE38, after it stood in", func(s *shop) (*sale, string) {
			v := s.buy(first, 1200, func(q *spec.Request) {
				q.MTI, q.ActionCode, q.Approval = 120, [2]byte{'0', '0'}, spec.ApprovalCode([]byte("777777"))
			})
			return v, s.load(s.presented(v, unnamed))
		}, "matched", 98_800, 88_800, "settled"},
	})
}
