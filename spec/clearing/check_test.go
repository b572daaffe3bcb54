package clearing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckReadsAWholeFileAndSaysWhatItComesTo(t *testing.T) {
	t.Parallel()
	file := written(t, Options{}, small(t)...)
	var bytesTold int64
	var recordsTold uint32
	totals, err := Check(t.Context(), bytes.NewReader(file), true, func(b int64, r uint32) { bytesTold, recordsTold = b, r })
	if err != nil {
		t.Fatal(err)
	}
	want := Totals{FileID([]byte(sampleID)), 7, 9, 5241, int64(len(file)), sha256.Sum256(file)}
	if totals != want {
		t.Errorf("totals %+v, want %+v", totals, want)
	}
	if bytesTold != int64(len(file)) || recordsTold != 7 {
		t.Errorf("told of %d bytes and %d records", bytesTold, recordsTold)
	}
}

func TestAFileThatIsNotForAMemberIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"000", FromMember, Verification, Settlement} {
		f := looseSample(t)
		id := kind + sampleID[3:]
		f.records[0].fields[48] = llls(pds(3901, id))
		f.records[3].fields[48] = llls(pds(3901, id) + pds(3902, "2400") + pds(3903, "4"))
		file := f.bytes()
		if _, _, err := all(t, file); err != nil {
			t.Errorf("type %s cannot even be read: %v", kind, err)
		}
		_, err := Check(t.Context(), bytes.NewReader(file), true, nil)
		var reject *Reject
		if !errors.As(err, &reject) || reject.Reason != BadType || reject.Record != 1 || reject.Offset != int64(f.records[0].at[48]+10) || !strings.Contains(reject.Detail, kind) {
			t.Errorf("type %s: %v", kind, err)
		}
	}
}

func TestAPartThatIsNoneIsRefusedWherePartsAreRead(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"1/2", "aa/bb", "03/02", "00/02", "01/00", "01-02", "01/2 ", "01/02 "} {
		f := looseSample(t)
		pdsOf(yen + pds(3990, value))(f)
		_, err := Check(t.Context(), bytes.NewReader(f.bytes()), true, nil)
		var reject *Reject
		if !errors.As(err, &reject) || reject.Reason != Structure || reject.Record != 2 || !strings.Contains(reject.Detail, "nn/mm") {
			t.Errorf("%q: %v", value, err)
		}
		if _, err := Check(t.Context(), bytes.NewReader(f.bytes()), false, nil); err != nil {
			t.Errorf("%q where parts are not read: %v", value, err)
		}
	}
}

func TestCheckStopsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	file := many(t, Options{}, 3*checkedMax)
	told := 0
	_, err := Check(ctx, bytes.NewReader(file), true, func(int64, uint32) { told++; stop() })
	if !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("told %d times, then %v", told, err)
	}
}

func TestFileIDsAndReferences(t *testing.T) {
	t.Parallel()
	id, err := MakeFileID(ToMember, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), "88791000", 1)
	if err != nil || id.String() != sampleID || id.Type() != ToMember {
		t.Errorf("made %s, %v", id, err)
	}
	if day, ok := id.Date(); !ok || !day.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("its day is %v, %v", day, ok)
	}
	for _, wrong := range []string{"", sampleID[1:], sampleID + "0", sampleID[:24] + "A"} {
		if _, err := ParseFileID(wrong); err == nil {
			t.Errorf("%q is taken for a file id", wrong)
		}
	}
	if _, ok := FileID([]byte("001260231" + sampleID[9:])).Date(); ok {
		t.Error("31 February is taken for a day")
	}
	if _, err := MakeFileID(ToMember, time.Now(), "123456789012", 1); err == nil {
		t.Error("a processor of 12 digits is taken")
	}
	if _, err := MakeFileID(ToMember, time.Now(), "1", 100_000); err == nil {
		t.Error("a sequence of 6 digits is taken")
	}
	reference, err := MakeReference("88715000", time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC), 1)
	if err != nil || reference.String()[:22] != "7887150112200000000001" || luhnSum(reference[:], false)%10 != 0 {
		t.Errorf("made %s, %v", reference, err)
	}
	// 7992739871 has the check digit 3, as every text about Luhn says.
	if d := luhnDigit([]byte("7992739871")); d != '3' {
		t.Errorf("the check digit is %c", d)
	}
	if _, err := MakeReference("88715000", time.Time{}, sequenceMax+1); err == nil {
		t.Error("a sequence of 12 digits is taken")
	}
	if _, err := MakeReference("", time.Time{}, 1); err == nil {
		t.Error("no acquirer is taken")
	}
	if short, err := MakeReference("42", time.Time{}, 1); err != nil || short.String()[:7] != "7000042" {
		t.Errorf("of a short acquirer: %s, %v", short, err)
	}
}
