package cardnet

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

// shown are the records of one case, with the sales of its file.
type shown struct {
	*testing.T
	sales   []Sale
	records []clearing.Record
	others  []clearing.Record
}

// sold is the sale that a record names by its reference number.
func (s shown) sold(at int) *Sale {
	s.Helper()
	sale := soldAs(s.sales, &s.records[at])
	if sale == nil {
		s.Fatalf("record %d of the case names no sale", at+1)
	}
	return sale
}

// must holds that something is so.
func (s shown) must(what string, is bool) {
	s.Helper()
	if !is {
		s.Errorf("not so: %s", what)
	}
}

// presented holds that the first record is the presentment of a sale at its amount.
func (s shown) presented() *clearing.Record {
	s.Helper()
	r := &s.records[0]
	s.must("the first record presents its sale", r.Presentment() && !r.Reversal && r.Amount == s.sold(0).Amount && says(r, s.sold(0)))
	return r
}

// unheard holds that no sale is meant.
func (s shown) unheard() *clearing.Record {
	s.Helper()
	r := &s.records[0]
	s.must("no sale is named", soldAs(s.sales, r) == nil && !slices.ContainsFunc(s.sales, func(o Sale) bool { return o.Merchant == r.Merchant.String() }))
	return r
}

// undoes holds that a record is the reversal of another.
func (s shown) undoes(reversal, original int) {
	s.Helper()
	r, o := &s.records[reversal], &s.records[original]
	s.must("one takes the other back", r.Reversal && !o.Reversal && r.OriginalDate == sampleDate.Truncate(24*time.Hour).Unix() &&
		r.MTI == o.MTI && r.Function == o.Function && r.Card == o.Card && r.Amount == o.Amount && r.Reference == o.Reference)
}

var caseRecords = map[string]func(shown){
	"over": func(s shown) { s.must("100 yen above", s.records[0].Amount == s.sold(0).Amount+100) },
	"over-tolerance": func(s shown) {
		a, held := s.records[0].Amount, s.sold(0).Amount
		s.must("a restaurant", s.records[0].MCC == 5812 || s.records[0].MCC == 5813 || s.records[0].MCC == 5814)
		s.must("15 % above", a == held*115/100 && a > held)
	},
	"under": func(s shown) { s.must("a tenth less", s.records[0].Amount == s.sold(0).Amount-s.sold(0).Amount/10) },
	"split": func(s shown) {
		a, b := &s.records[0], &s.records[1]
		s.must("parts", a.Part == 1 && b.Part == 2 && a.Parts == 2 && b.Parts == 2)
		s.must("one reference, and together the sale", a.Reference == b.Reference && a.Amount > 0 && b.Amount > 0 && a.Amount+b.Amount == s.sold(0).Amount)
	},
	"fuel": func(s shown) {
		s.must("1 yen before, 4,800 now, at a pump", s.sold(0).Amount == 1 && s.records[0].Amount == 4800 && s.records[0].MCC == 5541 && says(&s.records[0], s.sold(0)))
	},
	"ambiguous": func(s shown) {
		r, fit := &s.records[0], 0
		for _, o := range s.sales {
			near := asRead(o.At).Sub(time.Unix(r.Local, 0)).Abs() <= 3*time.Minute
			if o.Merchant == r.Merchant.String() && o.Amount == r.Amount && near && o.Number.Digits()[12:] == string(r.Card.Last[:]) {
				fit++
			}
			s.must("no code and no reference of a sale", o.Approval != r.Approval.String() && o.RRN != r.RRN.String())
		}
		s.must("two sales fit, and DE38 is a real one", fit == 2 && r.Approval.Real())
	},
	"amount-changed": func(s shown) {
		s.presented()
		before := slices.ContainsFunc(s.sales, func(o Sale) bool {
			return o.Number == s.sold(0).Number && o.Merchant == s.sold(0).Merchant && o.Amount != s.sold(0).Amount && o.At.Before(s.sold(0).At)
		})
		s.must("another amount was authorized before", before)
	},
	"reauthorized-shipment": func(s shown) {
		r, first := &s.records[0], s.sold(0)
		s.must("the code is not the first's", r.Approval.String() != first.Approval)
		i := slices.IndexFunc(s.sales, func(o Sale) bool { return o.Approval == r.Approval.String() })
		s.must("it is that of a second authorization", i >= 0 && s.sales[i].Number == first.Number && s.sales[i].Merchant == first.Merchant && s.sales[i].Amount == r.Amount)
	},
	"no-authorization": func(s shown) { s.must("zeros", s.unheard().Approval.String() == "000000") },
	"offline":          func(s shown) { s.must("blanks", s.unheard().Approval == spec.ApprovalCode{}) },
	"late-sale": func(s shown) {
		r := &s.records[0]
		s.must("40 days ago", time.Unix(r.Local, 0).UTC().Format(time.DateOnly) == "2026-10-15")
		s.must("its codes", r.Approval.String() == s.sold(0).Approval && r.Amount == s.sold(0).Amount)
	},
	"reversed-sale": func(s shown) { s.presented(); s.must("cancelled", s.sold(0).Standing == SaleReversed) },
	"declined-sale": func(s shown) {
		s.must("refused, and its own amount", s.sold(0).Standing == SaleDeclined && s.records[0].Amount == s.sold(0).Amount && s.records[0].Approval.String() == "000000")
	},
	"unknown-card": func(s shown) {
		r := s.unheard()
		s.must("a number of its own", r.Card.Luhn && !slices.ContainsFunc(s.sales, func(o Sale) bool { return o.Number.Digits()[12:] == string(r.Card.Last[:]) }))
	},
	"bad-luhn": func(s shown) { s.must("wrong check digit", !s.unheard().Card.Luhn) },
	"double-sale": func(s shown) {
		a, b := s.presented(), &s.records[1]
		s.must("the same with another reference", a.Reference != b.Reference && a.RRN == b.RRN && a.Approval == b.Approval && a.Amount == b.Amount && !b.Reversal)
	},
	"duplicate": func(s shown) {
		a, b := *s.presented(), s.records[1]
		a.Number, a.Offset = b.Number, b.Offset
		s.must("the same in everything but DE71", a == b)
	},
	"reversal":       func(s shown) { s.presented(); s.undoes(1, 0) },
	"early-reversal": func(s shown) { s.undoes(0, 1) },
	"orphan-reversal": func(s shown) {
		r := s.unheard()
		s.must("a reversal whose reference nobody else has", r.Reversal && !slices.ContainsFunc(s.others, func(o clearing.Record) bool { return o.Reference == r.Reference }))
	},
	"refund": func(s shown) {
		a, b := s.presented(), &s.records[1]
		s.must("a credit of it", b.Credit() && !a.Credit() && b.Amount == a.Amount && b.RRN == a.RRN && b.OriginalReference == a.Reference && b.Reference != a.Reference)
	},
	"refund-unlinked": func(s shown) { s.must("a credit", s.unheard().Credit()) },
	"overseas": func(s shown) {
		r, held := &s.records[0], s.sold(0).Amount
		s.must("dollars, and yen 3 % above", r.Currency == 840 && r.BillingCurrency == 392 && r.Billing == held+held*3/100 && r.Billing > held && r.Amount == r.Billing*2/3)
	},
	"unusable-currency": func(s shown) {
		r := s.unheard()
		s.must("euros only", r.Currency == 978 && r.BillingCurrency == 0 && !r.Fields.Has(6) && !r.Fields.Has(51))
	},
	"chargeback":         func(s shown) { s.disputes(450, 1) },
	"partial-chargeback": func(s shown) { s.disputes(453, 2) },
	"second-presentment": func(s shown) {
		s.disputes(450, 1)
		a, b := &s.records[0], &s.records[2]
		s.must("presented again", b.SecondPresentment() && b.Function == 205 && b.Reference == a.Reference && b.Amount == a.Amount && b.OriginalAmount == a.Amount)
	},
	"fee-received": func(s shown) { s.must("a fee of kind 19", s.records[0].Fee() && s.records[0].Kind() == 19) },
	"fee-paid":     func(s shown) { s.must("a fee of kind 29", s.records[0].Fee() && s.records[0].Kind() == 29) },
	"retrieval":    func(s shown) { s.must("603", s.records[0].Informational() && s.records[0].Function == 603) },
	"addendum": func(s shown) {
		s.must("695 with a text", s.records[0].Informational() && s.records[0].Function == 695 && s.records[0].Fields.Has(72))
	},
}

// disputes holds that the second record charges a part of the first back.
func (s shown) disputes(function uint16, divisor spec.Money) {
	s.Helper()
	a, b := s.presented(), &s.records[1]
	s.must("charged back", b.Chargeback() && b.Function == function && b.Reason != 0 && b.Card == a.Card && b.Reference == a.Reference &&
		b.Amount == a.Amount/divisor && b.OriginalAmount == a.Amount)
}

func TestTheRecordsOfEachCaseAreWhatItSays(t *testing.T) {
	t.Parallel()
	if len(caseRecords) != len(ClearingCases()) {
		t.Errorf("%d cases, %d looked at", len(ClearingCases()), len(caseRecords))
	}
	for seed := range uint64(5) {
		c := sample(seed, every()...)
		file, done := written(t, c)
		records := read(t, file)
		for _, k := range done.Cases {
			t.Run(k.Name, func(t *testing.T) {
				s := shown{T: t, sales: c.Sales}
				for _, r := range records {
					if slices.Contains(k.Numbers, r.Number) {
						s.records = append(s.records, r)
					} else {
						s.others = append(s.others, r)
					}
				}
				s.must("a placement for each record", len(s.records) == len(k.Placements) && len(k.Numbers) == len(k.Placements))
				caseRecords[k.Name](s)
			})
		}
	}
}

// What a case takes is not presented otherwise: the rest of the file must not change what is placed.
func TestWhatACaseTakesIsNotPresentedOtherwise(t *testing.T) {
	t.Parallel()
	c := sample(4, every()...)
	file, done := written(t, c)
	taken := map[string]bool{}
	var plain []string
	for _, r := range read(t, file) {
		if slices.ContainsFunc(done.Cases, func(k CaseWritten) bool { return slices.Contains(k.Numbers, r.Number) }) {
			taken[r.RRN.String()] = true
		} else {
			plain = append(plain, r.RRN.String())
		}
	}
	for _, rrn := range plain {
		if taken[rrn] {
			t.Errorf("%s is presented and in a case", rrn)
		}
	}
	if len(plain) < 10 {
		t.Errorf("beside the cases only %d sales are presented", len(plain))
	}
}

// The order in which cases are asked for must not matter: the particular ones choose first.
func TestCasesCanBeAskedForInAnyOrderAndTwice(t *testing.T) {
	t.Parallel()
	names := every()
	slices.Reverse(names)
	_, done := written(t, sample(2, append(names, names...)...))
	if len(done.Cases) != len(names) || len(done.LeftOut) > 0 {
		t.Errorf("%d cases of %d, left out %v", len(done.Cases), len(names), done.LeftOut)
	}
	one, _ := written(t, sample(2, "over", "over"))
	other, _ := written(t, sample(2, "over"))
	if !bytes.Equal(one, other) {
		t.Error("a case that is named twice is there twice")
	}
}

var rewrite = flag.Bool("rewrite", false, "write the table of cases in README.md anew")

func TestTheReadmeHasTheTableOfTheCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = "|---|---|---|---|\n"
	before, after, found := strings.Cut(string(text), head)
	if !found {
		t.Fatal("README.md has no table")
	}
	var table strings.Builder
	for _, c := range ClearingCases() {
		var places []string
		for _, p := range c.Placements {
			places = append(places, string(p))
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", c.Name, c.What, c.Needs, strings.Join(places, ", "))
	}
	if *rewrite {
		if err := os.WriteFile("README.md", []byte(before+head+table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if after != table.String() {
		t.Error("README.md has another table: go test ./cardnet -run Readme -rewrite")
	}
}

// Two authorizations of which one is presented: the other stays held, it must not be presented too.
func TestOfTwoAuthorizationsOnlyOneIsPresented(t *testing.T) {
	t.Parallel()
	_, without := written(t, sample(4))
	for _, name := range []string{"ambiguous", "amount-changed", "reauthorized-shipment"} {
		if _, with := written(t, sample(4, name)); with.Records != without.Records-1 {
			t.Errorf("case %s: %d records, want one less than %d", name, with.Records, without.Records)
		}
	}
}

func TestACaseThatNeedsSomethingInParticularChoosesFirst(t *testing.T) {
	t.Parallel()
	c := sample(4, "over", "duplicate", "ambiguous")
	last := len(c.Sales) - 2
	c.Sales = c.Sales[last:] // two that fit together
	if _, done := written(t, c); len(done.Cases) != 1 || done.Cases[0].Name != "ambiguous" || len(done.LeftOut) != 2 {
		t.Errorf("written %v, left out %v", done.Cases, done.LeftOut)
	}
}
