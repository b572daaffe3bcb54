package wallet

import (
	"context"
	"net/http"
	"strings"
	"unicode"

	"sekisho/spec"
	"sekisho/teller"
)

// Number is the number of a card in full. There is no security code (CVV2) with it: none is stored.
type Number struct {
	PAN    string `json:"pan" doc:"The number." pattern:"^[0-9]{16,19}$"`
	Expiry string `json:"expiry" doc:"YYMM." example:"3111"`
}

type revealInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"120" doc:"Why it is asked for; kept in the audit log." example:"the holder asked to see it in the app"`
	}
}

type revealOutput struct {
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Body         Number
}

func (a *API) registerReveal() error {
	return add(a, route{
		method: http.MethodPost, path: "/v1/cards/{id}/reveal", scope: NumbersRead, id: "reveal-number", tag: "Cards",
		summary: "Show a card's number in full",
		description: "Every time it is asked for is recorded, with who, when, which card, why and what came of it, before the number is sent. " +
			"A repeat with the same Idempotency-Key is a showing of its own. The security code (CVV2) is not available.",
		example: `{"reason": "the holder asked to see it in the app"}`,
	}, a.reveal)
}

// reveal is the one place where a number leaves. It is sent only when the record of it is durable.
func (a *API) reveal(ctx context.Context, in *revealInput) (*revealOutput, error) {
	if !strings.ContainsFunc(in.Body.Reason, seen) {
		return nil, problemOf(CodeFieldInvalid).at("reason").with("It is refused: it must say why the number is asked for.")
	}
	id, _ := teller.ParseCard(in.ID) // its form was checked
	card, s, err := a.teller.CardOf(ctx, in.call.Caller, id)
	if err != nil {
		return nil, err
	}
	if in.call.IfMatch != 0 && in.call.IfMatch != s.Version {
		return nil, &teller.VersionError{Now: s.Version}
	}
	number, result, refusal := a.number(id, card.Sealed)
	_, err = a.teller.Shown(ctx, in.call, teller.Showing{
		Wallet: s.ID, Card: id, Who: in.who.Name, Reason: in.Body.Reason, Result: result,
	})
	switch {
	case err != nil:
		return nil, err
	case refusal != nil:
		return nil, refusal
	}
	return &revealOutput{"no-store", etag(s.Version), Number{number.Digits(), expiry(card.Expiry)}}, nil
}

// seen says whether a character leaves something on a page.
func seen(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) }

// number opens the number of a card, and says for the record what came of it.
func (a *API) number(id spec.CardID, sealed string) (number spec.PAN, result string, refusal error) {
	if sealed == "" || a.opener == nil {
		return number, "not kept", problemOf(CodeNumberNotKept)
	}
	number, err := a.opener.Open(id, []byte(sealed))
	if err != nil {
		a.log.Error("a sealed card number could not be opened", "card", id.String(), "error", err)
		return number, "not readable", problemOf(CodeNumberUnreadable)
	}
	return number, "shown", nil
}
