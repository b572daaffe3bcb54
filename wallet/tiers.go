package wallet

import (
	"context"
	"net/http"

	"sekisho/spec"
	"sekisho/teller"
)

// WalletLimits are what applies to a wallet now, by its tier.
type WalletLimits struct {
	BalanceMax  *Sum `json:"balance_max,omitempty" doc:"The most that it may have; no limit when absent."`
	TransferMax *Sum `json:"transfer_max,omitempty" doc:"The most of one transfer to another wallet; no limit when absent."`
	MonthMax    *Sum `json:"month_max,omitempty" doc:"The most that it may transfer to others in a calendar month of the program's zone; no limit when absent."`
	MonthLeft   *Sum `json:"month_left,omitempty" doc:"What is left of month_max this month."`
}

type walletTierChange struct {
	Tier string `json:"tier" maxLength:"32" doc:"A tier of the wallet's program; empty: the program's own limits." example:"verified"`
}

type tierInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body walletTierChange
}

func (a *API) registerTiers() error {
	return add(a, route{
		method: http.MethodPost, path: "/v1/wallets/{id}/tier", scope: TiersWrite, id: "set-wallet-tier", tag: "Wallets",
		refuses: []Code{CodeNotFound},
		summary: "Set a wallet's identity tier",
		description: "From then on it has the limits that its program has for people who are known so well. What it has already above them stays; " +
			"only no more comes in.",
		example: `{"tier": "verified"}`,
	}, a.setTier)
}

func (a *API) setTier(ctx context.Context, in *tierInput) (*changed[Wallet], error) {
	return a.changeWallet(ctx, &in.Caller, in.ID, func(c teller.Call) (teller.Done, error) {
		return a.teller.SetTier(ctx, c, in.ID, in.Body.Tier)
	})
}

func limitsOf(l *teller.Limits, c spec.Currency) *WalletLimits {
	out := &WalletLimits{BalanceMax: unlessZero(l.WalletMax, c), TransferMax: unlessZero(l.TransferMax, c), MonthMax: unlessZero(l.MonthMax, c)}
	if l.MonthMax > 0 {
		left := sum(l.MonthLeft, c)
		out.MonthLeft = &left
	}
	return out
}
