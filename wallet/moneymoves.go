package wallet

import (
	"context"
	"net/http"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// TopUp is money that came into a wallet.
type TopUp struct {
	ID        string `json:"id" example:"top_0123456789abcdef01234567"`
	Wallet    string `json:"wallet"`
	Version   uint64 `json:"version" doc:"The version of the wallet that this made."`
	At        Time   `json:"at"`
	Amount    Sum    `json:"amount"`
	Reference string `json:"reference"`
}

// Allocation is money that went from a wallet to one of its cards, or back.
type Allocation struct {
	ID        string     `json:"id" example:"all_0123456789abcdef01234567"`
	Wallet    string     `json:"wallet"`
	Card      string     `json:"card"`
	Version   uint64     `json:"version" doc:"The version of the wallet that this made."`
	At        Time       `json:"at"`
	Amount    Sum        `json:"amount" doc:"What went to the card; negative: back to the wallet."`
	CardAfter CardAmount `json:"card_after" doc:"What the card had right after it."`
}

// CardAmount is what a card has.
type CardAmount struct {
	Allocated Sum `json:"allocated"`
	Held      Sum `json:"held"`
	Available Sum `json:"available"`
}

// Transfer is money that went from one wallet to another.
type Transfer struct {
	ID        string `json:"id" example:"trf_0123456789abcdef01234567"`
	From      string `json:"from"`
	To        string `json:"to"`
	Version   uint64 `json:"version" doc:"The version of the wallet from that this made."`
	At        Time   `json:"at"`
	Amount    Sum    `json:"amount"`
	Reference string `json:"reference,omitempty"`
}

type topUpInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body topUpCreate
}

type topUpCreate struct {
	Amount    Amount `json:"amount" doc:"Above zero."`
	Reference string `json:"reference" minLength:"1" maxLength:"100" doc:"Names this money where it came from. A wallet takes a reference once. May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"r-1"`
}

type allocationInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body allocationCreate
}

type allocationCreate struct {
	Card   string  `json:"card" pattern:"^crd_[0-9a-f]{24}$" example:"crd_0123456789abcdef01234567"`
	Amount *Amount `json:"amount,omitempty" doc:"What goes to the card; negative: back to the wallet. Not together with sweep."`
	Sweep  bool    `json:"sweep,omitempty" doc:"Everything that is free on the card goes back to the wallet."`
}

type transferInput struct {
	Keyed
	Body transferCreate
}

type transferCreate struct {
	From      string `json:"from" minLength:"1" maxLength:"128" doc:"The wallet that pays." example:"wal_5f1c0a9be2d94a7c8b3e6f10"`
	To        string `json:"to" minLength:"1" maxLength:"128" doc:"The wallet that receives, of the same program." example:"wal_77aa0a9be2d94a7c8b3e6f10"`
	Amount    Amount `json:"amount" doc:"Above zero."`
	Reference string `json:"reference,omitempty" maxLength:"100" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"lunch"`
}

func (a *API) registerMoney() error {
	return first(
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/top-ups", scope: TopUpsWrite, id: "create-top-up", tag: "Money", status: http.StatusCreated,
			refuses: []Code{CodeNotFound, CodeReferenceUsed, CodeCapExceeded},
			summary: "Credit money that came in", description: "The same reference is credited once, whatever the Idempotency-Key.",
			example: `{"amount": {"amount": 5000, "currency": "JPY"}, "reference": "r-1"}`,
		}, a.createTopUp),
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/allocations", scope: AllocationsWrite, id: "create-allocation", tag: "Money", status: http.StatusCreated, also: http.StatusOK,
			refuses:     []Code{CodeNotFound, CodeInsufficientFunds, CodeStateConflict},
			summary:     "Allocate money to a card, or take it back",
			description: "A negative amount goes back to the wallet; with sweep everything that is free does. A sweep of a card without free money answers 200 and moves nothing.",
			example:     `{"card": "crd_0123456789abcdef01234567", "amount": {"amount": 2000, "currency": "JPY"}}`,
		}, a.createAllocation),
		add(a, route{
			method: http.MethodPost, path: "/v1/transfers", scope: TransfersWrite, id: "create-transfer", tag: "Money", status: http.StatusCreated,
			refuses: []Code{CodeNotFound, CodeInsufficientFunds, CodeStateConflict, CodeLimitExceeded, CodeCapExceeded},
			summary: "Hand money over to another wallet", description: "Wholly or not at all. If-Match is about the wallet that pays.",
			example: `{"from": "wal_5f1c0a9be2d94a7c8b3e6f10", "to": "wal_77aa0a9be2d94a7c8b3e6f10", "amount": {"amount": 500, "currency": "JPY"}, "reference": "lunch"}`,
		}, a.createTransfer),
	)
}

func (a *API) createTopUp(ctx context.Context, in *topUpInput) (*changed[TopUp], error) {
	amount, currency, err := a.currency(ctx, &in.Caller, in.ID, "amount", in.Body.Amount)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.TopUp(ctx, in.call, in.ID, amount, in.Body.Reference)
	if err != nil {
		return nil, err
	}
	e := &d.Events[0]
	return done(http.StatusCreated, d, TopUp{
		ID: movementID(topUpPrefix, d.Log, e.Key, d.Version, 0), Wallet: d.Log, Version: d.Version, At: Time{d.At}, Amount: sum(e.Posted, currency), Reference: e.Note,
	}), nil
}

func (a *API) createAllocation(ctx context.Context, in *allocationInput) (*changed[Allocation], error) {
	card, _ := teller.ParseCard(in.Body.Card) // its form was checked
	switch {
	case in.Body.Sweep && in.Body.Amount != nil:
		return nil, problemOf(CodeFieldInvalid).at("sweep").with("Send either amount or sweep.")
	case !in.Body.Sweep && in.Body.Amount == nil:
		return nil, problemOf(CodeFieldInvalid).at("amount").with("Send an amount, or sweep: true for all that is free on the card.")
	case in.Body.Sweep:
		return a.sweep(ctx, in, card)
	}
	amount, currency, err := a.currency(ctx, &in.Caller, in.ID, "amount", *in.Body.Amount)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.Allocate(ctx, in.call, in.ID, card, amount)
	if err != nil {
		return nil, err
	}
	return allocation(d, currency), nil
}

func (a *API) sweep(ctx context.Context, in *allocationInput, card spec.CardID) (*changed[Allocation], error) {
	currency, err := a.currencyOf(ctx, &in.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.Sweep(ctx, in.call, in.ID, card)
	if err != nil {
		return nil, err
	}
	return allocation(d, currency), nil
}

func allocation(d teller.Done, currency spec.Currency) *changed[Allocation] {
	e := &d.Events[0]
	status := http.StatusCreated
	if e.Allocated == 0 { // a sweep that found nothing
		status = http.StatusOK
	}
	return done(status, d, Allocation{
		ID: movementID(allocationPrefix, d.Log, e.Key, d.Version, 0), Wallet: d.Log, Card: e.Card.String(), Version: d.Version, At: Time{d.At},
		Amount: sum(e.Allocated, currency), CardAfter: cardAmount(e.After, currency),
	})
}

func cardAmount(b balance.CardBalance, c spec.Currency) CardAmount {
	return CardAmount{sum(b.Allocated, c), sum(b.Held, c), sum(b.Available(), c)}
}

func (a *API) createTransfer(ctx context.Context, in *transferInput) (*changed[Transfer], error) {
	amount, currency, err := a.currency(ctx, &in.Caller, in.Body.From, "amount", in.Body.Amount)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.Transfer(ctx, in.call, in.Body.From, in.Body.To, amount, in.Body.Reference)
	if err != nil {
		return nil, err
	}
	e := &d.Events[0]
	return done(http.StatusCreated, d, Transfer{
		ID: movementID(transferPrefix, d.Log, e.Key, d.Version, 0), From: d.Log, To: e.Counter.Name, Version: d.Version, At: Time{d.At},
		Amount: sum(-e.Posted, currency), Reference: e.Note,
	}), nil
}
