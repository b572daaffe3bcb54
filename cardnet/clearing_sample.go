package cardnet

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sekisho/spec"
)

// Who pays in a sample, and where.
const (
	sampleAcquirer  = "88711234"
	sampleCards     = 8
	samplePurchases = 48

	unissuedFirst = 900 // from here on nobody issues a number of the made-up range
	unissuedCount = 99
)

// SampleSales are made-up sales on made-up cards of the day before a date: some of everything that
// a [Clearing] has cases for. They are the seed's and the date's alone.
func SampleSales(seed uint64, date time.Time) []Sale {
	day := date.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	g := &sampler{random: rand.New(rand.NewPCG(seed, uint64(day.Unix()))), seed: seed, day: day} //nolint:gosec // a practice file
	for range samplePurchases {
		s := g.sale(shopAt(g.random.Uint64()))
		s.Amount = spec.Money(100 + g.random.Int64N(3000>>g.random.IntN(5)))
		g.sales = append(g.sales, s)
	}
	g.special()
	return g.sales
}

// sampler makes up sales.
type sampler struct {
	random *rand.Rand
	seed   uint64
	day    time.Time // midnight of the day of the sales, as read where they are
	sales  []Sale
}

// sale is a purchase in a shop, of 1 yen.
func (g *sampler) sale(at shop) Sale {
	serial := len(g.sales) + 1
	card := int(g.seed%100)*sampleCards + g.random.IntN(sampleCards) + 1
	return Sale{
		Number: madeUpNumber(card), Expiry: 3112, Amount: 1, Currency: spec.JPY,
		At:       g.day.Add(7*time.Hour + time.Duration(g.random.IntN(15*60*60))*time.Second),
		RRN:      fmt.Sprintf("%08d%04d", g.random.IntN(1e8), serial),
		Approval: fmt.Sprintf("%03d%03d", 100+g.random.IntN(900), serial),
		Acquirer: sampleAcquirer, MCC: numberOf(at.mcc), Merchant: at.merchant, Terminal: at.terminal, Shop: at.name,
		Entry: entryAt(DialectJCB, g.random.Uint64()),
	}
}

// special adds the sales that only some cases need.
func (g *sampler) special() {
	bar := shop{"5813", "PRACTICE0000007", "T0000007", "PRACTICE BAR             TOKYO        JP"}
	pump := shop{"5541", "PRACTICE0000008", "T0000008", "PRACTICE FUEL            TOKYO        JP"}
	add := func(s Sale, amount int64, change func(*Sale)) Sale {
		s.Amount = spec.Money(amount)
		change(&s)
		g.sales = append(g.sales, s)
		return s
	}
	same := func(*Sale) {}
	add(g.sale(bar), 3_200, same)
	add(g.sale(pump), 1, same)
	add(g.sale(shopAt(0)), checkMax, same)
	add(g.sale(shopAt(1)), 1_480, func(s *Sale) { s.Standing = SaleReversed })
	add(g.sale(shopAt(3)), 64_000, func(s *Sale) { s.Standing, s.Approval = SaleDeclined, noApproval })
	add(g.sale(shopAt(5)), 2_200, func(s *Sale) { s.Refund = true })
	for _, pair := range []struct {
		shop          shop
		first, second int64
		later         time.Duration
	}{
		{shop{"5732", "PRACTICE0000009", "WEB00009", "PRACTICE CAMERAS (ONLINE)OSAKA        JP"}, 18_000, 21_500, 40 * time.Minute},
		{shop{"5942", "PRACTICE0000010", "WEB00010", "PRACTICE PRINTS (ONLINE) OSAKA        JP"}, 4_400, 4_400, 5 * time.Hour},
		{shop{"4111", "PRACTICE0000011", "G0000011", "PRACTICE FERRY           KOBE         JP"}, 760, 760, 70 * time.Second},
	} {
		first := add(g.sale(pair.shop), pair.first, func(s *Sale) { s.At = g.day.Add(9 * time.Hour) })
		add(g.sale(pair.shop), pair.second, func(s *Sale) { s.Number, s.At = first.Number, first.At.Add(pair.later) })
	}
}

// madeUpNumber is 354012 000000 and three digits, with a check digit. n is below 1,000.
func madeUpNumber(n int) spec.PAN {
	digits := fmt.Sprintf("354012%09d", n)
	for check := '0'; check <= '9'; check++ {
		if number, err := spec.ParsePAN(digits + string(check)); err == nil {
			return number
		}
	}
	return spec.PAN{} // cannot happen: one digit of ten fits
}
