package teller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// DeviceToken is a number that stands for a card on a device, such as a phone. The number itself is kept nowhere.
type DeviceToken struct {
	Key   balance.Key // of the call that added it
	At    time.Time
	Name  string // as a person calls the device
	Last4 string
}

// TokensMax bounds the device tokens of a card.
const TokensMax = 10

// ErrNumberTaken: the number leads to a card already.
var ErrNumberTaken = errors.New("the number leads to a card already")

// AddToken has a device token lead to a card, so that what is sent with it is the card's: CardChanged, with last
// four digits and name in its note ([TokenOf]), and a row of the directory. number is 16 to 19 digits that pass
// Luhn, of a range of the card's program. The card must be active or frozen. Tokens stay when it is re-issued.
// A card has at most [TokensMax] of them; those that it was seeded with do not count.
func (t *Teller) AddToken(ctx context.Context, c Call, wallet string, card spec.CardID, number, name string) (Done, error) {
	if err := firstOf(c.check(), t.checkText("name", name, 1, balance.NameMax), checkToken(number, name)); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, err
	}
	if p := t.program(s.Program); p == nil {
		return Done{}, ErrNotFound
	} else if !p.has(number) {
		return Done{}, invalid("number", "must be of a range of the card's program")
	}
	digits := []byte(number)
	defer clear(digits)
	hash := t.options.Hash(digits)
	slot, err := t.tokensOf(ctx, card)
	if err != nil {
		return Done{}, err
	}
	for ; ; slot++ {
		d, err := t.run(ctx, wallet, "", t.tokenMove(&c, wallet, card, hash, slot, note(number, name)))
		if !errors.Is(err, balance.ErrRowExists) {
			return d, err
		}
		switch _, err := t.row(ctx, hash); {
		case err == nil:
			return Done{}, ErrNumberTaken
		case !errors.Is(err, ErrNotFound):
			return Done{}, err
		case slot+1 >= TokensMax: // others took the last meanwhile
			return Done{}, ErrBusy
		}
	}
}

// tokenMove adds a token in one of the card's places for them. What the call is told from others by is a keyed
// hash of the number and not that of its body, from which the number could be found.
func (t *Teller) tokenMove(c *Call, wallet string, card spec.CardID, hash spec.CardHash, slot int, note string) *move {
	keyed := *c
	keyed.Body = 0
	m := &move{call: c, print: keyed.print("token", wallet, card.String(), hex.EncodeToString(hash[:]), note)}
	m.rows = []balance.Row{
		{Hash: hash, Card: card, Log: wallet, Kind: balance.RowToken},
		{Hash: tokenSlot(card, slot), Card: card, Log: wallet, Kind: balance.RowID},
	}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		switch {
		case !ok:
			return nil, nil, ErrNotFound
		case at.Status != balance.CardActive && at.Status != balance.CardFrozen:
			return nil, nil, wrongState("the card is " + at.Status.String() + ": it gets no device token")
		case slot >= TokensMax:
			return nil, nil, &CapError{What: "device tokens", Max: TokensMax}
		}
		e := told(&at)
		e.Note = note
		return []balance.Event{e}, nil, nil
	}
	return m
}

// Tokens lists the device tokens of a card that were added to it, oldest first.
func (t *Teller) Tokens(ctx context.Context, c Caller, wallet string, card spec.CardID) ([]DeviceToken, error) {
	s, err := t.Wallet(ctx, c, wallet)
	if err != nil {
		return nil, err
	}
	switch n, err := t.tokensOf(ctx, card); {
	case err != nil:
		return nil, err
	case n == 0: // most cards: the log need not be read
		return nil, nil
	}
	var tokens []DeviceToken
	err = t.scan(ctx, wallet, 1, balance.Forward, func(e *balance.Entry) bool {
		for i := range e.Events {
			if token, ok := TokenOf(&e.Events[i]); ok && e.Events[i].Card == card {
				token.At = time.UnixMilli(e.At).UTC()
				tokens = append(tokens, token)
			}
		}
		return len(tokens) < TokensMax && e.Version < s.Version
	})
	return tokens, err
}

// tokensOf counts the device tokens of a card by the places that are taken. Of what another node added in the
// last moments some may be missing.
func (t *Teller) tokensOf(ctx context.Context, card spec.CardID) (n int, err error) {
	for n < TokensMax && err == nil {
		if _, err = t.row(ctx, tokenSlot(card, n)); err == nil {
			n++
		}
	}
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return n, err
}

// tokenSlot is a place for a device token of a card. Its row in the directory is appended with the token, so that
// two at once cannot both be the last: a hash without a key, of what is no number.
func tokenSlot(card spec.CardID, n int) spec.CardHash {
	return sha256.Sum256(append([]byte("token slot"), append(card[:], byte(n))...)) //nolint:gosec // below TokensMax
}

// The note of an event that adds a token: these words, the last four digits, a colon and the name.
const tokenNote = "device token "

func note(number, name string) string { return tokenNote + number[len(number)-4:] + ": " + name }

// TokenOf is the device token that an event added to its card; ok is false for other events. At is not filled in.
func TokenOf(e *balance.Event) (token DeviceToken, ok bool) {
	rest, ok := strings.CutPrefix(e.Note, tokenNote)
	if e.Kind != balance.CardChanged || !ok || len(rest) < 6 {
		return DeviceToken{}, false
	}
	return DeviceToken{Key: e.Key, Last4: rest[:4], Name: rest[6:]}, true
}

// has says whether a number is of one of the program's ranges.
func (p *Program) has(number string) bool {
	for _, digits := range p.Ranges {
		if strings.HasPrefix(number, digits) {
			return true
		}
	}
	return false
}

// tokenDigitsMax is how many digits of a token's number may be kept together: the last four.
const tokenDigitsMax = 4

// checkToken says what is wrong with the number of a token, or with a name that tells more of it than is kept.
func checkToken(number, name string) error {
	if _, err := spec.ParsePAN(number); err != nil {
		return invalid("number", fmt.Sprintf("must be %d to %d digits that pass Luhn", spec.PANLengthMin, spec.PANLengthMax))
	}
	named := strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return rune(d)
		}
		return -1
	}, name)
	for i := range len(named) - tokenDigitsMax {
		if strings.Contains(number, named[i:i+tokenDigitsMax+1]) {
			return invalid("name", "must not hold digits of the number")
		}
	}
	return nil
}
