package wallettest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/spec"
	"sekisho/teller"
)

// steady gives the same bytes each time it is made: the numbers and ids that are drawn are then known before.
func steady() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{7}) }

// A card that one switch issues pays at another at once, unless that was asked for its number before: then it
// may be missing there for as long as "not there" is remembered, two seconds when nothing else is said.
func TestACardIssuedAtOneSwitchPaysAtAnotherAtOnceUnlessItWasAskedForBefore(t *testing.T) {
	t.Parallel()
	const remembered = 300 * time.Millisecond
	known := openHouse(t) // where the first number is drawn as well
	n := known.open(balance.NewMemoryStore(balance.MemoryOptions{}), steady())
	known.nodes = []*node{n}
	_, same := known.openWallet(0, 1)
	first, _ := teller.ParseCard(same[0])
	guessed := known.numbers[first]

	server := dynamotest.Start(t)
	h := openHouse(t)
	for i := range 2 {
		store, err := dynamo.Open(t.Context(), dynamo.Options{Table: "ledger", Endpoint: server.URL(), Create: true, AbsentFor: remembered})
		if err != nil {
			t.Fatal(err)
		}
		h.nodes = append(h.nodes, h.open(store, map[bool]*rand.ChaCha8{true: steady(), false: rand.NewChaCha8([32]byte{8})}[i == 0]))
	}
	issues, pays := h.nodes[0], h.nodes[1]
	if reason := h.payWith(pays, guessed, 1); reason != spec.CardUnknown {
		t.Fatalf("a number that is not issued: %s", reason)
	}
	asked := time.Now()
	h.nodes = []*node{issues}
	wallet, cards := h.openWallet(1000, 1)
	if h.numbers[first] != guessed || cards[0] != same[0] {
		t.Fatal("the number that was asked for was not the next to be issued")
	}
	cards = append(cards, h.must("/v1/wallets/"+wallet+"/cards", `{"name": "another"}`).ID)
	for _, card := range cards {
		h.must("/v1/wallets/"+wallet+"/allocations", fmt.Sprintf(`{"card": %q, "amount": %s}`, card, jpy(400)))
	}
	if reason := h.pay(pays, cards[1], 100); reason != spec.Approved {
		t.Errorf("a card that nobody asked for before pays at the other switch: %s", reason)
	}
	for range time.Tick(remembered / 20) {
		reason := h.pay(pays, cards[0], 100)
		if reason == spec.Approved {
			t.Logf("a number that was asked for pays at the other switch %s after that", time.Since(asked).Round(time.Millisecond))
			break
		}
		if reason != spec.CardUnknown || time.Since(asked) > 10*remembered {
			t.Fatalf("%s after it was asked for: %s", time.Since(asked), reason)
		}
	}
	h.verify()
}
