package clearing

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

func TestWhatWouldBeNoValidRecordIsNotWritten(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(d *Draft)
		says   string
	}{
		{"a record type that is not in the layout", func(d *Draft) { d.Function = 999 }, "1240/999"},
		{"a header", func(d *Draft) { d.MTI, d.Function = 1644, 689 }, "1644/689"},
		{"no card number", func(d *Draft) { d.PAN = spec.PAN{} }, "DE2 (card number) is missing"},
		{"no date", func(d *Draft) { d.Local = 0 }, "DE12"},
		{"a date of the last century", func(d *Draft) { d.Local = 915148799 }, "DE12: year 1998"},
		{"no reference", func(d *Draft) { d.Reference = Reference{} }, "DE31"},
		{"no acquirer", func(d *Draft) { d.AcquirerID, d.Acquirer = "", 0 }, "DE32"},
		{"an acquirer of 12 digits", func(d *Draft) { d.AcquirerID = "123456789012" }, "DE32 (acquiring institution): at most 11 characters, found 12"},
		{"an acquirer with a letter", func(d *Draft) { d.AcquirerID = "8871500A" }, "DE32, position 8 of 8"},
		{"an amount below zero", func(d *Draft) { d.Amount = -1 }, "DE4"},
		{"an amount of 13 digits", func(d *Draft) { d.Amount = 1_000_000_000_000 }, "DE4 (amount, transaction): at most 12 characters, found 13"},
		{"a currency of 4 digits", func(d *Draft) { d.Currency = 1000 }, "DE49"},
		{"a name that is not printable", func(d *Draft) { d.Name[3] = 0xB1 }, "DE43, position 4 of 99"},
		{"a reversal without a date", func(d *Draft) { d.Reversal = true }, "PDS 3007"},
		{"a field that is not in the layout", func(d *Draft) { d.Further = []Field{{7, "0"}} }, "DE7 cannot be set"},
		{"a field that does not exist", func(d *Draft) { d.Further = []Field{{129, "0"}} }, "DE129 cannot be set"},
		{"a message number", func(d *Draft) { d.Further = []Field{{71, "1"}} }, "DE71 cannot be set"},
		{"a tag twice", func(d *Draft) { d.Elements = []Element{{1, "A"}, {1, "B"}} }, "PDS 0001 is there twice"},
		{"a tag of 5 digits", func(d *Draft) { d.Elements = []Element{{10000, "A"}} }, "PDS 10000"},
		{"an element that no field can hold", func(d *Draft) { d.Elements = []Element{{1, strings.Repeat("A", 993)}} }, "PDS 0001"},
		{"more elements than all fields hold", func(d *Draft) {
			for i := range uint16(7) {
				d.Elements = append(d.Elements, Element{i, strings.Repeat("A", 900)})
			}
		}, "have no room"},
		{"exponents that leave a currency out", func(d *Draft) { d.Exponents = "8402" }, "the currency of DE49"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := purchase(t, 1, 1200)
			c.change(d)
			var out bytes.Buffer
			w := NewWriter(&out, Options{})
			if err := w.Header(FileID([]byte(sampleID)), network, own); err != nil {
				t.Fatal(err)
			}
			err := w.Write(d)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "record 2") {
				t.Errorf("got %v, want an error about record 2 that says %q", err, c.says)
			}
			if closed := w.Close(); !errors.Is(closed, err) || out.Len() > 0 {
				t.Errorf("after it the file is closed with %v and %d bytes", closed, out.Len())
			}
		})
	}
}

func TestAWriterIsUsedInOrder(t *testing.T) {
	t.Parallel()
	w := NewWriter(io.Discard, Options{})
	if err := w.Write(purchase(t, 1, 1)); !errors.Is(err, errNoHeader) {
		t.Errorf("a record without a header: %v", err)
	}
	w = NewWriter(io.Discard, Options{})
	if err := w.Close(); !errors.Is(err, errNoHeader) {
		t.Errorf("a trailer without a header: %v", err)
	}
	w = NewWriter(io.Discard, Options{})
	if err := w.Header(FileID{}, network, own); err == nil {
		t.Error("a header without a file id is written")
	}
	w = NewWriter(io.Discard, Options{})
	id := FileID([]byte(sampleID))
	if err := errors.Join(w.Header(id, network, own), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(purchase(t, 1, 1)); !errors.Is(err, errClosed) {
		t.Errorf("a record behind the trailer: %v", err)
	}
}

type full struct{}

var errFull = errors.New("the disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAFileThatCannotBeWrittenIsNotClosedWithSuccess(t *testing.T) {
	t.Parallel()
	w := NewWriter(full{}, Options{})
	if err := w.Header(FileID([]byte(sampleID)), network, own); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("closed with %v", err)
	}
}

func TestElementsGoUpAndAreNeverDivided(t *testing.T) {
	t.Parallel()
	d := purchase(t, 1, 1200)
	long := strings.Repeat("A", 900)
	d.Elements = []Element{{3211, long}, {1000, long}, {3201, long}, {9000, "END"}}
	file := written(t, Options{Charset: ASCII, NoRDW: true}, d)
	carried := map[int]string{}
	elements := ""
	err := NewReader(bytes.NewReader(file), nil).Show(func(s Shown) error {
		for _, f := range s.Fields {
			switch {
			case s.Record == 2 && f.Tag == 0 && carries(f.DE):
				carried[f.DE] = string(file[f.Offset+3:][:7])
			case s.Record == 2 && f.Tag != 0:
				elements += f.Name + " "
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// 1000 and 3002 fit into DE48 together, and 3201 does not beside them.
	want := map[int]string{48: "1000900", 62: "3201900", 123: "3211900"}
	if len(carried) != len(want) || carried[48] != want[48] || carried[62] != want[62] || carried[123] != want[123] {
		t.Errorf("the fields begin with %v, want %v", carried, want)
	}
	if elements != "unknown currency exponents dispute dispute unknown " {
		t.Errorf("the elements are %s", elements)
	}
}

func TestInstitutionsGivenAsNumbersHaveEightDigits(t *testing.T) {
	t.Parallel()
	d := purchase(t, 1, 1200)
	d.AcquirerID, d.ForwarderID, d.ReceiverID = "", "12345678901", ""
	d.Acquirer, d.Receiver = 8871, 12345678901
	text, _ := twin(t, written(t, Options{}, d))
	for _, want := range []string{`"88710000"`, `"12345678901"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no institution is %s", want)
		}
	}
}

func TestAFieldGivenAsItIsGoesFirstAndIsFilledUp(t *testing.T) {
	t.Parallel()
	d := purchase(t, 1, 1200)
	d.Further = []Field{{43, "SHOP"}, {4, "7"}, {38, "12"}, {16, "1122"}}
	records, totals, err := all(t, written(t, Options{}, d))
	if err != nil {
		t.Fatal(err)
	}
	r := records[0]
	if string(r.Name[:]) != rightSpaces("SHOP", 99) || r.Amount != 7 || totals.Sum != 7 || r.Approval.String() != "12" || !r.Fields.Has(16) {
		t.Errorf("read %+v", r)
	}
}

func TestASumThatTheTrailerCannotSayIsNotWrittenAndNotRead(t *testing.T) {
	t.Parallel()
	w := NewWriter(io.Discard, Options{})
	if err := w.Header(FileID([]byte(sampleID)), network, own); err != nil {
		t.Fatal(err)
	}
	d := purchase(t, 1, 999_999_999_999)
	for range 10_001 {
		if err := w.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "divide the file") {
		t.Errorf("closed with %v", err)
	}
}

func TestDatesOfAWriterAreThoseOfItsReader(t *testing.T) {
	t.Parallel()
	for _, day := range []time.Time{
		time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), time.Date(2099, 12, 31, 1, 2, 3, 0, time.UTC),
	} {
		d := purchase(t, 1, 1)
		d.Local = day.Unix()
		records, _, err := all(t, written(t, Options{}, d))
		if err != nil || records[0].Local != day.Unix() {
			t.Errorf("%v is read as %v, %v", day, records[0].Local, err)
		}
	}
}
