package teller

import (
	"strings"
	"testing"
	"unicode"

	"sekisho/balance"
)

// apart sets the digits of a number apart.
func apart(number, by string) string { return strings.Join(strings.Split(number, ""), by) }

// written is a number in the digits of another script.
func written(number string, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, number)
}

func TestADigitOfAnyScriptHasItsValue(t *testing.T) {
	t.Parallel()
	n := 0
	for r := range rune(unicode.MaxRune) {
		d, ok := digit(r)
		if ok != unicode.Is(unicode.Nd, r) || ok && (d < '0' || d > '9') {
			t.Fatalf("%U: %q %v", r, d, ok)
		}
		if ok {
			if want := '0' + byte(n%10); d != want { // tens, in order
				t.Fatalf("%U is %q, want %q", r, d, want)
			}
			n++
		}
	}
}

func TestATextWithACardNumberInItIsNotKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	number := "354012000000001"
	number += string(checkDigit([]byte(number)))
	groups := number[:4] + " " + number[4:8] + "-" + number[8:12] + " " + number[12:]
	for _, row := range []struct {
		name, text string
		holds      bool
	}{
		{"the number alone", number, true},
		{"in words", "my card is " + number + "!", true},
		{"in groups", groups, true},
		{"within more digits", "99" + number + "7", true},
		{"within a long reference", "20261124" + number + "20261124", true},
		{"with points", apart(number, "."), true},
		{"with underlines", apart(number, "_"), true},
		{"with strokes", apart(number, "/"), true},
		{"with spaces that do not break", apart(number, "\u00a0"), true},
		{"with narrow spaces", apart(number, "\u202f"), true},
		{"with what has no width", apart(number, "\u200b"), true},
		{"with joiners", apart(number, "\u2060\ufeff"), true},
		{"with soft hyphens", apart(number, "\u00ad"), true},
		{"with long dashes", apart(number, " \u2014 "), true},
		{"with several at once", apart(number, " (.,:) "), true},
		{"in full width", written(number, '\uff10'), true},
		{"in the digits of Arabic", written(number, '\u0660'), true},
		{"in bold digits", written(number, '\U0001d7ce'), true},
		{"in full width with points", apart(written(number, '\uff10'), "."), true},
		{"one digit wrong, with points", apart(number[:15]+string((number[15]-'0'+1)%10+'0'), "."), false},
		{"dates and a time", "2026/11/24 12:30, 2026.11.25", false},
		{"a time in microseconds that passes Luhn", "173244960000000" + string(checkDigit([]byte("173244960000000"))), false},
		{"one digit wrong", number[:15] + string((number[15]-'0'+1)%10+'0'), false},
		{"too short", number[:15], false},
		{"cut by a letter", number[:8] + "x" + number[8:], false},
		{"words", "lunch money 2026", false},
		{"nothing", "", false},
	} {
		err := d.checkText("name", row.text, 0, 200)
		if (err != nil) != row.holds {
			t.Errorf("%s: %v", row.name, err != nil)
		}
		if err != nil && strings.Contains(err.Error(), number[8:]) {
			t.Errorf("%s: the error repeats it", row.name)
		}
	}
	others := newDesk(t, balance.MemoryOptions{}, func(o *Options) { o.Programs[0].Ranges = []string{"354012999999"} })
	for _, text := range []string{"card " + number, "4/" + number, "no. 1: " + groups, "1 2 " + number, apart(number, ".")} {
		if !others.holdsNumber(text) {
			t.Error("the number of somebody else is not found beside other digits")
		}
	}
	if others.holdsNumber("20261124" + number + "20261124") {
		t.Error("the number of somebody else is to be found where it stands alone")
	}
	for _, text := range []string{"a\nb", "\xff", "a\x00"} {
		if d.checkText("name", text, 0, 200) == nil {
			t.Errorf("%q is kept", text)
		}
	}
}
