package clearing

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

// published are the two records that the layout shows byte by byte, an empty file.
func published(t testing.TB) []byte {
	t.Helper()
	bitmap, err := hex.DecodeString("80000100800100000200000010000000")
	if err != nil {
		t.Fatal(err)
	}
	return []byte("1644" + string(bitmap) + "689088871000003239010250012611230008879100000001000000010888791000" +
		"1644" + string(bitmap) + "69008887100000703901025001261123000887910000000139020160000000000000000390300800000002000000020888791000")
}

const (
	sampleID     = "0012611230008879100000001"
	network, own = "88710000", "88791000"
)

// pan makes a card number up: 16 digits of the test range that pass Luhn.
func pan(t testing.TB, n int) spec.PAN {
	t.Helper()
	digits := fmt.Sprintf("354012%09d", n)
	digits += string(luhnDigit([]byte(digits)))
	p, err := spec.ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func testHasher(t testing.TB) *spec.Hasher {
	t.Helper()
	h, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// purchase is a first presentment, the nth of its file.
func purchase(t testing.TB, n int, amount spec.Money) *Draft {
	t.Helper()
	local := time.Date(2026, 11, 22, 12, 34, 56, 0, time.UTC)
	reference, err := MakeReference("88715000", local, uint64(n)) //nolint:gosec // a small number
	if err != nil {
		t.Fatal(err)
	}
	return &Draft{
		Record: Record{
			MTI: 1240, Function: 200, Amount: amount, Currency: spec.JPY, Local: local.Unix(), Expiry: 2912, MCC: 5411,
			PointOfService: [12]byte([]byte("510101510130")), Reference: reference,
			Acquirer: 8871500, Destination: 88791, Originator: 88715,
			RRN: spec.RRN([]byte(fmt.Sprintf("%012d", n))), Approval: spec.ApprovalCode([]byte(fmt.Sprintf("%06d", n+830))),
			Terminal: [8]byte([]byte("TERM0001")), Merchant: spec.MerchantID([]byte("MERCHANT-01\x00\x00\x00\x00")),
			Name: PlaceName("SEKISHO TEST SHOP", "1-2-3 HAKONE", "TOKYO", "1000001", "13", "JPN"),
		},
		PAN:        pan(t, n),
		AcquirerID: "88715000", DestinationID: own, OriginatorID: "88715000",
	}
}

// small is a file with one record of each sort that matters.
func small(t testing.TB) []*Draft {
	t.Helper()
	plain := purchase(t, 1, 1200)
	refund := purchase(t, 2, 500)
	refund.Processing = [6]byte([]byte("200000"))
	abroad := purchase(t, 3, 2500)
	abroad.Currency, abroad.Billing, abroad.BillingCurrency = 840, 3900, spec.JPY
	abroad.Approval = spec.ApprovalCode{}
	undone := purchase(t, 4, 700)
	undone.Reversal, undone.ReversalDate = true, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	undone.Part, undone.Parts = 1, 2
	dispute := purchase(t, 5, 300)
	dispute.MTI, dispute.Function, dispute.Reason, dispute.OriginalAmount = 1442, 453, 4834, 900
	dispute.Elements = []Element{{3201, "SENT BACK BY THE ISSUER"}, {3005, strings.Repeat("FEE ", 100)}, {3210, strings.Repeat("TEXT ", 110)}}
	dispute.Further = []Field{{55, "\x9F\x26\x08\x00\x25\x0D\x0A\x15\x31\xF1\xFF"}, {54, "0002392D000000000100"}, {72, "OPAQUE"}}
	fee := &Draft{
		Record:        Record{MTI: 1740, Function: 781, Processing: [6]byte([]byte("190000")), Amount: 40, Currency: spec.JPY, Reason: 7800},
		DestinationID: own, OriginatorID: network,
	}
	asked := &Draft{Record: Record{MTI: 1644, Function: 603, Amount: 1, Reference: plain.Reference}}
	return []*Draft{plain, refund, abroad, undone, dispute, fee, asked}
}

// written is a file of these records.
func written(t testing.TB, o Options, drafts ...*Draft) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, o)
	id, err := ParseFileID(sampleID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Header(id, network, own); err != nil {
		t.Fatal(err)
	}
	for _, d := range drafts {
		if err := w.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// framings are the four ways a file can be written.
var framings = []struct {
	name string
	Options
}{
	{"cp037_rdw", Options{}},
	{"cp037", Options{NoRDW: true}},
	{"ascii_rdw", Options{Charset: ASCII}},
	{"ascii", Options{Charset: ASCII, NoRDW: true}},
}

// all reads a file to its end.
func all(t testing.TB, file []byte) ([]Record, Totals, error) {
	t.Helper()
	r := NewReader(bytes.NewReader(file), testHasher(t))
	var records []Record
	for {
		var rec Record
		if err := r.Next(&rec); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return records, r.Totals(), err
		}
		records = append(records, rec)
	}
}
