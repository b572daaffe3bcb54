package wallet

import (
	"context"
	"fmt"
	"net/http"

	"sekisho/spec"
	"sekisho/teller"
)

// Activity is something that happened to money, as a person sees it: a purchase with all that became of
// it, or money that moved otherwise.
type Activity struct {
	ID        string `json:"id" doc:"Stays the same whatever becomes of it; that of a purchase is the one its events have." example:"pur_0123456789abcdef01234567"`
	Version   uint64 `json:"version" doc:"The version of the wallet with which it began." example:"4"`
	Type      string `json:"type" doc:"purchase, refund, top_up, allocation or transfer. New ones may come." example:"purchase"`
	At        Time   `json:"at" doc:"When it began."`
	Updated   Time   `json:"updated" doc:"When something last became of it."`
	Card      string `json:"card,omitempty"`
	Amount    Sum    `json:"amount" doc:"Of a purchase or refund: as the merchant asked. Else what moved: below zero it left the card or the wallet."`
	Other     string `json:"other,omitempty" doc:"The other wallet of a transfer."`
	Reference string `json:"reference,omitempty" doc:"Of a top-up or transfer."`

	Purchase *PurchaseState `json:"purchase,omitempty" doc:"Of a purchase or refund: what became of it."`
}

// PurchaseState is what became of a purchase.
type PurchaseState struct {
	State    string         `json:"state" doc:"Where it stands: open while money is held." example:"open"`
	Reason   string         `json:"reason" doc:"How it was answered." example:"approved"`
	Why      string         `json:"why" doc:"How it stands, for a person." example:"Held until the merchant collects it."`
	Held     Sum            `json:"held" doc:"Still held."`
	Charged  Sum            `json:"charged" doc:"Posted to the merchant so far."`
	Refunded Sum            `json:"refunded" doc:"Came back."`
	Merchant string         `json:"merchant,omitempty" doc:"The merchant's identifier (DE42)."`
	MCC      string         `json:"mcc,omitempty" doc:"What the merchant sells (ISO 18245)." example:"5411"`
	Approval string         `json:"approval_code,omitempty" example:"482913"`
	Steps    []PurchaseStep `json:"steps" nullable:"false" doc:"What happened, oldest first."`
}

// PurchaseStep is one event of a purchase.
type PurchaseStep struct {
	At      Time   `json:"at"`
	Version uint64 `json:"version"`
	Kind    string `json:"kind" doc:"As in events." example:"authorized"`
	Hold    Sum    `json:"hold" doc:"What the purchase holds after it."`
	Posted  *Sum   `json:"posted,omitempty" doc:"By how much the money of the wallet changed."`
}

type activityInput struct {
	ByID
	Page
}

func (a *API) registerActivity() error {
	return add(a, route{
		method: http.MethodGet, path: "/v1/wallets/{id}/activity", scope: WalletsRead, id: "list-activity", tag: "History",
		refuses:     []Code{CodeNotFound, CodeCursorInvalid},
		summary:     "What happened, for people",
		description: "Purchases with what became of them, and money that moved otherwise; what began last comes first.",
	}, a.listActivity)
}

func (a *API) listActivity(ctx context.Context, in *activityInput) (*listed[Activity], error) {
	before, err := activityPlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	items, more, err := a.teller.Activity(ctx, in.call.Caller, in.ID, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := newList[Activity](s.Version)
	for i := range items {
		out.Body.Data = append(out.Body.Data, activityOf(in.ID, &items[i], s.Currency))
	}
	if more {
		last := items[len(items)-1].Place
		out.Body.Next = cursor("activity", last.Version, uint64(last.Index)) //nolint:gosec // an index
	}
	return out, nil
}

func activityPlace(text string) (teller.Place, error) {
	at, err := place("activity", text, 2)
	if err != nil {
		return teller.Place{}, err
	}
	return teller.Place{Version: at[0], Index: int(at[1])}, nil //nolint:gosec // 63 bits
}

func activityOf(wallet string, it *teller.Activity, currency spec.Currency) Activity {
	out := Activity{
		ID: activityID(wallet, it), Version: it.Version, Type: string(it.Movement), At: Time{it.At}, Updated: Time{it.Latest}, Amount: sum(it.Amount, it.Currency),
		Other: it.Other, Reference: it.Reference,
	}
	if it.Card != (spec.CardID{}) {
		out.Card = it.Card.String()
	}
	if it.Movement != teller.Purchase && it.Movement != teller.Refund {
		return out
	}
	p := &PurchaseState{
		State: it.State.String(), Reason: it.Reason.String(), Why: it.Why, Held: sum(it.Held, currency),
		Charged: sum(it.Charged, currency), Refunded: sum(it.Refunded, currency),
		Merchant: it.Merchant.String(), Steps: []PurchaseStep{},
	}
	if it.MCC != 0 {
		p.MCC = fmt.Sprintf("%04d", it.MCC)
	}
	if it.Approval.Real() {
		p.Approval = it.Approval.String()
	}
	for i := range it.Steps {
		p.Steps = append(p.Steps, stepOf(&it.Steps[i], currency))
	}
	out.Purchase = p
	return out
}

func stepOf(s *teller.Step, currency spec.Currency) PurchaseStep {
	return PurchaseStep{At: Time{s.At}, Version: s.Version, Kind: s.Kind.String(), Hold: sum(s.Hold, currency), Posted: unlessZero(s.Posted, currency)}
}

// activityID names an item by the request or message that began it.
func activityID(wallet string, it *teller.Activity) string {
	prefix := ""
	switch it.Movement {
	case teller.ToppedUp:
		prefix = topUpPrefix
	case teller.Allocation:
		prefix = allocationPrefix
	case teller.Transfer:
		prefix = transferPrefix
	case teller.Purchase, teller.Refund:
		return purchaseID(it.Key)
	}
	return movementID(prefix, wallet, it.Key, it.Version, it.Index)
}
