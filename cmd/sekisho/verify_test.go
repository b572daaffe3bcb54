package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

func TestALedgerThatDoesNotAddUpSaysSoAndFails(t *testing.T) {
	t.Parallel()
	a := balance.Audit{
		Wallets: 2, Entries: 412300, Posted: 1200, Held: 300, Sum: 200, Faults: 102, Problems: []string{"alice: entry 7 is wrong"},
		Accounts: map[balance.Account]balance.AccountSums{
			{Kind: balance.AccountTopUp, Name: "prepaid"}:  {Posted: -1000},
			{Kind: balance.AccountSettlement, Name: "jcb"}: {Held: 300},
			{Kind: balance.AccountWallet, Name: "alice"}:   {},
		},
	}
	var text, object bytes.Buffer
	if err := report(&text, &a, spec.JPY, false); err == nil || !strings.Contains(err.Error(), "does not add up: 102 problems") {
		t.Errorf("got %v", err)
	}
	for _, want := range []string{
		"412,300 entries re-added over 2 wallets, 102 problems\n", "top_up:prepaid                            -¥1,000",
		"settlement:jcb                                 ¥0             ¥300", "problem: alice: entry 7 is wrong\nand 101 more problems\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "wallet:alice") {
		t.Error("an account of nothing is shown")
	}
	if err := report(&object, &a, spec.JPY, true); err == nil {
		t.Error("as JSON it does not fail")
	}
	var got auditJSON
	if err := json.Unmarshal(object.Bytes(), &got); err != nil || got.OK || got.Sum != 200 || got.Accounts["top_up:prepaid"].Posted != -1000 || len(got.Problems) != 1 {
		t.Errorf("%v: %s", err, object.String())
	}
}

func TestALedgerInOrderIsExplainedInItsUnit(t *testing.T) {
	t.Parallel()
	a := balance.Audit{Wallets: 12, Entries: 412300}
	for currency, want := range map[spec.Currency]string{spec.JPY: "every yen explained", 0: "every unit explained"} {
		var text bytes.Buffer
		if err := report(&text, &a, currency, false); err != nil || !strings.Contains(text.String(), "412,300 entries re-added over 12 wallets, "+want) {
			t.Errorf("%v: %s", err, text.String())
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if grouped(n) != want {
			t.Errorf("%d is written %s", n, grouped(n))
		}
	}
}
