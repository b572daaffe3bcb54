package cardnet

import "testing"

func TestTheBooksFollowEveryOrderOfMessages(t *testing.T) {
	const amount = 1000
	type step func(*books, *Purchase)
	approve := func(b *books, p *Purchase) { b.approve(p, amount) }
	advise := func(b *books, p *Purchase) { b.advise(p, amount) }
	refuse := func(b *books, p *Purchase) { b.refuse(p) }
	leave := func(left int64) step { return func(b *books, p *Purchase) { b.reverse(p, left) } }
	lost := func(b *books, p *Purchase) { b.doubt(p, true) }
	found := func(b *books, p *Purchase) { b.doubt(p, false) }
	for name, c := range map[string]struct {
		steps []step
		want  Held
	}{
		"nothing":                          {nil, Held{}},
		"an approval":                      {[]step{approve}, Held{Yen: 1000, Open: 1}},
		"an approval and its repeat":       {[]step{approve, approve}, Held{Yen: 1000, Open: 1}},
		"a cancel":                         {[]step{approve, leave(0)}, Held{}},
		"two cancels":                      {[]step{approve, leave(0), leave(0)}, Held{}},
		"a repeat after a cancel":          {[]step{approve, leave(0), approve}, Held{}},
		"a cancel in part":                 {[]step{approve, leave(300)}, Held{Yen: 300, Open: 1}},
		"a repeat after a cancel in part":  {[]step{approve, leave(300), approve}, Held{Yen: 300, Open: 1}},
		"a cancel in part, then in full":   {[]step{approve, leave(300), leave(0)}, Held{}},
		"a cancel that leaves more":        {[]step{approve, leave(300), leave(400)}, Held{Yen: 300, Open: 1}},
		"a cancel first":                   {[]step{leave(0), approve}, Held{}},
		"a cancel first, then an advice":   {[]step{leave(0), advise}, Held{}},
		"a partial one first, an advice":   {[]step{leave(300), advise}, Held{Yen: 300, Open: 1}},
		"a partial one first, an approval": {[]step{leave(300), approve}, Held{}},
		"an advice":                        {[]step{advise}, Held{Yen: 1000, Open: 1}},
		"an advice of what was approved":   {[]step{approve, advise}, Held{Yen: 1000, Open: 1}},
		"an advice, then its purchase":     {[]step{advise, approve}, Held{Yen: 1000, Open: 1}},
		"an advice after a cancel":         {[]step{approve, leave(0), advise}, Held{}},
		"an advice after a partial cancel": {[]step{approve, leave(300), advise}, Held{Yen: 300, Open: 1}},
		"our refusal of what was approved": {[]step{approve, refuse}, Held{}},
		"our refusal of what was not":      {[]step{refuse}, Held{}},
		"an answer that did not come":      {[]step{lost, lost}, Held{Uncertain: 1}},
		"an answer that came later":        {[]step{lost, found, approve}, Held{Yen: 1000, Open: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := newBooks(), &Purchase{Card: card(t, 1, "2912"), Amount: amount}
			for _, s := range c.steps {
				s(b, p)
			}
			if got := b.of(p.Card); got != c.want {
				t.Errorf("the books say %+v, want %+v", got, c.want)
			}
		})
	}
}
