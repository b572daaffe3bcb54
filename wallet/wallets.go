package wallet

import (
	"context"
	"net/http"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// Wallet is whose money it is.
type Wallet struct {
	ID       string `json:"id" example:"wal_5f1c0a9be2d94a7c8b3e6f10"`
	Version  uint64 `json:"version" doc:"Rises by one with every change; sent back in If-Match." example:"1"`
	Kind     string `json:"kind,omitempty" enum:"personal,group" doc:"Absent for a wallet that was not opened here."`
	Program  string `json:"program" example:"prepaid"`
	Currency string `json:"currency" example:"JPY"`
	Name     string `json:"name,omitempty" example:"Hana"`
	Owner    string `json:"owner,omitempty" doc:"The person whose it is; of a group who owned it first." example:"per_0123456789abcdef01234567"`
	Tier     string `json:"tier,omitempty" doc:"How well the owner is known, which decides its limits; the program's own limits when absent." example:"verified"`
	Created  Time   `json:"created,omitzero" doc:"When it was opened. In the answer of the request that opens it."`

	Limits *WalletLimits `json:"limits,omitempty" doc:"What applies to it now. When it is read."`
}

type walletInput struct {
	Keyed
	Body walletCreate
}

type walletCreate struct {
	Kind      string `json:"kind" enum:"personal,group"`
	Program   string `json:"program" minLength:"1" maxLength:"32" example:"prepaid"`
	Name      string `json:"name,omitempty" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"Hana"`
	Owner     string `json:"owner,omitempty" pattern:"^per_[0-9a-f]{24}$" doc:"The id of a person as an earlier answer gave it; an id that was never given out is a new person. Without one a new person is made."`
	OwnerName string `json:"owner_name,omitempty" maxLength:"120" doc:"How the owner is called among the members of a group; name when absent. May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)."`
}

// ByID is the input of what only reads.
type ByID struct {
	Caller
	ID string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
}

type walletNameInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body walletRename
}

type walletRename struct {
	Name string `json:"name" minLength:"1" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"Hanako"`
}

type walletRead struct {
	ETag string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Body Wallet
}

func (a *API) registerWallets() error {
	return first(
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets", scope: WalletsWrite, id: "create-wallet", tag: "Wallets", status: http.StatusCreated,
			summary:     "Open a wallet",
			description: "The id of the wallet follows from tenant and Idempotency-Key.",
			example:     `{"kind": "personal", "program": "prepaid", "name": "Hana"}`,
		}, a.createWallet),
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/name", scope: WalletsWrite, id: "rename-wallet", tag: "Wallets",
			refuses: []Code{CodeNotFound},
			summary: "Rename a wallet", example: `{"name": "Hanako"}`,
		}, a.renameWallet),
		add(a, route{
			method: http.MethodGet, path: "/v1/wallets/{id}", scope: WalletsRead, id: "get-wallet", tag: "Wallets", summary: "Read a wallet", refuses: []Code{CodeNotFound},
		}, a.getWallet),
	)
}

func (a *API) createWallet(ctx context.Context, in *walletInput) (*changed[Wallet], error) {
	form, _ := balance.ParseWalletForm(in.Body.Kind) // what it can be was checked
	owner := a.teller.Person(in.call.Tenant, "wallet owner "+in.call.Key)
	if in.Body.Owner != "" {
		var err error
		if owner, err = person("owner", in.Body.Owner); err != nil {
			return nil, err
		}
	}
	o := teller.Opening{Form: form, Program: in.Body.Program, Name: in.Body.Name, Owner: owner, Person: in.Body.OwnerName}
	if o.Person == "" {
		o.Person = o.Name
	}
	d, err := a.teller.Open(ctx, in.call, o)
	if err != nil {
		return nil, err
	}
	e := &d.Events[0]
	return done(http.StatusCreated, d, Wallet{
		ID: d.Log, Version: d.Version, Kind: e.Profile.Form.String(), Program: e.Program, Currency: e.Currency.String(),
		Name: e.Profile.Name, Owner: e.Profile.Person.String(), Created: Time{d.At},
	}), nil
}

func (a *API) renameWallet(ctx context.Context, in *walletNameInput) (*changed[Wallet], error) {
	return a.changeWallet(ctx, &in.Caller, in.ID, func(c teller.Call) (teller.Done, error) {
		return a.teller.RenameWallet(ctx, c, in.ID, in.Body.Name)
	})
}

// changeWallet has something done to a wallet. Its event tells all that can change of it.
func (a *API) changeWallet(ctx context.Context, c *Caller, id string, change func(teller.Call) (teller.Done, error)) (*changed[Wallet], error) {
	s, err := a.teller.Wallet(ctx, c.call.Caller, id)
	if err != nil {
		return nil, err
	}
	d, err := change(c.call)
	if err != nil {
		return nil, err
	}
	w := walletOf(&s)
	w.Version, w.Name, w.Tier = d.Version, d.Events[0].Profile.Name, d.Events[0].Profile.Tier
	return done(http.StatusOK, d, w), nil
}

func (a *API) getWallet(ctx context.Context, in *ByID) (*walletRead, error) {
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	w := walletOf(&s)
	w.Limits = limitsOf(&s.Limits, s.Currency)
	return &walletRead{etag(s.Version), w}, nil
}

func walletOf(s *teller.Snapshot) Wallet {
	return Wallet{
		ID: s.ID, Version: s.Version, Kind: s.Form.String(), Program: s.Program, Currency: s.Currency.String(),
		Name: s.Name, Owner: s.Owner.String(), Tier: s.Tier,
	}
}

// currency reads an amount that must be in the currency of a wallet.
func (a *API) currency(ctx context.Context, c *Caller, wallet, field string, amount Amount) (spec.Money, spec.Currency, error) {
	m, currency, err := amount.money(field)
	if err != nil {
		return 0, 0, err
	}
	others := false
	for _, program := range c.who.Programs {
		others = others || a.currencies[program] != currency
	}
	if others { // it depends on the wallet
		s, err := a.teller.Wallet(ctx, c.call.Caller, wallet)
		if err != nil {
			return 0, 0, err
		}
		if s.Currency != currency {
			return 0, 0, problemOf(CodeFieldInvalid).at(field + ".currency").with("It is refused: the wallet has another currency.")
		}
	}
	return m, currency, nil
}
