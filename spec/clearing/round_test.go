package clearing

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"sekisho/spec"
)

func TestTheEmptyFileOfTheLayoutIsRead(t *testing.T) {
	t.Parallel()
	r := NewReader(bytes.NewReader(published(t)), nil)
	if r.Header() != nil {
		t.Error("a header before anything was read")
	}
	var rec Record
	for range 2 {
		if err := r.Next(&rec); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, want the end of the file", err)
		}
	}
	if id := r.FileID().String(); id != sampleID {
		t.Errorf("the file is %s", id)
	}
	if h := r.Header(); h.Forwarder != 8871 || h.Receiver != 88791 {
		t.Errorf("header %+v", h)
	}
	want := Totals{FileID: r.FileID(), Count: 2, Bytes: int64(len(published(t))), SHA256: sha256.Sum256(published(t))}
	if totals := r.Totals(); totals != want {
		t.Errorf("totals %+v, want %+v", totals, want)
	}
}

func TestTheEmptyFileOfTheLayoutIsWritten(t *testing.T) {
	t.Parallel()
	if got := written(t, Options{Charset: ASCII, NoRDW: true}); !bytes.Equal(got, published(t)) {
		t.Errorf("wrote\n%q, want\n%q", got, published(t))
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	hasher := testHasher(t)
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			drafts := small(t)
			file := written(t, f.Options, drafts...)
			records, totals, err := all(t, file)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != len(drafts) {
				t.Fatalf("read %d records, wrote %d", len(records), len(drafts))
			}
			sum := spec.Money(0)
			for i, got := range records {
				want := drafts[i].Record
				want.Number, want.Fields, want.Offset = uint32(i+2), got.Fields, got.Offset //nolint:gosec // a small number
				if digits := drafts[i].PAN.Digits(); digits != "" {
					want.Card = hasher.Card([]byte(digits))
				}
				if want.Processing == ([6]byte{}) && got.Fields.Has(3) {
					want.Processing = [6]byte([]byte("000000"))
				}
				want.Forwarder, want.Receiver = 8871, 88791
				want.Acquirer = spec.ParseInstitution([]byte(drafts[i].AcquirerID))
				want.Destination = spec.ParseInstitution([]byte(drafts[i].DestinationID))
				want.Originator = spec.ParseInstitution([]byte(drafts[i].OriginatorID))
				if want.Reversal {
					want.OriginalDate = drafts[i].ReversalDate.Unix()
				}
				if got != want {
					t.Errorf("record %d is\n%+v, want\n%+v", i+2, got, want)
				}
				sum += got.Amount
			}
			want := Totals{FileID([]byte(sampleID)), 7, 9, sum, int64(len(file)), sha256.Sum256(file)}
			if totals != want || sum != 5241 {
				t.Errorf("totals %+v, want %+v", totals, want)
			}
		})
	}
}
