package clearing

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// faulty is a file with one fault, and what must be said of it.
type faulty struct {
	name   string
	spoil  func(f *looseFile)
	reason Reason
	record uint32 // from 1
	de     int    // the offset: where this field of the record begins, 0 for the record itself, -2 for its end, -1 for that of the file
	plus   int    // and this many bytes on
	detail string
}

// set changes a field of a record, counted from 1.
func set(record, de int, value string) func(*looseFile) {
	return func(f *looseFile) { f.records[record-1].fields[de] = value }
}

func pdsOf(value string) func(*looseFile) { return set(2, 48, llls(value)) }

// yen is the element that every presentment has, 11 characters.
const yen = "30020043920"

func framingFaults() []faulty {
	framed := func(then func(*looseFile)) func(*looseFile) {
		return func(f *looseFile) { f.framed = true; then(f) }
	}
	length := func(record, plus int) func(*looseFile) {
		return framed(func(f *looseFile) { f.records[record-1].rdw = plus })
	}
	absolute := func(record, value int) func(*looseFile) {
		return framed(func(f *looseFile) {
			r := f.records[record-1]
			r.rdw = value - len(r.bytes(false))
		})
	}
	return []faulty{
		{"no byte", func(f *looseFile) { f.records = nil }, Empty, 0, -1, 0, "no byte"},
		{"something else", func(f *looseFile) { f.records, f.after = nil, "%PDF-1.7 and so on" }, NotClearing, 0, -1, -18, "1644"},
		{"three bytes", func(f *looseFile) { f.records, f.after = nil, "164" }, NotClearing, 0, -1, -3, "1644"},
		{"a line end before the header", func(f *looseFile) { f.records[0].before = "\n" }, NotClearing, 0, 0, -1, "1644"},
		{"a record type of another kind first", func(f *looseFile) { f.records[0].mti = "1240" }, NotClearing, 0, 0, 0, "1644"},
		{"a record length of 0", absolute(2, 0), Structure, 2, 0, 0, "expected 20 to 9999, found 0"},
		{"a record length of 0 first", absolute(1, 0), Structure, 1, 0, 0, "expected 20 to 9999, found 0"},
		{"a record length of 19", absolute(2, 19), Structure, 2, 0, 0, "expected 20 to 9999, found 19"},
		{"a record length of 10000", absolute(2, 10000), Structure, 2, 0, 0, "expected 20 to 9999, found 10000"},
		{"a record length above all", absolute(2, 1<<31), Structure, 2, 0, 0, "found far more"},
		{"a record length of one more than the fields use", length(2, 1), Structure, 2, 0, 0, "that its fields use"},
		{"a record length of one less than the fields use", length(2, -1), Structure, 2, 100, 9, "the record ends inside it"},
		{"a record length past the end of the file", length(4, 1), Structure, 4, 0, 0, "that its fields use"},
		{"a record length and nothing behind it", framed(func(f *looseFile) { f.records = f.records[:3]; f.after = "\x00\x00\x01\x00" }), Structure, 4, -1, 0, "the file ends inside it"},
		{"half a record length", framed(func(f *looseFile) { f.records = f.records[:3]; f.after = "\x00\x00" }), Structure, 4, -1, 0, "the file ends inside it"},
		{"a space between records", func(f *looseFile) { f.records[2].before = " " }, Structure, 3, 0, -1, "message type"},
		{"filling between records, as other blockings have it", func(f *looseFile) { f.records[2].before = "@@" }, Structure, 3, 0, -2, "message type"},
		{"a record of the other character set", func(f *looseFile) { f.records[1].mti = "\xF1\xF2\xF4\xF0" }, Structure, 2, 0, 0, "message type"},
		{"a letter in the record type", func(f *looseFile) { f.records[1].mti = "12A0" }, Structure, 2, 0, 2, "message type"},
		{"bytes behind the trailer", func(f *looseFile) { f.after = "\r\n\x00" }, Structure, 0, -1, -1, "the end of the file"},
		{"a second file behind the trailer", func(f *looseFile) { f.records = append(f.records, f.records...) }, Structure, 0, 0, 0, "the end of the file"},
		{"a trailer twice", func(f *looseFile) { f.records = append(f.records, f.records[3]) }, Structure, 0, 0, 0, "the end of the file"},
		{"a cut record", func(f *looseFile) {
			f.records = f.records[:2]
			delete(f.records[1].fields, 100)
			f.records[1].bits = []int{100}
		}, Structure, 2, -1, 0, "the file ends inside it"},
		{"a cut bitmap", func(f *looseFile) { f.records = f.records[:2]; f.after = "1240\x80\x00" }, Structure, 3, -1, 0, "the file ends inside it"},
	}
}

func fieldFaults() []faulty {
	bit := func(n int) func(*looseFile) {
		return func(f *looseFile) { f.records[1].bits = []int{n} }
	}
	field := func(n int, value string) func(*looseFile) { return set(2, n, value) }
	return []faulty{
		{"a bitmap of 8 bytes", bit(-1), Structure, 2, 1, 0, "bit 1"},
		{"bit 65", bit(65), Structure, 2, 1, 8, "DE65 is not in the layout"},
		{"bit 128", bit(128), Structure, 2, 1, 15, "DE128 is not in the layout"},
		{"a field outside the layout", bit(7), Structure, 2, 1, 0, "DE7 is not in the layout"},
		{"a card number of 15", field(2, "15"+strings.Repeat("0", 15)), Structure, 2, 2, 0, "DE2: expected 16 to 19, found 15"},
		{"a card number of 20", field(2, "20"+strings.Repeat("0", 20)), Structure, 2, 2, 0, "DE2: expected 16 to 19, found 20"},
		{"a card number with a letter", field(2, "16"+strings.Repeat("0", 15)+"A"), Structure, 2, 2, 17, "DE2, position 16 of 16: expected a digit"},
		{"a length with a letter", field(2, "1A"+strings.Repeat("0", 16)), Structure, 2, 2, 1, "the length of DE2: expected 2 digits"},
		{"an amount with a letter", field(4, "00000000120A"), Structure, 2, 4, 11, "DE4, position 12 of 12: expected a digit"},
		{"an amount with a sign", field(4, "-00000001200"), Structure, 2, 4, 0, "DE4, position 1 of 12"},
		{"an amount with spaces", field(4, "        1200"), Structure, 2, 4, 0, "DE4"},
		{"a date with a letter", field(12, "2611221234X6"), Structure, 2, 12, 10, "DE12"},
		{"a point of service with a dot", field(22, "5101.1510130"), Structure, 2, 22, 4, "DE22, position 5 of 12: expected a letter, a digit or a space"},
		{"a retrieval reference with a hyphen", field(37, "0000-0000001"), Structure, 2, 37, 4, "DE37"},
		{"an approval code with a control character", field(38, "00083\x01"), Structure, 2, 38, 5, "DE38"},
		{"an institution without a digit", field(32, "00"), Structure, 2, 32, 0, "DE32: expected 1 to 11, found 0"},
		{"an institution of 12", field(33, lls("123456789012")), Structure, 2, 33, 0, "DE33: expected 1 to 11, found 12"},
		{"an institution with a space", field(93, lls("8871 000")), Structure, 2, 93, 6, "DE93"},
		{"a reference of 22", field(31, lls(strings.Repeat("1", 22))), Structure, 2, 31, 0, "DE31: expected 23, found 22"},
		{"a reference of 24", field(31, lls(strings.Repeat("1", 24))), Structure, 2, 31, 0, "DE31: expected 23, found 24"},
		{"kana in a name", field(43, lls("SEKISHO \xBE\xB7")), Structure, 2, 43, 10, "DE43, position 9 of 10: expected a printable character"},
		{"an empty name", field(43, "00"), Structure, 2, 43, 0, "DE43"},
		{"a control character in the terminal", field(41, "TERM\x1B001"), Structure, 2, 41, 4, "DE41"},
		{"no private elements, a length of 0", field(48, "000"), Structure, 2, 48, 0, "DE48: expected 1 to 999, found 0"},
		{"additional amounts that are no group", field(54, llls(strings.Repeat("0", 21))), Structure, 2, 54, 3, "groups of 20"},
		{"additional amounts above 120", field(54, llls(strings.Repeat("0", 140))), Structure, 2, 54, 0, "DE54: expected 1 to 120, found 140"},
		{"chip data of 256", field(55, llls(strings.Repeat("\x00", 256))), Structure, 2, 55, 0, "DE55: expected 1 to 255, found 256"},
		{"chip data of 0", field(55, "000"), Structure, 2, 55, 0, "DE55: expected 1 to 255, found 0"},
		{"an empty data record", field(72, "000"), Structure, 2, 72, 0, "DE72"},
		{"net settlement without a sign", field(97, "X0000000000001200"), Structure, 2, 97, 0, "DE97"},
		{"net settlement with a letter", field(97, "D000000000000120A"), Structure, 2, 97, 16, "DE97"},
		{"a rate with a dot", field(9, "1.000000"), Structure, 2, 9, 1, "DE9"},
	}
}

func elementFaults() []faulty {
	return []faulty{
		{"a tag with a letter", pdsOf("3A02" + yen[4:]), Structure, 2, 48, 3, "tag and length"},
		{"a length of an element with a letter", pdsOf("30020A43920"), Structure, 2, 48, 3, "tag and length"},
		{"an element past the end", pdsOf("30020053920"), Structure, 2, 48, 3, "PDS 3002: expected 5 characters, 4 are left"},
		{"leftovers behind the elements", pdsOf(yen + "300600"), Structure, 2, 48, 3 + 11, "found 6 characters"},
		{"spaces behind the elements", pdsOf(yen + "        "), Structure, 2, 48, 3 + 11, "another character"},
		{"a tag twice", pdsOf(yen + yen), Structure, 2, 48, 3 + 11, "PDS 3002 is there twice"},
		{"an unknown tag twice", pdsOf(yen + pds(1234, "A") + pds(1234, "B")), Structure, 2, 48, 3 + 19, "PDS 1234 is there twice"},
		{"a tag twice in two fields", set(2, 62, llls(yen)), Structure, 2, 62, 3, "PDS 3002 is there twice"},
		{"leftovers in the last carrier", set(2, 126, llls("3005")), Structure, 2, 126, 3, "found 4 characters"},
		{"exponents of 3 digits", pdsOf(pds(3002, "392")), Structure, 2, 48, 10, "groups of 4 digits"},
		{"exponents with a letter", pdsOf(pds(3002, "JPY0")), Structure, 2, 48, 10, "groups of 4 digits"},
		{"no exponent", pdsOf(pds(3002, "")), Structure, 2, 48, 10, "groups of 4 digits"},
		{"exponents of another currency only", pdsOf(pds(3002, "8402")), Structure, 2, 48, 3, "the currency of DE49"},
		{"exponents without the settlement's", set(2, 50, "840"), Structure, 2, 48, 3, "the currency of DE50"},
		{"exponents without the billing's", set(2, 51, "840"), Structure, 2, 48, 3, "the currency of DE51"},
		{"fees of 571", pdsOf(yen + pds(3005, strings.Repeat("F", 571))), Structure, 2, 48, 3 + 11 + 7, "at most 570"},
		{"a reversal of 6", pdsOf(yen + pds(3007, "R26112")), Structure, 2, 48, 21, "7 characters"},
		{"a reversal with another letter", pdsOf(yen + pds(3007, "X261122")), Structure, 2, 48, 21, "R, O or a space"},
		{"a reversal of a day that does not exist", pdsOf(yen + pds(3007, "R261399")), Structure, 2, 48, 21, "the date of a file"},
		{"a reversal with a date that is no digits", pdsOf(yen + pds(3007, "R260:11")), Structure, 2, 48, 21, "the date of a file"},
		{"a reversal without a date", pdsOf(yen + pds(3007, "R      ")), Structure, 2, 48, 21, "the date of a file"},
		{"an original reference of 22", pdsOf(yen + pds(3011, strings.Repeat("1", 22))), Structure, 2, 48, 21, "23 digits"},
		{"a file id of 24", set(1, 48, llls(pds(3901, sampleID[1:]))), Structure, 1, 48, 10, "25 digits"},
		{"a file id of a day that does not exist", set(1, 48, llls(pds(3901, sampleID[:3]+"261399"+sampleID[9:]))), Structure, 1, 48, 10, "the date of the file"},
		{"a file id with a letter", set(1, 48, llls(pds(3901, sampleID[:24]+"A"))), Structure, 1, 48, 10, "25 digits"},
		{"a sum of 17 digits", set(4, 48, llls(pds(3901, sampleID)+pds(3902, strings.Repeat("0", 17))+pds(3903, "4"))), Structure, 4, 48, 3 + 32 + 7, "1 to 16 digits"},
		{"a sum of no digit", set(4, 48, llls(pds(3901, sampleID)+pds(3902, "")+pds(3903, "4"))), Structure, 4, 48, 3 + 32 + 7, "1 to 16 digits"},
		{"a count of 9 digits", set(4, 48, llls(pds(3901, sampleID)+pds(3902, "2400")+pds(3903, "000000004"))), Structure, 4, 48, 3 + 32 + 11 + 7, "1 to 8 digits"},
		{"a header without a file id", set(1, 48, llls(yen)), Structure, 1, -2, 0, "PDS 3901 is missing"},
		{"a trailer without a sum", set(4, 48, llls(pds(3901, sampleID)+pds(3903, "4"))), Structure, 4, -2, 0, "PDS 3902 is missing"},
		{"a trailer without a count", set(4, 48, llls(pds(3901, sampleID)+pds(3902, "2400"))), Structure, 4, -2, 0, "PDS 3903 is missing"},
		{"a trailer without a file id", set(4, 48, llls(pds(3902, "2400")+pds(3903, "4"))), Structure, 4, -2, 0, "PDS 3901 is missing"},
		{"a presentment with elements but no exponents", pdsOf(pds(1234, "A")), Structure, 2, -2, 0, "PDS 3002 is missing"},
	}
}

func orderFaults() []faulty {
	trailer := func(id, sum, count string) func(*looseFile) {
		return set(4, 48, llls(pds(3901, id)+pds(3902, sum)+pds(3903, count)))
	}
	return []faulty{
		{"a record type of another world", func(f *looseFile) { f.records[1].mti = "0100" }, UnknownMessage, 2, 24, 0, "found 0100/200"},
		{"a function code of another type", set(2, 24, "450"), UnknownMessage, 2, 24, 0, "found 1240/450"},
		{"a function code that nobody has", set(2, 24, "999"), UnknownMessage, 2, 24, 0, "found 1240/999"},
		{"a record type without a function code", func(f *looseFile) { f.records[1].mti = "9999"; delete(f.records[1].fields, 24) }, UnknownMessage, 2, 0, 0, "found 9999/000"},
		{"no header", func(f *looseFile) { f.records = f.records[3:] }, BadHeader, 1, 24, 0, "found 1644/690"},
		{"a retrieval request first", set(1, 24, "603"), BadHeader, 1, 24, 0, "found 1644/603"},
		{"a header with number 2", set(1, 71, "00000002"), BadHeader, 1, 71, 0, "found 00000002"},
		{"a header with number 0", set(1, 71, "00000000"), BadHeader, 1, 71, 0, "found 00000000"},
		{"a second header", func(f *looseFile) { f.records[2] = f.records[0] }, BadHeader, 3, 24, 0, "a second one"},
		{"no trailer", func(f *looseFile) { f.records = f.records[:3] }, BadTrailer, 3, -1, 0, "the end of the file"},
		{"a header only", func(f *looseFile) { f.records = f.records[:1] }, BadTrailer, 1, -1, 0, "the end of the file"},
		{"no trailer, but line ends", func(f *looseFile) { f.records = f.records[:3]; f.after = "\r\n\r\n" }, BadTrailer, 3, -1, 0, "the end of the file"},
		{"a trailer of another file", trailer(sampleID[:24]+"2", "2400", "4"), BadTrailer, 4, 48, 10, "found another"},
		{"a number left out", set(3, 71, "00000004"), BadNumber, 3, 71, 0, "expected 00000003, found 00000004"},
		{"a number twice", set(3, 71, "00000002"), BadNumber, 3, 71, 0, "expected 00000003, found 00000002"},
		{"a step back", set(3, 71, "00000001"), BadNumber, 3, 71, 0, "expected 00000003, found 00000001"},
		{"a trailer with another number", set(4, 71, "00000005"), BadNumber, 4, 71, 0, "expected 00000004, found 00000005"},
		{"a count too low", trailer(sampleID, "2400", "3"), BadCount, 4, 48, 3 + 32 + 11 + 7, "expected 4, as many records as were read, found 3"},
		{"a count without header and trailer", trailer(sampleID, "2400", "00000002"), BadCount, 4, 48, 3 + 32 + 11 + 7, "found 2"},
		{"a sum too low", trailer(sampleID, "2399", "4"), BadTotal, 4, 48, 3 + 32 + 7, "expected 2400, the sum of DE4 over the records, found 2399"},
		{"a sum of one record", trailer(sampleID, "1200", "4"), BadTotal, 4, 48, 3 + 32 + 7, "found 1200"},
		{"an amount in the header", set(1, 4, "000000000000"), Structure, 1, 4, 0, "DE4 (amount, transaction) has no place in a file header"},
		{"an amount in the trailer", set(4, 4, "000000000000"), Structure, 4, 4, 0, "DE4 (amount, transaction) has no place in a file trailer"},
	}
}

func TestAFileWithOneFaultIsRefusedAndTheFaultIsNamed(t *testing.T) {
	t.Parallel()
	for _, ebcdic := range []bool{false, true} {
		for _, group := range [][]faulty{framingFaults(), fieldFaults(), elementFaults(), orderFaults()} {
			for _, c := range group {
				name := c.name
				if ebcdic {
					name += ", in cp037"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					f := looseSample(t)
					f.ebcdic = ebcdic
					c.spoil(f)
					c.hold(t, f)
				})
			}
		}
	}
}

// hold holds that the file is refused as it should be.
func (c faulty) hold(t *testing.T, f *looseFile) {
	t.Helper()
	file := f.bytes()
	want := len(file) + c.plus
	if c.de != -1 {
		record := int(c.record)
		switch {
		case record == 0 && len(f.records) > 4: // what follows the trailer
			record = 5
		case record == 0:
			record = 1
		}
		r := f.records[record-1]
		want = f.starts[record-1] + c.plus
		switch {
		case c.de == -2:
			want += len(r.bytes(f.ebcdic))
		case c.de > 0:
			want += r.at[c.de]
		}
	}
	_, _, err := all(t, file)
	var reject *Reject
	if !errors.As(err, &reject) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if reject.Reason != c.reason || reject.Record != c.record || reject.Offset != int64(want) || !strings.Contains(reject.Detail, c.detail) {
		t.Errorf("got %v\nwant %s, record %d, offset %d, with %q", err, c.reason, c.record, want, c.detail)
	}
	for _, part := range []string{string(c.reason), fmt.Sprintf("offset %d", want), c.detail} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), pan(t, 1).Digits()[2:14]) {
		t.Error("the message has digits of a card number")
	}
}

func TestTheSampleOfTheFaultsIsInOrderItself(t *testing.T) {
	t.Parallel()
	for _, ebcdic := range []bool{false, true} {
		for _, framed := range []bool{false, true} {
			f := looseSample(t)
			f.ebcdic, f.framed = ebcdic, framed
			if records, totals, err := all(t, f.bytes()); err != nil || len(records) != 2 || totals.Sum != 2400 || totals.Count != 4 {
				t.Errorf("cp037 %v, framed %v: %d records, %+v, %v", ebcdic, framed, len(records), totals, err)
			}
		}
	}
}

func TestEveryKindOfRecordMustHaveWhatThePageSays(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		mti, function string
		parts         []int
	}{
		{"1240", "200", presentmentParts},
		{"1240", "205", append([]int{30}, presentmentParts...)},
		{"1240", "280", append([]int{30}, presentmentParts...)},
		{"1442", "450", disputeParts},
		{"1442", "453", disputeParts},
		{"1442", "451", disputeParts},
		{"1442", "454", disputeParts},
		{"1740", "781", feeParts},
		{"1644", "603", tellingParts},
		{"1644", "695", tellingParts},
		{"1644", "691", tellingParts},
		{"1644", "692", tellingParts},
		{"1540", "570", tellingParts},
	}
	for _, k := range kinds {
		for _, missing := range append([]int{0}, k.parts...) {
			f := looseSample(t)
			r := f.records[1]
			r.mti, r.fields = k.mti, looseParts(t, k.parts...)
			r.fields[24] = k.function
			amount := r.fields[4]
			delete(r.fields, missing)
			if amount == "" || missing == 4 { // what the trailer says stays right
				f.records[2].fields[4] = "000000002400"
			}
			_, _, err := all(t, f.bytes())
			var reject *Reject
			switch {
			case missing == 0 && err != nil:
				t.Errorf("%s/%s with all it must have: %v", k.mti, k.function, err)
			case missing == 0:
			case !errors.As(err, &reject) || reject.Reason != Structure || reject.Record != 2 || !strings.Contains(reject.Detail, fmt.Sprintf("DE%d (", missing)):
				t.Errorf("%s/%s without DE%d: %v", k.mti, k.function, missing, err)
			}
		}
	}
}

func TestAFileThatIsCutAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	for _, f := range framings {
		file := written(t, f.Options, small(t)...)
		for n := 0; n < len(file); n += stride() {
			_, err := Check(t.Context(), bytes.NewReader(file[:n]), true, nil)
			var reject *Reject
			if !errors.As(err, &reject) {
				t.Fatalf("%s, cut to %d of %d bytes: %v", f.name, n, len(file), err)
			}
			if reject.Offset > int64(n) {
				t.Errorf("%s, cut to %d bytes: offset %d is outside", f.name, n, reject.Offset)
			}
		}
	}
}

func TestEveryByteTurnedOverIsSeen(t *testing.T) {
	t.Parallel()
	for _, f := range framings {
		drafts := small(t)
		drafts[4].Further = drafts[4].Further[1:] // chip data can be any bytes
		file := written(t, f.Options, drafts...)
		for i := 0; i < len(file); i += stride() {
			file[i] ^= 0xFF
			if _, err := Check(t.Context(), bytes.NewReader(file), true, nil); err == nil {
				t.Errorf("%s: byte %d of %d turned over was not seen", f.name, i, len(file))
			}
			file[i] ^= 0xFF
		}
	}
}

// stride is how many bytes on the next one is tried: all of them, but for a short run.
func stride() int {
	if testing.Short() {
		return 11
	}
	return 1
}
