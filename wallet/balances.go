package wallet

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sekisho/balance"
	"sekisho/spec"
)

// Balance is the money of a wallet at one version.
type Balance struct {
	Wallet      string        `json:"wallet"`
	Version     uint64        `json:"version" doc:"The version of the wallet that this is the balance of."`
	At          Time          `json:"at" doc:"When the wallet came to this version."`
	Posted      Sum           `json:"posted" doc:"The money that is in the wallet."`
	Held        Sum           `json:"held" doc:"Of it, what purchases hold that are not cleared yet."`
	Available   Sum           `json:"available" doc:"posted - held."`
	Unallocated Sum           `json:"unallocated" doc:"posted less what the cards have. Where no card is below zero, this can be allocated or transferred. What cards are below zero by is in it, and can go to those cards only: that much less can be transferred or allocated to others. Below zero when more was cleared than there was."`
	Cards       []CardBalance `json:"cards" nullable:"false" doc:"In the order of their issue; now, closed cards without money are left out."`
}

// CardBalance is the money of a card.
type CardBalance struct {
	Card      string `json:"card" example:"crd_0123456789abcdef01234567"`
	Allocated Sum    `json:"allocated"`
	Held      Sum    `json:"held"`
	Available Sum    `json:"available" doc:"What the card can spend: allocated - held. Below zero when a network stood in above it."`
}

type balanceInput struct {
	ByID
	At time.Time `query:"at" doc:"The balance as it was then; now when absent. RFC 3339." example:"2026-11-24T09:00:00Z"`

	past bool // at is there; it may be the zero time
}

// Resolve implements [huma.Resolver].
func (in *balanceInput) Resolve(ctx huma.Context) []error {
	in.past = ctx.Query("at") != ""
	return in.ByID.Resolve(ctx)
}

type balanceOutput struct {
	ETag string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Body Balance
}

func (a *API) registerBalances() error {
	return add(a, route{
		method: http.MethodGet, path: "/v1/wallets/{id}/balance", scope: WalletsRead, id: "get-balance", tag: "Money",
		refuses: []Code{CodeNotFound},
		summary: "Read the balance", description: "All figures are of one version of the wallet.",
	}, a.getBalance)
}

func (a *API) getBalance(ctx context.Context, in *balanceInput) (*balanceOutput, error) {
	if in.past {
		return a.balanceAt(ctx, in)
	}
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	b := figures(in.ID, s.Version, milliseconds(s.At), s.Balances, s.Unallocated(), s.Currency)
	for i := range s.Cards {
		c := &s.Cards[i]
		if c.Status != balance.CardClosed || c.CardBalance != (balance.CardBalance{}) {
			b.Cards = append(b.Cards, cardFigures(c.ID, c.CardBalance, s.Currency))
		}
	}
	return &balanceOutput{etag(s.Version), b}, nil
}

func (a *API) balanceAt(ctx context.Context, in *balanceInput) (*balanceOutput, error) {
	p, err := a.teller.BalanceAt(ctx, in.call.Caller, in.ID, in.At)
	switch {
	case err != nil:
		return nil, err
	case p.Version == 0:
		return nil, problemOf(CodeNotFound).at("at").with("The wallet was not open yet at that time.")
	}
	b := figures(in.ID, p.Version, Time{p.At}, p.Balances, p.Unallocated(), p.Currency)
	for i := range p.Cards {
		b.Cards = append(b.Cards, cardFigures(p.Cards[i].Card, p.Cards[i].CardBalance, p.Currency))
	}
	return &balanceOutput{etag(p.Version), b}, nil
}

func figures(wallet string, version uint64, at Time, b balance.Balances, unallocated spec.Money, c spec.Currency) Balance {
	return Balance{
		Wallet: wallet, Version: version, At: at, Posted: sum(b.Posted, c), Held: sum(b.Held, c),
		Available: sum(b.Posted-b.Held, c), Unallocated: sum(unallocated, c), Cards: []CardBalance{},
	}
}

func cardFigures(id spec.CardID, b balance.CardBalance, c spec.Currency) CardBalance {
	return CardBalance{id.String(), sum(b.Allocated, c), sum(b.Held, c), sum(b.Available(), c)}
}
