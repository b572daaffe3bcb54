package jcb

import (
	"bytes"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// answerTo is the answer to a frame, as field numbers and values that moov reads of it.
func answerTo(t testing.TB, d *Dialect, frame []byte, r spec.Response) map[int]string {
	t.Helper()
	raw := d.AppendReply(nil, frame, r)
	if len(raw) == 0 {
		return nil
	}
	table, err := d.Table().MessageSpec()
	if err != nil {
		t.Fatal(err)
	}
	m := iso8583.NewMessage(table)
	if err := m.Unpack(raw); err != nil {
		t.Fatalf("moov cannot read the answer, at field %s", fieldOf(err))
	}
	fields := map[int]string{}
	for n := range m.GetFields() {
		if n == 1 {
			continue
		}
		if fields[n], err = m.GetString(n); err != nil {
			t.Fatal(err)
		}
	}
	return fields
}

func TestAnswersCarryWhatTheyShould(t *testing.T) {
	d := newTestDialect(t)
	code := spec.ApprovalCode([]byte("482913"))
	for _, c := range []struct {
		name, frame string
		response    spec.Response
		mti         string
		set         map[int]string // fields with a value that is ours
		absent      []int
	}{
		{
			"an approval has DE38 and the request's amount", "0100-chip",
			spec.Response{Reason: spec.Approved, Approval: code},
			"0110",
			map[int]string{4: "000000001200", 38: "482913", 39: "00"},
			[]int{18, 22, 23, 25, 41, 43, 54, 55, 61},
		},
		{
			"a refusal has zeros in DE38, whatever code there is", "0100-chip",
			spec.Response{Reason: spec.InsufficientFunds, Approval: code},
			"0110",
			map[int]string{4: "000000001200", 38: "000000", 39: "51"},
			[]int{54, 55},
		},
		{
			"a partial approval has its part in DE4", "0100-chip",
			spec.Response{Reason: spec.ApprovedPartly, Approval: code, Amount: 700},
			"0110",
			map[int]string{4: "000000000700", 38: "482913", 39: "10"},
			nil,
		},
		{
			"a duplicate with other content has the request's amount", "0100-chip",
			spec.Response{Reason: spec.DuplicateDiffers},
			"0110",
			map[int]string{4: "000000001200", 38: "000000", 39: "94"},
			nil,
		},
		{"a repeat is answered by the same type", "0101-repeat", spec.Response{Reason: spec.Approved, Approval: code}, "0110", map[int]string{39: "00"}, nil},
		{
			"a balance has one group of each type", "0100-inquiry",
			spec.Response{Reason: spec.Approved, Approval: code, Balance: &spec.Balance{Available: 1800, Ledger: 3000, Currency: spec.JPY, Account: [2]byte{'3', '0'}}},
			"0110",
			map[int]string{39: "00", 54: "3002392C0000000018003001392C000000003000"},
			nil,
		},
		{
			"a balance below zero has sign D", "0100-inquiry",
			spec.Response{Reason: spec.Approved, Balance: &spec.Balance{Available: -1, Currency: spec.JPY}},
			"0110",
			map[int]string{54: "0002392D0000000000010001392C000000000000"},
			nil,
		},
		{
			"a refused inquiry has no balance", "0100-inquiry",
			spec.Response{Reason: spec.CardFrozen, Balance: &spec.Balance{}},
			"0110",
			map[int]string{38: "000000", 39: "57"},
			[]int{54},
		},
		{
			"an advice without a code of ours has no DE38", "0120-stand-in",
			spec.Response{Reason: spec.Approved},
			"0130",
			map[int]string{39: "00"},
			[]int{12, 13, 14, 38, 42, 60},
		},
		{"an advice with a code has it", "0120-stand-in", spec.Response{Reason: spec.Approved, Approval: code}, "0130", map[int]string{38: "482913"}, nil},
		{"a reversal's answer does not repeat DE90", "0400-full", spec.Response{Reason: spec.Approved}, "0410", map[int]string{39: "00"}, []int{38, 90}},
		{
			"nor does a partial one's repeat DE95, or the advice's DE39", "0420-partial-left",
			spec.Response{Reason: spec.Approved},
			"0430",
			map[int]string{39: "00", 4: "000000001200"},
			[]int{38, 90, 95},
		},
		{"a network message has no DE38", "0800-sign-on", spec.Response{Reason: spec.Approved, Approval: code}, "0810", map[int]string{39: "00", 70: "001"}, []int{38}},
		{"an administrative advice is answered", "0620-advice", spec.Response{Reason: spec.Approved}, "0630", map[int]string{39: "00"}, []int{63}},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame := goldenFrame(t, c.frame)
			got := answerTo(t, d, frame, c.response)
			if got[0] != c.mti {
				t.Errorf("MTI %s, want %s", got[0], c.mti)
			}
			for n, want := range c.set {
				if got[n] != want {
					t.Errorf("DE%d is %q, want %q", n, got[n], want)
				}
			}
			for _, n := range c.absent {
				if _, there := got[n]; there {
					t.Errorf("DE%d is there", n)
				}
			}
			checkEcho(t, d, frame, got, c.mti)
		})
	}
}

// checkEcho holds that an answer repeats every field of its echo set that the request had,
// and nothing else but its own.
func checkEcho(t *testing.T, d *Dialect, frame []byte, got map[int]string, mti string) {
	t.Helper()
	number, _ := digits(mti, 4)
	echo := d.profile.echo[spec.MTI(number)]
	var m wire.Message
	if err := d.layout.Read(frame, &m); err != nil {
		t.Fatal(err)
	}
	for n := 2; n <= wire.FieldMax; n++ {
		value, there := got[n]
		own := n == 38 || n == 39 || n == 54 || n == 4
		if want := m.Fields.Has(n) && echo.Has(n); !own && there != want {
			t.Errorf("DE%d: in the answer %v, want %v", n, there, want)
		}
		if there && !own && value != string(m.AppendValue(nil, n)) {
			t.Errorf("DE%d is not what the request had", n)
		}
	}
}

func TestWhatCannotBeAnsweredLeavesTheBufferAlone(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	for name, c := range map[string]struct {
		frame  []byte
		reason spec.Reason
	}{
		"an answer":                                  {goldenFrame(t, "0110-answer"), spec.FormatError},
		"an unknown answer":                          {change(t, d, "0500-unknown", map[int]string{0: "0590"}), spec.FormatError},
		"a frame cut before DE11":                    {chip[:44], spec.FormatError},
		"a cut frame, with another reason":           {chip[:60], spec.Approved},
		"a message type that has no DE7":             {change(t, d, "0500-unknown", map[int]string{7: ""}), spec.FormatError},
		"a decision that is none":                    {chip, spec.ReasonNone},
		"a frame that is longer than a length holds": {make([]byte, 70_000), spec.FormatError},
	} {
		t.Run(name, func(t *testing.T) {
			if got := d.AppendReply([]byte("kept"), c.frame, spec.Response{Reason: c.reason}); string(got) != "kept" {
				t.Errorf("%d bytes were appended", len(got)-4)
			}
		})
	}
}

func TestABadFrameIsAnsweredWithWhatWasReadBeforeTheWrongByte(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	for name, c := range map[string]struct {
		frame  []byte
		fields string
	}{
		"wrong in DE22":        {append(append([]byte(nil), chip[:56]...), 0xFF), "0 2 3 4 7 11 12 13 14 38 39"},
		"cut in DE42":          {chip[:100], "0 2 3 4 7 11 12 13 14 32 33 37 38 39"},
		"without its currency": {change(t, d, "0100-chip", map[int]string{49: ""}), "0 2 3 4 7 11 12 13 14 32 33 37 38 39 42 100"},
	} {
		t.Run(name, func(t *testing.T) {
			got := answerTo(t, d, c.frame, spec.Response{Reason: spec.FormatError})
			var names []string
			for n := range wire.FieldMax + 1 {
				if _, there := got[n]; there {
					names = append(names, strings.TrimLeft(spec.MTI(n).String(), "0"))
				}
			}
			names[0] = "0"
			if list := strings.Join(names, " "); list != c.fields {
				t.Errorf("fields %s, want %s", list, c.fields)
			}
			if got[39] != "30" || got[38] != "000000" {
				t.Errorf("DE39 %s, DE38 %s", got[39], got[38])
			}
		})
	}
}

func TestEveryReasonIsAnsweredByItsCode(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	for _, r := range spec.Reasons() {
		code := answerTo(t, d, chip, spec.Response{Reason: r})[39]
		if len(code) != 2 || (code == "00") != (r == spec.Approved) {
			t.Errorf("%s is answered with DE39 %q", r, code)
		}
	}
}

func TestAnswersOfOneDialectAreTheSameFromSeveralGoroutines(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	want := d.AppendReply(nil, chip, spec.Response{Reason: spec.Approved})
	wantCard := decode(t, d, chip).Card
	done := make(chan bool)
	for range 4 {
		go func() {
			same := true
			r := spec.Request{At: arrival}
			for range 200 {
				same = same && d.Decode(chip, &r) == nil && r.Card == wantCard &&
					bytes.Equal(want, d.AppendReply(nil, chip, spec.Response{Reason: spec.Approved}))
			}
			done <- same
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("an answer or a card hash differs")
		}
	}
}
