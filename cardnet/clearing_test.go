package cardnet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

// sampleDate is the date of the files of these tests.
var sampleDate = time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)

// every are the names of all cases.
func every() []string {
	var names []string
	for _, c := range ClearingCases() {
		names = append(names, c.Name)
	}
	return names
}

func sample(seed uint64, cases ...string) Clearing {
	return Clearing{Sales: SampleSales(seed, sampleDate), Cases: cases, Date: sampleDate, Sequence: int(seed), Seed: seed} //nolint:gosec // small
}

func written(t *testing.T, c Clearing) ([]byte, Cleared) {
	t.Helper()
	var b bytes.Buffer
	done, err := c.Write(&b)
	if err != nil {
		t.Fatalf("not written: %v", err)
	}
	return b.Bytes(), done
}

// forever is a context for a reader that never waits.
type forever struct{}

func (forever) Err() error { return nil }

// read are all records of a file.
func read(t *testing.T, file []byte) []clearing.Record {
	t.Helper()
	hasher, err := spec.NewHasher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	r := clearing.NewReader(bytes.NewReader(file), hasher)
	var all []clearing.Record
	for {
		var one clearing.Record
		switch err := r.Next(&one); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

func TestASampleIsTheSeedsAndTheDatesAlone(t *testing.T) {
	t.Parallel()
	first, _ := written(t, sample(7, every()...))
	second, _ := written(t, sample(7, every()...))
	if !bytes.Equal(first, second) {
		t.Error("the same seed and date wrote two different files")
	}
	other, _ := written(t, sample(8, every()...))
	if bytes.Equal(first, other) {
		t.Error("another seed wrote the same file")
	}
	tomorrow := sample(7, every()...)
	tomorrow.Date = tomorrow.Date.AddDate(0, 0, 1)
	tomorrow.Sales = SampleSales(7, tomorrow.Date)
	if later, _ := written(t, tomorrow); bytes.Equal(first, later) {
		t.Error("another date wrote the same file")
	}
}

func TestASampleWithEveryCasePassesTheReaderInAllFramings(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		for _, set := range []clearing.Charset{clearing.CP037, clearing.ASCII} {
			for _, bare := range []bool{false, true} {
				c := sample(seed, every()...)
				c.Charset, c.NoRDW = set, bare
				file, done := written(t, c)
				totals, err := clearing.Check(forever{}, bytes.NewReader(file), true, nil)
				switch {
				case err != nil:
					t.Errorf("seed %d, %s, without lengths %t: %v", seed, set, bare, err)
				case int(totals.Records) != done.Records || uint64(totals.Sum) != uint64(done.Sum) || totals.FileID != done.ID: //nolint:gosec // above zero
					t.Errorf("seed %d: the file says %+v, the writer %+v", seed, totals, done)
				case len(done.LeftOut) > 0 || len(done.Cases) != len(every()):
					t.Errorf("seed %d: left out %v", seed, done.LeftOut)
				}
			}
		}
	}
}

func TestWithoutCasesEverySaleThatStandsIsPresentedOnce(t *testing.T) {
	t.Parallel()
	c := sample(3)
	file, done := written(t, c)
	want := map[string]int{}
	checks := 0
	for _, s := range c.Sales {
		switch {
		case s.Standing != SaleOpen:
		case s.Amount <= 2:
			checks++
		default:
			want[s.RRN]++
		}
	}
	records := read(t, file)
	for i := range records {
		r := &records[i]
		s := soldAs(c.Sales, r)
		if want[r.RRN.String()]--; want[r.RRN.String()] != 0 || s == nil {
			t.Fatalf("record %d is about no sale, or about one that was presented before", r.Number)
		}
		if !r.Presentment() || r.Reversal || r.Credit() != s.Refund || !says(r, s) || r.Amount != s.Amount || r.Currency != spec.JPY {
			t.Errorf("record %d is not its sale", r.Number)
		}
	}
	if len(records) != done.Records || done.Records != len(want) || done.Checks != checks || checks == 0 {
		t.Errorf("%d records of %d sales, %d checks left out of %d", len(records), len(want), done.Checks, checks)
	}
}

// says whether a record carries what leads to a sale.
func says(r *clearing.Record, s *Sale) bool {
	return r.RRN.String() == s.RRN && r.Approval.String() == s.Approval && r.Merchant.String() == s.Merchant &&
		r.MCC == s.MCC && r.Acquirer == spec.ParseInstitution([]byte(s.Acquirer)) && r.Local == asRead(s.At).Unix() &&
		string(r.Card.Last[:]) == s.Number.Digits()[12:] && strings.HasPrefix(string(r.Name[:]), s.Shop[:25]) &&
		string(r.Name[96:]) == "JPN"
}

func soldAs(sales []Sale, r *clearing.Record) *Sale {
	i := slices.IndexFunc(sales, func(s Sale) bool { return s.RRN == r.RRN.String() })
	if i < 0 {
		return nil
	}
	return &sales[i]
}

// Files of one day and references of one acquirer must not meet.
func TestReferencesAreUniqueInAFileAndBetweenTheFilesOfADay(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for sequence := range 3 {
		c := sample(5, "double-sale", "refund", "chargeback")
		c.Sequence = sequence
		file, _ := written(t, c)
		for _, r := range read(t, file) {
			if r.MTI != 1240 {
				continue
			}
			if !passesLuhn(r.Reference.String()) {
				t.Errorf("record %d: the check digit of DE31 is wrong", r.Number)
			}
			seen[r.Reference.String()]++
		}
	}
	for reference, n := range seen {
		if n > 1 {
			t.Errorf("reference %s was given %d times", reference, n)
		}
	}
}

func passesLuhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

func TestWhatASaleLacksIsLeftOutAndSaid(t *testing.T) {
	t.Parallel()
	c := Clearing{Cases: every(), Date: sampleDate}
	file, done := written(t, c)
	names := map[string]bool{}
	for _, k := range done.Cases {
		names[k.Name] = true
	}
	if want := []string{"bad-luhn", "fee-paid", "fee-received", "unknown-card"}; len(names) != len(want) || slices.ContainsFunc(want, func(n string) bool { return !names[n] }) {
		t.Errorf("without a sale there were %v", names)
	}
	for _, l := range done.LeftOut {
		if l.Needs == "" {
			t.Errorf("case %s does not say what it needs", l.Name)
		}
	}
	if len(read(t, file)) != 4 {
		t.Error("other records than those")
	}
	if empty, done := written(t, Clearing{Date: sampleDate}); len(read(t, empty)) != 0 || done.Records != 0 {
		t.Error("without sales and cases there are records")
	}
}

func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Clearing)
		want   string
	}{
		"a case that is not there": {func(c *Clearing) { c.Cases = []string{"misprint"} }, `no clearing case "misprint"`},
		"a sequence of six digits": {func(c *Clearing) { c.Sequence = 100_000 }, "sequence 100000"},
		"an acquirer of letters":   {func(c *Clearing) { c.Sales[0].Acquirer = "ACQUIRER" }, "acquirer"},
		"an amount of 13 digits":   {func(c *Clearing) { c.Sales[0].Amount = 1e12 }, "DE4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := sample(1)
			c.change(&file)
			if _, err := file.Write(io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error about %q", err, c.want)
			} else if strings.Contains(fmt.Sprint(err), "354012") {
				t.Error("the error has digits of a card")
			}
		})
	}
}

// An element that takes letters and digits only cannot carry what some till has sent.
func TestWhatAnElementCannotCarryIsLeftOut(t *testing.T) {
	t.Parallel()
	c := sample(1)
	c.Sales = c.Sales[:1]
	c.Sales[0].RRN, c.Sales[0].Merchant = "12-34/56", "ﾐｾ"
	file, _ := written(t, c)
	if r := read(t, file)[0]; r.RRN != (spec.RRN{}) || r.Merchant != (spec.MerchantID{}) || r.Approval.String() != c.Sales[0].Approval {
		t.Error("the record is not what is left of the sale")
	}
}
