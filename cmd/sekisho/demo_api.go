package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"sekisho/cardnet"
	"sekisho/spec"
	"sekisho/wallet"
)

// demoTenant is whose wallets the demo's token opens.
const demoTenant = "demo"

// demoWalletAPI is a wallet API on a free port of this machine, with one token that may do everything.
func demoWalletAPI() *walletAPISettings {
	token := "demo-" + strings.ToLower(rand.Text()[:12])
	return &walletAPISettings{
		Listen: "127.0.0.1:0", Plain: secret(token), Connections: apiConnections,
		Tokens: wallet.Tokens{{Hash: wallet.TokenHash(token), Identity: wallet.Identity{
			Name: "demo", Tenant: demoTenant, Programs: []string{"prepaid"}, Scopes: []wallet.Scope{wallet.Everything},
		}}},
	}
}

// demoWallet is what --json says of the wallet of the story.
type demoWallet struct {
	OK          bool   `json:"ok"` // the purchase was the same from both sides, and the rest came back
	Wallet      string `json:"wallet"`
	Card        string `json:"card"`
	Approved    bool   `json:"approved"`
	Held        int64  `json:"held"`
	Available   int64  `json:"available"` // of the wallet
	Unallocated int64  `json:"unallocated"`
}

// What the app does in the story, in yen.
const (
	demoTopUp     = 5_000
	demoAllocated = 3_000
	demoPaid      = 800
)

// app is the app server of the demo: a client of the wallet API that tells what it does.
type app struct {
	*walletClient
	stage  *stage
	wallet shownWallet
	card   shownCard
}

// call does one thing and tells of it, in at most one line.
func (a *app) call(ctx context.Context, path string, body, into any, said func() string) error {
	method, do := "POST", func() (*walletAnswer, error) { return a.post(ctx, path, newKey(), body) }
	if body == nil {
		method, do = "GET ", func() (*walletAnswer, error) { return a.get(ctx, path) }
	}
	answer, err := do()
	if err == nil {
		err = answer.read(into)
	}
	if err != nil {
		return fmt.Errorf("wallet API: %s %s: %w", method, path, err)
	}
	if said != nil {
		a.stage.say("  %s %-34s %s", method, strings.Replace(path, a.wallet.ID, "{id}", 1), said())
	}
	return nil
}

// people shows the same purchase from both sides: a person opens a wallet and gets a card over the wallet
// API, the card pays at once over the card network, and the app sees it.
func (s *stage) people(ctx context.Context) (*demoWallet, error) {
	e := s.engines[0]
	if e.wallet == nil {
		return nil, errors.New("the demo has no wallet API")
	}
	client, err := newWalletClient("http://"+e.wallet.Addr(), string(s.token))
	if err != nil {
		return nil, err
	}
	s.say("\nwallet API %s   development token %s   %s/docs\nthe same purchase from both sides:\n", client.base, string(s.token), client.base)
	a := &app{walletClient: client, stage: s, wallet: shownWallet{ID: "?"}}
	defer client.http.CloseIdleConnections()
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	paid, err := a.pay(ctx)
	if err != nil {
		return nil, err
	}
	return a.look(ctx, paid)
}

// open makes a wallet with money and a card.
func (a *app) open(ctx context.Context) error {
	body := map[string]string{"kind": "personal", "program": "prepaid", "name": "Hana"}
	if err := a.call(ctx, "/v1/wallets", body, &a.wallet, func() string { return a.wallet.ID + "  " + a.wallet.Name }); err != nil {
		return err
	}
	at := "/v1/wallets/" + a.wallet.ID
	topUp := map[string]any{"amount": money{demoTopUp, "JPY"}, "reference": "demo"}
	if err := a.call(ctx, at+"/top-ups", topUp, &struct{}{}, func() string { return yen(demoTopUp) + " came in" }); err != nil {
		return err
	}
	err := a.call(ctx, at+"/cards", map[string]string{"name": "groceries"}, &a.card, func() string {
		return a.card.ID + "  " + a.card.masked() + "  " + a.card.Status
	})
	if err != nil {
		return err
	}
	allocation := map[string]any{"card": a.card.ID, "amount": money{demoAllocated, "JPY"}}
	return a.call(ctx, at+"/allocations", allocation, &struct{}{}, func() string { return yen(demoAllocated) + " to the card" })
}

// pay has the card pay over the card network.
func (a *app) pay(ctx context.Context) (cardnet.Answer, error) {
	var number struct {
		PAN    string `json:"pan"`
		Expiry string `json:"expiry"`
	}
	path := "/v1/cards/" + a.card.ID + "/reveal"
	if err := a.call(ctx, path, map[string]string{"reason": "demo"}, &number, nil); err != nil {
		return cardnet.Answer{}, err
	}
	card, err := cardnet.NewCard(number.PAN, number.Expiry)
	if err != nil {
		return cardnet.Answer{}, err
	}
	paid, err := a.stage.networks[0].Authorize(ctx, &cardnet.Purchase{Card: card, Amount: demoPaid, MCC: "5411"})
	if err != nil {
		return paid, fmt.Errorf("0100 of the new card: %w", err)
	}
	a.stage.say("  0100 over the card network              %s  %s  %.1f ms", yen(demoPaid), verdict(paid, nil), milliseconds(paid.Latency))
	return paid, nil
}

// look sees in the app what the network did, and takes back what is left.
func (a *app) look(ctx context.Context, paid cardnet.Answer) (*demoWallet, error) {
	at := "/v1/wallets/" + a.wallet.ID
	var seen page[shownActivity]
	first := func() *shownActivity {
		if len(seen.Data) == 0 {
			return &shownActivity{}
		}
		return &seen.Data[0]
	}
	err := a.call(ctx, at+"/activity", nil, &seen, func() string {
		return fmt.Sprintf("%s %s %s: %s", first().Type, yen(spec.Money(first().Amount.Amount)), first().Purchase.State, first().Purchase.Why)
	})
	if err != nil {
		return nil, err
	}
	var b shownBalance
	var swept struct{ Amount money }
	sweep := map[string]any{"card": a.card.ID, "sweep": true}
	err = a.call(ctx, at+"/allocations", sweep, &swept, func() string {
		return yen(spec.Money(-swept.Amount.Amount)) + " that were free on the card go back to the wallet"
	})
	if err != nil {
		return nil, err
	}
	err = a.call(ctx, at+"/balance", nil, &b, func() string {
		return fmt.Sprintf("posted %s = held %s + unallocated %s", yen(spec.Money(b.Posted.Amount)), yen(spec.Money(b.Held.Amount)), yen(spec.Money(b.Unallocated.Amount)))
	})
	if err != nil {
		return nil, err
	}
	p := &first().Purchase
	same := paid.Approved() && first().Type == "purchase" && p.Held != nil && p.Held.Amount == demoPaid
	back := b.Posted.Amount == demoTopUp && b.Held.Amount == demoPaid && b.Unallocated.Amount == demoTopUp-demoPaid
	return &demoWallet{
		OK: same && back, Wallet: a.wallet.ID, Card: a.card.ID, Approved: paid.Approved(), Held: b.Held.Amount,
		Available: b.Available.Amount, Unallocated: b.Unallocated.Amount,
	}, nil
}
