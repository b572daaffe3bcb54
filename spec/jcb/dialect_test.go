package jcb

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

// arrival is when every test frame arrives.
var arrival = time.Date(2026, 9, 21, 18, 5, 20, 0, time.UTC)

func newTestDialect(t testing.TB) *Dialect {
	t.Helper()
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(hasher)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// testCard is a made-up card number that passes Luhn: 354012 000000 and three digits.
func testCard(serial string) string {
	head := "354012000000" + serial
	for check := '0'; check <= '9'; check++ {
		sum := 0
		for i, c := range head + string(check) {
			d := int(c - '0')
			if i%2 == 0 {
				d = d*2/10 + d*2%10
			}
			sum += d
		}
		if sum%10 == 0 {
			return head + string(check)
		}
	}
	return ""
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSignOnFromTheWireIsDecoded(t *testing.T) {
	d := newTestDialect(t)
	frame := unhex(t, "F0F8F0F0822000008000000004000000100000000921180513002323088871500000010888791000")
	r := spec.Request{At: arrival}
	if err := d.Decode(frame, &r); err != nil {
		t.Fatal(err)
	}
	if r.Class != spec.NetworkManagement || r.Network != spec.SignOn || r.STAN != 2323 {
		t.Errorf("class %v, code %d, STAN %d", r.Class, r.Network, r.STAN)
	}
	if want := time.Date(2026, 9, 21, 18, 5, 13, 0, time.UTC).Unix(); r.Sent != want {
		t.Errorf("sent %d, want %d", r.Sent, want)
	}
	got := d.AppendReply(nil, frame, spec.Response{Reason: spec.Approved})
	want := unhex(t, "F0F8F1F0822000008200000004000000100000000921180513002323088871500 0F0F0 00010888791000")
	if hex.EncodeToString(got) != hex.EncodeToString(want) {
		t.Errorf("answer\n%x, want\n%x", got, want)
	}
}
