package cardnet

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestEveryDifferenceFromWhatTheDialectPromisesIsNamed(t *testing.T) {
	n := offline(Config{})
	p := &Purchase{Card: card(t, 0, "2912"), Amount: 1200}
	n.complete(p)
	asked := n.authorization(p)
	inquiry := &Purchase{Card: p.Card, Processing: processBalance}
	n.complete(inquiry)
	set := func(id int, value string) func(*message) { return func(m *message) { m.elements[id] = value } }
	without := func(id int) func(*message) { return func(m *message) { delete(m.elements, id) } }
	mtiOf := func(mti string) func(*message) { return func(m *message) { m.mti = mti } }
	both := func(a, b func(*message)) func(*message) { return func(m *message) { a(m); b(m) } }
	signOn := n.management(mtiNetwork, SignOn, p.At)
	cancelled := n.reversal(mtiReversal, p, 0, p.At)

	for name, c := range map[string]struct {
		asked message
		spoil func(*message)
		want  []string
	}{
		"nothing is wrong":                       {asked, func(*message) {}, nil},
		"nothing is wrong with a sign-on":        {signOn, func(*message) {}, nil},
		"nothing is wrong with a cancel":         {cancelled, func(*message) {}, nil},
		"nothing is wrong with a balance":        {n.authorization(inquiry), func(*message) {}, nil},
		"a part is approved":                     {asked, both(set(39, "10"), set(4, amountOf(700))), nil},
		"chip data of the issuer's own":          {asked, set(55, "\x91\x0A0123456789"), nil},
		"another message type":                   {asked, mtiOf("0210"), []string{"0100: answered with another message type"}},
		"the amount is another":                  {asked, set(4, amountOf(1)), []string{"0110: DE4 is not the request's"}},
		"the card is another":                    {asked, set(2, card(t, 1, "2912").digits()), []string{"0110: DE2 is not the request's"}},
		"the merchant is not echoed":             {asked, without(42), []string{"0110: DE42 of the request is missing"}},
		"the trailing spaces of DE42 are lost":   {asked, set(42, "PRACTICE0000001"[:14]+" "), []string{"0110: DE42 is not the request's"}},
		"the chip data is echoed":                {asked, set(55, asked.elements[55]), []string{"0110: DE55 starts with something else than tag 91"}},
		"the entry mode is echoed":               {asked, set(22, "051"), []string{"0110: DE22 does not belong there"}},
		"no action code":                         {asked, without(39), []string{"0110: DE39 is missing", "0110: DE38 is not 000000"}},
		"no approval code":                       {asked, without(38), []string{"0110: DE38 is missing"}},
		"an approval without a real code":        {asked, set(38, "000000"), []string{"0110: DE38 is 000000"}},
		"a refusal with an approval code":        {asked, set(39, "51"), []string{"0110: DE38 is not 000000"}},
		"a part that is the whole":               {asked, set(39, "10"), []string{"0110: DE4 is not a part"}},
		"a balance without one":                  {n.authorization(inquiry), without(54), []string{"0110: DE54 has not exactly one"}},
		"a balance with two available ones":      {n.authorization(inquiry), set(54, strings.Repeat("0002392C000000005000", 2)), []string{"0110: DE54 has not exactly one"}},
		"a balance that is cut off":              {asked, set(54, "0002392C00000000500"), []string{"0110: DE54 is not groups of 20"}},
		"a sign-on answered with a STAN not its": {signOn, set(11, "999999"), []string{"0810: DE11 is not the request's"}},
		"a cancel whose DE90 is echoed":          {cancelled, set(90, cancelled.elements[90]), []string{"0410: DE90 does not belong there"}},
		"a cancel whose merchant is echoed":      {cancelled, set(42, cancelled.elements[42]), []string{"0410: DE42 does not belong there"}},
		"an element that was not in the request": {signOn, set(2, p.Card.digits()), []string{"0810: DE2 does not belong there"}},
	} {
		t.Run(name, func(t *testing.T) {
			replied := reply(c.asked, "00", "731200")
			c.spoil(&replied)
			got := judge(c.asked, replied)
			if len(got) != len(c.want) || !slices.EqualFunc(got, c.want, strings.HasPrefix) {
				t.Errorf("found %q, want %q", got, c.want)
			}
			for _, what := range got {
				if strings.Contains(what, p.Card.digits()) {
					t.Error("a text holds the card number")
				}
			}
		})
	}
	if short := maps.Clone(asked.elements); short[13] != "" {
		delete(short, 13)
		if got := judge(message{asked.mti, short}, reply(asked, "00", "731200")); !slices.Equal(got, []string{"0110: DE13 is there though the request had none"}) {
			t.Errorf("an echo of nothing: found %q", got)
		}
	}
}

func TestBalancesAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		want  []Balance
		ok    bool
	}{
		"none":                   {"", nil, true},
		"two, one below zero":    {"0001392C0000000010000002392D000000000120", []Balance{{"00", "01", "392", 1000}, {"00", "02", "392", -120}}, true},
		"a sign that is neither": {"0001392X000000001000", nil, false},
		"an amount with letters": {"0001392C00000000100A", nil, false},
		"half a group":           {"0001392C00", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := balances(c.value)
			if ok != c.ok || !slices.Equal(got, c.want) {
				t.Errorf("read %v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}
