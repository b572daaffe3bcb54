package clearing

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"sekisho/spec"
)

// FuzzReader holds that no bytes make the reader panic, that a refusal points into the file, that
// whatever is shown hides the number, and that what the reader takes, Check takes or refuses for
// its type only.
func FuzzReader(f *testing.F) {
	for _, framing := range framings {
		file := written(f, framing.Options, small(f)...)
		f.Add(file)
		f.Add(file[:len(file)-1])
	}
	f.Add(published(f))
	f.Add([]byte("\x00\x00\x00\x14" + "1644"))
	hasher := testHasher(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		r := NewReader(bytes.NewReader(file), hasher)
		var err error
		var records uint32
		for err == nil {
			var rec Record
			if err = r.Next(&rec); err == nil {
				records++
			}
		}
		checked, checkErr := Check(t.Context(), bytes.NewReader(file), true, nil)
		var reject *Reject
		switch {
		case errors.Is(err, io.EOF):
			totals := r.Totals()
			if totals.Records != records || totals.Count != records+2 || totals.Bytes != int64(len(file)) {
				t.Fatalf("%d records, %+v", records, totals)
			}
			if checkErr == nil && checked != totals {
				t.Fatalf("checked %+v, read %+v", checked, totals)
			}
			if checkErr != nil && (!errors.As(checkErr, &reject) || reject.Reason != BadType) {
				t.Fatalf("read, but %v", checkErr)
			}
		case !errors.As(err, &reject):
			t.Fatalf("an error that is no refusal: %v", err)
		case reject.Offset < 0 || reject.Offset > int64(len(file)) || checkErr == nil:
			t.Fatalf("refused at %d of %d bytes: %v; checked: %v", reject.Offset, len(file), err, checkErr)
		}
		showErr := NewReader(bytes.NewReader(file), nil).Show(func(s Shown) error {
			for _, field := range s.Fields {
				if field.DE == 2 && bytes.Count([]byte(field.Value), []byte("*")) < 6 {
					t.Fatal("the card number is shown")
				}
			}
			return nil
		})
		if (showErr == nil) != errors.Is(err, io.EOF) {
			t.Fatalf("read: %v; shown: %v", err, showErr)
		}
	})
}

// FuzzWriter holds that what the writer writes the reader reads back the same, and that what it
// does not write it refuses with an error.
func FuzzWriter(f *testing.F) {
	f.Add(uint16(1240), uint16(200), int64(1200), uint16(392), int64(1795351996), "SHOP", "000001", []byte{0x9F, 0x26}, uint16(3005), "FEE", false, uint8(0))
	f.Add(uint16(1442), uint16(453), int64(1), uint16(840), int64(1), "", "", []byte{}, uint16(3210), "", true, uint8(3))
	f.Fuzz(func(t *testing.T, mti, function uint16, amount int64, currency uint16, local int64, name, approval string, chip []byte, tag uint16, value string, reversal bool, how uint8) {
		d := purchase(t, 1, spec.Money(amount))
		d.MTI, d.Function, d.Currency, d.Local = mti, function, spec.Currency(currency), local
		d.Reason, d.OriginalAmount = 4834, 7
		copy(d.Name[:], name)
		d.Approval = spec.ApprovalCode{}
		copy(d.Approval[:], approval)
		d.Reversal, d.ReversalDate = reversal, small(t)[3].ReversalDate
		d.Elements = []Element{{tag, value}}
		if len(chip) > 0 {
			d.Further = []Field{{55, string(chip)}}
		}
		options := framings[int(how)%len(framings)].Options
		var out bytes.Buffer
		w := NewWriter(&out, options)
		if err := w.Header(FileID([]byte(sampleID)), network, own); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(d); err != nil {
			return
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		records, totals, err := all(t, out.Bytes())
		if err != nil || len(records) != 1 {
			t.Fatalf("%d records, %v", len(records), err)
		}
		got := records[0]
		approvalWant := spec.ApprovalCode{}
		copy(approvalWant[:], trimmed([]byte(blanks(d.Approval[:]))))
		if got.MTI != mti || got.Function != function || got.Amount != spec.Money(amount) || got.Currency != d.Currency || got.Local != local ||
			got.Reference != d.Reference || got.Approval != approvalWant ||
			string(got.Name[:]) != blanks(d.Name[:]) || totals.Sum != got.Amount {
			t.Fatalf("wrote %+v\nread %+v", d.Record, got)
		}
		if tag != tagReversal && got.Reversal != reversal {
			t.Fatal("the reversal was lost")
		}
	})
}
