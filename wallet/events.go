package wallet

import (
	"context"
	"encoding/hex"
	"net/http"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// Event is one thing that happened to a wallet, as its log has it.
type Event struct {
	Version   uint64       `json:"version" doc:"The version of the wallet that this made. What happened together has one version."`
	Index     int          `json:"index" doc:"Its place among the events of that version that are shown, from 0."`
	At        Time         `json:"at"`
	Kind      string       `json:"kind" doc:"What happened. New kinds may come." example:"authorized"`
	Card      string       `json:"card,omitempty"`
	Purchase  string       `json:"purchase,omitempty" doc:"The purchase that it is about: the same in all events of one purchase." example:"pur_0123456789abcdef01234567"`
	State     string       `json:"state,omitempty" doc:"Where the purchase stands after it." example:"open"`
	Reason    string       `json:"reason,omitempty" doc:"What a card network was answered, and why." example:"approved"`
	Hold      *Sum         `json:"hold,omitempty" doc:"What the purchase holds after it. In every event of a purchase."`
	Posted    *Sum         `json:"posted,omitempty" doc:"By how much the money of the wallet changed."`
	Allocated *Sum         `json:"allocated,omitempty" doc:"By how much the money of the card changed."`
	Person    string       `json:"person,omitempty"`
	Role      string       `json:"role,omitempty"`
	Status    string       `json:"status,omitempty" doc:"Of the card after it."`
	Name      string       `json:"name,omitempty" doc:"How the wallet, the card or the member is called after it."`
	Tier      string       `json:"tier,omitempty" doc:"Of wallet_changed: the tier of the wallet after it; the program's own limits when absent."`
	Reference string       `json:"reference,omitempty" doc:"Of funded and transferred: the caller's own, as the request gave it."`
	Token     *EventToken  `json:"token,omitempty" doc:"The device token that was added to the card or removed from it."`
	Other     string       `json:"other,omitempty" doc:"The other wallet of a transfer."`
	ID        string       `json:"id,omitempty" doc:"Of the top-up, allocation, transfer or device token, as its request was answered and as activity has it. A transfer has the same for both wallets."`
	CardAfter *CardAmount  `json:"card_after,omitempty" doc:"What the card has after it."`
	Balance   EventBalance `json:"balance" doc:"The money of the wallet after everything of that version."`
}

// EventToken is a device token that an event added to its card or removed from it.
type EventToken struct {
	Name   string `json:"name" doc:"How the device is called." example:"phone"`
	Last4  string `json:"last4" example:"0000" doc:"The last four digits of its number."`
	Status string `json:"status" example:"active" doc:"After it: active, or removed."`
}

// EventBalance is the money of a wallet after an event.
type EventBalance struct {
	Posted      Sum `json:"posted"`
	Held        Sum `json:"held"`
	Available   Sum `json:"available"`
	Unallocated Sum `json:"unallocated"`
}

type eventsInput struct {
	ByID
	Page
	After uint64 `query:"after" maximum:"9007199254740991" doc:"Only what came after this version: where to go on after a break."`
}

func (a *API) registerEvents() error {
	return add(a, route{
		method: http.MethodGet, path: "/v1/wallets/{id}/events", scope: WalletsRead, id: "list-events", tag: "History",
		refuses: []Code{CodeNotFound, CodeCursorInvalid},
		summary: "Read a wallet's log",
		description: "Everything that happened, oldest first, each with the balance after it. Nothing changes later, so a program can follow it. " +
			"limit counts versions. Versions may be missing: what only the switch needs, such as a number that was sealed anew, is no event. " +
			"Where very many are missing, a page may be empty and yet have next. Once next is absent, go on later with after and the last version seen.",
	}, a.listEvents)
}

func (a *API) listEvents(ctx context.Context, in *eventsInput) (*listed[Event], error) {
	from, err := place("events", in.Cursor, 1)
	if err != nil {
		return nil, err
	}
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	events, last, err := a.eventsAfter(ctx, in, max(from[0], in.After), &s)
	if err != nil {
		return nil, err
	}
	out := newList[Event](s.Version)
	out.Body.Data = events
	if last < s.Version {
		out.Body.Next = cursor("events", last)
	}
	return out, nil
}

// entriesReadMax bounds the entries that one page is looked for in.
const entriesReadMax = 1000

// eventsAfter reads the events behind a version until there are some to show, and up to which version it read.
// What is only for the switch is left out.
func (a *API) eventsAfter(ctx context.Context, in *eventsInput, last uint64, s *teller.Snapshot) (events []Event, _ uint64, err error) {
	events = []Event{}
	for read, limit := 0, in.Limit; len(events) == 0 && last < s.Version && read < entriesReadMax; limit = teller.PageMax {
		entries, err := a.teller.Events(ctx, in.call.Caller, in.ID, last, limit)
		if err != nil {
			return nil, 0, err
		}
		for i, versions := 0, 0; i < len(entries) && versions < in.Limit; i++ {
			before := len(events)
			for k := range entries[i].Events {
				if teller.Shows(&entries[i].Events[k]) {
					e := eventOf(&entries[i], k, s.Currency)
					e.Index = len(events) - before
					events = append(events, e)
				}
			}
			if last = entries[i].Version; len(events) > before {
				versions++
			}
		}
		if len(entries) == 0 {
			break
		}
		read += len(entries)
	}
	return events, last, nil
}

// eventOf is one event of an entry, but for its place among those that are shown.
func eventOf(entry *balance.Entry, k int, currency spec.Currency) Event {
	e := &entry.Events[k]
	out := Event{
		Version: entry.Version, At: milliseconds(entry.At), Kind: e.Kind.String(),
		Person: e.Profile.Person.String(), Name: e.Profile.Name, Reference: referenceOf(e), Tier: e.Profile.Tier,
		Posted: unlessZero(e.Posted, currency), Allocated: unlessZero(e.Allocated, currency),
		Balance: EventBalance{
			sum(entry.After.Posted, currency), sum(entry.After.Held, currency),
			sum(entry.After.Posted-entry.After.Held, currency), sum(entry.After.Posted-entry.After.Allocated, currency),
		},
	}
	if e.Card != (spec.CardID{}) {
		after := cardAmount(e.After, currency)
		out.Card, out.CardAfter = e.Card.String(), &after
	}
	if e.Kind == balance.MemberChanged {
		out.Role = roleName(e.Profile.Role)
	}
	if e.Status != 0 {
		out.Status = e.Status.String()
	}
	if e.Kind == balance.Transferred {
		out.Other = e.Counter.Name
	}
	if token, ok := teller.TokenOf(e); ok {
		out.Token = &EventToken{token.Name, token.Last4, tokenStatus(&token)}
	}
	out.ID = madeBy(entry, k)
	purchaseOf(e, &out, currency)
	return out
}

// referenceOf is the caller's reference. The note of other kinds is not for app servers: an operator may have
// written it.
func referenceOf(e *balance.Event) string {
	if e.Kind == balance.Funded || e.Kind == balance.Transferred {
		return e.Note
	}
	return ""
}

// purchaseOf tells what an event says of a purchase.
func purchaseOf(e *balance.Event, out *Event, currency spec.Currency) {
	if e.Purchase == (balance.Key{}) {
		return
	}
	out.Purchase, out.State, out.Reason = purchaseID(e.Purchase), e.State.String(), e.Answer.Reason.String()
	hold := sum(0, currency)
	if e.State == balance.Open {
		hold = sum(e.Hold, currency)
	}
	out.Hold = &hold
}

// madeBy is the id of what the event made, as a request for it was answered and as activity has it; empty
// for others.
func madeBy(entry *balance.Entry, k int) string {
	e := &entry.Events[k]
	prefix := ""
	switch e.Kind { //nolint:exhaustive // only these have an id of their own
	case balance.CardChanged:
		if token, ok := teller.TokenOf(e); ok && token.Key.Kind() == balance.KeyCall {
			return idOfKey("tok_", token.Key)
		}
		return ""
	case balance.Funded:
		prefix = topUpPrefix
	case balance.Allocated:
		prefix = allocationPrefix
	case balance.Transferred:
		prefix = transferPrefix
	default:
		return ""
	}
	if e.Purchase != (balance.Key{}) {
		return ""
	}
	return movementID(prefix, entry.Log, e.Key, entry.Version, k)
}

// purchaseID names a purchase to clients.
func purchaseID(k balance.Key) string {
	hash := balance.CallKey("purchase", string(k[:]))
	return "pur_" + hex.EncodeToString(hash[1:1+idLength])
}
