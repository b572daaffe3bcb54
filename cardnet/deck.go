package cardnet

import "math/rand/v2"

// deckSize is the thousand of a Mix.
const deckSize = 1000

// deck deals the kinds of a Mix. Every thousand dealt hold each kind as often as the Mix says,
// so that a few seconds of traffic show all of them, which independent draws would not promise.
type deck struct {
	random *rand.Rand
	kinds  []kind
	dealt  int
}

func newDeck(mix Mix, random *rand.Rand) *deck {
	d := &deck{random: random}
	shares, left := mix.perMille(), deckSize
	for k := purchase + 1; k <= refund; k++ {
		for range shares[k] / k.messages() {
			d.kinds = append(d.kinds, k)
			left -= k.messages()
		}
	}
	for range left {
		d.kinds = append(d.kinds, purchase)
	}
	d.dealt = len(d.kinds) // shuffled before the first deal
	return d
}

func (d *deck) deal() kind {
	if d.dealt == len(d.kinds) {
		d.random.Shuffle(len(d.kinds), func(i, j int) { d.kinds[i], d.kinds[j] = d.kinds[j], d.kinds[i] })
		d.dealt = 0
	}
	k := d.kinds[d.dealt]
	d.dealt++
	return k
}

// messages is how many one dealing costs.
func (k kind) messages() int {
	if k == earlyCancel {
		return 2
	}
	return 1
}
