package main

import (
	"bytes"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

// prepaidYen is what wallets of a program in yen add up to: 200 of them are from nowhere.
func prepaidYen() balance.CurrencySums {
	return balance.CurrencySums{
		Currency: spec.JPY, Posted: 1200, Held: 300, Sum: 200,
		Accounts: map[balance.Account]balance.AccountSums{
			{Kind: balance.AccountTopUp, Name: "prepaid"}:  {Posted: -1000},
			{Kind: balance.AccountSettlement, Name: "jcb"}: {Held: 300},
			{Kind: balance.AccountWallet, Name: "alice"}:   {},
		},
	}
}

// reported is what a report on a ledger says.
func reported(t *testing.T, a *balance.Audit, tail ...*droppedTail) (text, object string) {
	t.Helper()
	var both [2]bytes.Buffer
	for i := range both {
		v := &verified{Audit: *a}
		if len(tail) > 0 {
			v.tail = tail[0]
		}
		err := report(&both[i], v, i == 1)
		if (err == nil) != a.OK() || (err != nil && !strings.Contains(err.Error(), "the ledger does not add up: 102 problems")) {
			t.Errorf("got %v", err)
		}
	}
	return both[0].String(), both[1].String()
}

func TestALedgerThatDoesNotAddUpSaysSoAndFails(t *testing.T) {
	t.Parallel()
	a := balance.Audit{
		Wallets: 2, Entries: 412300, Faults: 102, Problems: []string{"alice: entry 7 is wrong"}, Currencies: []balance.CurrencySums{prepaidYen()},
	}
	text, object := reported(t, &a)
	if want := `412,300 entries re-added over 2 wallets, 102 problems

account                                    posted             held
wallets                                    ¥1,200             ¥300
settlement:jcb                                 ¥0             ¥300
top_up:prepaid                            -¥1,000               ¥0
sum                                          ¥200
problem: alice: entry 7 is wrong
and 101 more problems
`; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	accounts := `"accounts":{"settlement:jcb":{"posted":0,"held":300},"top_up:prepaid":{"posted":-1000,"held":0}}`
	if want := `{"ok":false,"entries":412300,"wallets":2,"sum":200,"posted":1200,"held":300,` + accounts +
		`,"sums":[{"currency":"JPY","sum":200,"posted":1200,"held":300,` + accounts + `}],"problems":["alice: entry 7 is wrong"]}` + "\n"; object != want {
		t.Errorf("got\n%swant\n%s", object, want)
	}
}

func TestALedgerOfSeveralCurrenciesAddsNoneToAnother(t *testing.T) {
	t.Parallel()
	a := balance.Audit{
		Wallets: 3, Entries: 7, Faults: 102, Currencies: []balance.CurrencySums{
			{Posted: 7, Accounts: map[balance.Account]balance.AccountSums{{Kind: balance.AccountSettlement, Name: "jcb"}: {Posted: -7}}},
			prepaidYen(),
			{Currency: 840, Posted: 550, Held: 275, Sum: -200, Accounts: map[balance.Account]balance.AccountSums{{Kind: balance.AccountSettlement, Name: "jcb"}: {Posted: -750, Held: 275}}},
		},
	}
	text, object := reported(t, &a)
	if want := `7 entries re-added over 3 wallets, 102 problems

account, in no currency                    posted             held
wallets                                         7                0
settlement:jcb                                 -7                0
sum                                             0

account, JPY                               posted             held
wallets                                    ¥1,200             ¥300
settlement:jcb                                 ¥0             ¥300
top_up:prepaid                            -¥1,000               ¥0
sum                                          ¥200

account, USD                               posted             held
wallets                                  USD 5.50         USD 2.75
settlement:jcb                          -USD 7.50         USD 2.75
sum                                     -USD 2.00
and 102 more problems
`; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if want := `{"ok":false,"entries":7,"wallets":3,"sums":[` +
		`{"currency":"","sum":0,"posted":7,"held":0,"accounts":{"settlement:jcb":{"posted":-7,"held":0}}},` +
		`{"currency":"JPY","sum":200,"posted":1200,"held":300,"accounts":{"settlement:jcb":{"posted":0,"held":300},"top_up:prepaid":{"posted":-1000,"held":0}}},` +
		`{"currency":"USD","sum":-200,"posted":550,"held":275,"accounts":{"settlement:jcb":{"posted":-750,"held":275}}}],"problems":[]}` + "\n"; object != want {
		t.Errorf("got\n%swant\n%s", object, want)
	}
}

func TestALedgerInOrderIsExplainedInItsUnit(t *testing.T) {
	t.Parallel()
	yen, dollars := balance.CurrencySums{Currency: spec.JPY}, balance.CurrencySums{Currency: 840}
	for want, all := range map[string][]balance.CurrencySums{
		"every yen explained\n": {yen}, "every unit explained\n": {yen, dollars}, "every unit explained\n\n": {dollars},
	} {
		text, _ := reported(t, &balance.Audit{Wallets: 12, Entries: 412300, Currencies: all})
		if !strings.Contains(text, "412,300 entries re-added over 12 wallets, "+want) {
			t.Errorf("want %q: %s", want, text)
		}
	}
	_, object := reported(t, &balance.Audit{})
	if want := `{"ok":true,"entries":0,"wallets":0,"sum":0,"posted":0,"held":0,"accounts":{},"sums":[],"problems":[]}` + "\n"; object != want {
		t.Errorf("of nothing it says %s", object)
	}
}

func TestNumbersAreGroupedForAPerson(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -999: "-999", 1234567: "1,234,567"} {
		if spec.Grouped(n) != want {
			t.Errorf("%d is written %s", n, spec.Grouped(n))
		}
	}
}
