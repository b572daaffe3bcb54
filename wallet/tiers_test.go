package wallet_test

import (
	"strings"
	"testing"
)

func TestAWalletHasTheLimitsOfItsTier(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(900_000)
	to, _ := h.funded(1)
	send := func(amount int) answer {
		return h.post("/v1/transfers", `{"from": "`+id+`", "to": "`+to+`", "amount": `+jpy(amount)+`}`)
	}
	own := h.get("/v1/wallets/" + id)
	if own.at("tier") != nil || own.num("limits.balance_max.amount") != 1_000_000 || own.num("limits.transfer_max.amount") != 100_000 ||
		own.num("limits.month_max.amount") != 150_000 || own.num("limits.month_left.amount") != 150_000 || own.str("limits.month_left.currency") != "JPY" {
		t.Errorf("without a tier: %s", own.text)
	}
	if a := send(100_001); a.str("code") != "limit_exceeded" {
		t.Errorf("without a tier: %d %s", a.status, a.text)
	}
	set := h.must("/v1/wallets/"+id+"/tier", `{"tier": "verified"}`)
	if set.status != 200 || set.str("tier") != "verified" || set.str("id") != id || set.num("version") != 4 || set.str("program") != "prepaid" ||
		set.at("limits") != nil || set.header.Get("ETag") != `"4"` {
		t.Errorf("set: %d %s", set.status, set.text)
	}
	if a := send(160_000); a.status != 201 {
		t.Errorf("with the tier: %d %s", a.status, a.text)
	}
	got := h.get("/v1/wallets/" + id)
	if got.str("tier") != "verified" || got.at("limits.transfer_max") != nil || got.num("limits.month_max.amount") != 160_000 || got.at("limits.month_left.amount") != 0.0 {
		t.Errorf("read: %s", got.text)
	}
	events := h.get("/v1/wallets/" + id + "/events")
	if events.str("data.3.kind") != "wallet_changed" || events.str("data.3.tier") != "verified" {
		t.Errorf("its event: %v", events.at("data.3"))
	}
	if a := h.must("/v1/wallets/"+id+"/tier", `{"tier": ""}`); a.status != 200 || a.at("tier") != nil {
		t.Errorf("taken back: %d %s", a.status, a.text)
	}
	for body, field := range map[string]string{`{"tier": "gold"}`: "tier", `{"tier": "` + strings.Repeat("x", 33) + `"}`: "tier", `{}`: "tier"} {
		if a := h.post("/v1/wallets/"+id+"/tier", body); a.status != 422 || a.str("field") != field {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
}
