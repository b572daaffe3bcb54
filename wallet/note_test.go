package wallet_test

import (
	"context"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// diary is a teller whose wallets have had these events.
type diary struct {
	wallet.Teller
	entries []balance.Entry
}

// Events of a diary are what stands in it.
func (d *diary) Events(context.Context, teller.Caller, string, uint64, int) ([]balance.Entry, error) {
	return d.entries, nil
}

func TestAppServersReadTheirReferencesAndNoNoteOfAnOperator(t *testing.T) {
	t.Parallel()
	d := &diary{}
	h := newHouse(t, func(o *wallet.Options) { d.Teller = o.Teller; o.Teller = d })
	id, _ := h.funded(1000)
	theirs := map[balance.Kind]bool{balance.Funded: true, balance.Transferred: true}
	kinds := 0
	for number := range 256 {
		kind := balance.Kind(number)
		if kind.String() == "unknown" {
			continue
		}
		kinds++
		d.entries = []balance.Entry{{Log: id, Version: 1, Events: []balance.Event{{
			Kind: kind, Card: spec.CardID{1}, Posted: 1, Allocated: 1, Status: balance.CardFrozen, Note: "do not tell the customer",
		}}}}
		a := h.get("/v1/wallets/" + id + "/events")
		if a.str("data.0.kind") != kind.String() {
			t.Fatalf("%s is shown as %d %s", kind, a.status, a.text)
		}
		if (a.str("data.0.reference") != "") != theirs[kind] || strings.Contains(a.text, "do not tell") != theirs[kind] {
			t.Errorf("%s: %s", kind, a.text)
		}
	}
	if kinds < 30 {
		t.Errorf("only %d kinds were seen", kinds)
	}
}
