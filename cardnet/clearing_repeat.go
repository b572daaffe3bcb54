package cardnet

import "sekisho/spec/clearing"

// repeatCases present something twice, take it back, or give it back.
func repeatCases() []ClearingCase {
	return []ClearingCase{
		{"double-sale", "one purchase presented twice, each with a reference of its own", []Placement{Matched, Over}, needsPlain, onPlain(doubleSale)},
		{"duplicate", "one presentment sent twice, with one reference", []Placement{Matched, Suspended}, needsPlain, onPlain(duplicate)},
		{"reversal", "a presentment and its reversal, 取消", []Placement{Matched, Other}, needsPlain, onPlain(reversal)},
		{"early-reversal", "the reversal stands before its presentment in the file", []Placement{Other, Matched}, needsPlain, onPlain(earlyReversal)},
		{"orphan-reversal", "a reversal whose presentment never comes", []Placement{Suspended}, needsCard, onCard(orphanReversal)},
		{"refund", "a purchase presented and given back, 返品", []Placement{Matched, Other}, needsPlain, onPlain(refunded)},
		{"refund-unlinked", "money back that belongs to no purchase", []Placement{Other}, needsCard, onCard(unlinkedRefund)},
	}
}

func doubleSale(a *author, d *clearing.Draft) []*clearing.Draft {
	second := again(d, 1240, 200)
	second.Reference = a.referenceLike(d)
	return []*clearing.Draft{d, second}
}

func duplicate(_ *author, d *clearing.Draft) []*clearing.Draft {
	return []*clearing.Draft{d, again(d, 1240, 200)}
}

func reversal(a *author, d *clearing.Draft) []*clearing.Draft {
	return []*clearing.Draft{d, a.reversed(d)}
}

func earlyReversal(a *author, d *clearing.Draft) []*clearing.Draft {
	return []*clearing.Draft{a.reversed(d), d}
}

func orphanReversal(a *author, s *Sale) []*clearing.Draft {
	d := a.reversed(a.presentment(s))
	d.ReversalDate = a.date.AddDate(0, 0, -1)
	return []*clearing.Draft{d}
}

// reversed is the reversal of a presentment of this file.
func (a *author) reversed(d *clearing.Draft) *clearing.Draft {
	r := again(d, 1240, 200)
	r.Reversal, r.ReversalDate = true, a.date
	return r
}

// refunded gives the money back under the purchase's own approval code and reference number, with
// the reference of its presentment in PDS 3011.
func refunded(a *author, d *clearing.Draft) []*clearing.Draft {
	back := again(d, 1240, 200)
	back.Processing = [6]byte([]byte(processRefund))
	back.OriginalReference = d.Reference
	back.Reference = a.referenceLike(d)
	return []*clearing.Draft{d, back}
}

func unlinkedRefund(a *author, s *Sale) []*clearing.Draft {
	s.Refund, s.Amount, s.Approval = true, 1500, noApproval
	return []*clearing.Draft{a.presentment(s)}
}
