package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
	"sekisho/vault"
)

// walletsFile is a file of wallets to begin with. Amounts are minor units.
type walletsFile struct {
	Wallets []walletEntry `yaml:"wallets"`
}

type walletEntry struct {
	ID      string      `yaml:"id"`
	Program string      `yaml:"program"` // only where it has no card to tell it by
	Posted  count       `yaml:"posted"`  // what it has, including what is allocated to its cards
	Cards   []cardEntry `yaml:"cards"`
}

type cardEntry struct {
	PAN       string   `yaml:"pan"`
	Expiry    string   `yaml:"expiry"` // YYMM
	Allocated count    `yaml:"allocated"`
	Frozen    bool     `yaml:"frozen"`
	Tokens    []string `yaml:"tokens"` // device tokens that lead to the card
}

// opening is a wallet of the file, ready to begin.
type opening struct {
	path    string // in the file: wallets[3]
	parts   []balance.Opening
	print   spec.Fingerprint // of all its content
	numbers []number
}

// number is one number that leads to a card, as it may be shown.
type number struct {
	hash   spec.CardHash
	masked string
	path   string // in the file: wallets[3].cards[0].pan
}

// rowsMax is how many numbers begin together: what a store takes in one append, and a margin.
const rowsMax = 80

// amountMax is twelve digits, as many as a message can say.
const amountMax = 999_999_999_999

var walletID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// walletReader turns a file into openings.
type walletReader struct {
	source   source
	file     walletsFile
	programs []router.Program
	hasher   *spec.Hasher
	vault    *vault.Vault             // nil: numbers are not kept
	ids      map[string]string        // to their path
	numbers  map[spec.CardHash]string // to the path of their card
}

func readWalletsFile(path string) (source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return source{}, fmt.Errorf("wallets: %w", err)
	}
	return source{name: path, text: text}, nil
}

// checkWallets checks all of a file before anything is done. Without a vault the numbers of its cards are
// not kept.
func checkWallets(src source, programs []router.Program, hasher *spec.Hasher, seals *vault.Vault) ([]opening, source, error) {
	r := walletReader{
		source: src, programs: programs, hasher: hasher, vault: seals,
		ids: map[string]string{}, numbers: map[spec.CardHash]string{},
	}
	if err := r.source.decode(&r.file); err != nil {
		return nil, r.source, err
	}
	if len(r.file.Wallets) == 0 {
		return nil, r.source, r.source.at("wallets", "is missing or empty: expected a list of wallets")
	}
	openings := make([]opening, 0, len(r.file.Wallets))
	for i := range r.file.Wallets {
		o, err := r.wallet(i)
		if err != nil {
			return nil, r.source, err
		}
		openings = append(openings, o)
	}
	return openings, r.source, nil
}

// fail is an error about a key of a wallet.
func (r *walletReader) fail(path, id, format string, args ...any) error {
	if id != "" {
		format, args = "%s (wallet %s)", []any{fmt.Sprintf(format, args...), id}
	}
	return r.source.at(path, format, args...)
}

func (r *walletReader) wallet(i int) (opening, error) {
	w := &r.file.Wallets[i]
	o := opening{path: "wallets[" + strconv.Itoa(i) + "]"}
	if !walletID.MatchString(w.ID) {
		return o, r.fail(o.path+".id", "", "expected an id of 1 to 64 letters, digits, - and _")
	}
	if first, twice := r.ids[w.ID]; twice {
		return o, r.fail(o.path+".id", w.ID, "expected an id of its own, this one is also that of %s", first)
	}
	r.ids[w.ID] = o.path
	whole := balance.Opening{Log: w.ID}
	posted, err := r.amount(o.path+".posted", w.ID, w.Posted)
	if err != nil {
		return o, err
	}
	whole.Posted = posted
	for j := range w.Cards {
		c, program, err := r.card(&o, w, j)
		if err != nil {
			return o, err
		}
		if whole.Program != "" && whole.Program != program.Name {
			return o, r.fail(o.path+".cards["+strconv.Itoa(j)+"].pan", w.ID, "is a number of program %s: expected one of %s like the cards before it", program.Name, whole.Program)
		}
		whole.Program, whole.Currency = program.Name, program.Rules.Currency
		whole.Cards = append(whole.Cards, c)
	}
	if err := r.program(&whole, o.path, w); err != nil {
		return o, err
	}
	if err := whole.Check(); err != nil {
		return o, r.fail(o.path, w.ID, "%v", err)
	}
	o.print = fingerprint(&whole)
	o.parts = cut(&whole)
	return o, nil
}

// program settles the program of a wallet: that of its cards, else the one that is named, else
// the only one there is.
func (r *walletReader) program(whole *balance.Opening, path string, w *walletEntry) error {
	name := cmp.Or(w.Program, whole.Program)
	if name == "" && len(r.programs) == 1 {
		name = r.programs[0].Name
	}
	if name == "" {
		return r.fail(path, w.ID, "expected the key program, as it has no cards and there are several programs")
	}
	i := slices.IndexFunc(r.programs, func(p router.Program) bool { return p.Name == name })
	switch {
	case i < 0:
		return r.fail(path+".program", w.ID, "%q is not a program of the configuration", name)
	case whole.Program != "" && whole.Program != name:
		return r.fail(path+".program", w.ID, "its cards are of program %s", whole.Program)
	}
	whole.Program, whole.Currency = name, r.programs[i].Rules.Currency
	return nil
}

func (r *walletReader) amount(path, id string, c count) (spec.Money, error) {
	n, err := c.value()
	if err != nil || n > amountMax {
		return 0, r.fail(path, id, "expected a whole number of minor units, from 0 to twelve digits")
	}
	return spec.Money(n), nil
}

func (r *walletReader) card(o *opening, w *walletEntry, j int) (balance.OpeningCard, *router.Program, error) {
	c := &w.Cards[j]
	path := o.path + ".cards[" + strconv.Itoa(j) + "]"
	out := balance.OpeningCard{Status: balance.CardActive}
	pan, card, err := r.number(o, path+".pan", w.ID, c.PAN)
	if err != nil {
		return out, nil, err
	}
	var program *router.Program
	for i := range r.programs {
		if slices.ContainsFunc(r.programs[i].Ranges, card.HasRange) {
			program = &r.programs[i]
		}
	}
	if program == nil {
		return out, nil, r.fail(path+".pan", w.ID, "%s is in no program's ranges", pan)
	}
	month := c.Expiry[min(2, len(c.Expiry)):]
	expiry, err := strconv.ParseUint(c.Expiry, 10, 16)
	if err != nil || len(c.Expiry) != 4 || month < "01" || month > "12" {
		return out, nil, r.fail(path+".expiry", w.ID, `expected year and month as "YYMM", in quotes`)
	}
	if out.Allocated, err = r.amount(path+".allocated", w.ID, c.Allocated); err != nil {
		return out, nil, err
	}
	if c.Frozen {
		out.Status = balance.CardFrozen
	}
	if len(c.Tokens) >= rowsMax-1 {
		return out, nil, r.fail(path+".tokens", w.ID, "expected fewer than %d tokens for one card", rowsMax-1)
	}
	for k := range c.Tokens {
		_, token, err := r.number(o, path+".tokens["+strconv.Itoa(k)+"]", w.ID, c.Tokens[k])
		if err != nil {
			return out, nil, err
		}
		out.Tokens = append(out.Tokens, token.Hash)
	}
	out.Number = card.Hash
	out.Issued = balance.Issued{First6: [6]byte(card.Range[:6]), Last4: card.Last, Expiry: uint16(expiry)}
	if _, err = rand.Read(out.ID[:]); err != nil {
		return out, program, err
	}
	if r.vault != nil {
		sealed, err := r.vault.Seal(out.ID, pan)
		if err != nil {
			return out, program, r.fail(path+".pan", w.ID, "%v", err)
		}
		out.Issued.Sealed = string(sealed)
	}
	return out, program, nil
}

// number reads a card number or a token, which leads to one card only.
func (r *walletReader) number(o *opening, path, id, digits string) (spec.PAN, spec.Card, error) {
	pan, err := spec.ParsePAN(digits)
	if err != nil {
		return pan, spec.Card{}, r.fail(path, id, "expected a card number in quotes: 16 to 19 digits with a valid check digit")
	}
	card := r.hasher.Card([]byte(pan.Digits()))
	if first, twice := r.numbers[card.Hash]; twice {
		return pan, card, r.fail(path, id, "%s is also %s: expected each number once", pan, first)
	}
	r.numbers[card.Hash] = path
	o.numbers = append(o.numbers, number{card.Hash, pan.String(), path})
	return pan, card, nil
}

// fingerprint is what two files must have in common to say the same of a wallet. The order of
// cards and tokens says nothing; their ids are made and their numbers sealed anew each time.
func fingerprint(o *balance.Opening) spec.Fingerprint {
	cards := make([]string, 0, len(o.Cards))
	for i := range o.Cards {
		c := &o.Cards[i]
		tokens := make([]string, 0, len(c.Tokens))
		for _, t := range c.Tokens {
			tokens = append(tokens, string(t[:]))
		}
		slices.Sort(tokens)
		cards = append(cards, fmt.Sprintf("%x %04d %d %d %x", c.Number[:], c.Issued.Expiry, c.Allocated, c.Status, tokens))
	}
	slices.Sort(cards)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d %q", o.Log, o.Program, o.Currency, o.Posted, cards))
	return spec.Fingerprint(binary.BigEndian.Uint64(sum[:]))
}

// cut divides a wallet with more numbers than go in at once. The first part has all of the money.
func cut(whole *balance.Opening) []balance.Opening {
	parts := []balance.Opening{*whole}
	parts[0].Cards = nil
	rows := 0
	for _, c := range whole.Cards {
		if rows += 2 + len(c.Tokens); rows > rowsMax { // one for its number, one for its id
			rows = 2 + len(c.Tokens)
			parts = append(parts, balance.Opening{Log: whole.Log, Program: whole.Program, Currency: whole.Currency})
		}
		last := &parts[len(parts)-1]
		last.Cards = append(last.Cards, c)
	}
	return parts
}
