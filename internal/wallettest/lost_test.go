package wallettest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sekisho/spec"
)

// TestEveryPostWhoseAnswersAreLostHappensOnce has app servers go through every POST of the document, each sent until
// an answer comes through: every one raises the version of its wallet by exactly one, but for a reveal, which
// changes no wallet.
func TestEveryPostWhoseAnswersAreLostHappensOnce(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, h *house) {
		h.loss = 7
		var all sync.WaitGroup
		var posts asked
		for i := range 6 {
			all.Go(func() { (&customer{house: h, number: i, posts: &posts}).live() })
		}
		all.Wait()
		posts.all(t, h)
		h.settled()
		h.verify()
	})
}

// customer is an app server at work for one person.
type customer struct {
	*house
	number  int
	wallet  string
	version uint64
	posts   *asked
}

// do makes one change of the customer's wallet, the next after the one before.
func (c *customer) do(path, body string) reply {
	c.t.Helper()
	c.posts.note(path)
	r := c.post(path, body)
	if c.version++; r.Status/100 != 2 || r.Version != c.version {
		c.t.Errorf("POST %s: %d at version %d, want 2xx at %d: %s", path, r.Status, r.Version, c.version, r.Text)
	}
	return r
}

func (c *customer) live() {
	opened := c.do("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "Flat 3"}`)
	c.wallet = opened.ID
	at := "/v1/wallets/" + c.wallet
	c.do(at+"/top-ups", `{"amount": `+jpy(9000)+`, "reference": "r-1"}`)
	c.do(at+"/top-ups", `{"amount": `+jpy(1000)+`, "reference": "r-2"}`)
	card := c.do(at+"/cards", `{"name": "food"}`).ID
	rent := c.do(at+"/cards", `{"name": "rent"}`).ID
	for i := range 10 {
		c.do(at+"/allocations", fmt.Sprintf(`{"card": %q, "amount": %s}`, card, jpy(int64(100+i))))
	}
	c.do(at+"/allocations", fmt.Sprintf(`{"card": %q, "amount": %s}`, card, jpy(-45)))
	c.do(at+"/allocations", fmt.Sprintf(`{"card": %q, "amount": %s}`, rent, jpy(800)))
	if r := c.do(at+"/allocations", fmt.Sprintf(`{"card": %q, "sweep": true}`, rent)); r.Amount.Amount != -800 {
		c.t.Errorf("a sweep moves %d, want -800", r.Amount.Amount)
	}
	if r := c.do(at+"/allocations", fmt.Sprintf(`{"card": %q, "sweep": true}`, rent)); r.Amount.Amount != 0 || r.Status != http.StatusOK {
		c.t.Errorf("a sweep that finds nothing: %d, moves %d", r.Status, r.Amount.Amount)
	}
	c.do(at+"/tier", `{"tier": "verified"}`)
	c.do(at+"/name", `{"name": "Flat 4"}`)
	person := c.do(at+"/members", `{"name": "Ken", "role": "member"}`).ID
	c.do(at+"/members/"+person+"/role", `{"role": "viewer"}`)
	for _, verb := range []string{"freeze", "unfreeze", "lost", "reissue", "stolen", "reissue"} {
		c.do("/v1/cards/"+card+"/"+verb, "")
	}
	c.do("/v1/cards/"+card+"/name", `{"name": "holidays"}`)
	c.do("/v1/cards/"+card+"/rules", `{"channels_off": ["ecommerce"]}`)
	c.do("/v1/cards/"+card+"/tokens", fmt.Sprintf(`{"number": %q, "name": "phone"}`, tokenNumber(c.number)))
	c.reveal(card)
	other := c.must("/v1/wallets", `{"kind": "personal", "program": "prepaid", "name": "Ren"}`).ID
	for range 4 {
		c.do("/v1/transfers", fmt.Sprintf(`{"from": %q, "to": %q, "amount": %s}`, c.wallet, other, jpy(250)))
	}
	c.do("/v1/cards/"+rent+"/close", "")
	c.count(card, other)
}

// tokenNumber is a made-up number for a device token, longer than those of cards.
func tokenNumber(n int) string {
	digits := fmt.Sprintf("354012000000%06d", n)
	for check := '0'; ; check++ {
		if _, err := spec.ParsePAN(digits + string(check)); err == nil {
			return digits + string(check)
		}
	}
}

// reveal asks for the number of a card. What is lost of it may have been recorded as well, and changes no wallet.
func (c *customer) reveal(card string) {
	c.t.Helper()
	path := "/v1/cards/" + card + "/reveal"
	c.posts.note(path)
	r := c.post(path, `{"reason": "the holder asked"}`)
	if r.Status != http.StatusOK || r.Version != c.version || len(r.PAN) != 16 {
		c.t.Errorf("a reveal: %d at version %d with %d digits, want 16 at %d", r.Status, r.Version, len(r.PAN), c.version)
	}
}

// count wants what happened to be what was asked for.
func (c *customer) count(card, other string) {
	for i, n := range c.nodes {
		b := c.balance(n, c.wallet)
		if b.Version != c.version || b.Posted.Amount != 9000 || len(b.Cards) != 1 || b.Cards[0].Card != card || b.Cards[0].Allocated.Amount != 1000 || b.Unallocated.Amount != 8000 {
			c.t.Errorf("customer %d at switch %d: %+v at version %d; want 9000, of which 1000 on the card", c.number, i, b, c.version)
		}
		if b := c.balance(n, other); b.Posted.Amount != 1000 || b.Version != 5 {
			c.t.Errorf("customer %d at switch %d: the other has %d at version %d, want 1000 at 5", c.number, i, b.Posted.Amount, b.Version)
		}
		var events struct{ Data []struct{ Kind string } }
		c.get(n, "/v1/wallets/"+c.wallet+"/events?limit=100", &events)
		kinds := map[string]int{}
		for _, e := range events.Data {
			kinds[e.Kind]++
		}
		got := strings.TrimPrefix(fmt.Sprint(kinds), "map")
		if want := "[allocated:13 card_changed:10 card_issued:2 funded:2 member_changed:3 opened:1 transferred:4 wallet_changed:2]"; got != want {
			c.t.Errorf("customer %d at switch %d: the events are %s, want %s", c.number, i, got, want)
		}
	}
}
