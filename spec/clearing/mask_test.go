package clearing

import (
	"bytes"
	"strings"
	"testing"
)

func TestCardNumbersInATextAreMasked(t *testing.T) {
	t.Parallel()
	whole := pan(t, 9).Digits() // 354012 000000009 and a check digit
	last := whole[12:]
	other := whole[:15] + string('0'+(whole[15]-'0'+1)%10) // does not pass
	grouped := func(sep string) string {
		return whole[:4] + sep + whole[4:8] + sep + whole[8:12] + sep + last
	}
	longest := whole[:6] + "000000000001"
	longest += string(luhnDigit([]byte(longest)))
	shortest := whole[:6] + "000001"
	shortest += string(luhnDigit([]byte(shortest)))
	beyond := string(luhnDigit([]byte(whole)) - '0' ^ 1 + '0') // one digit more, that does not pass
	hidden := whole[:6] + "******" + last
	for text, want := range map[string]string{
		whole:                   hidden,
		"CARD" + whole + "OK":   "CARD" + hidden + "OK",
		grouped(" "):            whole[:4] + " " + whole[4:6] + "** **** " + last,
		grouped("-"):            whole[:4] + "-" + whole[4:6] + "**-****-" + last,
		"1-2-3 " + whole + " 7": "1-2-3 " + hidden + " 7",
		"12 " + grouped(" "):    "12 " + whole[:4] + " " + whole[4:6] + "** **** " + last,
		whole + " " + whole:     hidden + " " + hidden,
		longest:                 longest[:6] + "*********" + longest[15:],
		shortest:                shortest[:6] + "***" + shortest[9:],
		other:                   other,
		grouped("  "):           grouped("  "),
		"2" + whole:             "2" + whole,
		whole + beyond:          whole + beyond,
		"9" + longest:           "9" + longest,
		strings.Repeat("0", 16): strings.Repeat("0", 16),
		"0002392D000000000100":  "0002392D000000000100",
		"0000 1234 5678 9":      "0000 1234 5678 9",
		"":                      "",
	} {
		if got := masked([]byte(text)); got != want {
			t.Errorf("a text of %d characters is not shown as it should be: %s", len(text), strings.Map(blankDigit, got))
		}
	}
}

// blankDigit hides the digits of what went wrong.
func blankDigit(r rune) rune {
	if r >= '0' && r <= '9' {
		return '#'
	}
	return r
}

func TestFreeTextIsShownWithoutCardNumbers(t *testing.T) {
	t.Parallel()
	whole := pan(t, 9).Digits()
	hidden := whole[:6] + "******" + whole[12:]
	d := purchase(t, 1, 1200)
	d.Name = PlaceName("SOLD TO: "+whole, "2-2-3 HAKONE "+whole, "TOKYO", "1000001", "13", "JPN") // fills its part
	d.Further = []Field{{54, "DR" + whole + "CR"}, {72, whole}, {62, "7777016" + whole}}
	d.Elements = []Element{{3201, whole}, {3005, "FEE " + whole}}
	asked := &Draft{Record: Record{MTI: 1644, Function: 603}, Exponents: whole}
	var shown strings.Builder
	for _, framing := range framings {
		err := NewReader(bytes.NewReader(written(t, framing.Options, d, asked)), nil).Show(func(s Shown) error {
			for _, f := range s.Fields {
				shown.WriteString(f.Value + "\n")
				if f.DE == 43 && (!strings.HasPrefix(f.Value, "SOLD TO: "+hidden+"2-2-3 HAKONE "+hidden+" ") || f.Size != 99) {
					t.Errorf("%s: DE43 is shown as %s", framing.name, strings.Map(blankDigit, f.Value))
				}
				if f.DE == 31 && len(f.Value) != 23 {
					t.Error("DE31 is not shown whole")
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(shown.String(), whole) {
		t.Error("a card number is shown")
	}
}
