package wallet_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestAWalletFromOpeningToClosingItsCard(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	opened := h.must("/v1/wallets", `{"kind": "personal", "program": "prepaid", "name": "Hana"}`)
	id := opened.str("id")
	if opened.status != 201 || opened.num("version") != 1 || !strings.HasPrefix(id, "wal_") || opened.header.Get("ETag") != `"1"` {
		t.Errorf("opened: %d %s", opened.status, opened.text)
	}
	if a := h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5000)+`, "reference": "r-1"}`); a.status != 201 || a.num("version") != 2 {
		t.Errorf("topped up: %d %s", a.status, a.text)
	}
	issued := h.must("/v1/wallets/"+id+"/cards", `{"name": "groceries"}`)
	card := issued.str("id")
	if issued.status != 201 || issued.str("first6") != "354012" || len(issued.str("last4")) != 4 || len(issued.str("expiry")) != 4 || issued.str("status") != "active" || issued.str("holder") != opened.str("owner") {
		t.Errorf("issued: %d %s", issued.status, issued.text)
	}
	if a := h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(2000)+`}`); a.status != 201 || a.num("card_after.available.amount") != 2000 {
		t.Errorf("allocated: %d %s", a.status, a.text)
	}
	b := h.get("/v1/wallets/" + id + "/balance")
	if b.num("posted.amount") != 5000 || b.num("unallocated.amount") != 3000 || b.num("cards.0.available.amount") != 2000 || b.str("cards.0.card") != card || b.num("version") != 4 {
		t.Errorf("balance: %s", b.text)
	}
	if a := h.must("/v1/cards/"+card+"/freeze", ""); a.status != 200 || a.str("status") != "frozen" {
		t.Errorf("freeze: %d %s", a.status, a.text)
	}
	if a := h.must("/v1/cards/"+card+"/unfreeze", "{}"); a.status != 200 || a.str("status") != "active" || a.str("last4") != issued.str("last4") {
		t.Errorf("unfreeze: %d %s", a.status, a.text)
	}
	if a := h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(-500)+`}`); a.num("amount.amount") != -500 {
		t.Errorf("taken back: %s", a.text)
	}
	if a := h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "sweep": true}`); a.num("amount.amount") != -1500 {
		t.Errorf("swept: %s", a.text)
	}
	if a := h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "sweep": true}`); a.status != 200 || a.num("amount.amount") != 0 {
		t.Errorf("swept again: %d %s", a.status, a.text)
	}
	reissued := h.must("/v1/cards/"+card+"/reissue", "")
	if reissued.status != 201 || reissued.str("id") != card || reissued.str("first6") != "354012" {
		t.Errorf("re-issued: %d %s", reissued.status, reissued.text)
	}
	if a := h.must("/v1/cards/"+card+"/close", ""); a.status != 200 || a.str("status") != "closed" || a.str("last4") != reissued.str("last4") {
		t.Errorf("closed: %d %s", a.status, a.text)
	}
	if a := h.must("/v1/cards/"+card+"/close", ""); a.status != 200 || a.str("status") != "closed" {
		t.Errorf("closed again: %d %s", a.status, a.text)
	}
	if a := h.post("/v1/cards/"+card+"/freeze", ""); a.status != 409 || a.str("code") != "state_conflict" {
		t.Errorf("a closed card is frozen: %d %s", a.status, a.text)
	}
}

func TestRulesAndNamesOfACardAreReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	_, card := h.funded(1000)
	a := h.must("/v1/cards/"+card+"/rules", `{"use_max": `+jpy(300)+`, "channels_off": ["ecommerce", "device", "ecommerce"]}`)
	if a.num("rules.use_max.amount") != 300 || a.str("rules.channels_off.0") != "ecommerce" || a.str("rules.channels_off.1") != "device" || a.at("rules.channels_off.2") != nil {
		t.Errorf("got %s", a.text)
	}
	if a := h.must("/v1/cards/"+card+"/name", `{"name": "holidays"}`); a.str("name") != "holidays" || a.num("rules.use_max.amount") != 300 {
		t.Errorf("renamed: %s", a.text)
	}
	if a := h.must("/v1/cards/"+card+"/rules", `{}`); a.at("rules.use_max") != nil || a.at("rules.channels_off.0") != nil {
		t.Errorf("rules that were left out stay: %s", a.text)
	}
	got := h.get("/v1/cards/" + card)
	if got.status != 200 || got.str("name") != "holidays" || got.at("rules.use_max") != nil {
		t.Errorf("read: %s", got.text)
	}
	for body, field := range map[string]string{
		`{"use_max": {"amount": 5, "currency": "USD"}}`: "use_max.currency", `{"use_max": ` + jpy(0) + `}`: "use_max.amount",
		`{"channels_off": ["smoke"]}`: "channels_off[0]", `{"use_max": {"amount": 5, "currency": "XXQ"}}`: "use_max.currency",
	} {
		if a := h.post("/v1/cards/"+card+"/rules", body); a.status != 422 || a.str("field") != field {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
}

func TestMoneyGoesFromOneWalletToAnotherWithinItsLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	from, _ := h.funded(500_000)
	to, _ := h.funded(900_000)
	send := func(amount int) answer {
		return h.post("/v1/transfers", `{"from": "`+from+`", "to": "`+to+`", "amount": `+jpy(amount)+`, "reference": "lunch"}`)
	}
	if a := send(60_000); a.status != 201 || a.str("from") != from || a.str("to") != to || a.num("amount.amount") != 60_000 || a.str("reference") != "lunch" || !strings.HasPrefix(a.str("id"), "trf_") {
		t.Errorf("sent: %d %s", a.status, a.text)
	}
	for amount, code := range map[int]string{100_001: "limit_exceeded", 50_000: "cap_exceeded", 0: "field_invalid", -5: "field_invalid"} {
		if a := send(amount); a.str("code") != code {
			t.Errorf("%d: %d %s", amount, a.status, a.text)
		}
	}
	if a := h.get("/v1/wallets/" + from + "/balance"); a.num("posted.amount") != 440_000 {
		t.Errorf("left: %s", a.text)
	}
	back := h.post("/v1/transfers", `{"from": "`+to+`", "to": "`+from+`", "amount": `+jpy(100_000)+`}`)
	if back.status != 201 || back.at("reference") != nil {
		t.Errorf("back: %d %s", back.status, back.text)
	}
	if a := h.post("/v1/transfers", `{"from": "`+to+`", "to": "`+from+`", "amount": `+jpy(50_001)+`}`); a.str("code") != "limit_exceeded" {
		t.Errorf("above the month: %d %s", a.status, a.text)
	}
}

func TestNoTwoMovementsOfMoneyHaveOneIDAndATransferHasOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	var wallets []string
	for range 2 { // what is done in both has the same versions
		id, card := h.funded(1000)
		h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(300)+`}`)
		h.must("/v1/cards/"+card+"/close", "")
		wallets = append(wallets, id)
	}
	transfers := map[string]bool{}
	for i, from := range wallets {
		a := h.must("/v1/transfers", `{"from": "`+from+`", "to": "`+wallets[1-i]+`", "amount": `+jpy(5)+`}`)
		transfers[a.str("id")] = true
	}
	if len(transfers) != 2 {
		t.Errorf("two transfers have %d ids", len(transfers))
	}
	times := map[string]int{}
	for _, id := range wallets {
		told, moved := h.ids("/v1/wallets/"+id+"/events"), h.ids("/v1/wallets/"+id+"/activity")
		for made, kind := range moved {
			times[made]++
			if _, ok := told[made]; !ok || transfers[made] != (kind == "transfer") {
				t.Errorf("%s is a %s, and among events: %v", made, kind, ok)
			}
		}
		if len(moved) != 5 {
			t.Errorf("%d movements of %s", len(moved), id)
		}
	}
	for made, n := range times {
		if want := map[bool]int{true: 2, false: 1}[transfers[made]]; n != want {
			t.Errorf("%s is in %d wallets, want %d", made, n, want)
		}
	}
}

// ids are the ids on the first page of a list, each with its type.
func (h *house) ids(path string) map[string]string {
	h.t.Helper()
	a, all := h.get(path), map[string]string{}
	for n := 0; a.at("data."+strconv.Itoa(n)) != nil; n++ {
		if id := a.str("data." + strconv.Itoa(n) + ".id"); id != "" {
			all[id] = a.str("data." + strconv.Itoa(n) + ".type")
		}
	}
	return all
}

func TestTheKeyOfATransferIsBoundToBothItsWallets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	one, _ := h.funded(1000)
	two, _ := h.funded(1000)
	send := func(from, to string, amount int) answer {
		return h.send(request{method: "POST", path: "/v1/transfers", key: "k", body: `{"from": "` + from + `", "to": "` + to + `", "amount": ` + jpy(amount) + `}`})
	}
	if a := send(one, two, 5000); a.str("code") != "insufficient_funds" {
		t.Errorf("too much: %d %s", a.status, a.text)
	}
	h.must("/v1/wallets/"+one+"/top-ups", `{"amount": `+jpy(4000)+`, "reference": "r-2"}`)
	for name, a := range map[string]answer{"from another wallet": send(two, one, 5000), "another amount": send(one, two, 4999)} {
		if a.status != 422 || a.str("code") != "idempotency_key_reused" {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	first, again := send(one, two, 5000), send(one, two, 5000)
	if first.status != 201 || again.text != first.text || first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("with money: %d %s, then %d %s", first.status, first.text, again.status, again.text)
	}
}

func TestNotEnoughMoneySaysHowMuchThereIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	a := h.post("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(1001)+`}`)
	if a.status != 409 || a.str("code") != "insufficient_funds" || a.num("free") != 1000 || a.str("type") != "/docs#insufficient_funds" {
		t.Errorf("got %d %s", a.status, a.text)
	}
	if a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "r-1"}`); a.status != 409 || a.str("code") != "reference_used" {
		t.Errorf("a reference twice: %d %s", a.status, a.text)
	}
	if a := h.post("/v1/wallets/"+id+"/top-ups", `{"amount": {"amount": 5, "currency": "USD"}, "reference": "r-2"}`); a.status != 422 || a.str("field") != "amount.currency" {
		t.Errorf("another currency: %d %s", a.status, a.text)
	}
}

func TestAGroupHasMembersWhoComeAndGo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	opened := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "Flat 3", "owner_name": "Hana"}`)
	id, at := opened.str("id"), "/v1/wallets/"+opened.str("id")+"/members"
	ken := h.must(at, `{"name": "Ken", "role": "member"}`)
	if ken.status != 201 || ken.str("name") != "Ken" || ken.str("role") != "member" || !strings.HasPrefix(ken.str("id"), "per_") {
		t.Errorf("added: %d %s", ken.status, ken.text)
	}
	if a := h.must("/v1/wallets/"+id+"/cards", `{"name": "Ken's", "holder": "`+ken.str("id")+`"}`); a.str("holder") != ken.str("id") {
		t.Errorf("issued: %s", a.text)
	}
	list := h.get(at)
	if list.str("data.0.name") != "Hana" || list.str("data.0.role") != "owner" || list.str("data.1.name") != "Ken" || list.at("next") != nil {
		t.Errorf("listed: %s", list.text)
	}
	if a := h.must(at+"/"+ken.str("id")+"/role", `{"role": "viewer"}`); a.status != 200 || a.str("role") != "viewer" {
		t.Errorf("role: %s", a.text)
	}
	gone := h.send(request{method: "DELETE", path: at + "/" + ken.str("id"), noKey: true})
	if gone.status != 200 || gone.str("role") != "none" {
		t.Errorf("removed: %d %s", gone.status, gone.text)
	}
	if a := h.send(request{method: "DELETE", path: at + "/" + ken.str("id")}); a.status != 404 {
		t.Errorf("removed again: %d %s", a.status, a.text)
	}
	if a := h.send(request{method: "DELETE", path: at + "/" + opened.str("owner")}); a.status != 409 {
		t.Errorf("the last owner is removed: %d %s", a.status, a.text)
	}
}

func TestASweepOfNothingAnswers200AndMovesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(700)+`}`)
	sweep := func(key string) answer {
		return h.send(request{method: "POST", path: "/v1/wallets/" + id + "/allocations", key: key, body: `{"card": "` + card + `", "sweep": true}`})
	}
	if a := sweep("full"); a.status != 201 || a.num("amount.amount") != -700 {
		t.Errorf("with 700 on the card: %d %s", a.status, a.text)
	}
	seen := func() string {
		return h.get("/v1/wallets/"+id+"/events").text + h.get("/v1/wallets/"+id+"/activity").text
	}
	before := seen()
	empty := sweep("empty")
	if empty.status != 200 || empty.num("amount.amount") != 0 || empty.num("card_after.available.amount") != 0 || !strings.HasPrefix(empty.str("id"), "all_") {
		t.Errorf("with nothing on it: %d %s", empty.status, empty.text)
	}
	if seen() != before {
		t.Error("what moved nothing is among events or activity")
	}
	h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(300)+`}`)
	if a := sweep("empty"); a.status != 200 || a.text != empty.text {
		t.Errorf("again with the same key, and money meanwhile: %d %s", a.status, a.text)
	}
	for _, amount := range []int{0, -301} {
		if a := h.post("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(amount)+`}`); a.status/100 != 4 {
			t.Errorf("an allocation of %d: %d %s", amount, a.status, a.text)
		}
	}
	if a := h.get("/v1/wallets/" + id + "/balance"); a.num("cards.0.available.amount") != 300 || a.num("unallocated.amount") != 700 {
		t.Errorf("balance: %s", a.text)
	}
}
