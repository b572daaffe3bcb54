package jcb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sekisho/spec/wire"
)

// shown is all that inspect can print of a message.
func shown(t testing.TB, in Inspection) string {
	t.Helper()
	raw, err := in.JSON()
	if err != nil {
		t.Fatal(err)
	}
	text := in.Text() + string(raw)
	if in.Err != nil {
		text += in.Err.Error() + in.Err.Cause
	}
	return text
}

func TestJSONHasMTIAndValuesAsOnTheWire(t *testing.T) {
	d := newTestDialect(t)
	for _, c := range []struct{ frame, want string }{
		{"0800-sign-on", `{"mti":"0800","fields":{"7":"0921180513","11":"002323","33":"88715000","70":"001","100":"88791000"}}`},
		{"0100-19-digits", `{"mti":"0100","fields":{"2":"354012*********0072","3":"000000","4":"000000000001","7":"0921180513","11":"000013","22":"072","32":"1234567","49":"392"}}`},
		{"0302-stop-list", `{"mti":"0302","fields":{"7":"0921180513","11":"000012","33":"88791000","100":"88715000","101":"STOPLIST","120":"1********************"}}`},
	} {
		raw, err := d.Inspect(goldenFrame(t, c.frame)).JSON()
		if err != nil || string(raw) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.frame, err, raw, c.want)
		}
	}
}

func TestCardDataIsBlankedInEveryField(t *testing.T) {
	d := newTestDialect(t)
	track1 := "B" + testCard("009") + "^TEST/CARD^29121010"
	for _, c := range []struct {
		name, frame string
		change      map[int]string
		field       int
		want        string // value as shown
		hex         string // hex as shown
	}{
		{"DE2 shows six and four", "0100-chip", nil, 2, "354012******0015", "10354012******0015"},
		{"DE35 shows nothing", "0100-stripe-partly", nil, 35, strings.Repeat("*", 37), "250" + strings.Repeat("*", 37)},
		{"DE36 shows nothing", "0100-chip", map[int]string{36: strings.Repeat("12", 30)}, 36, strings.Repeat("*", 60), "3C" + strings.Repeat("*", 60)},
		{"DE45 shows nothing", "0100-chip", map[int]string{45: track1}, 45, strings.Repeat("*", len(track1)), "24" + strings.Repeat("*", 2*len(track1))},
		{"DE52 shows nothing", "0100-chip", map[int]string{52: "0123456789ABCDEF"}, 52, strings.Repeat("*", 16), strings.Repeat("*", 16)},
		{"DE48 blanks tags 01 and 02", "0100-ecommerce", nil, 48, "F0F1F0F3******F0F2F1F0********************F0F3F0F4C1C2C3C4", "1DF0F1F0F3******F0F2F1F0********************F0F3F0F4C1C2C3C4"},
		{"DE48 blanks tag 21", "0100-chip", map[int]string{48: "F2F1F0F2AABB"}, 48, "F2F1F0F2****", "06F2F1F0F2****"},
		{"DE48 is blanked from where it cannot be followed", "0100-chip", map[int]string{48: "F0F3F0F1C1F0F1F0F9F1"}, 48, "F0F3F0F1C1**********", "0AF0F3F0F1C1**********"},
		{"DE55 blanks tags 57 and 5A", "0100-chip", map[int]string{55: "5704AABBCCDD5A023540820218009F6B01AA"}, 55, "5704********5A02****820218009F6B01**", "00125704********5A02****820218009F6B01**"},
		{"DE55 blanks them inside a template", "0100-chip", map[int]string{55: "70065A0235408200"}, 55, "70065A02****8200", "000870065A02****8200"},
		{"DE55 of an advice is blanked where its tags cannot be followed", "0120-stand-in", map[int]string{55: "9F26045A0835401200000000159F"}, 55, strings.Repeat("*", 28), "000E" + strings.Repeat("*", 28)},
		{"DE55 of an advice is blanked where those of a template cannot be", "0120-stand-in", map[int]string{55: "820218007009810435401200000015"}, 55, strings.Repeat("*", 30), "000F" + strings.Repeat("*", 30)},
		{"DE120 shows its first character", "0302-stop-list", nil, 120, "1" + strings.Repeat("*", 20), "0015F1" + strings.Repeat("*", 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := d.Inspect(change(t, d, c.frame, c.change))
			if in.Err != nil {
				t.Fatal(in.Err)
			}
			for _, f := range in.Fields {
				if f.DE != c.field {
					continue
				}
				if strings.Count(c.want, "*") == len(c.want) && len(f.Tags) > 1 {
					t.Errorf("nothing of it may be shown, and it has %d elements", len(f.Tags))
				}
				if f.Value != c.want || f.Hex != c.hex || !f.Masked {
					t.Errorf("the field is not blanked as it should be: value %v, hex %v", f.Value == c.want, f.Hex == c.hex)
				}
			}
			if !strings.Contains(in.Text(), c.hex) {
				t.Error("the text shows another hex")
			}
		})
	}
}

// secrets are the beginnings of card data in the golden frames, as characters and as hex.
func secrets() []string {
	return []string{
		"3540120", "F3F5F4F0F1F2F0", // any number, beyond its first six digits
		"291210", "F2F9F1F2F1F0", // the rest of a track
		"F9F9F9", "DEADBEEF", // CVV2, authentication value
	}
}

// damagedFrames are the golden frames that between them have card data in every way.
var damagedFrames = []string{"0100-chip", "0100-ecommerce", "0100-stripe-partly", "0100-19-digits", "0110-answer", "0302-stop-list", "0420-partial-left"}

// Whatever one byte of a message becomes, and wherever it is cut, nothing secret is shown.
func TestNoDamageToAMessageUncoversCardData(t *testing.T) {
	d := newTestDialect(t)
	for _, g := range goldens(t, "jcb") {
		if !slices.Contains(damagedFrames, g.name()) {
			continue // no other card data than these have
		}
		frame := unhex(t, g.hex)
		private := strings.Index(string(frame), "\xF0\xF1\xF0\xF3\xF9\xF9\xF9") // tag 01 of DE48
		for at := range frame {
			damaged := append([]byte(nil), frame...)
			for _, b := range []byte{0, frame[at] - 1, frame[at] + 1, frame[at] / 2, frame[at] ^ 0x80, 0xFF} {
				if at >= 4 && at < 20 && b&frame[at] != frame[at] {
					continue // a field the bitmap no longer names has no position
				}
				if private > 0 && (at == private || at == private+1 || at == private+7 || at == private+8) {
					continue // another tag, whose value is not secret
				}
				damaged[at] = b
				hidesSecrets(t, d, damaged, fmt.Sprintf("%s with byte %d changed to %02X", g.name(), at, b))
			}
			hidesSecrets(t, d, frame[:at], fmt.Sprintf("%s cut at %d", g.name(), at))
		}
	}
}

func hidesSecrets(t *testing.T, d *Dialect, frame []byte, what string) {
	t.Helper()
	in := d.Inspect(frame)
	text := shown(t, in)
	for i, s := range secrets() {
		if strings.Contains(text, s) {
			t.Errorf("%s shows secret %d", what, i)
		}
	}
	if in.Err != nil && (in.BadAt < 0 || in.BadAt > len(in.BadHex)) {
		t.Errorf("%s: the caret is outside its line", what)
	}
}

func TestABitmapWithoutTheCardNumberUncoversNone(t *testing.T) {
	d := newTestDialect(t)
	frame := goldenFrame(t, "0100-chip")
	frame[4] &^= 0x40
	in := d.Inspect(frame)
	if in.Err == nil {
		t.Fatal("it decodes")
	}
	for _, f := range in.Fields[2:] {
		if strings.Trim(f.Value+f.Hex, "*") != "" {
			t.Errorf("DE%d is shown", f.DE)
		}
	}
}

func TestAWrongMessageShowsWhereAndWhy(t *testing.T) {
	d := newTestDialect(t)
	signOn := goldenFrame(t, "0800-sign-on")
	signOn[28] = 4 // DE33 has 8 digits in 4 bytes
	text := d.Inspect(signOn).Text()
	want := `
offset  DE   name                        value           hex
     0  MTI  message type                0800            F0F8F0F0
     4       bitmap                      7 11 33 70 100  82200000800000000400000010000000
    20  7    transmission date and time  0921180513      0921180513
    25  11   system trace audit number   002323          002323
    28  33   forwarding institution      8871            048871
    31  70   network management code     (wrong here)    5000
                                                         ^^
DE70 at offset 31: expected 3 digits packed two a byte, after a zero
usual cause: DE33 at offset 28: this length counts digits, not bytes
`
	if text != want[1:] {
		t.Errorf("shown is\n%s", text)
	}
	for _, c := range []struct {
		name  string
		frame []byte
		wants []string
	}{
		{"a card number whose length counts bytes", set(goldenFrame(t, "0100-chip"), 20, 8), []string{"DE2 at offset 20: expected a length of 16 to 19 digits", "this length counts digits, not bytes"}},
		{"a card number whose length is packed", set(goldenFrame(t, "0100-chip"), 20, 0x16), []string{"DE2 at offset 20", "this length is binary, not packed digits"}},
		{"a message that is cut", []byte{0xF0, 0xF8}, []string{"MTI at offset 2: expected 4 digits", "the message is cut", "^^"}},
		{"bytes left over", append(goldenFrame(t, "0800-sign-on"), 0xAA, 0xBB), []string{"bytes left over", "****", "^^", "expected the end of the message"}},
		{"a message with its length header", append([]byte{0, 40, 0, 0}, goldenFrame(t, "0800-sign-on")...), []string{"MTI at offset 0", "the length header is part of what was given"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := d.Inspect(c.frame).Text()
			for _, want := range c.wants {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in\n%s", want, text)
				}
			}
		})
	}
}

func set(frame []byte, at int, b byte) []byte {
	frame[at] = b
	return frame
}

func TestAWrongMessageHasItsErrorInJSON(t *testing.T) {
	d := newTestDialect(t)
	raw, err := d.Inspect(goldenFrame(t, "0800-sign-on")[:34]).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		MTI    string
		Fields map[string]string
		Error  struct {
			Field, Offset   int
			Expected, Cause string
		}
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.MTI != "0800" || got.Fields["33"] != "88715000" || got.Error.Field != 70 || got.Error.Offset != 34 || got.Error.Cause == "" {
		t.Errorf("%s", raw)
	}
}

func TestAMissingFieldIsToldButIsNoError(t *testing.T) {
	d := newTestDialect(t)
	in := d.Inspect(change(t, d, "0100-chip", map[int]string{32: ""}))
	if in.Err != nil || in.Missing != 32 || !strings.Contains(in.Text(), "DE32 is missing") {
		t.Errorf("error %v, missing %d", in.Err, in.Missing)
	}
}

func TestTagsAreShownByName(t *testing.T) {
	d := newTestDialect(t)
	for frame, wants := range map[string][]string{
		"0100-chip":      {"18 tags", "9F26 application cryptogram", "A1B2C3D4E5F60718", "DF7F"},
		"0100-ecommerce": {"3 tags", "01   card verification value", "03   address verification", "ABCD"},
		"0110-answer":    {"91   issuer authentication data", "01020304050607083030"},
	} {
		text := d.Inspect(goldenFrame(t, frame)).Text()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", frame, want, text)
			}
		}
	}
}

func TestNothingATerminalWouldObeyIsPrinted(t *testing.T) {
	d := newTestDialect(t)
	text := d.Inspect(change(t, d, "0100-chip", map[int]string{43: "\x1B[2J" + strings.Repeat("\x9B", 36)})).Text()
	if strings.ContainsAny(text, "\x1B\u009b") {
		t.Error("a control character is printed as it is")
	}
}

// Every row of the table has a position in the list of what is masked or is free of card
// data; a new row must be looked at.
func TestMaskedFieldsAreInTheTable(t *testing.T) {
	d := newTestDialect(t)
	for n := range wire.FieldMax + 1 {
		if maskable(n) && d.layout.Field(n) == nil {
			t.Errorf("DE%d is masked and not in the table", n)
		}
	}
}

// A length in front of card data that is too short makes the rest of it look like the fields
// that follow. What could hold anything is then not shown.
func TestCardDataReadTooShortIsNotShownAsAnotherField(t *testing.T) {
	d := newTestDialect(t)
	track := "B1234 " + testCard("009") + strings.Repeat("X", 54) // a blank reads as a length of 64
	frame := change(t, d, "0100-chip", map[int]string{41: "", 42: "", 43: "", 45: track, 49: "", 55: ""})
	at := strings.Index(string(frame), "\x4C\xC2") // DE45: 76 bytes, B
	private := change(t, d, "0100-ecommerce", nil)
	tag := strings.Index(string(private), "\x1D\xF0\xF1\xF0\xF3") // DE48: 29 bytes, tag 01
	if at < 0 || tag < 0 {
		t.Fatal("the fields are not where they were")
	}
	for name, c := range map[string]struct {
		frame []byte
		at    int
		to    byte
		field int
	}{
		"a track that runs on into DE61":         {frame, at, 5, 61},
		"a CVV2 that runs on into DE49":          {private, tag, 5, 49},
		"all fields after elements that are cut": {goldenFrame(t, "0100-ecommerce"), tag, 6, 49},
	} {
		t.Run(name, func(t *testing.T) {
			in := d.Inspect(set(c.frame, c.at, c.to))
			if in.Err == nil {
				t.Fatal("it decodes")
			}
			seen := false
			for _, f := range in.Fields {
				if f.DE == c.field {
					seen = true
					if strings.Trim(f.Value+f.Hex, "*") != "" || !f.Masked {
						t.Errorf("DE%d is shown", f.DE)
					}
				}
			}
			if !seen {
				t.Errorf("DE%d was not read", c.field)
			}
		})
	}
}
