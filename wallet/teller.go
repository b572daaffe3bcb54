package wallet

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// Teller is what does what the API is asked for: a [teller.Teller].
type Teller interface {
	Open(ctx context.Context, c teller.Call, o teller.Opening) (teller.Done, error)
	SetTier(ctx context.Context, c teller.Call, wallet, tier string) (teller.Done, error)
	RenameWallet(ctx context.Context, c teller.Call, wallet, name string) (teller.Done, error)
	TopUp(ctx context.Context, c teller.Call, wallet string, amount spec.Money, reference string) (teller.Done, error)
	Allocate(ctx context.Context, c teller.Call, wallet string, card spec.CardID, amount spec.Money) (teller.Done, error)
	Sweep(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Transfer(ctx context.Context, c teller.Call, from, to string, amount spec.Money, reference string) (teller.Done, error)

	Issue(ctx context.Context, c teller.Call, wallet string, o teller.Issuing) (teller.Done, error)
	Freeze(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Unfreeze(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Lost(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Stolen(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Close(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	Reissue(ctx context.Context, c teller.Call, wallet string, card spec.CardID) (teller.Done, error)
	SetRules(ctx context.Context, c teller.Call, wallet string, card spec.CardID, rules balance.CardRules) (teller.Done, error)
	Rename(ctx context.Context, c teller.Call, wallet string, card spec.CardID, name string) (teller.Done, error)
	AddToken(ctx context.Context, c teller.Call, wallet string, card spec.CardID, number, name string) (teller.Done, error)
	RemoveToken(ctx context.Context, c teller.Call, wallet string, card spec.CardID, meant func(balance.Key) bool) (teller.Done, error)
	Tokens(ctx context.Context, c teller.Caller, wallet string, card spec.CardID) ([]teller.DeviceToken, error)
	Shown(ctx context.Context, c teller.Call, s teller.Showing) (known bool, err error)

	Person(tenant, subject string) spec.PersonID
	AddMember(ctx context.Context, c teller.Call, wallet string, person spec.PersonID, role balance.Role, name string) (teller.Done, error)
	SetRole(ctx context.Context, c teller.Call, wallet string, person spec.PersonID, role balance.Role) (teller.Done, error)
	RemoveMember(ctx context.Context, c teller.Call, wallet string, person spec.PersonID) (teller.Done, error)

	Wallet(ctx context.Context, c teller.Caller, id string) (teller.Snapshot, error)
	CardOf(ctx context.Context, c teller.Caller, id spec.CardID) (balance.Card, teller.Snapshot, error)
	BalanceAt(ctx context.Context, c teller.Caller, id string, at time.Time) (teller.Past, error)
	Events(ctx context.Context, c teller.Caller, wallet string, after uint64, limit int) ([]balance.Entry, error)
	Activity(ctx context.Context, c teller.Caller, wallet string, before teller.Place, limit int) (page []teller.Activity, more bool, err error)
}

// problem says to a caller why something was not done. What the program itself did wrong goes to the
// log; no error of the teller holds a card number.
func (a *API) problem(r route, request string, err error) error {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if p = refused(err); p == nil {
		p = lacking(err)
	}
	if p.Code == CodeOutcomeUnknown && r.method == http.MethodGet { // nothing can have come of it
		p = problemOf(CodeUnavailable).after(retryAfterMin)
	}
	switch p.Code {
	case CodeInternal, CodeUnavailable, CodeOutcomeUnknown:
		a.log.Error("wallet request not done", "route", r.method+" "+r.path, "request_id", request, "code", p.Code, "error", err)
	}
	return p
}

// refused is the problem of something that may not be; nil for another error.
func refused(err error) *Problem {
	var funds *teller.FundsError
	var state *teller.StateError
	var most *teller.CapError
	var limit *teller.LimitError
	var version *teller.VersionError
	var field *teller.FieldError
	switch {
	case errors.As(err, &funds):
		p := problemOf(CodeInsufficientFunds)
		have := int64(funds.Have)
		p.Free = &have
		return p
	case errors.As(err, &state):
		return problemOf(CodeStateConflict).with(sentence(state.Why))
	case errors.As(err, &most):
		p := problemOf(CodeCapExceeded).with("There would be too much or too many: " + most.What + ", at most " + strconv.FormatInt(most.Max, 10) + ".")
		p.Limit = &Reached{limitName(most.What), most.Max, most.Left}
		return p
	case errors.As(err, &limit):
		p := problemOf(CodeLimitExceeded).with("Above the limit of one " + limit.What + ", " + strconv.FormatInt(int64(limit.Max), 10) +
			" in the minor unit; " + strconv.FormatInt(int64(limit.Left), 10) + " are left of it.")
		p.Limit = &Reached{limit.What, int64(limit.Max), int64(limit.Left)}
		return p
	case errors.As(err, &version):
		p := problemOf(CodeVersionConflict)
		p.CurrentVersion = version.Now
		return p
	case errors.As(err, &field):
		return problemOf(CodeFieldInvalid).at(fieldName(field.Field)).with("It is refused: it " + field.Why + ".")
	}
	return nil
}

// lacking is the problem of what could not be done now.
func lacking(err error) *Problem {
	var used *teller.ReferenceError
	switch {
	case errors.Is(err, teller.ErrNotFound):
		return problemOf(CodeNotFound)
	case errors.Is(err, teller.ErrOtherBody):
		return problemOf(CodeKeyReused)
	case errors.As(err, &used):
		p := problemOf(CodeReferenceUsed).at("reference")
		p.Earlier = &Earlier{used.Earlier}
		return p
	case errors.Is(err, teller.ErrNumberTaken):
		return problemOf(CodeNumberTaken).at("number")
	case errors.Is(err, teller.ErrBusy):
		return problemOf(CodeBusy).after(retryAfterMin)
	case errors.Is(err, teller.ErrUnavailable):
		return problemOf(CodeUnavailable).after(retryAfterMin)
	case errors.Is(err, teller.ErrUnknown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return problemOf(CodeOutcomeUnknown).after(retryAfterMin)
	}
	return problemOf(CodeInternal)
}

// limitName is how a client knows a bound of the teller's.
func limitName(what string) string {
	switch what {
	case "device tokens":
		return "tokens"
	case "device tokens with those that were removed":
		return "tokens_ever"
	}
	return what
}

// fieldName is how a client knows a field of the teller's.
func fieldName(field string) string {
	switch field {
	case "amount":
		return "amount.amount"
	case "use_max":
		return "use_max.amount"
	case "off":
		return "channels_off"
	case "if-match":
		return "If-Match"
	}
	return field
}

// sentence makes one of an error's text.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first := text[0]
	if first >= 'a' && first <= 'z' {
		first -= 'a' - 'A'
	}
	return string(first) + text[1:] + "."
}

// currencyOf is the currency of a wallet.
func (a *API) currencyOf(ctx context.Context, c *Caller, wallet string) (spec.Currency, error) {
	var only spec.Currency
	for i, program := range c.who.Programs {
		if i > 0 && a.currencies[program] != only {
			only = 0
			break
		}
		only = a.currencies[program]
	}
	if only != 0 {
		return only, nil
	}
	s, err := a.teller.Wallet(ctx, c.call.Caller, wallet) // it depends on the wallet
	return s.Currency, err
}
