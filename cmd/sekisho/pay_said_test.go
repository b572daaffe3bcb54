package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestALineOfPaySaysWhatTheLedgerKnows(t *testing.T) {
	t.Parallel()
	p := openTill(t, "wallet_api: {listen: 127.0.0.1:0, tokens: [{token: dev, tenant: t1, programs: [prepaid], scopes: [\"*\"]}]}\n")
	read := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := p.pay(t, 0, append(args, "--amount", "100", "--token", "dev")...)
		if code != exitOK {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		return stdout
	}
	want := func(said, text string) {
		t.Helper()
		if !strings.Contains(said, text) {
			t.Errorf("%q is not in\n%s", text, said)
		}
	}
	want(read("--unasked", "--then", "reverse,ask"), "0100 -> 0110 05 declined: reversed before it came  hold ¥0  reversed before it came\n")
	want(read("--then", "refund"), "hold ¥100  open; the refund: hold ¥0, credited ¥100  settled\n")
	want(read("--then", "refund", "--json"), `"purchase":{"rrn":`)
	card := regexp.MustCompile(`crd_[0-9a-f]{24}`).FindString(read("--json"))
	for _, c := range []struct{ verb, why string }{{"freeze", "declined: the card is frozen"}, {"close", "declined: the card is closed"}} {
		if code, _, stderr := sekisho(t, append([]string{"wallet", c.verb, card, "--token", "dev"}, p.flags...)...); code != exitOK {
			t.Fatal(stderr)
		}
		want(read("--card", card), c.why)
	}
}

func TestAStoreWithoutPurchasesHasNothingToPresent(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	path := filepath.Join(t.TempDir(), "today.clr")
	code, _, stderr := sekisho(t, "cardnet", "clearing", "--from", p.config, "--out", path)
	if code != exitOK || !strings.Contains(stderr, "nothing to present: the file has its header and trailer only\n") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := sekisho(t, "clearing", "show", path); code != exitOK {
		t.Errorf("the file is not shown: %s", stderr)
	}
}
