package quicpay

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/specs"

	"sekisho/spec"
	"sekisho/spec/jcb"
)

func dialects(t *testing.T) (quicpay, plain *jcb.Dialect) {
	t.Helper()
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	if quicpay, err = New(hasher); err != nil {
		t.Fatal(err)
	}
	if plain, err = jcb.New(hasher); err != nil {
		t.Fatal(err)
	}
	return quicpay, plain
}

// tap is a purchase with a made-up number of a device.
func tap(t *testing.T, entryMode string) []byte {
	t.Helper()
	exported, err := ExportTable()
	if err != nil {
		t.Fatal(err)
	}
	table, err := specs.ImportJSON(exported)
	if err != nil {
		t.Fatal(err)
	}
	m := iso8583.NewMessage(table)
	m.MTI("0100")
	for n, value := range map[int]string{
		2: "3540120000000015", 3: "000000", 4: "000000000150", 7: "0921180513", 11: "000001", 22: entryMode, 32: "12345678", 49: "392",
	} {
		if err := m.Field(n, value); err != nil {
			t.Fatalf("field %d cannot be set", n)
		}
	}
	frame, err := m.Pack()
	if err != nil {
		t.Fatal("moov alone cannot pack a tap")
	}
	return frame
}

func TestTapsAreReadByTheMapOfQUICPay(t *testing.T) {
	quicpay, plain := dialects(t)
	for mode, want := range map[string][2]spec.Entry{
		"071": {spec.EntryDevice, spec.EntryContactless},
		"072": {spec.EntryDevice, spec.EntryContactless},
		"070": {spec.EntryContactless, spec.EntryContactless},
		"912": {spec.EntryContactlessStripe, spec.EntryContactlessStripe},
		"051": {spec.EntryChip, spec.EntryChip},
		"812": {spec.EntryEcommerce, spec.EntryEcommerce},
	} {
		frame := tap(t, mode)
		for i, d := range []*jcb.Dialect{quicpay, plain} {
			r := spec.Request{At: time.Date(2026, 9, 21, 18, 5, 20, 0, time.UTC)}
			if err := d.Decode(frame, &r); err != nil {
				t.Fatal(err)
			}
			if r.Entry != want[i] {
				t.Errorf("%s reads DE22 %s as %s, want %s", d.Name(), mode, r.Entry, want[i])
			}
		}
	}
}

func TestEverythingElseIsAsInJCB(t *testing.T) {
	quicpay, plain := dialects(t)
	if !reflect.DeepEqual(quicpay.Policy(), plain.Policy()) {
		t.Error("the policies differ")
	}
	frame := tap(t, "071")
	for _, reason := range spec.Reasons() {
		r := spec.Response{Reason: reason, Approval: spec.ApprovalCode([]byte("482913")), Amount: 100}
		if !bytes.Equal(quicpay.AppendReply(nil, frame, r), plain.AppendReply(nil, frame, r)) {
			t.Errorf("%s is answered in another way", reason)
		}
	}
	if quicpay.Name() != "quicpay" {
		t.Errorf("name is %s", quicpay.Name())
	}
}

func TestAnswersCarryTheNumberThatWasAskedWith(t *testing.T) {
	quicpay, _ := dialects(t)
	frame := tap(t, "071")
	answer := quicpay.AppendReply(nil, frame, spec.Response{Reason: spec.Approved})
	if token := frame[12:21]; !bytes.Contains(answer, token) {
		t.Error("DE2 is not in the answer as it came")
	}
}
