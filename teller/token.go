package teller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// DeviceToken is a number that stands for a card on a device, such as a phone. The number itself is kept nowhere.
type DeviceToken struct {
	Key     balance.Key // of the call that added it
	At      time.Time
	Version uint64 // of the entry that added it
	Name    string // as a person calls the device
	Last4   string
	Removed bool // what was told removed it

	begins [8]byte // the hash of its number; zeros: it was added before tokens could be removed
}

// TokensMax bounds the device tokens that a card has, TokensEverMax also counts those that were removed.
const (
	TokensMax     = 10
	TokensEverMax = 50
)

// ErrNumberTaken: the number leads to a card already.
var ErrNumberTaken = errors.New("the number leads to a card already")

// AddToken has a device token lead to a card, so that what is sent with it is the card's: CardChanged, with last
// four digits and name in its note ([TokenOf]), and a row of the directory. number is 16 to 19 digits that pass
// Luhn, of a range of the card's program. The card must be active or frozen. Tokens stay when it is re-issued.
// A card has at most [TokensMax] of them, and [TokensEverMax] with those that were removed; those that it was
// seeded with do not count. A number that was removed is not added again.
func (t *Teller) AddToken(ctx context.Context, c Call, wallet string, card spec.CardID, number, name string) (Done, error) {
	if err := firstOf(c.check(), t.checkText("name", name, 1, NameMax), checkToken(number, name)); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, keyed(err)
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
		return Done{}, keyed(err)
	}
	for first := slot; ; slot++ {
		d, err := t.run(ctx, wallet, "", t.tokenMove(&c, wallet, card, hash, slot, note(number[len(number)-4:], name)))
		var full *CapError
		switch {
		case errors.As(err, &full) && slot > first: // by others meanwhile, or the number is theirs and not seen here yet
			return Done{}, ErrBusy
		case !errors.Is(err, balance.ErrRowExists):
			return d, err
		}
		switch _, err := t.row(ctx, hash); {
		case err == nil:
			return Done{}, ErrNumberTaken
		case !errors.Is(err, ErrNotFound):
			return Done{}, keyed(err)
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
		case slot-len(at.Removed) >= TokensMax:
			return nil, nil, &CapError{What: "device tokens", Max: TokensMax}
		case slot >= TokensEverMax:
			return nil, nil, &CapError{What: "device tokens with those that were removed", Max: TokensEverMax}
		}
		e := told(&at)
		e.Note, e.Profile.Token = note, [8]byte(hash[:8])
		return []balance.Event{e}, nil, nil
	}
	return m
}

// RemoveToken takes the device token from a card whose key is the one meant: CardChanged. What comes with its
// number is refused from then on as with a number that was replaced; reversals, advices and clearing still find
// the card by it. The card and its other tokens stay as they are, whatever state it is in.
func (t *Teller) RemoveToken(ctx context.Context, c Call, wallet string, card spec.CardID, meant func(balance.Key) bool) (Done, error) {
	if err := c.check(); err != nil {
		return Done{}, err
	}
	s, err := t.Wallet(ctx, c.Caller, wallet)
	if err != nil {
		return Done{}, keyed(err)
	}
	added, err := t.added(ctx, &s, card)
	if err != nil {
		return Done{}, keyed(err)
	}
	i := slices.IndexFunc(added, func(token DeviceToken) bool { return meant(token.Key) })
	if i < 0 {
		return Done{}, ErrNotFound
	}
	token := added[i]
	m := &move{call: &c, print: c.print("remove token", s.ID, card.String(), token.Key.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		at, ok := v.Card(card)
		switch {
		case !ok || slices.Contains(at.Removed, token.begins):
			return nil, nil, ErrNotFound
		case token.begins == [8]byte{}:
			return nil, nil, wrongState("the device token was added before tokens could be removed: only the whole card can be stopped")
		}
		e := told(&at)
		e.Note, e.Of, e.Profile.Token, e.Profile.TokenRemoved = removedNote+note(token.Last4, token.Name), token.Key, token.begins, true
		return []balance.Event{e}, nil, nil
	}
	return t.run(ctx, wallet, "", m)
}

// Tokens lists the device tokens that were added to a card and not removed since, oldest first.
func (t *Teller) Tokens(ctx context.Context, c Caller, wallet string, card spec.CardID) ([]DeviceToken, error) {
	s, err := t.Wallet(ctx, c, wallet)
	if err != nil {
		return nil, err
	}
	tokens, err := t.added(ctx, &s, card)
	if c := s.cardOf(card); c != nil {
		tokens = slices.DeleteFunc(tokens, func(token DeviceToken) bool { return slices.Contains(c.Removed, token.begins) })
	}
	return tokens, err
}

// cardOf is a card of the wallet; nil when it is none.
func (s *Snapshot) cardOf(id spec.CardID) *balance.Card {
	for i := range s.Cards {
		if s.Cards[i].ID == id {
			return &s.Cards[i]
		}
	}
	return nil
}

// added are the device tokens that were ever added to a card of a wallet, oldest first. The card knows in which
// entries; the log is read from its start only where there are some from before it did.
func (t *Teller) added(ctx context.Context, s *Snapshot, card spec.CardID) (tokens []DeviceToken, err error) {
	c := s.cardOf(card)
	if c == nil {
		return nil, nil
	}
	from, all := slices.Compact(slices.Clone(c.Tokens)), false
	switch _, err := t.row(ctx, tokenSlot(card, len(c.Tokens))); {
	case err == nil: // more places are taken than the card knows of
		from, all = []uint64{1}, true
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	for _, version := range from {
		err := t.scan(ctx, s.ID, version, balance.Forward, func(e *balance.Entry) bool {
			for i := range e.Events {
				if token, ok := TokenOf(&e.Events[i]); ok && !token.Removed && e.Events[i].Card == card {
					token.At, token.Version = time.UnixMilli(e.At).UTC(), e.Version
					tokens = append(tokens, token)
				}
			}
			return all && e.Version < s.Version
		})
		if err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// tokensOf counts the device tokens of a card by the places that are taken, for ever. Of what another node added
// in the last moments some may be missing.
func (t *Teller) tokensOf(ctx context.Context, card spec.CardID) (n int, err error) {
	for n < TokensEverMax && err == nil {
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
	return sha256.Sum256(append([]byte("token slot"), append(card[:], byte(n))...)) //nolint:gosec // at most TokensEverMax
}

// The note of an event that adds a token: these words, the last four digits, a colon and the name. Of one that
// removes it there is a word before them.
const (
	tokenNote   = "device token "
	removedNote = "removed "
)

func note(last4, name string) string { return tokenNote + last4 + ": " + name }

// TokenOf is the device token that an event added to its card or removed from it; ok is false for other events. At
// is not filled in.
func TokenOf(e *balance.Event) (token DeviceToken, ok bool) {
	text := e.Note
	token = DeviceToken{Key: e.Key, Removed: e.Profile.TokenRemoved, begins: e.Profile.Token}
	if token.Removed {
		text, token.Key = strings.TrimPrefix(text, removedNote), e.Of
	}
	rest, ok := strings.CutPrefix(text, tokenNote)
	if e.Kind != balance.CardChanged || !ok || len(rest) < 6 {
		return DeviceToken{}, false
	}
	token.Last4, token.Name = rest[:4], rest[6:]
	return token, true
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
