package cardnet

import (
	"iter"
	"slices"
	"time"

	"sekisho/spec"
)

// stock is the sales of a file. A sale that a case takes is not presented otherwise.
type stock struct {
	sales []Sale
	taken []bool
}

func newStock(sales []Sale) *stock {
	return &stock{sales: sales, taken: make([]bool, len(sales))}
}

// rest are the open sales that nothing has taken.
func (s *stock) rest() iter.Seq[*Sale] {
	return func(yield func(*Sale) bool) {
		for i := range s.sales {
			if !s.taken[i] && s.sales[i].Standing == SaleOpen && !yield(&s.sales[i]) {
				return
			}
		}
	}
}

// take takes the first sale that fits out of the stock; nil when there is none.
func (s *stock) take(fits func(*Sale) bool) *Sale {
	for i := range s.sales {
		if !s.taken[i] && fits(&s.sales[i]) {
			s.taken[i] = true
			return &s.sales[i]
		}
	}
	return nil
}

// takeTwo takes two open purchases of one card in one shop, the earlier one first, that fit
// together; nil when there are none.
func (s *stock) takeTwo(fits func(first, second *Sale) bool) (first, second *Sale) {
	type till struct {
		number   spec.PAN
		merchant string
	}
	open := map[till][]int{}
	for i := range s.sales {
		if p := &s.sales[i]; !s.taken[i] && purchased(p) && p.Approval != "" {
			open[till{p.Number, p.Merchant}] = append(open[till{p.Number, p.Merchant}], i)
		}
	}
	for i := range s.sales { // in the order of the sales, not of the map
		row := open[till{s.sales[i].Number, s.sales[i].Merchant}]
		slices.SortStableFunc(row, func(a, b int) int { return s.sales[a].At.Compare(s.sales[b].At) })
		for at := 1; at < len(row); at++ {
			one, two := row[at-1], row[at]
			if fits(&s.sales[one], &s.sales[two]) {
				s.taken[one], s.taken[two] = true, true
				return &s.sales[one], &s.sales[two]
			}
		}
		delete(open, till{s.sales[i].Number, s.sales[i].Merchant})
	}
	return nil, nil
}

// numbers are those of all sales.
func (s *stock) numbers() map[spec.PAN]bool {
	numbers := make(map[spec.PAN]bool)
	for i := range s.sales {
		numbers[s.sales[i].Number] = true
	}
	return numbers
}

// anyCard is a sale whose card can pay for something else; nil when there is no sale.
func (a *author) anyCard() *Sale {
	if len(a.stock.sales) == 0 {
		return nil
	}
	return &a.stock.sales[a.random.IntN(len(a.stock.sales))]
}

// purchased says whether a sale is an open purchase for more than a card check.
func purchased(s *Sale) bool {
	return s.Standing == SaleOpen && !s.Refund && s.billed() > checkMax
}

// plain says whether a sale is an open purchase in the card's currency, in a shop of no kind that
// may ask for more than was authorized, and large enough to take a part of it.
func plain(s *Sale) bool {
	return purchased(s) && s.BillingCurrency == 0 && kindOf(s.MCC) == everyday && s.Amount >= 100
}

// trade is a kind of merchant, as far as clearing treats it in its own way.
type trade uint8

const (
	everyday trade = iota
	dining         // restaurants, bars, taxis: up to 20 % more
	lodging        // hotels and car hire: up to 15 % more
	fuel           // 1 yen authorized, the whole sale presented
)

func kindOf(mcc uint16) trade {
	switch {
	case mcc >= 5811 && mcc <= 5814, mcc == 4121:
		return dining
	case mcc >= 3351 && mcc <= 3999, mcc == 7011, mcc == 7012, mcc == 7512, mcc == 7513, mcc == 7519, mcc == 4411:
		return lodging
	case mcc == 5541, mcc == 5542:
		return fuel
	}
	return everyday
}

// apart is the time between two sales.
func apart(first, second *Sale) time.Duration { return asRead(second.At).Sub(asRead(first.At)).Abs() }
