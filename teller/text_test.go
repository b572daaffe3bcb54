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

func TestTheBoundsOfATextAreCharacters(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	for _, text := range []string{"x", "\u540d", "\U0001f600"} {
		name, reference := strings.Repeat(text, NameMax), strings.Repeat(text, referenceMax)
		w := d.wallet(Opening{}, 0)
		card := d.must(d.Issue(t.Context(), d.next(), w, Issuing{Name: name})).Events[0].Card
		d.must(d.TopUp(t.Context(), d.next(), w, 5, reference))
		number := "354012000000001"
		d.must(d.AddToken(t.Context(), d.next(), w, card, number+string(checkDigit([]byte(number))), name))
		showing := Showing{Wallet: w, Card: card, Reason: strings.Repeat(text, reasonMax), Result: strings.Repeat("x", resultMax)}
		if _, err := d.Shown(t.Context(), d.next(), showing); err != nil {
			t.Error(err)
		}
		tokens, err := d.Tokens(t.Context(), caller(), w, card)
		if s := d.snapshot(w); err != nil || len(tokens) != 1 || tokens[0].Name != name || s.card(card).Name != name {
			t.Errorf("of characters of %d bytes it is kept as %v %v", len(text), tokens, err)
		}
		_, err = d.Issue(t.Context(), d.next(), w, Issuing{Name: name + text})
		refused(t, "one more", err, &FieldError{"name", "must have at most 120 characters"})
		_, err = d.TopUp(t.Context(), d.next(), w, 5, reference+text)
		refused(t, "one more", err, &FieldError{"reference", "must have at most 100 characters"})
		d.must(d.RemoveToken(t.Context(), d.next(), w, card, func(balance.Key) bool { return true }))
		d = newDesk(t, balance.MemoryOptions{}) // the number is taken here
	}
	d.verified()
}

func TestATextWithACardNumberInItIsNotKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	number := "354012000000001"
	number += string(checkDigit([]byte(number)))
	other := "354012999999999"
	other += string(checkDigit([]byte(other)))
	other = other[:4] + " " + other[4:8] + " " + other[8:12] + " " + other[12:]
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
		{"another issuer's, in groups, with its expiry", other + " 12/26", true},
		{"another issuer's, in groups, with three digits", other + " 123", true},
		{"another issuer's, in groups behind a year", "2026 " + other, true},
		{"another issuer's, one digit wrong, with its expiry", other[:len(other)-1] + string((other[len(other)-1]-'0'+1)%10+'0') + " 12/26", false},
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
	for _, begins := range []struct {
		digits string
		length int
		card   bool
	}{
		{"2221", 16, true},
		{"2720", 16, true},
		{"2220", 16, false},
		{"2721", 16, false},
		{"2221", 17, false},
		{"30", 14, true},
		{"34", 15, true},
		{"34", 16, false},
		{"36", 14, true},
		{"37", 15, true},
		{"38", 16, true},
		{"39", 19, true},
		{"31", 16, false},
		{"33", 16, false},
		{"35", 16, true},
		{"35", 19, true},
		{"35", 15, false},
		{"4", 13, true},
		{"4", 16, true},
		{"4", 19, true},
		{"4", 12, false},
		{"4", 14, false},
		{"4", 17, false},
		{"50", 16, true},
		{"59", 16, true},
		{"5", 15, false},
		{"62", 19, true},
		{"65", 16, true},
		{"6", 13, false},
		{"0", 16, false},
		{"1", 16, false},
		{"2026", 16, false},
		{"7", 16, false},
		{"8", 16, false},
		{"9", 16, false},
	} {
		run := begins.digits + strings.Repeat("1", begins.length-len(begins.digits)-1)
		run += string(checkDigit([]byte(run)))
		wrong := run[:len(run)-1] + string((run[len(run)-1]-'0'+1)%10+'0')
		for _, text := range []string{run, "order " + run, apart(run, "-"), written(run, '\uff10')} {
			if d.holdsNumber(text) != begins.card {
				t.Errorf("%s and %d digits in all: %v, want %v", begins.digits, begins.length, !begins.card, begins.card)
			}
		}
		if d.holdsNumber(wrong) {
			t.Errorf("%s and %d digits in all that do not pass Luhn are a number", begins.digits, begins.length)
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
