package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
)

const lifeAPI = `
wallet_api:
  listen: 127.0.0.1:0
  tokens: [{token: dev, tenant: t1, programs: [prepaid], scopes: ["*"]}]
`

// life is the people of an app server and a card network, around one switch or several over one table. Each
// call and each message goes to the next switch, so that whatever one has done the other is asked about at once.
type life struct {
	*testing.T
	settings *settings
	engines  []*engine
	apps     []*walletClient
	networks []*cardnet.Network
	calls    int
	messages int
	keys     int
	files    int
}

// openLife starts so many switches with the same configuration.
func openLife(t *testing.T, switches int, config string) *life {
	t.Helper()
	l := &life{T: t}
	path := writeFile(t, t.TempDir(), "c.yaml", config+lifeAPI)
	for i := range switches {
		s, e := openEngine(t, path)
		app, err := newWalletClient("http://"+e.wallet.Addr(), "dev")
		if err != nil {
			t.Fatal(err)
		}
		n, err := cardnet.Dial(t.Context(), cardnet.Config{Addr: e.Addr("jcb").String(), Acquirer: "8871123" + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = n.Close(t.Context()) }) // the switch may be faster
		l.settings, l.engines, l.apps, l.networks = s, append(l.engines, e), append(l.apps, app), append(l.networks, n)
	}
	return l
}

// post does something, and asks for it again at the next switch: the same answer, and nothing happens twice.
func (l *life) post(path string, body, into any) {
	l.Helper()
	l.keys++
	key := "key-" + strconv.Itoa(l.keys)
	var first []byte
	for again := range 2 {
		answer, err := l.app().post(l.Context(), path, key, body)
		if err != nil {
			l.Fatalf("POST %s: %v", path, err)
		}
		if answer.Replayed != (again == 1) {
			l.Fatalf("POST %s, time %d: replayed is %t", path, again+1, answer.Replayed)
		}
		if again == 1 && string(answer.Body) != string(first) {
			l.Fatalf("POST %s again at another switch is answered %s, first %s", path, answer.Body, first)
		}
		first = answer.Body
	}
	if err := json.Unmarshal(first, into); err != nil {
		l.Fatal(err)
	}
}

func (l *life) app() *walletClient {
	l.calls++
	return l.apps[l.calls%len(l.apps)]
}

func (l *life) get(path string, into any) {
	l.Helper()
	answer, err := l.app().get(l.Context(), path)
	if err == nil {
		err = answer.read(into)
	}
	if err != nil {
		l.Fatalf("GET %s: %v", path, err)
	}
}

// pay has a card pay at once, at the next switch, and wants this DE39.
func (l *life) pay(card cardnet.Card, amount int64, want string) *cardnet.Purchase {
	l.Helper()
	l.messages++
	p := &cardnet.Purchase{Card: card, Amount: amount}
	a, err := l.networks[l.messages%len(l.networks)].Authorize(l.Context(), p)
	if err != nil || a.ActionCode != want {
		l.Fatalf("0100 of %d: %q, %v; want %s", amount, a.ActionCode, err, want)
	}
	return p
}

// reveal is the number of a card, as it is sent in clearing, and as it pays.
func (l *life) reveal(card string) (spec.PAN, cardnet.Card) {
	l.Helper()
	answer, err := l.app().post(l.Context(), "/v1/cards/"+card+"/reveal", "reveal-"+strconv.Itoa(l.calls), map[string]string{"reason": "test"})
	var shown struct{ PAN, Expiry string }
	if err == nil {
		err = answer.read(&shown)
	}
	if err != nil {
		l.Fatalf("reveal: %v", err)
	}
	number, err := spec.ParsePAN(shown.PAN)
	if err != nil {
		l.Fatal(err)
	}
	c, err := cardnet.NewCard(shown.PAN, shown.Expiry)
	if err != nil {
		l.Fatal(err)
	}
	return number, c
}

// clear presents a purchase under a number of its card and wants its record placed so.
func (l *life) clear(number spec.PAN, p *cardnet.Purchase, want string) {
	l.Helper()
	l.files++
	file := cardnet.Clearing{Date: time.Now().UTC(), Sequence: l.files, Sales: []cardnet.Sale{{
		Number: number, Amount: spec.Money(p.Amount), Currency: spec.JPY, At: p.At.In(time.FixedZone("JST", 9*60*60)), RRN: p.RRN,
		Approval: p.Approval, Acquirer: "88711230", MCC: 5411, Merchant: p.Merchant, Shop: p.Shop, Entry: p.Entry,
	}}}
	path := filepath.Join(l.TempDir(), "a.clr")
	if err := toFile(path, nil, func(w io.Writer) error { _, err := file.Write(w); return err }); err != nil {
		l.Fatal(err)
	}
	report, err := runJob[jobs.LoadReport](l.Context(), l.settings, io.Discard, clearingLoadJob, clearingLoadOptions{File: path, Link: "jcb"})
	if err != nil || placedIn(&report) != want {
		l.Fatalf("clearing of %d: placed in %q, %v; want %s", p.Amount, placedIn(&report), err, want)
	}
}

// balance wants the money of a wallet, and of a card of its unless that is empty, to be so.
func (l *life) balance(wallet, card, want string) {
	l.Helper()
	var b shownBalance
	l.get("/v1/wallets/"+wallet+"/balance", &b)
	got := fmt.Sprintf("posted %d held %d unallocated %d", b.Posted.Amount, b.Held.Amount, b.Unallocated.Amount)
	for _, c := range b.Cards {
		if c.Card == card {
			got += fmt.Sprintf(", card %d held %d available %d", c.Allocated.Amount, c.Held.Amount, c.Available.Amount)
		}
	}
	if got != want {
		l.Errorf("the balance is %s; want %s", got, want)
	}
	if b.Available.Amount != b.Posted.Amount-b.Held.Amount {
		l.Errorf("available is %d of posted %d held %d", b.Available.Amount, b.Posted.Amount, b.Held.Amount)
	}
}

// purchase wants the activity to tell so of what was paid last.
func (l *life) purchase(wallet, want string) {
	l.Helper()
	var seen page[shownActivity]
	l.get("/v1/wallets/"+wallet+"/activity?limit=1", &seen)
	if len(seen.Data) != 1 {
		l.Fatalf("there is no latest activity: %+v", seen.Data)
	}
	a := seen.Data[0]
	if got := fmt.Sprintf("%s %d %s: %s", a.Type, a.Amount.Amount, a.Purchase.State, a.Purchase.Why); got != want {
		l.Errorf("the activity is %q, want %q", got, want)
	}
}

type lifeMade struct {
	ID      string
	Version uint64
	Amount  money
}

func TestTheLifeOfACardOverTheWalletAPIAndTheCardNetwork(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		lead(openLife(t, 1, fmt.Sprintf(minimal, filepath.Join(t.TempDir(), "data"))))
	})
	t.Run("on a table", func(t *testing.T) {
		t.Parallel()
		endpoint := dynamotest.Local(t)
		for _, switches := range []int{1, 2} {
			lead(openLife(t, switches, strings.Replace(fmt.Sprintf(onTable, endpoint, "127.0.0.1:0"), "ledger", "ledger"+strconv.Itoa(switches), 1)))
		}
	})
}

// lead leads a card through its life.
func lead(l *life) {
	var hana, taro, card, moved lifeMade
	l.post("/v1/wallets", map[string]string{"kind": "personal", "program": "prepaid", "name": "Hana"}, &hana)
	l.post("/v1/wallets", map[string]string{"kind": "group", "program": "prepaid", "name": "Trip"}, &taro)
	at := "/v1/wallets/" + hana.ID
	allocate := func(amount int64) {
		l.Helper()
		l.post(at+"/allocations", map[string]any{"card": card.ID, "amount": money{amount, "JPY"}}, &moved)
	}
	l.post(at+"/top-ups", map[string]any{"amount": money{10_000, "JPY"}, "reference": "r-1"}, &moved)
	l.post(at+"/cards", map[string]string{"name": "food"}, &card)
	old, oldCard := l.reveal(card.ID)
	l.pay(oldCard, 1, "51")
	allocate(3000)
	first := l.pay(oldCard, 1200, "00")
	l.purchase(hana.ID, "purchase 1200 open: Held until the merchant collects it.")
	l.balance(hana.ID, card.ID, "posted 10000 held 1200 unallocated 7000, card 3000 held 1200 available 1800")
	l.pay(oldCard, 1801, "51")

	l.post("/v1/cards/"+card.ID+"/freeze", nil, &moved)
	l.pay(oldCard, 100, "57")
	l.post("/v1/cards/"+card.ID+"/unfreeze", nil, &moved)
	l.pay(oldCard, 100, "00") // stays held
	l.post(at+"/allocations", map[string]any{"card": card.ID, "sweep": true}, &moved)
	if moved.Amount.Amount != -1700 {
		l.Errorf("the sweep moves %d, want -1700", moved.Amount.Amount)
	}
	l.pay(oldCard, 1, "51")
	l.post("/v1/transfers", map[string]any{"from": hana.ID, "to": taro.ID, "amount": money{2000, "JPY"}, "reference": "lunch"}, &moved)
	l.balance(taro.ID, "", "posted 2000 held 0 unallocated 2000")
	l.balance(hana.ID, card.ID, "posted 8000 held 1300 unallocated 6700, card 1300 held 1300 available 0")

	l.post("/v1/cards/"+card.ID+"/reissue", nil, &moved)
	allocate(500)
	l.pay(oldCard, 10, "14")
	fresh, freshCard := l.reveal(card.ID)
	second := l.pay(freshCard, 200, "00")
	l.clear(old, first, "matched")
	l.balance(hana.ID, card.ID, "posted 6800 held 300 unallocated 6200, card 600 held 300 available 300")

	l.post("/v1/cards/"+card.ID+"/close", nil, &moved)
	l.pay(freshCard, 10, "14")
	l.balance(hana.ID, card.ID, "posted 6800 held 300 unallocated 6500, card 300 held 300 available 0")
	l.clear(fresh, second, "matched")
	l.balance(hana.ID, card.ID, "posted 6600 held 100 unallocated 6500, card 100 held 100 available 0")
	l.follow(hana.ID)
	audit, err := balance.Verify(l.Context(), l.engines[0].store, nil)
	if err != nil || !audit.OK() {
		l.Errorf("verify: %v, %q", err, audit.Problems)
	}
}

// lifeEvent is an event as far as this test goes.
type lifeEvent struct {
	Version uint64
	Index   int
	Kind    string
	Posted  money
	Balance struct{ Posted, Held, Available, Unallocated money }
}

// follow reads the log of a wallet page by page, and from every version on: always the same events, in order,
// and the money of each is that of the one before it with what the event says.
func (l *life) follow(wallet string) {
	l.Helper()
	at := "/v1/wallets/" + wallet + "/events"
	var whole page[lifeEvent]
	l.get(at+"?limit=100", &whole)
	if len(whole.Data) < 12 || whole.Next != "" {
		l.Fatalf("there are %d events, next %q", len(whole.Data), whole.Next)
	}
	var paged []lifeEvent
	for cursor := ""; ; {
		var p page[lifeEvent]
		l.get(at+"?limit=3&cursor="+cursor, &p)
		paged = append(paged, p.Data...)
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(paged) != fmt.Sprint(whole.Data) {
		l.Errorf("page by page the events are\n%v\nin one go\n%v", paged, whole.Data)
	}
	var sum int64
	for i, e := range whole.Data {
		sum += e.Posted.Amount
		if last := i+1 == len(whole.Data) || whole.Data[i+1].Version != e.Version; last && e.Balance.Posted.Amount != sum {
			l.Errorf("after version %d there are %d, the events add up to %d", e.Version, e.Balance.Posted.Amount, sum)
		}
		var rest page[lifeEvent]
		l.get(at+"?limit=100&after="+strconv.FormatUint(e.Version, 10), &rest)
		from := i + 1
		for from < len(whole.Data) && whole.Data[from].Version == e.Version {
			from++
		}
		if fmt.Sprint(rest.Data) != fmt.Sprint(append([]lifeEvent{}, whole.Data[from:]...)) {
			l.Errorf("after version %d come %v, want %v", e.Version, rest.Data, whole.Data[from:])
		}
	}
	var b shownBalance
	l.get("/v1/wallets/"+wallet+"/balance", &b)
	last := whole.Data[len(whole.Data)-1]
	if last.Version != b.Version || last.Balance.Posted != b.Posted || last.Balance.Held != b.Held || last.Balance.Unallocated != b.Unallocated {
		l.Errorf("the last event leaves %+v, the balance is %+v", last, b)
	}
}
