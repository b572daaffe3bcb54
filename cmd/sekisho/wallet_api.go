package main

import (
	"cmp"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sekisho/router"
	"sekisho/spec"
	"sekisho/teller"
	"sekisho/wallet"
)

// walletAPIConfig is the part of the configuration about the wallet API. Without it there is none.
type walletAPIConfig struct {
	Listen      string        `yaml:"listen" env:"LISTEN"`
	Rate        count         `yaml:"rate" env:"RATE"`               // requests per second and token; 2,000
	Connections count         `yaml:"connections" env:"CONNECTIONS"` // at a time; 1,024
	Tokens      []tokenConfig `yaml:"tokens" envPrefix:"TOKENS_"`
}

// tokenConfig is an app server: what it shows, and what it may do. Plain tokens are for loopback only.
type tokenConfig struct {
	Name        string   `yaml:"name" env:"NAME"` // in records and logs; token-3f2a91c0, how its SHA-256 begins
	Token       secret   `yaml:"token" env:"TOKEN"`
	TokenSHA256 string   `yaml:"token_sha256" env:"TOKEN_SHA256"` // 64 hexadecimal digits
	Tenant      string   `yaml:"tenant" env:"TENANT"`
	Programs    []string `yaml:"programs" env:"PROGRAMS"`
	Scopes      []string `yaml:"scopes" env:"SCOPES"`
}

// programWalletConfig is what a program allows to wallets. Amounts are in the minor unit.
type programWalletConfig struct {
	BalanceMax     count        `yaml:"balance_max" env:"BALANCE_MAX"`           // of one wallet; 0 is no limit
	TransferMax    count        `yaml:"transfer_max" env:"TRANSFER_MAX"`         // of one transfer; 0 is no limit
	MonthMax       count        `yaml:"month_max" env:"MONTH_MAX"`               // handed over in a month; 0 is no limit
	CardsPerPerson count        `yaml:"cards_per_person" env:"CARDS_PER_PERSON"` // 30
	CardYears      count        `yaml:"card_years" env:"CARD_YEARS"`             // 5
	Tiers          []tierConfig `yaml:"tiers" envPrefix:"TIERS_"`
}

// tierConfig are the limits of wallets that are given this tier, in place of the program's own.
type tierConfig struct {
	Name        string `yaml:"name" env:"NAME"`
	BalanceMax  count  `yaml:"balance_max" env:"BALANCE_MAX"`   // 0 is no limit
	TransferMax count  `yaml:"transfer_max" env:"TRANSFER_MAX"` // 0 is no limit
	MonthMax    count  `yaml:"month_max" env:"MONTH_MAX"`       // 0 is no limit
}

// walletAPISettings are those of the API, checked.
type walletAPISettings struct {
	Listen string
	Rate   float64
	Tokens wallet.Tokens

	Connections int    // at a time
	Plain       secret // the first plain token, for the client of the same machine
}

// Limits of what a configuration can ask for.
const (
	walletRateMax     = 1_000_000
	cardsPerPersonMax = 1000
	cardYearsMax      = 20
	tokensMax         = 1000
	tiersMax          = 100
)

// walletAPI checks the API's part; nil when there is none.
func (k *configCheck) walletAPI(s *settings) *walletAPISettings {
	c := &k.config.WalletAPI
	if c.Listen == "" && c.Rate == "" && c.Connections == "" && len(c.Tokens) == 0 {
		return nil
	}
	k.address("wallet_api.listen", c.Listen)
	w := &walletAPISettings{
		Listen: c.Listen, Rate: float64(k.number("wallet_api.rate", c.Rate, 1, walletRateMax)),
		Connections: cmp.Or(k.number("wallet_api.connections", c.Connections, 1, connectionsMax), apiConnections),
	}
	if len(c.Tokens) > tokensMax {
		k.fail("wallet_api.tokens", "there are %d: expected at most %d", len(c.Tokens), tokensMax)
	}
	for i := range c.Tokens {
		hash := k.tokenHash(i)
		if j := slices.IndexFunc(w.Tokens, func(t wallet.Token) bool { return t.Hash == hash }); j >= 0 {
			k.fail(tokenAt(i), "is the same as wallet_api.tokens[%d]: expected a token of its own", j)
		}
		w.Tokens = append(w.Tokens, k.token(i, hash, s))
		if w.Plain == "" {
			w.Plain = c.Tokens[i].Token
		}
	}
	return w
}

func tokenAt(i int) string { return "wallet_api.tokens[" + strconv.Itoa(i) + "]" }

// token checks what a token may do.
func (k *configCheck) token(i int, hash [32]byte, s *settings) wallet.Token {
	c := &k.config.WalletAPI.Tokens[i]
	at := tokenAt(i) + "."
	if c.Name == "" { // by what it is and not by its place, so that it is called the same when another is taken away
		c.Name = "token-" + hex.EncodeToString(hash[:4])
	}
	k.name(at+"name", c.Name, func(name string) bool {
		return slices.ContainsFunc(k.config.WalletAPI.Tokens[:i], func(o tokenConfig) bool { return o.Name == name })
	})
	t := wallet.Token{Hash: hash, Identity: wallet.Identity{Name: c.Name, Tenant: c.Tenant, Programs: c.Programs}}
	k.name(at+"tenant", c.Tenant, func(string) bool { return false })
	for j, program := range c.Programs {
		if !slices.ContainsFunc(s.Programs, func(p router.Program) bool { return p.Name == program }) {
			k.fail(at+"programs["+strconv.Itoa(j)+"]", "%q is not a program: expected one of those under programs", program)
		}
	}
	if len(c.Programs) == 0 {
		k.fail(at+"programs", "is missing: expected the programs that the token may use, such as [prepaid]")
	}
	for j, text := range c.Scopes {
		scope := wallet.Scope(text)
		if !slices.Contains(wallet.Scopes(), scope) {
			k.fail(at+"scopes["+strconv.Itoa(j)+"]", "%q is not a scope: expected one of %s", text, scopeNames())
		}
		t.Identity.Scopes = append(t.Identity.Scopes, scope)
	}
	if len(c.Scopes) == 0 {
		k.fail(at+"scopes", `is missing: expected what the token may do, such as ["wallets:read", "cards:write"], or ["*"] for everything`)
	}
	return t
}

// sharedPrograms are the programs that tokens of more than one tenant work with.
func sharedPrograms(tokens wallet.Tokens) map[string]bool {
	shared, first := map[string]bool{}, map[string]string{}
	for i := range tokens {
		who := &tokens[i].Identity
		for _, program := range who.Programs {
			if tenant, ok := first[program]; !ok {
				first[program] = who.Tenant
			} else if tenant != who.Tenant {
				shared[program] = true
			}
		}
	}
	return shared
}

func scopeNames() string {
	names := make([]string, 0, len(wallet.Scopes()))
	for _, s := range wallet.Scopes() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// tokenHash is the hash of a token, however it is given.
func (k *configCheck) tokenHash(i int) (hash [32]byte) {
	c, at := &k.config.WalletAPI.Tokens[i], tokenAt(i)
	switch {
	case c.Token == "" && c.TokenSHA256 == "":
		k.fail(at, "has no token: expected token_sha256, such as from: printf %%s TOKEN | sha256sum")
	case c.Token != "" && c.TokenSHA256 != "":
		k.fail(at+".token_sha256", "there is token as well: expected one of them")
	case c.Token != "" && !loopbackAddress(k.config.WalletAPI.Listen):
		k.fail(at+".token", "a plain token is for a listener on this machine only, and wallet_api.listen is not: expected token_sha256 in its place, such as from: printf %%s TOKEN | sha256sum")
	case c.Token != "":
		return wallet.TokenHash(string(c.Token))
	default:
		var err error
		if hash, err = wallet.ParseTokenHash(c.TokenSHA256); err != nil {
			k.fail(at+".token_sha256", "%v", err)
		}
	}
	return hash
}

// loopbackAddress says whether an address can be reached from this machine only.
func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// tellerProgram is a program as far as wallets go.
func (k *configCheck) tellerProgram(i int, p *router.Program) teller.Program {
	c, at := &k.config.Programs[i].Wallet, "programs["+strconv.Itoa(i)+"].wallet."
	return teller.Program{
		Name: p.Name, Ranges: p.Ranges, Currency: p.Rules.Currency, Zone: p.Rules.Zone,
		WalletMax:   spec.Money(k.number(at+"balance_max", c.BalanceMax, 0, moneyMax)),
		TransferMax: spec.Money(k.number(at+"transfer_max", c.TransferMax, 0, moneyMax)),
		MonthMax:    spec.Money(k.number(at+"month_max", c.MonthMax, 0, moneyMax)),
		CardsMax:    k.number(at+"cards_per_person", c.CardsPerPerson, 1, cardsPerPersonMax),
		CardYears:   k.number(at+"card_years", c.CardYears, 1, cardYearsMax),
		Tiers:       k.tiers(at+"tiers", c.Tiers),
	}
}

// tiers checks the tiers of a program.
func (k *configCheck) tiers(path string, all []tierConfig) (tiers []teller.Tier) {
	if len(all) > tiersMax {
		k.fail(path, "there are %d: expected at most %d", len(all), tiersMax)
	}
	for i := range all {
		c, at := &all[i], path+"["+strconv.Itoa(i)+"]."
		k.name(at+"name", c.Name, func(name string) bool {
			return slices.ContainsFunc(all[:i], func(o tierConfig) bool { return o.Name == name })
		})
		tiers = append(tiers, teller.Tier{
			Name:        c.Name,
			WalletMax:   spec.Money(k.number(at+"balance_max", c.BalanceMax, 0, moneyMax)),
			TransferMax: spec.Money(k.number(at+"transfer_max", c.TransferMax, 0, moneyMax)),
			MonthMax:    spec.Money(k.number(at+"month_max", c.MonthMax, 0, moneyMax)),
		})
	}
	return tiers
}
