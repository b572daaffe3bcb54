package scenario

import (
	"fmt"
	"strings"
	"time"
)

// model is a second, naive account of DOMAIN §3 and §7: it remembers everything for ever and
// looks at all of it each time.
type model struct {
	allocated int64 // less what was posted
	frozen    bool
	purchases map[string]*bought // by STAN: every purchase here has its own
	answers   map[string]string  // what a key was answered, and for which content
}

type bought struct {
	asked, advised, declined, reversed, networkNo, partly bool
	incremented, flagged                                  bool
	state                                                 string  // "", open, closed, paid; added: part of another's hold; completes: part of what another paid
	of                                                    *bought // what it is part of
	hold, left                                            int64   // left: of an early partial reversal, -1 none
	paid                                                  int64
	expires                                               time.Time
}

// known says whether the switch has anything about it.
func (p *bought) known() bool {
	return p.asked || p.advised || p.reversed || p.declined || p.left >= 0 || p.state != ""
}

func newModel(allocated int64) *model {
	return &model{allocated: allocated, purchases: map[string]*bought{}, answers: map[string]string{}}
}

func (m *model) purchase(stan string) *bought {
	if m.purchases[stan] == nil {
		m.purchases[stan] = &bought{left: -1}
	}
	return m.purchases[stan]
}

func (m *model) available(now time.Time) int64 {
	free := m.allocated
	for _, p := range m.purchases {
		if p.state == "open" && !now.Before(p.expires) {
			p.state = "closed"
		}
		if p.state == "open" {
			free -= p.hold
		}
	}
	return free
}

func lasts(op op, amount int64) time.Duration {
	if op.pre {
		return 30 * 24 * time.Hour
	}
	if amount <= 200 {
		return 24 * time.Hour
	}
	return 7 * 24 * time.Hour
}

// answer is what a message must be answered: DE39, and whether money was held anew.
func (m *model) answer(op op, now time.Time) string {
	free := m.available(now)
	key := op.mti[:3] + op.stan
	content := fmt.Sprint(op.amount)
	if known, ok := m.answers[key]; ok {
		was, of, _ := strings.Cut(known, "/")
		switch {
		case of == content:
			return was
		case op.mti[2] == '2':
			return "00"
		}
		return "94"
	}
	said := ""
	switch op.mti[:3] {
	case "010", "020":
		said = m.authorize(op, free, now)
		if said == "94" {
			return said // nothing is remembered of it
		}
	case "012":
		said = m.advise(op, now)
	case "022":
		said = m.complete(op)
	default:
		said = m.reverse(op)
	}
	m.answers[key] = said + "/" + content
	return said
}

func (m *model) authorize(op op, free int64, now time.Time) string {
	p := m.purchase(op.stan)
	told := m.answers[map[string]string{"010": "012", "020": "022"}[op.mti[:3]]+op.stan] == "00/"+fmt.Sprint(op.amount)
	if p.state == "paid" && !p.asked && !told {
		return "94"
	}
	p.asked = true
	switch {
	case p.state == "paid" && (p.flagged || p.partly || p.reversed || p.left >= 0):
		return "05"
	case p.state == "paid":
		return "00"
	case p.reversed || p.networkNo || (p.left >= 0 && p.state == ""):
		return "05"
	case p.advised && !told:
		p.asked = false
		return "94"
	case p.left >= 0 || p.partly:
		return "05"
	case p.advised:
		return "00"
	case m.frozen:
		p.declined = true
		return "57"
	case op.amount == 0:
		p.state = "closed"
		return "00"
	case op.amount > free:
		p.declined = true
		return "51"
	}
	if op.mti[:3] == "020" {
		m.allocated -= op.amount
		p.state, p.paid = "paid", op.amount
		return "00"
	}
	if whole := m.adds(op); whole != nil {
		m.add(p, whole, op.amount, now)
		return "00"
	}
	p.state, p.hold, p.expires = "open", op.amount, now.Add(lasts(op, op.amount))
	return "00"
}

// adds is the open pre-authorization that the message adds to.
func (m *model) adds(op op) *bought {
	if op.rrn == "" || op.pre {
		return nil
	}
	if p := m.purchase("1000" + op.rrn[1:]); p.state == "open" {
		return p
	}
	return nil
}

// add makes what p holds part of what the whole holds.
func (m *model) add(p, whole *bought, hold int64, now time.Time) {
	before := int64(0)
	if p.state == "added" {
		before = p.hold
	}
	if before == 0 {
		whole.expires = maxTime(whole.expires, now.Add(30*24*time.Hour))
	}
	p.state, p.of, p.hold = "added", whole, hold
	whole.incremented = true
	whole.lower(before - hold)
}

func (p *bought) lower(by int64) {
	if p.state != "open" {
		return
	}
	if p.hold = max(0, p.hold-by); p.hold == 0 {
		p.state, p.reversed = "closed", true
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// complete posts what was authorized, whatever there is of it.
func (m *model) complete(op op) string {
	own, p := m.purchase(op.stan), m.purchase(op.of)
	amount, first := op.amount, !own.advised
	early := own.reversed || (own.left >= 0 && own.state == "")
	own.advised = true
	switch {
	case op.no && own.state == "paid" && first:
		m.allocated += own.paid
		own.state, own.paid, own.networkNo = "closed", 0, true
		return "00"
	case op.no:
		own.networkNo = own.networkNo || (own.state == "" && !own.asked && !own.reversed && own.left < 0)
		return "00"
	case own.reversed:
		return "00"
	case early:
		amount = min(amount, own.left)
	case own.state == "paid" && own.partly:
		amount = min(amount, own.paid)
	}
	if op.of == "" || !p.known() {
		m.allocated -= amount - own.paid
		own.state, own.paid = "paid", amount
		return "00"
	}
	m.allocated -= amount
	p.state = "paid"
	p.paid += amount
	p.flagged = p.flagged || early
	if amount > 0 {
		own.state, own.of, own.hold = "completes", p, amount
	}
	return "00"
}

func (m *model) advise(op op, now time.Time) string {
	p := m.purchase(op.stan)
	first := !p.advised
	p.advised = true
	switch {
	case op.no:
		if p.state == "added" && first {
			p.of.lower(p.hold)
			p.state, p.networkNo = "closed", true
		} else if p.state == "open" && first {
			p.state, p.networkNo = "closed", true
		} else if p.state == "" && !p.asked && !p.reversed && p.left < 0 {
			p.networkNo = true
		}
		return "00"
	case p.state == "paid", p.reversed:
		return "00"
	}
	hold := op.amount
	if p.left >= 0 && p.state != "open" && p.state != "added" {
		hold = min(hold, p.left)
	}
	if p.incremented && p.state == "open" {
		hold = max(hold, p.hold)
	}
	if p.partly {
		hold = min(hold, p.hold)
	}
	whole := m.adds(op)
	switch {
	case hold == 0:
		if p.state == "added" {
			p.of.lower(p.hold)
		}
		p.state, p.hold = "closed", 0
		return "00"
	case whole != nil && p.state != "open":
		m.add(p, whole, hold, now)
		return "00"
	case p.state == "added":
		return "00"
	case p.state != "open":
		p.expires = now.Add(lasts(op, hold))
	}
	p.state, p.hold = "open", hold
	return "00"
}

func (m *model) reverse(op op) string {
	p := m.purchase(op.of)
	request := op.mti[2] == '0'
	full := op.left <= 0
	switch {
	case p.state == "paid":
		m.giveBack(p, p.paid, op)
	case p.state == "completes" && p.of.state == "paid":
		p.hold = m.giveBack(p.of, min(p.hold, p.of.paid), op)
	case p.state == "completes":
	case p.state == "added" && !full && op.left >= p.hold && request:
		return "13"
	case p.state == "added" && !full && op.left >= p.hold:
	case p.state == "added" && full:
		p.of.lower(p.hold)
		p.state, p.reversed = "closed", true
	case p.state == "added" && p.of.state == "open":
		p.of.lower(p.hold - op.left)
		p.hold, p.partly = op.left, true
	case p.state == "added":
	case p.state == "open" && full:
		p.state, p.reversed = "closed", true
	case p.state == "open" && op.left < p.hold:
		p.hold, p.partly = op.left, true
	case p.state == "open" && request:
		return "13"
	case p.state == "open":
	case full:
		p.reversed = true
	case p.state == "" && !p.advised && !p.reversed && (p.left < 0 && !p.asked || op.left < p.left):
		p.left = op.left
	}
	return "00"
}

// giveBack undoes what was paid, down to what DE95 leaves of the part of it that is named, and says what
// that is.
func (m *model) giveBack(p *bought, part int64, op op) int64 {
	left := min(max(op.left, 0), part)
	m.allocated += part - left
	p.paid -= part - left
	switch {
	case p.paid == 0 && (part > left || op.left <= 0):
		p.state, p.reversed = "closed", true
	case part > left:
		p.partly = true
	}
	return left
}
