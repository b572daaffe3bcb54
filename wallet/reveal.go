package wallet

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"sekisho/spec"
	"sekisho/teller"
)

// CardNumber is the number of a card in full. There is no security code (CVV2) with it: none is stored.
type CardNumber struct {
	PAN    string `json:"pan" doc:"The number." pattern:"^[0-9]{16,19}$"`
	Expiry string `json:"expiry" doc:"YYMM." example:"3111"`

	Version uint64 `json:"version" doc:"The version of the wallet that this is of." example:"12"`
}

type revealInput struct {
	Keyed
	ID   string `path:"id" pattern:"^crd_[0-9a-f]{24}$" doc:"The card: crd_…"`
	Body cardReveal
}

type cardReveal struct {
	Reason string `json:"reason" minLength:"1" maxLength:"120" doc:"Why it is asked for; kept in the audit log. May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"the holder asked to see it in the app"`
}

type revealOutput struct {
	CacheControl string `header:"Cache-Control"`
	ETag         string `header:"ETag" doc:"The version of the wallet, as it is sent in If-Match."`
	Replayed     string `header:"Idempotency-Replayed" doc:"true when this was asked for before with this key."`
	Body         CardNumber
}

func (a *API) registerReveal() error {
	return add(a, route{
		method: http.MethodPost, path: "/v1/cards/{id}/reveal", scope: NumbersRead, id: "reveal-number", tag: "Cards",
		refuses: []Code{CodeNotFound, CodeNumberNotKept, CodeNumberUnreadable},
		summary: "Show a card's number in full",
		description: "Every time it is asked for is recorded, with who, when, which card, why and what came of it, before the number is sent; " +
			"also when it is refused, but for a request that is no such asking (json_invalid, field_invalid, a missing key). A repeat with the same Idempotency-Key is a showing of its own, of the number that the card has by then; " +
			"If-Match is held against the wallet as it is by then. The key is bound to card and reason from its first use on. " +
			"The security code (CVV2) is not available.",
		example: `{"reason": "the holder asked to see it in the app"}`, denied: a.denied,
	}, a.reveal)
}

// reveal is the one place where a number leaves. It is sent only when the record of it is durable. What is refused
// is recorded as well, as far as that can be done: nothing is shown then.
func (a *API) reveal(ctx context.Context, in *revealInput) (*revealOutput, error) {
	if !strings.ContainsFunc(in.Body.Reason, teller.Visible) {
		return nil, problemOf(CodeFieldInvalid).at("reason").with("It is refused: it must say why the number is asked for.")
	}
	id, _ := teller.ParseCard(in.ID) // its form was checked
	s := teller.Showing{Card: id, Who: in.who.Name, Reason: in.Body.Reason}
	out, refusal := a.look(ctx, in, &s)
	if s.Result == "" { // nobody knows what would come of it
		return nil, refusal
	}
	known, err := a.teller.Shown(ctx, in.call, s)
	switch {
	case errors.Is(err, teller.ErrOtherBody):
		s.Result = "key reused"
		a.attempt(ctx, &in.Caller, s)
		return nil, err
	case refusal != nil && err != nil:
		a.attempt(ctx, &in.Caller, s)
		return nil, refusal
	case refusal != nil:
		return nil, refusal
	case err != nil:
		return nil, err
	}
	out.Replayed = replayed(known)
	return out, nil
}

// look finds what there is to show, and puts into the record what comes of it; nothing where that is not known.
func (a *API) look(ctx context.Context, in *revealInput, s *teller.Showing) (*revealOutput, error) {
	card, w, err := a.teller.CardOf(ctx, in.call.Caller, s.Card)
	switch {
	case errors.Is(err, teller.ErrNotFound):
		s.Result = "not found"
		return nil, err
	case err != nil:
		return nil, err
	}
	s.Wallet = w.ID
	if in.call.IfMatch != 0 && in.call.IfMatch != w.Version {
		s.Result = "version conflict"
		return nil, &teller.VersionError{Now: w.Version}
	}
	number, result, refusal := a.number(in.request, s.Card, card.Sealed)
	if s.Result = result; refusal != nil {
		return nil, refusal
	}
	return &revealOutput{CacheControl: "no-store", ETag: etag(w.Version), Body: CardNumber{number.Digits(), expiry(card.Expiry), w.Version}}, nil
}

// attempt records that a number was asked for and refused; where that cannot be done it is logged.
func (a *API) attempt(ctx context.Context, c *Caller, s teller.Showing) {
	call := c.call
	call.Key = ""
	if _, err := a.teller.Shown(ctx, call, s); err != nil {
		a.log.Error("a refused asking for a card number could not be recorded", "request_id", c.request, "card", s.Card.String(), "result", s.Result, "error", err)
	}
}

// denied records that a number was asked for with a token that may not. What is no card's id is not about a number.
func (a *API) denied(ctx context.Context, c *Caller, card string) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeMax)
	defer cancel()
	if id, ok := teller.ParseCard(card); ok {
		a.attempt(ctx, c, teller.Showing{Card: id, Who: c.call.Actor, Result: "forbidden"})
	}
}

// number opens the number of a card, and says for the record what came of it.
func (a *API) number(request string, id spec.CardID, sealed string) (number spec.PAN, result string, refusal error) {
	if sealed == "" || a.opener == nil {
		return number, "not kept", problemOf(CodeNumberNotKept)
	}
	number, err := a.opener.Open(id, []byte(sealed))
	if err != nil {
		a.log.Error("a sealed card number could not be opened", "request_id", request, "card", id.String(), "error", err)
		return number, "not readable", problemOf(CodeNumberUnreadable)
	}
	return number, "shown", nil
}
