package teller

import (
	"strings"
	"testing"

	"sekisho/balance"
)

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
	if !others.holdsNumber("card "+number) || others.holdsNumber("20261124"+number+"20261124") {
		t.Error("the number of somebody else is to be found where it stands alone")
	}
	for _, text := range []string{"a\nb", "\xff", "a\x00"} {
		if d.checkText("name", text, 0, 200) == nil {
			t.Errorf("%q is kept", text)
		}
	}
}
