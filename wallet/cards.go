package wallet

import (
	"context"
	"net/http"
	"slices"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// Card is a prepaid card of a wallet.
type Card struct {
	ID        string    `json:"id" doc:"The same for all numbers of the card." example:"crd_0123456789abcdef01234567"`
	Wallet    string    `json:"wallet"`
	Version   uint64    `json:"version" doc:"The version of the wallet that this is of."`
	Name      string    `json:"name,omitempty" example:"groceries"`
	Holder    string    `json:"holder,omitempty" doc:"The person who spends with it." example:"per_0123456789abcdef01234567"`
	Status    string    `json:"status" enum:"active,frozen,not_activated,lost,stolen,closed"`
	First6    string    `json:"first6" doc:"The first six digits of its number." example:"354012"`
	Last4     string    `json:"last4" doc:"The last four digits of its number." example:"0000"`
	Expiry    string    `json:"expiry" doc:"YYMM." example:"3111"`
	Rules     CardRules `json:"rules"`
	Allocated Sum       `json:"allocated" doc:"The money that the card has."`
	Held      Sum       `json:"held" doc:"Of it, what purchases hold that are not cleared yet."`
	Available Sum       `json:"available" doc:"What the card can spend."`
	At        Time      `json:"at,omitzero" doc:"When the change happened. In the answers of changes."`
}

// CardRules are what the holder of a card allows.
type CardRules struct {
	UseMax      *Amount  `json:"use_max,omitempty" doc:"The most of one use; no limit when absent."`
	ChannelsOff []string `json:"channels_off" required:"false" nullable:"false" maxItems:"16" enum:"keyed,stripe,chip,contactless,contactless_stripe,ecommerce,device,on_file" doc:"Ways of paying that are switched off. device is a phone or watch (QUICPay+)."`
}

type issueInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body cardIssue
}

type cardIssue struct {
	Name   string     `json:"name,omitempty" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"groceries"`
	Holder string     `json:"holder,omitempty" pattern:"^per_[0-9a-f]{24}$" doc:"Who spends with it: in a group an owner or a member. The wallet's owner when absent; to be given once the first owner of a group has left."`
	Rules  *CardRules `json:"rules,omitempty"`
}

type cardRead struct {
	ETag string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Body Card
}

type cardsInput struct {
	ByID
	Page
}

// ByCardID is the input of what only reads a card.
type ByCardID struct {
	Caller
	ID string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
}

func (a *API) registerCards() error {
	return first(
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/cards", scope: CardsWrite, id: "issue-card", tag: "Cards", status: http.StatusCreated,
			refuses: []Code{CodeNotFound, CodeStateConflict, CodeCapExceeded},
			summary: "Issue a card", description: "It can pay at once, with what is allocated to it.", example: `{"name": "groceries"}`,
		}, a.issueCard),
		add(a, route{
			method: http.MethodGet, path: "/v1/wallets/{id}/cards", scope: CardsRead, id: "list-cards", tag: "Cards",
			refuses: []Code{CodeNotFound, CodeCursorInvalid},
			summary: "List the cards of a wallet", description: "In the order of their issue, closed ones too.",
		}, a.listCards),
		add(a, route{method: http.MethodGet, path: "/v1/cards/{id}", scope: CardsRead, id: "get-card", tag: "Cards", summary: "Read a card", refuses: []Code{CodeNotFound}}, a.getCard),
	)
}

func (a *API) issueCard(ctx context.Context, in *issueInput) (*changed[Card], error) {
	currency, err := a.currencyOf(ctx, &in.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	o := teller.Issuing{Name: in.Body.Name}
	if in.Body.Holder != "" {
		if o.Holder, err = person("holder", in.Body.Holder); err != nil {
			return nil, err
		}
	}
	if in.Body.Rules != nil {
		if o.Rules, err = in.Body.Rules.read("rules.", currency); err != nil {
			return nil, err
		}
	}
	d, err := a.teller.Issue(ctx, in.call, in.ID, o)
	if err != nil {
		return nil, err
	}
	return done(http.StatusCreated, d, cardAfter(d, currency)), nil
}

func (a *API) listCards(ctx context.Context, in *cardsInput) (*listed[Card], error) {
	from, err := place("cards", in.Cursor, 1)
	if err != nil {
		return nil, err
	}
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := newList[Card](s.Version)
	cards, next := slice(s.Cards, from[0], in.Limit)
	for i := range cards {
		out.Body.Data = append(out.Body.Data, cardOf(&cards[i], &s))
	}
	if next > 0 {
		out.Body.Next = cursor("cards", next)
	}
	return out, nil
}

func (a *API) getCard(ctx context.Context, in *ByCardID) (*cardRead, error) {
	id, _ := teller.ParseCard(in.ID) // its form was checked
	c, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	return &cardRead{etag(s.Version), cardOf(&c, &s)}, nil
}

// cardOf is a card as it stands in its wallet.
func cardOf(c *balance.Card, s *teller.Snapshot) Card {
	return shownCard(c, s.ID, s.Version, s.Currency)
}

// cardAfter is a card as an event left it. The event tells all of the card, so that the answer is the same
// whenever it is given.
func cardAfter(d teller.Done, currency spec.Currency) Card {
	e := &d.Events[0]
	last := e
	for i := range d.Events {
		if d.Events[i].Card == e.Card {
			last = &d.Events[i]
		}
	}
	c := balance.Card{
		ID: e.Card, Status: e.Status, Issued: e.Issued, CardBalance: last.After,
		Name: e.Profile.Name, Holder: e.Profile.Person, Rules: e.Profile.Rules,
	}
	shown := shownCard(&c, d.Log, d.Version, currency)
	shown.At = Time{d.At}
	return shown
}

func shownCard(c *balance.Card, wallet string, version uint64, currency spec.Currency) Card {
	return Card{
		ID: c.ID.String(), Wallet: wallet, Version: version, Name: c.Name, Holder: c.Holder.String(), Status: c.Status.String(),
		First6: digits(c.First6[:]), Last4: digits(c.Last4[:]), Expiry: expiry(c.Expiry), Rules: rulesOf(c.Rules, currency),
		Allocated: sum(c.Allocated, currency), Held: sum(c.Held, currency), Available: sum(c.Available(), currency),
	}
}

// digits is what is known of a number; empty where nothing is.
func digits(b []byte) string {
	if b[0] == 0 {
		return ""
	}
	return string(b)
}

// expiry writes YYMM; empty where it is not known.
func expiry(yymm uint16) string {
	if yymm == 0 {
		return ""
	}
	out := []byte{'0', '0', '0', '0'}
	for i := 3; i >= 0; i-- {
		out[i], yymm = '0'+byte(yymm%10), yymm/10
	}
	return string(out)
}

func rulesOf(r balance.CardRules, currency spec.Currency) CardRules {
	out := CardRules{ChannelsOff: []string{}}
	if r.UseMax > 0 {
		out.UseMax = &Amount{int64(r.UseMax), currency.String()}
	}
	for bit := range spec.Entry(16) {
		if r.Off&(1<<bit) != 0 {
			out.ChannelsOff = append(out.ChannelsOff, bit.String())
		}
	}
	return out
}

// read turns rules into the ledger's. at begins the names of its fields.
func (r *CardRules) read(at string, currency spec.Currency) (balance.CardRules, error) {
	var out balance.CardRules
	for _, name := range slices.Compact(slices.Sorted(slices.Values(r.ChannelsOff))) {
		entry, ok := spec.ParseEntry(name)
		if !ok {
			return out, problemOf(CodeFieldInvalid).at(at + "channels_off")
		}
		out.Off |= 1 << entry
	}
	if r.UseMax == nil {
		return out, nil
	}
	most, given, err := r.UseMax.money(at + "use_max")
	switch {
	case err != nil:
		return out, err
	case given != currency:
		return out, problemOf(CodeFieldInvalid).at(at + "use_max.currency").with("It is refused: the wallet has another currency.")
	case most <= 0:
		return out, problemOf(CodeFieldInvalid).at(at + "use_max.amount").with("It is refused: expected more than 0, or no use_max for no limit.")
	}
	out.UseMax = most
	return out, nil
}
