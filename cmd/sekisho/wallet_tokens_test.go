package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"sekisho/balance/dynamo/dynamotest"
	"sekisho/cardnet"
)

// openSwitch starts a switch with a configuration; it ends with the test, or before.
func openSwitch(t *testing.T, config string) *engine {
	t.Helper()
	_, e := openEngine(t, writeFile(t, t.TempDir(), "c.yaml", config))
	return e
}

// openEngine starts a switch with the configuration in a file; it ends with the test, or before.
func openEngine(t *testing.T, path string) (*settings, *engine) {
	t.Helper()
	s, err := loadConfig(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := assemble(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, e
}

// appServer is one with a token, and the test it is of.
type appServer struct {
	*testing.T
	client *walletClient
}

func (e *engine) appServer(t *testing.T, token string) *appServer {
	t.Helper()
	client, err := newWalletClient("http://"+e.wallet.Addr(), token)
	if err != nil {
		t.Fatal(err)
	}
	return &appServer{T: t, client: client}
}

// post wants something to be done, under the key that is said or a new one, and says whether it was before.
func (a *appServer) post(path, key string, body, into any) (replayed bool) {
	a.Helper()
	answer, err := a.client.post(a.Context(), path, cmp.Or(key, newKey()), body)
	if err == nil {
		err = answer.read(into)
	}
	if err != nil {
		a.Fatalf("POST %s: %v", path, err)
	}
	return answer.Replayed
}

// refused wants a call to be refused with this status and code. Without a body it is a GET.
func (a *appServer) refused(path string, body any, want string) {
	a.Helper()
	var err error
	if body == nil {
		_, err = a.client.get(a.Context(), path)
	} else {
		_, err = a.client.post(a.Context(), path, newKey(), body)
	}
	var p *walletProblem
	if !errors.As(err, &p) || fmt.Sprint(p.Status, " ", p.Code) != want {
		a.Errorf("%s: %v, want %s", path, err, want)
	}
}

// balance wants a wallet to have so much.
func (a *appServer) balance(wallet, want string) {
	a.Helper()
	var b shownBalance
	answer, err := a.client.get(a.Context(), "/v1/wallets/"+wallet+"/balance")
	if err == nil {
		err = answer.read(&b)
	}
	if got := fmt.Sprint(b.Posted.Amount, " ", b.Posted.Currency); err != nil || got != want {
		a.Errorf("there are %s, %v; want %s", got, err, want)
	}
}

type object = map[string]any

func TestTwoProgramsWithTwoCurrenciesAreApart(t *testing.T) {
	t.Parallel()
	e := openSwitch(t, fmt.Sprintf(minimal, filepath.Join(t.TempDir(), "data"))+`  - {name: travel, ranges: ["354013"], currency: USD}
wallet_api:
  listen: 127.0.0.1:0
  tokens:
    - {token: yen, tenant: t1, programs: [prepaid], scopes: ["*"]}
    - {token: dollar, tenant: t1, programs: [travel], scopes: ["*"]}
`)
	yen, dollar := e.appServer(t, "yen"), e.appServer(t, "dollar")
	var home, abroad, card, done lifeMade
	yen.post("/v1/wallets", "", object{"kind": "personal", "program": "prepaid", "name": "Hana"}, &home)
	dollar.post("/v1/wallets", "", object{"kind": "personal", "program": "travel", "name": "Hana"}, &abroad)
	yen.post("/v1/wallets/"+home.ID+"/top-ups", "", object{"amount": money{1000, "JPY"}, "reference": "r-1"}, &done)
	dollar.post("/v1/wallets/"+abroad.ID+"/top-ups", "", object{"amount": money{5550, "USD"}, "reference": "r-1"}, &done) // the same reference
	dollar.post("/v1/wallets/"+abroad.ID+"/cards", "", object{"name": "trip"}, &card)
	dollar.post("/v1/wallets/"+abroad.ID+"/allocations", "", object{"card": card.ID, "amount": money{550, "USD"}}, &done)

	yen.refused("/v1/wallets", object{"kind": "personal", "program": "travel"}, "422 field_invalid")
	for _, path := range []string{"", "/balance", "/events", "/activity", "/cards", "/members"} {
		yen.refused("/v1/wallets/"+abroad.ID+path, nil, "404 not_found")
		dollar.refused("/v1/wallets/"+home.ID+path, nil, "404 not_found")
	}
	yen.refused("/v1/cards/"+card.ID, nil, "404 not_found")
	yen.refused("/v1/cards/"+card.ID+"/freeze", object{}, "404 not_found")
	yen.refused("/v1/cards/"+card.ID+"/reveal", object{"reason": "why"}, "404 not_found")
	yen.refused("/v1/wallets/"+abroad.ID+"/top-ups", object{"amount": money{5, "JPY"}, "reference": "r-2"}, "404 not_found")
	yen.refused("/v1/transfers", object{"from": home.ID, "to": abroad.ID, "amount": money{5, "JPY"}}, "404 not_found")
	dollar.refused("/v1/transfers", object{"from": home.ID, "to": abroad.ID, "amount": money{5, "USD"}}, "404 not_found")
	dollar.refused("/v1/wallets/"+abroad.ID+"/top-ups", object{"amount": money{5, "JPY"}, "reference": "r-2"}, "422 field_invalid")
	var shown struct{ PAN, Expiry string }
	dollar.post("/v1/cards/"+card.ID+"/reveal", "", object{"reason": "test"}, &shown)
	pays, err := cardnet.NewCard(shown.PAN, shown.Expiry)
	if err != nil {
		t.Fatal(err)
	}
	network, err := cardnet.Dial(t.Context(), cardnet.Config{Addr: e.Addr("jcb").String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = network.Close(t.Context()) }) // the switch may be faster
	if a, err := network.Authorize(t.Context(), &cardnet.Purchase{Card: pays, Amount: 5}); err != nil || a.ActionCode != "13" {
		t.Errorf("5 yen of a card in dollars: %q, %v", a.ActionCode, err)
	}
	yen.balance(home.ID, "1000 JPY")
	dollar.balance(abroad.ID, "5550 USD")
}

func TestATokenThatIsTakenAwayIsNobodysAfterARestart(t *testing.T) {
	t.Parallel()
	config := fmt.Sprintf(minimal, filepath.Join(t.TempDir(), "data")) + `wallet_api:
  listen: 127.0.0.1:0
  tokens:
    - {token: stays, name: shop, tenant: t1, programs: [prepaid], scopes: ["*"]}
`
	const goes = `    - {token: goes, name: kiosk, tenant: t1, programs: [prepaid], scopes: ["*"]}
`
	var opened, again, done lifeMade
	e := openSwitch(t, config+goes)
	before := e.appServer(t, "goes")
	body := object{"kind": "personal", "program": "prepaid", "name": "Hana"}
	before.post("/v1/wallets", "open", body, &opened)
	before.post("/v1/wallets/"+opened.ID+"/top-ups", "", object{"amount": money{1000, "JPY"}, "reference": "r-1"}, &done)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	e = openSwitch(t, config)
	gone, other := e.appServer(t, "goes"), e.appServer(t, "stays")
	gone.refused("/v1/wallets/"+opened.ID, nil, "401 unauthenticated")
	gone.refused("/v1/wallets", body, "401 unauthenticated")
	if !other.post("/v1/wallets", "open", body, &again) || again.ID != opened.ID {
		t.Errorf("the other token of the tenant asks again and is given %s, first it was %s", again.ID, opened.ID)
	}
	other.post("/v1/wallets/"+opened.ID+"/top-ups", "", object{"amount": money{500, "JPY"}, "reference": "r-2"}, &done)
	other.balance(opened.ID, "1500 JPY")
}

func TestACardThatIsFrozenAtOneNodePaysAtNone(t *testing.T) {
	t.Parallel()
	l := openLife(t, 2, fmt.Sprintf(onTable, dynamotest.Local(t), "127.0.0.1:0"))
	var wallet, card, done lifeMade
	l.post("/v1/wallets", object{"kind": "personal", "program": "prepaid", "name": "Hana"}, &wallet)
	l.post("/v1/wallets/"+wallet.ID+"/top-ups", object{"amount": money{1000, "JPY"}, "reference": "r-1"}, &done)
	l.post("/v1/wallets/"+wallet.ID+"/cards", object{"name": "food"}, &card)
	l.post("/v1/wallets/"+wallet.ID+"/allocations", object{"card": card.ID, "amount": money{1000, "JPY"}}, &done)
	_, pays := l.reveal(card.ID)
	atBoth := func(want string) {
		t.Helper()
		for i, n := range l.networks {
			a, err := n.Authorize(t.Context(), &cardnet.Purchase{Card: pays, Amount: 10})
			if err != nil || a.ActionCode != want {
				t.Errorf("at node %d: %q, %v; want %s", i, a.ActionCode, err, want)
			}
		}
	}
	atBoth("00") // both have the wallet in memory now
	for node, verb := range []string{"freeze", "unfreeze", "freeze"} {
		if _, err := l.apps[node%2].post(t.Context(), "/v1/cards/"+card.ID+"/"+verb, newKey(), nil); err != nil {
			t.Fatal(err)
		}
		atBoth(map[string]string{"freeze": "57", "unfreeze": "00"}[verb])
	}
	l.balance(wallet.ID, card.ID, "posted 1000 held 40 unallocated 0, card 1000 held 40 available 960")
}
