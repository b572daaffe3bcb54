package router

import (
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// claim is a clearing record on its way to the purchase it is about: what it says, in the program's
// terms.
type claim struct {
	record  *clearing.Record
	program *Program
	amount  spec.Money // in the program's currency
	day     time.Time  // of the file: stands in where the record has no date
}

// matchRule says whether a purchase is the one that a record means, by one rule of DOMAIN §3. Rule 1,
// a reference that is known already, is not about purchases and comes before these.
type matchRule struct {
	number  int
	offline bool // also holds for a sale that says itself that it was not authorized
	refund  bool // also holds for refunds
	fits    func(c *claim, p *balance.Purchase) bool
}

var matchRules = []matchRule{
	{2, false, true, func(c *claim, p *balance.Purchase) bool { return c.sameCode(p) && c.sameRRN(p) }},
	{3, false, true, func(c *claim, p *balance.Purchase) bool { return c.sameCode(p) && c.sameMerchant(p) && c.inDays(p) }},
	{4, false, true, func(c *claim, p *balance.Purchase) bool { return c.sameCode(p) && c.sameAmount(p) }},
	{5, true, true, func(c *claim, p *balance.Purchase) bool {
		return c.sameRRN(p) && p.Key.Acquirer() == c.record.Acquirer
	}},
	{6, false, false, func(c *claim, p *balance.Purchase) bool {
		return c.sameMerchant(p) && c.inMinutes(p) && c.nearAmount(p)
	}},
	{7, false, false, func(c *claim, p *balance.Purchase) bool {
		return !cleared(p) && classOf(p.Details.MCC) == classOf(c.record.MCC) && c.sameAmount(p) && c.sameDate(p)
	}},
}

// match finds the one purchase by the first rule that has a hit. several says that it had more than one:
// then nobody guesses.
func (c *claim) match(candidates []*balance.Purchase) (hit *balance.Purchase, rule int, several bool) {
	refund := c.record.Credit()
	for i := range matchRules {
		m := &matchRules[i]
		if (!m.offline && !c.record.Approval.Real()) || (refund && !m.refund) {
			continue
		}
		hit = nil
		for _, p := range candidates {
			if !presentable(p) || refunding(p) != refund || !m.fits(c, p) {
				continue
			}
			if hit != nil {
				return nil, m.number, true
			}
			hit = p
		}
		if hit != nil {
			return hit, m.number, false
		}
	}
	return nil, 0, false
}

// soft says whether the record may be told by its merchant, time, date and amount alone.
func (c *claim) soft() bool {
	return c.record.Approval.Real() && c.record.Local != 0 && !c.record.Credit()
}

// presentable says whether a purchase came by an online message and can be cleared at all.
func presentable(p *balance.Purchase) bool {
	return p.Key.Kind() == balance.KeyMessage && p.State != balance.StateNone && p.State != balance.IncrementOf
}

// refunding says whether a purchase gives money to the card.
func refunding(p *balance.Purchase) bool {
	return p.Flags&balance.FlagRefund != 0 || p.State == balance.RefundDue || p.State == balance.RefundPaid
}

// cleared says whether money was posted for a purchase, or given back since.
func cleared(p *balance.Purchase) bool {
	return p.Posted != 0 || p.State == balance.Settled || p.State == balance.PartlySettled || p.State == balance.Unsettled
}

func (c *claim) sameCode(p *balance.Purchase) bool {
	code := c.record.Approval
	return code.Real() && (code == p.Details.OurCode || code == p.Details.NetworkCode)
}

func (c *claim) sameRRN(p *balance.Purchase) bool {
	return saysSomething(c.record.RRN[:]) && c.record.RRN == p.Details.RRN
}

func (c *claim) sameMerchant(p *balance.Purchase) bool {
	return saysSomething(c.record.Merchant[:]) && c.record.Merchant == p.Details.Merchant
}

// saysSomething says whether a reference is more than filling: zeros and spaces name nobody.
func saysSomething(text []byte) bool {
	for _, b := range text {
		if b != 0 && b != ' ' && b != '0' {
			return true
		}
	}
	return false
}

// sameAmount compares what was asked, in the currency of the sale or in the program's.
func (c *claim) sameAmount(p *balance.Purchase) bool {
	r, d := c.record, &p.Details
	if r.Currency == d.Currency && (r.Amount == d.Amount || (p.OurAmount != 0 && r.Amount == p.OurAmount) || (p.NetworkAmount != 0 && r.Amount == p.NetworkAmount)) {
		return true
	}
	return c.amount == c.authorized(p)
}

// nearAmount says whether a purchase and its clearing differ by no more than the class may.
func (c *claim) nearAmount(p *balance.Purchase) bool {
	asked := c.authorized(p)
	apart := max(asked-c.amount, c.amount-asked)
	return apart <= c.program.Tolerances.limit(asked, classOf(c.record.MCC), c.foreign())-asked
}

// authorized is what a purchase was authorized for, whatever became of it.
func (c *claim) authorized(p *balance.Purchase) spec.Money {
	d := &p.Details
	switch {
	case p.Authorized != 0:
		return p.Authorized
	case d.Currency != c.program.Rules.Currency && d.BillingCurrency == c.program.Rules.Currency:
		return d.Billing
	}
	return d.Amount
}

func (c *claim) foreign() bool { return c.record.Currency != c.program.Rules.Currency }

// How far a purchase and its clearing may lie apart where the approval code and the merchant agree.
const (
	apartMax        = 35 * 24 * time.Hour
	apartLodgingMax = 60 * 24 * time.Hour
	apartMinutesMax = 3 * time.Minute
)

func (c *claim) inDays(p *balance.Purchase) bool {
	most := apartMax
	if isLodging(c.record.MCC) {
		most = apartLodgingMax
	}
	at := time.Unix(c.record.Local, 0)
	if c.record.Local == 0 {
		at = c.day
	}
	return at.Sub(localTime(p)).Abs() <= most
}

func (c *claim) inMinutes(p *balance.Purchase) bool {
	return c.record.Local != 0 && p.Details.LocalDate != 0 && time.Unix(c.record.Local, 0).Sub(localTime(p)).Abs() <= apartMinutesMax
}

func (c *claim) sameDate(p *balance.Purchase) bool {
	if c.record.Local == 0 || p.Details.LocalDate == 0 {
		return false
	}
	y, m, d := time.Unix(c.record.Local, 0).UTC().Date()
	py, pm, pd := localTime(p).Date()
	return y == py && m == pm && d == pd
}

// localTime is when the purchase was, on the clock of its merchant, as though that were UTC. Messages
// have no year: it is the one that puts it nearest to when the message was sent.
func localTime(p *balance.Purchase) time.Time {
	unix, _ := p.Key.Sent()
	sent := time.Unix(unix, 0).UTC()
	date, clock := int(p.Details.LocalDate), int(p.Details.LocalTime)
	if date == 0 {
		return sent
	}
	best := time.Time{}
	for year := sent.Year() - 1; year <= sent.Year()+1; year++ {
		t := time.Date(year, time.Month(date/100), date%100, clock/10000, clock/100%100, clock%100, 0, time.UTC)
		if best.IsZero() || t.Sub(sent).Abs() < best.Sub(sent).Abs() {
			best = t
		}
	}
	return best
}
