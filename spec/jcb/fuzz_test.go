package jcb

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// addGoldens gives a fuzz target every golden frame, and each with a byte missing.
func addGoldens(f *testing.F) {
	for _, g := range goldens(f, "jcb") {
		frame := unhex(f, g.hex)
		f.Add(frame)
		f.Add(frame[:len(frame)-1])
	}
}

// FuzzDecode holds that no bytes make the dialect panic, that an error points into the
// frame, and that what is answered can be read again and answers what was asked.
func FuzzDecode(f *testing.F) {
	addGoldens(f)
	d := newTestDialect(f)
	balance := &spec.Balance{Available: -5, Ledger: 7, Currency: spec.JPY}
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		r := spec.Request{At: arrival}
		err := d.Decode(frame, &r)
		var wrong *spec.FieldError
		if err != nil && (!errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > len(frame)) {
			t.Fatalf("error without a place in the frame: %v", err)
		}
		response := spec.Response{Reason: spec.FormatError}
		if err == nil {
			response = spec.Response{Reason: spec.ApprovedPartly, Amount: 3, Balance: balance, Approval: spec.ApprovalCode([]byte("123456"))}
		}
		head := []byte("head")
		answer, ok := bytes.CutPrefix(d.AppendReply(head, frame, response), head)
		if !ok {
			t.Fatal("the answer was not appended")
		}
		if r.Answerable() != (len(answer) > 0) {
			t.Fatalf("answerable is %v, the answer has %d bytes", r.Answerable(), len(answer))
		}
		if len(answer) > 0 {
			checkAnswer(t, d, &r, answer, response.Reason)
		}
		in := d.Inspect(frame)
		if text := in.Text(); text == "" {
			t.Fatal("nothing to show")
		}
		if _, err := in.JSON(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, frame) {
			t.Fatal("the frame was written to")
		}
	})
}

func checkAnswer(t *testing.T, d *Dialect, asked *spec.Request, answer []byte, reason spec.Reason) {
	t.Helper()
	var m wire.Message
	if err := d.layout.Read(answer, &m); err != nil {
		t.Fatalf("the answer does not decode: %v", err)
	}
	code := string(m.AppendValue(nil, 39))
	if want := d.profile.codes[reason]; code != string(want[:]) {
		t.Fatalf("DE39 is %s, want %s", code, want)
	}
	if m.MTI != asked.MTI.Response()%10000 {
		t.Fatalf("answer %s to a %s", m.MTI, asked.MTI)
	}
	if stan := uint32(m.Number(11)); stan != asked.STAN {
		t.Fatalf("DE11 is %d, want %d", stan, asked.STAN)
	}
	var again spec.Request
	again.At = asked.At
	if err := d.Decode(answer, &again); err == nil && asked.Card.Length > 0 && again.Card.Length > 0 && again.Card != asked.Card {
		t.Fatal("the answer names another card")
	}
}

// FuzzAgainstMoov holds the layout to moov: what it reads, moov reads from the same table
// with the same values, and packs into the same bytes.
func FuzzAgainstMoov(f *testing.F) {
	addGoldens(f)
	d := newTestDialect(f)
	table, err := d.Table().MessageSpec()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var m wire.Message
		if d.read(frame, &m) != nil {
			return
		}
		judge := iso8583.NewMessage(table)
		if err := judge.Unpack(frame); err != nil {
			t.Fatalf("we read a frame that moov refuses, at field %s", fieldOf(err))
		}
		compareWithMoov(t, &m, judge)
		packed, err := judge.Pack()
		if err != nil {
			t.Fatalf("moov cannot pack what it read, at field %s", fieldOf(err))
		}
		if !bytes.Equal(packed, canonical(d, &m)) {
			t.Fatal("moov packs other bytes")
		}
	})
}

// canonical is the frame with every length written the way we write it: DE32 and its like
// may come with a packed length, or padded on the right.
func canonical(d *Dialect, m *wire.Message) []byte {
	out := bytes.Clone(m.Whole(0))
	out = append(out, m.Whole(1)...)
	if raw := m.Whole(1); len(raw) == 16 && bytes.Equal(raw[8:], make([]byte, 8)) {
		out = out[:len(out)-8] // an empty second bitmap is not written again
		out[len(m.Whole(0))] &^= 0x80
	}
	for n := 2; n <= wire.FieldMax; n++ {
		if m.Fields.Has(n) {
			out = d.layout.Field(n).Append(out, m.AppendValue(nil, n))
		}
	}
	return out
}

func compareWithMoov(t *testing.T, m *wire.Message, judge *iso8583.Message) {
	t.Helper()
	if mti, _ := judge.GetMTI(); mti != m.MTI.String() {
		t.Fatalf("moov reads MTI %s, we read %s", mti, m.MTI)
	}
	for n := 2; n <= wire.FieldMax; n++ {
		if !m.Fields.Has(n) {
			if judge.GetFields()[n] != nil {
				t.Fatalf("moov finds a field %d that we do not", n)
			}
			continue
		}
		theirs, err := judge.GetBytes(n)
		if err != nil {
			t.Fatalf("field %d: %v", n, err)
		}
		if !bytes.Equal(theirs, m.AppendValue(nil, n)) {
			t.Fatalf("field %d: moov reads another value", n)
		}
	}
}

// fieldOf is what may be shown of an error of moov's: the rest holds the frame.
func fieldOf(err error) string {
	_, after, _ := strings.Cut(err.Error(), "field ")
	field, _, _ := strings.Cut(after, " ")
	return strings.TrimRight(field, ":")
}
