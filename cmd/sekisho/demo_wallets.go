package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/cardnet"
	"sekisho/spec"
)

// demoWorld is who is there to pay in the demo.
type demoWorld struct {
	first, second cardnet.Card // of one group wallet, for the story
	token         cardnet.Card // the phone that carries the first card
	cards         []cardnet.Card
	frozen        []cardnet.Card
	unknown       []cardnet.Card
}

// What the wallet of the story has.
const (
	hanamiPosted = 50_000
	hanamiFirst  = 20_000
	hanamiSecond = 5_000
)

// What the wallets of the load have.
const (
	demoWallets  = 8
	demoCards    = 4 // each, and a frozen one
	demoFunds    = 1_000_000
	demoExpiry   = "3112"
	demoSequence = 990_000_000 // the first number after 354012
)

// openDemoWallets begins the wallets of the demo through the book, like any other change.
func openDemoWallets(ctx context.Context, e *engine) (*demoWorld, error) {
	w := &demoWorld{}
	next := demoSequence
	number := func() string {
		next++
		return withCheckDigit(fmt.Sprintf("354012%09d", next))
	}
	var openings []opening
	begin := func(id string, posted spec.Money, cards ...balance.OpeningCard) {
		openings = append(openings, opening{print: 1, parts: []balance.Opening{{
			Log: id, Program: "prepaid", Currency: spec.JPY, Posted: posted, Cards: cards,
		}}})
	}
	card := func(pan string, allocated spec.Money, status balance.CardStatus, tokens ...string) (balance.OpeningCard, cardnet.Card, error) {
		c := balance.OpeningCard{ID: newCardID(), Number: e.hasher.Hash([]byte(pan)), Status: status, Allocated: allocated}
		copy(c.Issued.First6[:], pan)
		copy(c.Issued.Last4[:], pan[len(pan)-4:])
		c.Issued.Expiry = 3112
		for _, t := range tokens {
			c.Tokens = append(c.Tokens, e.hasher.Hash([]byte(t)))
		}
		theirs, err := cardnet.NewCard(pan, demoExpiry)
		return c, theirs, err
	}
	phone := number()
	first, firstCard, err := card(number(), hanamiFirst, balance.CardActive, phone)
	if err != nil {
		return nil, err
	}
	second, secondCard, err := card(number(), hanamiSecond, balance.CardActive)
	if err != nil {
		return nil, err
	}
	w.first, w.second = firstCard, secondCard
	if w.token, err = cardnet.NewCard(phone, demoExpiry); err != nil {
		return nil, err
	}
	begin("hanami", hanamiPosted, first, second)
	for i := range demoWallets {
		var cards []balance.OpeningCard
		for j := range demoCards + 1 {
			status := balance.CardActive
			if j == demoCards {
				status = balance.CardFrozen
			}
			ours, theirs, err := card(number(), demoFunds, status)
			if err != nil {
				return nil, err
			}
			cards = append(cards, ours)
			if j == demoCards {
				w.frozen = append(w.frozen, theirs)
			} else {
				w.cards = append(w.cards, theirs)
			}
		}
		begin(fmt.Sprintf("family-%d", i+1), demoFunds*(demoCards+2), cards...)
	}
	for range 16 {
		c, err := cardnet.NewCard(number(), demoExpiry)
		if err != nil {
			return nil, err
		}
		w.unknown = append(w.unknown, c)
	}
	s := &seeder{book: e.book, at: time.Now(), actor: balance.Actor{Kind: balance.ActorOperator, Name: "demo"}}
	return w, s.seed(ctx, openings)
}

// withCheckDigit appends the digit that makes a number pass Luhn.
func withCheckDigit(digits string) string {
	for d := byte('0'); d < '9'; d++ {
		if _, err := spec.ParsePAN(digits + string(d)); err == nil {
			return digits + string(d)
		}
	}
	return digits + "9"
}

func newCardID() (id spec.CardID) {
	_, _ = rand.Read(id[:]) // it never fails
	return id
}
