package wallet

import (
	"context"
	"net/http"

	"sekisho/balance"
	"sekisho/teller"
)

// DeviceToken is a number that stands for a card on a device. Of the number the last four digits are kept.
type DeviceToken struct {
	ID      string `json:"id" example:"tok_0123456789abcdef01234567"`
	Card    string `json:"card" example:"crd_0123456789abcdef01234567"`
	Name    string `json:"name" example:"phone"`
	Last4   string `json:"last4" example:"0000" doc:"The last four digits of its number."`
	Status  string `json:"status" example:"active" doc:"active: it stands for the card, whatever state that is in. removed: what comes with its number is refused."`
	At      Time   `json:"at" doc:"When it was added; in the answer to its removal, when it was removed."`
	Version uint64 `json:"version" doc:"The version of the wallet that this is of."`
}

type tokenInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body deviceTokenAdd
}

type deviceTokenAdd struct {
	Number string `json:"number" pattern:"^[0-9]{16,19}$" doc:"The number that the device pays with, of a range of the card's program. It is never repeated."`
	Name   string `json:"name" minLength:"1" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"phone"`
}

type tokenRemoveInput struct {
	ByCardID
	Removal
	Token string `path:"token" pattern:"^tok_[0-9a-f]{24}$" doc:"The device token: tok_…"`
}

type tokensInput struct {
	ByCardID
	Page
}

func (a *API) registerTokens() error {
	return first(
		add(a, route{
			method: http.MethodPost, path: "/v1/cards/{id}/tokens", scope: NumbersWrite, id: "add-token", tag: "Cards", status: http.StatusCreated,
			refuses: []Code{CodeNotFound, CodeNumberTaken, CodeStateConflict, CodeCapExceeded},
			summary: "Add a device token",
			description: "What is paid with the token's number is paid with the card from then on, also after a re-issue. Only for an active or " +
				"frozen card; at most 10 for a card, and 50 with those that were removed. A number that was removed is not added again. " +
				"number_taken tells that a number leads to a card here, whoever's it is: " +
				"give this scope only to who handles numbers anyway.",
			example: `{"number": "3540120000009990", "name": "phone"}`,
		}, a.addToken),
		add(a, route{
			method: http.MethodGet, path: "/v1/cards/{id}/tokens", scope: CardsRead, id: "list-tokens", tag: "Cards",
			refuses: []Code{CodeNotFound, CodeCursorInvalid},
			summary: "List the device tokens of a card", description: "Those that were added here and not removed since, oldest first.",
		}, a.listTokens),
		add(a, route{
			method: http.MethodDelete, path: "/v1/cards/{id}/tokens/{token}", scope: NumbersWrite, id: "remove-token", tag: "Cards",
			refuses: []Code{CodeNotFound, CodeStateConflict},
			summary: "Remove a device token",
			description: "For a device that is lost: the card and its other tokens go on. The very next request with the token's number is " +
				"refused; a reversal or the clearing of what was paid with it before still finds its purchase. A token that was added " +
				"before tokens could be removed stays: state_conflict.",
		}, a.removeToken),
	)
}

func (a *API) addToken(ctx context.Context, in *tokenInput) (*changed[DeviceToken], error) {
	id, _ := teller.ParseCard(in.ID) // its form was checked
	_, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.AddToken(ctx, in.call, s.ID, id, in.Body.Number, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return done(http.StatusCreated, d, tokenChange(in.ID, &d)), nil
}

func (a *API) removeToken(ctx context.Context, in *tokenRemoveInput) (*changed[DeviceToken], error) {
	id, _ := teller.ParseCard(in.ID) // its form was checked
	_, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.RemoveToken(ctx, in.call, s.ID, id, func(added balance.Key) bool { return idOfKey("tok_", added) == in.Token })
	if err != nil {
		return nil, err
	}
	return done(http.StatusOK, d, tokenChange(in.ID, &d)), nil
}

// tokenChange is the device token that was added or removed.
func tokenChange(card string, d *teller.Done) DeviceToken {
	token, _ := teller.TokenOf(&d.Events[0])
	token.At = d.At
	return tokenOf(card, &token, d.Version)
}

func (a *API) listTokens(ctx context.Context, in *tokensInput) (*listed[DeviceToken], error) {
	from, err := place("tokens", in.Cursor, 1)
	if err != nil {
		return nil, err
	}
	id, _ := teller.ParseCard(in.ID) // its form was checked
	_, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	all, err := a.teller.Tokens(ctx, in.call.Caller, s.ID, id)
	if err != nil {
		return nil, err
	}
	out := newList[DeviceToken](s.Version)
	for i := range all {
		switch {
		case all[i].Version <= from[0]:
		case len(out.Body.Data) == in.Limit:
			out.Body.Next = cursor("tokens", all[i-1].Version)
			return out, nil
		default:
			out.Body.Data = append(out.Body.Data, tokenOf(in.ID, &all[i], s.Version))
		}
	}
	return out, nil
}

func tokenOf(card string, t *teller.DeviceToken, version uint64) DeviceToken {
	return DeviceToken{ID: idOfKey("tok_", t.Key), Card: card, Name: t.Name, Last4: t.Last4, Status: tokenStatus(t), At: Time{t.At}, Version: version}
}

func tokenStatus(t *teller.DeviceToken) string {
	if t.Removed {
		return "removed"
	}
	return "active"
}
