package spec

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func testHasher(t interface{ Fatal(...any) }) *Hasher {
	h, err := NewHasher([]byte("a key for tests only, not secret"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAMessageReadFromItsTextIsTheMessage(t *testing.T) {
	h := testHasher(t)
	rapid.Check(t, func(t *rapid.T) {
		text := func(n int, label string) string {
			return rapid.StringMatching(`[A-Z0-9][A-Z0-9 "]{0,`+string(rune('0'+n-2))+`}[A-Z0-9]|`).Draw(t, label)
		}
		want := Request{
			MTI: 420, Class: ReversalAdvice, Card: h.Card([]byte("3540120000000015")),
			Amount: Money(rapid.Int64Range(0, 999_999_999_999).Draw(t, "amount")), Currency: JPY, Billing: 7, BillingCurrency: 840,
			Sent: rapid.Int64Range(1, math.MaxUint32).Draw(t, "sent"), STAN: uint32(rapid.IntRange(0, 999_999).Draw(t, "stan")),
			LocalTime: 85959, LocalDate: 1124, Expiry: 2912, MCC: 5411, EntryMode: 51, Condition: 8, Acquirer: 8871,
			Conditions: MailOrTelephone | PreAuthorization, Network: 301,
			Replacement: Replacement{Kind: ReplacementKind(rapid.IntRange(0, 3).Draw(t, "left"))},
		}
		want.Card.Range = [8]byte{'3', '5', '4', '0', '1', '2'} // as much as may be shown
		copy(want.Processing[:], "200000")
		copy(want.RRN[:], text(9, "rrn"))
		copy(want.Merchant[:], text(9, "merchant"))
		copy(want.Approval[:], text(5, "code"))
		copy(want.ActionCode[:], "68")
		if want.Replacement.Kind == ReplacementAmount {
			want.Replacement.Amount = 400
		}
		if rapid.Bool().Draw(t, "original") {
			want.Original = Original{Present: true, STAN: 1, Sent: 1_700_000_000, Acquirer: 8871}
		}
		got, err := ParseRequest(want.String(), nil)
		if err != nil {
			t.Fatalf("%s: %v", want.String(), err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nread back as\n%s", want.String(), got.String())
		}
	})
}

func TestTheTextOfAMessageDoesNotShowTheCard(t *testing.T) {
	h := testHasher(t)
	r, err := ParseRequest("0100 card 3540120000000015 amount 1200 stan 000001", h)
	if err != nil {
		t.Fatal(err)
	}
	if r.Card != h.Card([]byte("3540120000000015")) || r.Amount != 1200 || r.STAN != 1 {
		t.Errorf("read as %s", r.String())
	}
	if strings.Contains(r.String(), "3540120000000015") || !strings.Contains(r.String(), "354012******0015#") {
		t.Errorf("the text form is %s", r.String())
	}
}

func TestTextThatIsNoMessageIsRefusedWithoutItsDigits(t *testing.T) {
	for _, text := range []string{
		"", "1", "0100 card", "0100 card 3540120000000016", "0100 colour 3540120000000015", "0100 amount x3540120000000015",
		"0100 stan -1", "0100 mcc 99999", "0100 sent yesterday", "0100 rrn 3540120000000015", "0100 card 354012******0015#zz",
	} {
		_, err := ParseRequest(text, testHasher(t))
		if err == nil {
			t.Errorf("%q was read", text)
		} else if strings.Contains(err.Error(), "00000001") {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}
