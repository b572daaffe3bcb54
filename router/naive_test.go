package router_test

import (
	"fmt"
	"slices"
	"time"

	"sekisho/spec/clearing"
)

// ledgerModel is a second account of the clearing rules: it remembers everything for ever, and goes through
// all of it for each record.
type ledgerModel struct {
	sold    []*soldModel
	posts   []*postModel
	records []clearing.Record
	posted  int64
}

func newLedgerModel() ledgerModel { return ledgerModel{} }

// soldModel is one purchase that the networks told of.
type soldModel struct {
	stan                    uint32
	sent, local, expires    time.Time
	asked, hold, authorized int64
	posted                  int64
	codes                   []string
	rrn, merchant           string
	mcc                     uint16
	state                   string // open, verified, declined, reversed, expired, settled, part, undone
	refund                  bool
	late                    bool // it was cleared when nothing was held: then it is matched for good
	restGone                bool // of a sale in parts: what was held for the others ran out or was reversed
}

// postModel is what a clearing record did.
type postModel struct {
	reference             string
	mti, function         uint16
	part                  uint8
	wire, moved           int64
	on                    *soldModel
	undone, waits, parked bool
}

func holdFor(s *soldModel) time.Duration {
	switch {
	case s.mcc == 7011:
		return 30 * 24 * time.Hour
	case s.mcc == 5541 && s.asked < 3: // DOMAIN: at a pump "0-2 yen authorized, the full sale up to a week later"
		return 7 * 24 * time.Hour
	case s.asked <= 200:
		return 24 * time.Hour
	}
	return 7 * 24 * time.Hour
}

func (m *ledgerModel) held(now time.Time) (sum int64) {
	for _, s := range m.sold {
		if s.state == "open" && !now.Before(s.expires) {
			s.state = "expired"
			if s.posted != 0 {
				s.state, s.restGone = "part", true
			}
		}
		if s.state == "open" {
			sum += s.hold
		}
	}
	return sum
}

func (m *ledgerModel) reverse(s *soldModel, left int64, now time.Time) {
	m.held(now)
	switch {
	case s.state == "open" && left < 0 && s.posted != 0:
		s.state, s.restGone = "part", true
	case s.state == "open" && left < 0:
		s.state = "reversed"
	case s.state == "open" && left < s.hold:
		s.hold = left
		s.authorized = left + s.posted
	case s.state == "verified" && left < 0, s.state == "expired" && left < 0, s.state == "declined" && left < 0:
		s.state = "reversed"
	}
}

// load says where each record of a file is placed.
func (m *ledgerModel) load(records []clearing.Record, now time.Time) []string {
	m.held(now)
	out := make([]string, len(records))
	for i := range records {
		out[i] = m.one(&records[i], false)
	}
	for i := range records {
		if out[i] == "" {
			out[i] = m.one(&records[i], true)
		}
	}
	return out
}

func (m *ledgerModel) one(r *clearing.Record, last bool) string {
	switch {
	case r.Reversal:
		return m.takeBack(r, last)
	case r.MTI == 1240 && r.Function == 200:
		return m.present(r)
	}
	return m.dispute(r, last)
}

func (m *ledgerModel) post(r *clearing.Record, on *soldModel, moved int64) *postModel {
	p := &postModel{
		reference: r.Reference.String(), mti: r.MTI, function: r.Function, part: r.Part, wire: int64(r.Amount), moved: moved, on: on,
	}
	m.posts = append(m.posts, p)
	m.posted += moved
	if on != nil {
		on.posted -= moved
	}
	return p
}

func (m *ledgerModel) takeBack(r *clearing.Record, last bool) string {
	var hits []*postModel
	taken := false
	for _, p := range m.posts {
		if p.reference != r.Reference.String() || p.function != r.Function {
			continue
		}
		if r.Function == 200 && p.part == r.Part {
			taken = true
		}
		if !p.undone && !p.waits && !p.parked && p.wire == int64(r.Amount) && (r.Part == 0 || r.Function != 200 || r.Part == p.part) {
			hits = append(hits, p)
		}
	}
	switch {
	case len(hits) > 1:
		return "ambiguous"
	case len(hits) == 1:
		m.undo(hits[0])
		return "other"
	case !last:
		return ""
	}
	if !taken {
		m.posts = append(m.posts, &postModel{reference: r.Reference.String(), mti: r.MTI, function: r.Function, part: r.Part, wire: int64(r.Amount), waits: true})
	}
	return "suspended"
}

func (m *ledgerModel) undo(p *postModel) {
	p.undone = true
	m.posted -= p.moved
	if p.on == nil {
		return
	}
	p.on.posted += p.moved
	presented := p.on.posted
	for _, d := range m.posts {
		if d.reference == p.reference && d.function != 200 && !d.undone && !d.waits && !d.parked {
			presented += d.moved
		}
	}
	if p.function == 200 && p.on.state != "open" && presented == 0 {
		p.on.state = "undone"
	}
}

func (m *ledgerModel) dispute(r *clearing.Record, last bool) string {
	var about *postModel
	for _, p := range m.posts {
		if p.reference != r.Reference.String() || p.waits || p.parked {
			continue
		}
		if p.function == r.Function && !p.undone && p.wire == int64(r.Amount) {
			return "suspended"
		}
		if p.function == 200 {
			about = p // whatever became of it: it is about the same sale
		}
	}
	if about == nil {
		if last {
			m.park(r)
			return "suspended"
		}
		return ""
	}
	moved := -int64(r.Amount)
	if r.MTI == 1442 {
		moved = -moved
	}
	m.unpark(r)
	m.after(m.post(r, about.on, moved))
	return "other"
}

// park remembers a record in suspense by its reference, unless something has that name.
func (m *ledgerModel) park(r *clearing.Record) {
	for _, p := range m.posts {
		if p.named(r) {
			return
		}
	}
	m.posts = append(m.posts, &postModel{reference: r.Reference.String(), mti: r.MTI, function: r.Function, part: r.Part, wire: int64(r.Amount), parked: true})
}

// named says whether the record has the name of this one. Disputes are told by their amounts.
func (p *postModel) named(r *clearing.Record) bool {
	if p.reference != r.Reference.String() || p.function != r.Function {
		return false
	}
	if r.Function != 200 {
		return p.parked && p.wire == int64(r.Amount)
	}
	return p.part == r.Part
}

// unpark forgets that a record was in suspense: it is posted.
func (m *ledgerModel) unpark(r *clearing.Record) {
	m.posts = slices.DeleteFunc(m.posts, func(p *postModel) bool { return p.parked && p.named(r) })
}

func (m *ledgerModel) present(r *clearing.Record) string {
	credit := r.Processing[0] == '2'
	var on *soldModel
	part := false
	for _, p := range m.posts {
		if p.reference != r.Reference.String() || p.function != 200 || p.waits {
			continue
		}
		if r.Part == 0 || p.part == r.Part {
			return "suspended"
		}
		if !p.parked {
			on, part = p.on, true
		}
	}
	if !part {
		one, several := m.match(r, credit)
		if several && !credit {
			m.park(r)
			return "ambiguous"
		}
		on = one
	}
	amount := int64(r.Amount)
	if credit {
		s := on
		if s == nil {
			s = &soldModel{refund: true}
		}
		if r.Part == 0 || r.Part == r.Parts || s.state != "open" {
			s.state = "settled"
		}
		m.after(m.post(r, s, amount))
		return "other"
	}
	if on == nil || on.stan == 0 {
		placed := "forced"
		if on != nil { // a part of a sale without authorization
			placed = "forced"
		} else {
			on = &soldModel{}
		}
		on.state = "settled"
		m.after(m.post(r, on, -amount))
		return placed
	}
	placed := m.over(r, on)
	final := r.Part == 0 || r.Part == r.Parts
	p := m.post(r, on, -amount)
	switch {
	case final:
		on.state, on.hold = "settled", 0
	case on.state == "open":
		on.hold = max(0, on.hold-amount)
	case on.state != "settled":
		on.state, on.restGone = "part", false
	}
	m.after(p)
	return placed
}

// after undoes a posting whose reversal came before it.
func (m *ledgerModel) after(p *postModel) {
	for i, w := range m.posts {
		if w.waits && w.reference == p.reference && w.function == p.function && (w.part == p.part || w.part == 0 || p.function != 200) && w.wire == p.wire {
			m.posts = append(m.posts[:i], m.posts[i+1:]...)
			m.undo(p)
			return
		}
	}
}

// over says how a sale of a known purchase is placed. What was refused, reversed or ran out is matched, by
// whatever it comes to; all of it again is over; else all presentments of it count together against what was
// authorized, whether anything is held for them or not.
func (m *ledgerModel) over(r *clearing.Record, on *soldModel) string {
	whole := r.Parts <= 1
	switch {
	case on.state == "settled" && whole:
		return "over"
	case on.state == "declined", on.state == "reversed", on.state == "expired", on.restGone && on.state == "part":
		on.late = true
	}
	sum := on.posted + int64(r.Amount)
	if !on.late && sum > tolerance(on.authorized, r.MCC) {
		return "over"
	}
	return "matched"
}

func tolerance(authorized int64, mcc uint16) int64 {
	switch {
	case mcc == 5541 && authorized <= 2:
		return 30_000
	case mcc == 5812:
		return authorized * 120 / 100
	case mcc == 7011:
		return authorized * 115 / 100
	}
	return authorized
}

func (m *ledgerModel) match(r *clearing.Record, credit bool) (*soldModel, bool) {
	code, rrn, merchant := r.Approval.String(), r.RRN.String(), r.Merchant.String()
	online := code != "" && code != "000000"
	has := func(s *soldModel) bool {
		for _, c := range s.codes {
			if c == code {
				return online
			}
		}
		return false
	}
	same := rrn != "" && rrn != "000000000000"
	at := time.Unix(r.Local, 0).UTC()
	days := 35.0
	if r.MCC == 7011 {
		days = 60
	}
	apart := func(s *soldModel) time.Duration { return at.Sub(s.local.Truncate(time.Second)).Abs() }
	equal := func(s *soldModel) bool { // with what was asked, or what a reversal in part left of it
		return s.asked == int64(r.Amount) || (s.authorized != 0 && s.authorized == int64(r.Amount))
	}
	rules := []func(s *soldModel) bool{
		func(s *soldModel) bool { return has(s) && same && s.rrn == rrn },
		func(s *soldModel) bool { return has(s) && s.merchant == merchant && apart(s).Hours() <= days*24 },
		func(s *soldModel) bool { return has(s) && equal(s) },
		func(s *soldModel) bool { return same && s.rrn == rrn },
		func(s *soldModel) bool {
			asked := s.asked
			if s.authorized != 0 {
				asked = s.authorized
			}
			off := max(asked-int64(r.Amount), int64(r.Amount)-asked)
			return online && s.merchant == merchant && apart(s) <= 3*time.Minute && off <= tolerance(asked, r.MCC)-asked
		},
		func(s *soldModel) bool {
			clear := s.posted != 0 || s.state == "settled" || s.state == "part" || s.state == "undone"
			return online && !clear && kindOf(s.mcc) == kindOf(r.MCC) && equal(s) && at.Format("060102") == s.local.Format("060102")
		},
	}
	for i, fits := range rules {
		var hits []*soldModel
		for _, s := range m.sold {
			refunding := s.refund
			if refunding == credit && fits(s) {
				hits = append(hits, s)
			}
		}
		if credit && i > 3 {
			break
		}
		if len(hits) > 0 {
			return hits[0], len(hits) > 1
		}
	}
	return nil, false
}

func kindOf(mcc uint16) string {
	switch mcc {
	case 5541, 5812, 7011:
		return fmt.Sprint(mcc)
	}
	return "other"
}
