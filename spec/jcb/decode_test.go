package jcb

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

// change is a golden frame by its values with some of them changed; an empty value takes
// the field out.
func change(t testing.TB, d *Dialect, name string, changes map[int]string) []byte {
	t.Helper()
	for _, g := range goldens(t, "jcb") {
		if g.name() != name {
			continue
		}
		g.values = maps.Clone(g.values)
		for n, value := range changes {
			if g.values[n] = value; value == "" {
				delete(g.values, n)
			}
		}
		table, err := d.Table().MessageSpec()
		if err != nil {
			t.Fatal(err)
		}
		return g.pack(t, table)
	}
	t.Fatalf("no golden frame %s", name)
	return nil
}

func decode(t testing.TB, d *Dialect, frame []byte) spec.Request {
	t.Helper()
	r := spec.Request{At: arrival, Link: "a", STAN: 99, Amount: 99}
	if err := d.Decode(frame, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestChipPurchaseIsDecodedInFull(t *testing.T) {
	d := newTestDialect(t)
	got := decode(t, d, goldenFrame(t, "0100-chip"))
	card := d.hasher.Card([]byte(testCard("001")))
	if got.Card != card || !got.Card.Luhn || got.Card.Length != 16 {
		t.Errorf("card is %s of %d digits", got.Card.Masked(), got.Card.Length)
	}
	want := spec.Request{
		MTI: 100, Class: spec.Authorization, At: arrival, Link: "a", Policy: d.Policy(), Card: card, Fields: got.Fields,
		Processing: [6]byte([]byte("000000")), Amount: 1200, Currency: spec.JPY, STAN: 1,
		Sent:      time.Date(2026, 9, 21, 18, 5, 13, 0, time.UTC).Unix(),
		LocalTime: 30513, LocalDate: 922, Expiry: 2912, MCC: 5411, EntryMode: 51, Entry: spec.EntryChip,
		Acquirer: 12345678901, RRN: spec.RRN([]byte("626518000001")), Terminal: [8]byte([]byte("TERM0001")),
		Merchant: spec.MerchantID([]byte("MERCHANT-000001")),
	}
	if got != want {
		t.Errorf("decoded\n%+v\nwant\n%+v", got, want)
	}
	for n := 1; n <= 128; n++ {
		if has := strings.Contains(" 2 3 4 7 11 12 13 14 18 22 23 25 32 33 37 41 42 43 49 55 61 100 ", " "+decimalText(n)+" "); has != got.Fields.Has(n) {
			t.Errorf("field %d: in the set %v, in the frame %v", n, got.Fields.Has(n), has)
		}
	}
}

func decimalText(n int) string {
	return strings.TrimLeft(spec.MTI(n).String(), "0") //nolint:gosec // 1..128
}

func TestFieldsMeanWhatTheyShould(t *testing.T) {
	d := newTestDialect(t)
	for _, c := range []struct {
		name   string
		frame  string
		change map[int]string
		wrong  func(*spec.Request) bool
	}{
		{
			"a repeat is an authorization with the repeat digit", "0101-repeat", nil,
			func(r *spec.Request) bool { return r.Class != spec.Authorization || !r.MTI.Repeat() },
		},
		{
			"a shop on the web is read as e-commerce", "0100-ecommerce", nil,
			func(r *spec.Request) bool { return r.Entry != spec.EntryEcommerce || r.EntryMode != 812 },
		},
		{
			"an entry mode that is not in the map is unknown", "0100-chip",
			map[int]string{22: "990"},
			func(r *spec.Request) bool { return r.Entry != spec.EntryUnknown },
		},
		{
			"DE61 flags are found by position", "0100-chip",
			map[int]string{61: "011392"},
			func(r *spec.Request) bool { return r.Conditions != spec.Recurring|spec.PreAuthorization },
		},
		{
			"a short DE61 has the flags it has", "0100-chip",
			map[int]string{61: "1"},
			func(r *spec.Request) bool { return r.Conditions != spec.MailOrTelephone },
		},
		{
			"trailing spaces are dropped from DE37, 41 and 42", "0100-chip",
			map[int]string{37: "6265        ", 41: "T1      ", 42: "M 1            "},
			func(r *spec.Request) bool {
				return r.RRN.String() != "6265" || r.Terminal != [8]byte{'T', '1'} || r.Merchant.String() != "M 1"
			},
		},
		{
			"zero bytes that fill up are dropped too", "0100-chip",
			map[int]string{41: "T1\x00\x00\x00\x00\x00\x00"},
			func(r *spec.Request) bool { return r.Terminal != [8]byte{'T', '1'} },
		},
		{
			"zeros on both sides of DE32 do not count", "0100-chip",
			map[int]string{32: "00123450000"},
			func(r *spec.Request) bool { return r.Acquirer != 12345 },
		},
		{
			"an overseas purchase has both amounts", "0100-overseas", nil,
			func(r *spec.Request) bool {
				return r.Amount != 2500 || r.Currency != 840 || r.Billing != 390 || r.BillingCurrency != spec.JPY
			},
		},
		{"an inquiry is one", "0100-inquiry", nil, func(r *spec.Request) bool { return !r.Inquiry() }},
		{
			"stand-in carries the network's code and answer", "0120-stand-in", nil,
			func(r *spec.Request) bool {
				return r.Class != spec.AuthorizationAdvice || r.Approval.String() != "774401" || string(r.ActionCode[:]) != "00"
			},
		},
		{
			"a card number of 19 digits is whole", "0100-19-digits", nil,
			func(r *spec.Request) bool {
				return r.Card.Length != 19 || !r.Card.Luhn || r.Card.Last != [4]byte([]byte("0072"))
			},
		},
		{
			"a purchase of the last day of the year arrives in the next", "0100-chip",
			map[int]string{7: "1231235959"},
			func(r *spec.Request) bool { return time.Unix(r.Sent, 0).UTC().Year() != 2025 },
		},
		{"DE70 is the network's code", "0800-key-exchange", nil, func(r *spec.Request) bool { return r.Network != spec.KeyExchange }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := decode(t, d, change(t, d, c.frame, c.change)); c.wrong(&r) {
				t.Errorf("decoded as %+v", r)
			}
		})
	}
}

func TestOriginalIsTheSameWhicheverWayItIsWritten(t *testing.T) {
	d := newTestDialect(t)
	want := spec.Original{Present: true, STAN: 1, Sent: time.Date(2026, 9, 21, 18, 5, 13, 0, time.UTC).Unix(), Acquirer: 12345678}
	for _, frame := range []string{"0420-partial-left", "0420-partial-right"} {
		r := decode(t, d, goldenFrame(t, frame))
		if r.Original != want || r.Acquirer != want.Acquirer {
			t.Errorf("%s: original %+v, want %+v", frame, r.Original, want)
		}
	}
	r := decode(t, d, change(t, d, "0420-partial-left", map[int]string{90: strings.Repeat("0", 42)}))
	if r.Original != (spec.Original{}) || !r.Fields.Has(90) {
		t.Errorf("an original of zeros is taken for %+v", r.Original)
	}
}

func TestReplacementIsReadByItsFirstTwelveDigits(t *testing.T) {
	d := newTestDialect(t)
	for _, c := range []struct {
		name, value string
		want        spec.Replacement
	}{
		{"absent", "", spec.Replacement{}},
		{"all zeros", strings.Repeat("0", 42), spec.Replacement{Kind: spec.ReplacementZero}},
		{"zeros, then blanks", strings.Repeat("0", 12) + strings.Repeat(" ", 30), spec.Replacement{Kind: spec.ReplacementZero}},
		{"an amount, tail of zeros", "000000000700" + strings.Repeat("0", 30), spec.Replacement{Kind: spec.ReplacementAmount, Amount: 700}},
		{"an amount, tail 12+12+6", "000000000700" + "000000000701" + "000000000000" + "000009", spec.Replacement{Kind: spec.ReplacementAmount, Amount: 700}},
		{"an amount, tail with letters", "000000000700" + strings.Repeat("C", 30), spec.Replacement{Kind: spec.ReplacementAmount, Amount: 700}},
		{"zeros, then an amount", "000000000000" + "000000000700" + strings.Repeat("0", 18), spec.Replacement{Kind: spec.ReplacementSuspicious}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := decode(t, d, change(t, d, "0420-partial-right", map[int]string{95: c.value}))
			if r.Replacement != c.want {
				t.Errorf("read as %+v, want %+v", r.Replacement, c.want)
			}
		})
	}
}

func TestPeersWriteInstitutionsInSeveralWays(t *testing.T) {
	d := newTestDialect(t)
	frame := goldenFrame(t, "0100-chip")
	at := strings.Index(string(frame), "\x0B\x01\x23\x45\x67\x89\x01")
	if at < 0 {
		t.Fatal("DE32 is not where it was")
	}
	for name, bytes := range map[string]string{
		"a binary length, padded on the left":  "\x0B\x01\x23\x45\x67\x89\x01",
		"a packed length":                      "\x11\x01\x23\x45\x67\x89\x01",
		"a binary length, padded on the right": "\x0B\x12\x34\x56\x78\x90\x10",
		"both":                                 "\x11\x12\x34\x56\x78\x90\x10",
	} {
		t.Run(name, func(t *testing.T) {
			changed := append([]byte(nil), frame...)
			copy(changed[at:], bytes)
			if r := decode(t, d, changed); r.Acquirer != 12345678901 {
				t.Errorf("acquirer %d", r.Acquirer)
			}
			if answer := d.AppendReply(nil, changed, spec.Response{Reason: spec.Approved}); !strings.Contains(string(answer), bytes) {
				t.Error("the answer does not repeat it as it came")
			}
		})
	}
}

func TestWrongFramesAreRefusedAtTheWrongByte(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	set := func(at int, b ...byte) []byte {
		frame := append([]byte(nil), chip...)
		copy(frame[at:], b)
		return frame
	}
	signOn := goldenFrame(t, "0800-sign-on")
	for _, c := range []struct {
		name          string
		frame         []byte
		field, offset int
		answerable    bool
	}{
		{"nothing at all", nil, 0, 0, false},
		{"an MTI of letters", set(0, 0xE9, 0xE9), 0, 0, false},
		{"an MTI in ASCII", append([]byte("0100"), chip[4:]...), 0, 0, false},
		{"a cut bitmap", chip[:9], 1, 9, false},
		{"a cut second bitmap", chip[:13], 1, 13, false},
		{"a card number of 8 digits", set(20, 0x08), 2, 20, false},
		{"a card number of 20 digits", set(20, 0x14), 2, 20, false},
		{"a card number with a letter", set(23, 0xAB), 2, 23, false},
		{"a month 13", set(38, 0x13), 7, 38, false},
		{"the 31st of April", set(38, 0x04, 0x31), 7, 38, false},
		{"an amount with a letter", set(33, 0x0A), 4, 33, false},
		{"an entry mode padded on the left", set(55, 0x00, 0x51), 22, 56, true},
		{"a cut frame", chip[:len(chip)-1], 100, len(chip) - 1, true},
		{"a byte behind the last field", append(append([]byte(nil), chip...), 0), 100, len(chip), true},
		{"a third bitmap", withBit(signOn, 65), 65, 12, true},
		{"a field outside the table", withBit(signOn, 112), 112, 4 + 111/8, true},
		{"a currency of letters", change(t, d, "0100-chip", map[int]string{49: "JPY"}), 49, 147, true},
		{"a control character in DE42", change(t, d, "0100-chip", map[int]string{42: "M\x1B[2J          "}), 42, 93, true},
		{"a chip tag longer than the field", change(t, d, "0100-chip", map[int]string{55: "9F26089F"}), 55, 152, true},
		{"a replacement amount of letters", change(t, d, "0420-partial-left", map[int]string{95: strings.Repeat("A", 42)}), 95, 175, true},
		{"no amount in a 0100", change(t, d, "0100-chip", map[int]string{4: ""}), 4, 4, true},
		{"no acquirer in a 0100", change(t, d, "0100-chip", map[int]string{32: ""}), 32, 7, true},
		{"no currency in a 0100", change(t, d, "0100-chip", map[int]string{49: ""}), 49, 10, true},
		{"no card in a 0400", change(t, d, "0400-full", map[int]string{2: ""}), 2, 4, true},
		{"no STAN in a 0100", change(t, d, "0100-chip", map[int]string{11: ""}), 11, 5, false},
		{"no DE7 in a 0800", change(t, d, "0800-sign-on", map[int]string{7: ""}), 7, 4, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := spec.Request{At: arrival}
			err := d.Decode(c.frame, &r)
			var wrong *spec.FieldError
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v", err)
			}
			if wrong.Field != c.field || wrong.Offset != c.offset {
				t.Errorf("wrong at field %d offset %d, want %d and %d", wrong.Field, wrong.Offset, c.field, c.offset)
			}
			if r.Answerable() != c.answerable {
				t.Errorf("answerable is %v", r.Answerable())
			}
			if got := d.AppendReply(nil, c.frame, spec.Response{Reason: spec.FormatError}); (len(got) > 0) != c.answerable {
				t.Errorf("the answer has %d bytes", len(got))
			}
		})
	}
}

func TestTheChipDataOfAnAdviceIsNotJudged(t *testing.T) {
	d := newTestDialect(t)
	cut := map[int]string{55: "9F26089F"}
	for _, frame := range [][]byte{
		change(t, d, "0120-stand-in", cut), change(t, d, "0220-completion", cut), change(t, d, "0420-partial-left", cut),
	} {
		if r := decode(t, d, frame); !r.Fields.Has(55) || !r.Class.Advice() {
			t.Errorf("%s was read without DE55", r.MTI)
		}
	}
	for _, name := range []string{"0100-chip", "0400-full"} {
		var wrong *spec.FieldError
		if err := d.Decode(change(t, d, name, cut), &spec.Request{At: arrival}); !errors.As(err, &wrong) || wrong.Field != 55 {
			t.Errorf("%s: error is %v, want one in DE55", name, err)
		}
	}
}

// withBit sets a bit of the bitmaps, which begin behind an MTI of four bytes.
func withBit(frame []byte, n int) []byte {
	frame = append([]byte(nil), frame...)
	frame[4+(n-1)/8] |= 0x80 >> ((n - 1) % 8)
	return frame
}

func TestAdvicesAreDecodedWithWhatPlacesThem(t *testing.T) {
	d := newTestDialect(t)
	for _, mti := range []string{"0120", "0121", "0400", "0401", "0420", "0421", "0220"} {
		all := map[int]string{0: mti}
		for n := 3; n <= 128; n++ {
			if n != 7 && n != 11 {
				all[n] = ""
			}
		}
		r := decode(t, d, change(t, d, "0120-stand-in", all))
		if !r.Answerable() || r.Acquirer != 0 || r.Currency != 0 {
			t.Errorf("%s: %+v", mti, r)
		}
	}
}

// These are written by hand, an element at a time, from the description of the dialect:
// nothing in them comes from the table.
func TestFramesWrittenByHandAreRead(t *testing.T) {
	d := newTestDialect(t)
	purchase := strings.Join([]string{
		"F0F1F0F0", "F23C448188E18008", "0000000010000000", // 0100; 2-4 7 11-14 18 22 25 32 33 37 41-43 48 49 61, 100
		"10", "3540120000000007", "000000", "000000001200", "0921180513", "000123", "030513", "0922", "2912", "5411",
		"8100", "00", "08", "88711234", "08", "88715000",
		"F0F0F0F0F0F0F0F0F0F0F4F2", "E3F0F0F0F0F0F0F1", "D7D9C1C3E3C9C3C5F0F0F3", "40404040",
		"E2C8D6D7404DF15D", strings.Repeat("40", 32),
		"18", "F0F2F2F0", strings.Repeat("00", 12), "04A77C2028C99E17",
		"F3F9F2", "06", "F0F0F0F3F9F2", "08", "88791000",
	}, "")
	r := decode(t, d, unhex(t, purchase))
	if r.Amount != 1200 || r.Currency != spec.JPY || r.EntryMode != 810 || r.Acquirer != 88711234 || r.RRN.String() != "000000000042" ||
		r.Merchant.String() != "PRACTICE003" || r.Expiry != 2912 || r.MCC != 5411 || r.STAN != 123 || r.Conditions != 0 {
		t.Errorf("purchase decoded as %+v", r)
	}
	cancel := strings.Join([]string{
		"F0F4F2F0", "F23844818CC08000", "0000004210000000", // 0420; 2-4 7 11-13 18 22 25 32 33 37 38 41 42 49, 90 95 100
		"10", "3540120000000007", "000000", "000000001200", "0921180600", "000777", "030600", "0922", "5411", "8100", "00",
		"08", "88711234", "08", "88715000",
		"F0F0F0F0F0F0F0F0F0F0F4F2", "F7F3F1F2F0F0", "E3F0F0F0F0F0F0F1", "D7D9C1C3E3C9C3C5F0F0F3", "40404040", "F3F9F2",
		"0100", "000123", "0921180513", "00088711234", "00088715000",
		"F0F0F0F0F0F0F0F0F0F5F0F0", strings.Repeat("F0", 30), "08", "88791000",
	}, "")
	c := decode(t, d, unhex(t, cancel))
	if c.Original.STAN != r.STAN || c.Original.Sent != r.Sent || c.Original.Acquirer != r.Acquirer || c.Card != r.Card ||
		c.Replacement != (spec.Replacement{Kind: spec.ReplacementAmount, Amount: 500}) || c.Approval.String() != "731200" {
		t.Errorf("cancel decoded as %+v", c)
	}
}
