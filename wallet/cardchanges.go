package wallet

import (
	"context"
	"net/http"

	"sekisho/spec"
	"sekisho/teller"
)

type cardChangeInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body *nothing
}

type nothing struct{}

type cardRulesInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body CardRules
}

type cardNameInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body cardRename
}

type cardRename struct {
	Name string `json:"name" minLength:"1" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"groceries"`
}

// cardMove is what the teller does to a card.
type cardMove func(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)

// registerCardChanges adds what can be done to a card.
func (a *API) registerCardChanges() error {
	var errs []error
	for _, r := range []struct {
		verb, summary, about string
		status               int
		move                 cardMove
	}{
		{"freeze", "Freeze a card", "It is refused from the next authorization on, until it is unfrozen. A card that is frozen already stays so.", http.StatusOK, a.teller.Freeze},
		{"unfreeze", "Unfreeze a card", "Only a frozen card. One that is active already stays so.", http.StatusOK, a.teller.Unfreeze},
		{"lost", "Report a card lost", "For good: re-issue it to pay again. A card that is lost already stays so.", http.StatusOK, a.teller.Lost},
		{"stolen", "Report a card stolen", "For good: re-issue it to pay again. Also one that was reported lost before; a card that is stolen already stays so.", http.StatusOK, a.teller.Stolen},
		{"close", "Close a card", "Always succeeds, whatever state the card is in. Free money returns to the wallet; what is held stays until it is cleared or released.", http.StatusOK, a.teller.Close},
		{"reissue", "Give a card a new number", "The id stays, first6, last4 and expiry change, and the card is active. The old number is refused from then on; what was paid with it still clears.", http.StatusCreated, a.teller.Reissue},
	} {
		refuses := []Code{CodeNotFound, CodeStateConflict}
		if r.verb == "close" { // whatever state the card is in
			refuses = refuses[:1]
		}
		errs = append(errs, add(a, route{
			method: http.MethodPost, path: "/v1/cards/{id}/" + r.verb, scope: CardsWrite, id: r.verb + "-card", tag: "Cards",
			status: r.status, summary: r.summary, description: r.about, refuses: refuses,
		}, a.changeCard(r.move, r.status)))
	}
	errs = append(errs, add(a, route{
		method: http.MethodPost, path: "/v1/cards/{id}/rules", scope: CardsWrite, id: "set-card-rules", tag: "Cards",
		refuses: []Code{CodeNotFound, CodeStateConflict},
		summary: "Set what a card may do", description: "Takes the place of all rules the card had.",
		example: `{"use_max": {"amount": 3000, "currency": "JPY"}, "channels_off": ["ecommerce"]}`,
	}, a.setRules), add(a, route{
		method: http.MethodPost, path: "/v1/cards/{id}/name", scope: CardsWrite, id: "rename-card", tag: "Cards",
		refuses: []Code{CodeNotFound, CodeStateConflict},
		summary: "Rename a card", example: `{"name": "holidays"}`,
	}, a.renameCard))
	return first(errs...)
}

func (a *API) changeCard(move cardMove, status int) func(context.Context, *cardChangeInput) (*changed[Card], error) {
	return func(ctx context.Context, in *cardChangeInput) (*changed[Card], error) {
		return a.moveCard(ctx, &in.Caller, in.ID, status, move)
	}
}

// moveCard finds the wallet of a card and has something done to the card.
func (a *API) moveCard(ctx context.Context, c *Caller, text string, status int, move cardMove) (*changed[Card], error) {
	id, _ := teller.ParseCard(text) // its form was checked
	_, s, err := a.teller.CardOf(ctx, c.call.Caller, id)
	if err != nil {
		return nil, err
	}
	d, err := move(ctx, c.call, s.ID, id)
	if err != nil {
		return nil, err
	}
	return done(status, d, cardAfter(d, s.Currency)), nil
}

func (a *API) setRules(ctx context.Context, in *cardRulesInput) (*changed[Card], error) {
	id, _ := teller.ParseCard(in.ID) // its form was checked
	_, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	rules, err := in.Body.read("", s.Currency)
	if err != nil {
		return nil, err
	}
	return a.moveCard(ctx, &in.Caller, in.ID, http.StatusOK, func(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error) {
		return a.teller.SetRules(ctx, c, wallet, card, rules)
	})
}

func (a *API) renameCard(ctx context.Context, in *cardNameInput) (*changed[Card], error) {
	return a.moveCard(ctx, &in.Caller, in.ID, http.StatusOK, func(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error) {
		return a.teller.Rename(ctx, c, wallet, card, in.Body.Name)
	})
}
