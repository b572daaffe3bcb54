package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sekisho/teller"
	"sekisho/wallet"
)

const walletAPI = `wallet_api: {listen: 127.0.0.1:0, tokens: [{token: hush-hush, tenant: t1, programs: [prepaid], scopes: ["*"]}]}
`

func TestAWalletAPIIsReadWithItsTokensAndLimits(t *testing.T) {
	t.Parallel()
	hash := wallet.TokenHash("other")
	text := fmt.Sprintf(minimal, "./data") + strings.Replace(walletAPI, "tokens: [", fmt.Sprintf("rate: 50, tokens: [{token_sha256: %x, tenant: t2, programs: [prepaid], scopes: [\"pan:read\", \"cards:read\"]}, ", hash), 1)
	text = strings.Replace(text, "currency: JPY", "currency: JPY, wallet: {balance_max: 9, transfer_max: 8, month_max: 7, cards_per_person: 6, card_years: 4}", 1)
	s, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := s.WalletAPI
	if w == nil || len(w.Tokens) != 2 || w.Tokens[0].Hash != hash || w.Tokens[1].Hash != wallet.TokenHash("hush-hush") || w.Rate != 50 {
		t.Fatalf("got %d tokens", len(w.Tokens))
	}
	if i := w.Tokens[0].Identity; i.Name != fmt.Sprintf("token-%x", hash[:4]) || i.Tenant != "t2" || !i.May(wallet.NumbersRead) || i.May(wallet.WalletsRead) || !i.Serves("prepaid") {
		t.Errorf("got %+v", i)
	}
	if p := s.Tellers[0]; p.WalletMax != 9 || p.TransferMax != 8 || p.MonthMax != 7 || p.CardsMax != 6 || p.CardYears != 4 || p.Ranges[0] != "354012" {
		t.Errorf("got %+v", p)
	}
	s, err = loadConfig(writeFile(t, t.TempDir(), "c.yaml", fmt.Sprintf(minimal, "./data")), nil)
	if err != nil || s.WalletAPI != nil {
		t.Errorf("without one: %v, %v", s.WalletAPI, err)
	}
}

func TestATokenWithoutANameIsCalledTheSameWhereverItStands(t *testing.T) {
	t.Parallel()
	names := func(tokens ...string) (names []string) {
		t.Helper()
		var all strings.Builder
		for _, token := range tokens {
			fmt.Fprintf(&all, "{%s, tenant: t1, programs: [prepaid], scopes: [\"*\"]}, ", token)
		}
		text := fmt.Sprintf(minimal, "./data") + "wallet_api: {listen: 127.0.0.1:0, tokens: [" + all.String() + "]}\n"
		s, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.WalletAPI.Tokens {
			names = append(names, s.WalletAPI.Tokens[i].Identity.Name)
		}
		return names
	}
	const first, named, last = "token: one", "token: two, name: shop", "token: three"
	all := names(first, named, last)
	if !strings.HasPrefix(all[0], "token-") || len(all[0]) != len("token-3f2a91c0") || all[1] != "shop" || all[2] == all[0] {
		t.Errorf("they are called %q", all)
	}
	hashed := fmt.Sprintf("token_sha256: %x", wallet.TokenHash("three"))
	if left := names(named, hashed); left[0] != "shop" || left[1] != all[2] {
		t.Errorf("without the first, and hashed: %q, before that %q", left, all)
	}
}

func TestTiersAreReadFromFileAndEnvironment(t *testing.T) {
	t.Parallel()
	text := strings.Replace(fmt.Sprintf(minimal, "./data"), "currency: JPY",
		"currency: JPY, wallet: {tiers: [{name: basic, balance_max: 100000, transfer_max: 50000, month_max: 200000}, {name: full_kyc-2}]}", 1)
	path := writeFile(t, t.TempDir(), "c.yaml", text)
	basic := teller.Tier{Name: "basic", WalletMax: 100_000, TransferMax: 50_000, MonthMax: 200_000}
	s, err := loadConfig(path, nil)
	if err != nil || !slices.Equal(s.Tellers[0].Tiers, []teller.Tier{basic, {Name: "full_kyc-2"}}) {
		t.Errorf("got %v, %+v", err, s)
	}
	basic.MonthMax = 7
	s, err = loadConfig(path, []string{"SEKISHO_PROGRAMS_0_WALLET_TIERS_0_MONTH_MAX=7"})
	if err != nil || !slices.Equal(s.Tellers[0].Tiers, []teller.Tier{basic, {Name: "full_kyc-2"}}) {
		t.Errorf("with the environment over it: %v, %+v", err, s)
	}
	_, err = loadConfig(path, []string{"SEKISHO_PROGRAMS_0_WALLET_TIERS_1_NAME=basic"})
	if err == nil || !strings.Contains(err.Error(), `environment: SEKISHO_PROGRAMS_0_WALLET_TIERS_1_NAME: "basic" is used twice`) {
		t.Errorf("a name twice: %v", err)
	}
	for tiers, want := range map[string]string{
		"{}":                                     "programs[0].wallet.tiers[0].name: is missing: expected a name",
		"{name: Basic}":                          `programs[0].wallet.tiers[0].name: "Basic" is not a name: expected up to 32 of a-z`,
		"{name: a}, {name: a}":                   `programs[0].wallet.tiers[1].name: "a" is used twice: expected a name of its own`,
		"{name: a, balance_max: -1}":             "programs[0].wallet.tiers[0].balance_max",
		"{name: a, month_max: 1000000000000}":    "programs[0].wallet.tiers[0].month_max: ************* is out of bounds: expected 0 to ",
		"{name: a, transfer_max: 1000000000000}": "programs[0].wallet.tiers[0].transfer_max",
		"{name: a, limit: 5}":                    "limit: is not a key here: expected one of balance_max",
		strings.Repeat("{name: a}, ", 101):       "programs[0].wallet.tiers: there are 101: expected at most 100",
	} {
		wrong := strings.Replace(fmt.Sprintf(minimal, "./data"), "currency: JPY", "currency: JPY, wallet: {tiers: ["+tiers+"]}", 1)
		_, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", wrong), nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "c.yaml:") {
			t.Errorf("%.40s: got %v\nwant %q", tiers, err, want)
		}
	}
}

func TestAProgramIsSharedWhenTokensOfSeveralTenantsHaveIt(t *testing.T) {
	t.Parallel()
	token := func(tenant string, programs ...string) wallet.Token {
		return wallet.Token{Identity: wallet.Identity{Tenant: tenant, Programs: programs}}
	}
	shared := sharedPrograms(wallet.Tokens{token("t1", "prepaid", "gold"), token("t1", "prepaid"), token("t2", "gold"), token("t3", "silver")})
	if shared["prepaid"] || shared["silver"] || !shared["gold"] {
		t.Errorf("got %v", shared)
	}
}

func TestAWrongWalletAPIIsRefusedWithoutShowingItsToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"a plain token for others":     {"127.0.0.1:0", "0.0.0.0:0", "wallet_api.tokens[0].token: a plain token is for a listener on this machine only"},
		"a plain token on any address": {"127.0.0.1:0", ":8581", "expected token_sha256 in its place"},
		"a hash that is none":          {"token: hush-hush", "token_sha256: 0a0b", "wallet_api.tokens[0].token_sha256: is no SHA-256"},
		"both":                         {"token: hush-hush", "token: hush-hush, token_sha256: 0a0b", "there is token as well"},
		"neither":                      {"token: hush-hush, ", "", "wallet_api.tokens[0]: has no token"},
		"no tenant":                    {"tenant: t1, ", "", "wallet_api.tokens[0].tenant: is missing"},
		"no programs":                  {"programs: [prepaid], ", "", "wallet_api.tokens[0].programs: is missing"},
		"a program that is none":       {"[prepaid]", "[gold]", `"gold" is not a program`},
		"no scopes":                    {`, scopes: ["*"]`, "", "wallet_api.tokens[0].scopes: is missing"},
		"a scope that is none":         {`"*"`, `"cards:eat"`, `"cards:eat" is not a scope: expected one of wallets:read`},
		"no address":                   {"listen: 127.0.0.1:0, ", "", "wallet_api.listen: is missing"},
		"a token twice":                {"tokens: [", `tokens: [{token: hush-hush, tenant: t1, programs: [prepaid], scopes: ["*"]}, `, "is the same as wallet_api.tokens[0]"},
		"a name twice":                 {"tokens: [{", `tokens: [{token: hush-now, name: a, tenant: t1, programs: [prepaid], scopes: ["*"]}, {name: a, `, `wallet_api.tokens[1].name: "a" is used twice`},
		"a rate out of bounds":         {"tokens:", "rate: 0, tokens:", "wallet_api.rate: 0 is out of bounds"},
		"a quoted token":               {"token: hush-hush, tenant: t1", `token: "hush-hush", tenant: T 1`, "is not a name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(minimal, "./data") + strings.Replace(walletAPI, c.from, c.to, 1)
			_, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %q", err, c.want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the token is shown: %v", err)
			}
		})
	}
}
