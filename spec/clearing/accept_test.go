package clearing

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sekisho/spec"
)

// readFirst reads a loose file and gives its first detail record.
func readFirst(t *testing.T, f *looseFile) Record {
	t.Helper()
	records, _, err := all(t, f.bytes())
	if err != nil {
		t.Fatal(err)
	}
	return records[0]
}

func TestLineEndsBetweenRecordsArePassedOver(t *testing.T) {
	t.Parallel()
	for _, framed := range []bool{false, true} {
		for _, ebcdic := range []bool{false, true} {
			f := looseSample(t)
			f.framed, f.ebcdic = framed, ebcdic
			f.records[1].before = "\r\n"
			f.records[2].before = strings.Repeat("\x15\x25\x0A\x0D", windowSize)
			f.after = strings.Repeat("\n", 3*windowSize)
			records, totals, err := all(t, f.bytes())
			if err != nil || len(records) != 2 {
				t.Fatalf("%d records, %v", len(records), err)
			}
			if records[1].Offset != int64(f.starts[2]) || totals.Bytes != int64(len(f.bytes())) {
				t.Errorf("the second record is at %d, want %d; %d bytes", records[1].Offset, f.starts[2], totals.Bytes)
			}
		}
	}
}

func TestWhatThePageLeavesOpenIsTaken(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*looseFile)
		holds  func(r Record) bool
	}{
		{"a sum and a count without zeros", set(4, 48, llls(pds(3901, sampleID)+pds(3902, "2400")+pds(3903, "4"))), func(r Record) bool { return r.Amount == 1200 }},
		{"a date that does not exist", set(2, 12, "261322123456"), func(r Record) bool { return r.Local == 0 && r.Fields.Has(12) }},
		{"31 February", set(2, 12, "260231123456"), func(r Record) bool { return r.Local == 0 && r.Fields.Has(12) }},
		{"29 February of a leap year", set(2, 12, "280229000000"), func(r Record) bool { return r.Local == 1835395200 }},
		{"29 February of another year", set(2, 12, "270229000000"), func(r Record) bool { return r.Local == 0 }},
		{"24 o'clock", set(2, 12, "261122240000"), func(r Record) bool { return r.Local == 0 }},
		{"a card number of 19", set(2, 2, lls("3540120000000000072")), func(r Record) bool { return r.Card.Length == 19 && string(r.Card.Last[:]) == "0072" && r.Card.Luhn }},
		{"a card number whose check digit is wrong", set(2, 2, lls("3540120000000000")), func(r Record) bool { return r.Card.Length == 16 && !r.Card.Luhn }},
		{"an element spread over two fields", func(f *looseFile) {
			f.records[1].fields[48] = llls(yen + "30070")
			f.records[1].fields[62] = llls("07R2611")
			f.records[1].fields[126] = llls("20")
		}, func(r Record) bool { return r.Reversal && r.OriginalDate == 1795132800 }},
		{"elements in any order", pdsOf(pds(3990, "02/03") + pds(1, "A") + yen), func(r Record) bool { return r.Part == 2 && r.Parts == 3 }},
		{"an original, not a reversal", pdsOf(yen + pds(3007, "O261120")), func(r Record) bool { return !r.Reversal && r.OriginalDate == 0 }},
		{"an original with spaces", pdsOf(yen + pds(3007, "       ")), func(r Record) bool { return !r.Reversal }},
		{"a part that cannot be read", pdsOf(yen + pds(3990, "1/3  ")), func(r Record) bool { return r.Part == 0 && r.Parts == 0 }},
		{"a part above the number of parts", pdsOf(yen + pds(3990, "04/03")), func(r Record) bool { return r.Part == 0 && r.Parts == 0 }},
		{"an unknown element without a value", pdsOf(yen + pds(7777, "")), func(Record) bool { return true }},
		{"an original reference", pdsOf(yen + pds(3011, "78871511220000000000017")), func(r Record) bool { return r.OriginalReference.String() == "78871511220000000000017" }},
		{"exponents of a currency twice", pdsOf(pds(3002, "39203920")), func(r Record) bool { return r.ExponentDiffers == spec.FieldSet{} }},
		{"an exponent that is not that of the currency", pdsOf(pds(3002, "3922")), func(r Record) bool { return r.ExponentDiffers.Has(49) }},
		{"no online authorization", set(2, 38, "      "), func(r Record) bool { return r.Approval == spec.ApprovalCode{} && !r.Approval.Real() }},
		{"a name of one character", set(2, 43, "01X"), func(r Record) bool { return r.Name[0] == 'X' && r.Name[1] == 0 }},
		{"every optional field", func(f *looseFile) {
			for n, v := range map[int]string{
				5: "000000000011", 6: "000000000022", 9: "00000001", 10: "00000002", 14: "2912", 16: "1122", 23: "001", 25: "1401", 40: "201",
				41: "TERM 01 ", 50: "392", 51: "392", 54: llls(strings.Repeat("0002392D000000000100", 6)), 55: llls(strings.Repeat("\x00\xFF\x25", 85)),
				72: llls(strings.Repeat("X", 999)), 97: "C0000000000001200", 125: llls(pds(9999, strings.Repeat("Y", 992))),
			} {
				f.records[1].fields[n] = v
			}
		}, func(r Record) bool {
			return r.Settlement == 11 && r.Billing == 22 && r.Expiry == 2912 && r.CardSequence == 1 && r.Reason == 1401 && string(r.Terminal[:]) == "TERM 01\x00"
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, ebcdic := range []bool{false, true} {
				f := looseSample(t)
				f.ebcdic = ebcdic
				c.change(f)
				if r := readFirst(t, f); !c.holds(r) {
					t.Errorf("read as %+v", r)
				}
			}
		})
	}
}

func TestAnAmountOfAnInformationalRecordIsInTheSum(t *testing.T) {
	t.Parallel()
	f := looseSample(t)
	f.records[1] = &loose{mti: "1644", fields: looseParts(t, tellingParts...)}
	f.records[1].fields[24], f.records[1].fields[4] = "603", "000000001200"
	if r := readFirst(t, f); !r.Informational() || r.Amount != 1200 {
		t.Errorf("read as %+v", r)
	}
}

func TestASourceThatGivesItsBytesInPiecesIsReadTheSame(t *testing.T) {
	t.Parallel()
	file := written(t, Options{}, small(t)...)
	for name, source := range map[string]io.Reader{
		"one byte at a time":     iotest.OneByteReader(bytes.NewReader(file)),
		"the end with the bytes": iotest.DataErrReader(bytes.NewReader(file)),
		"halves":                 iotest.HalfReader(bytes.NewReader(file)),
	} {
		if totals, err := Check(t.Context(), source, true, nil); err != nil || totals.Bytes != int64(len(file)) || totals.Records != 7 {
			t.Errorf("%s: %+v, %v", name, totals, err)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

type lying struct{}

func (lying) Read(p []byte) (int, error) { return len(p) + 1, nil }

func TestAnErrorOfTheSourceIsNotTheFilesFault(t *testing.T) {
	t.Parallel()
	file := written(t, Options{}, small(t)...)
	broken := errors.New("the disk is gone")
	cases := map[string]struct {
		source io.Reader
		want   error
	}{
		"a source that fails at once":    {iotest.ErrReader(broken), broken},
		"a source that fails in between": {io.MultiReader(bytes.NewReader(file[:500]), iotest.ErrReader(broken)), broken},
		"a source that fails at the end": {io.MultiReader(bytes.NewReader(file), iotest.ErrReader(broken)), broken},
		"a source that gives nothing":    {io.MultiReader(bytes.NewReader(file), stuck{}), io.ErrNoProgress},
		"a source that cannot count":     {lying{}, errSource},
	}
	for name, c := range cases {
		r := NewReader(c.source, nil)
		var rec Record
		var err error
		for err == nil {
			err = r.Next(&rec)
		}
		var reject *Reject
		if !errors.Is(err, c.want) || errors.As(err, &reject) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if again := r.Next(&rec); !errors.Is(again, err) {
			t.Errorf("%s: then got %v", name, again)
		}
	}
}
