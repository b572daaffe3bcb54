package main

import (
	"strings"
	"testing"
	"time"

	"sekisho/jobs"
)

func TestOneThingInSuspenseIsToldFromItsCandidates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 9, 0, 0, 7_000_000, time.UTC)
	item := jobs.Item{
		ID: "w@3.1", Standing: jobs.ItemResolved, At: at, What: "sale", Why: []string{"why"}, Amount: 1999, Currency: "EUR", Billing: 2200, BillingCurrency: "USD",
		LocalDate: "1124", LocalTime: "180005", Network: "jcb",
		Resolution: &jobs.ItemResolution{Who: "sato", Why: "sure", At: at, Posted: -2200, Currency: "USD"},
	}
	alike := []jobs.Lookalike{{
		Purchase: "01ab", At: at, State: "hold_expired", Amount: 1999, Currency: "EUR", Posted: 2200, Wallet: "USD", RRN: "000000000017", Approval: "123456",
		LocalDate: "1124", LocalTime: "180004", Merchant: "SHOP", Alike: []string{"amount", "date"},
	}}
	var b strings.Builder
	if err := writeItem(&b, &suspenseItem{&item, alike}, at); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"amount       EUR 19.99\nbilling      USD 22.00\nlocal time   11-24 18:00:05\n", ", -USD 22.00 posted: sure\n",
		"PURCHASE  AT                        STATE         AMOUNT     HELD      POSTED     RRN           APPROVAL  LOCAL TIME      MERCHANT  ALIKE IN\n" +
			"01ab      2026-11-24T09:00:00.007Z  hold expired  EUR 19.99  USD 0.00  USD 22.00  000000000017  123456    11-24 18:00:04  SHOP      amount, date\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestAnIdOfAClearingFileIsNoCardNumber(t *testing.T) {
	t.Parallel()
	if text := "file 0012611230008879100099999 was never taken"; blank(text) != text {
		t.Errorf("it is shown as %q", blank(text))
	}
	for _, text := range []string{
		"001261123" + testNumber(1), "00126112300088791000999991", "0012613230008879100099999", "0012611230008879100099999 1", "1012611230008879100099999",
	} {
		if shown := blank(text); shown == text {
			t.Errorf("one of %d characters is shown", len(text))
		}
	}
}
