package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// payStep is one message or record, what came of it, and what the ledger said then: a line. Amounts are in
// the minor unit.
type payStep struct {
	Step         string     `json:"step"` // the word of --then
	Sent         string     `json:"sent"` // 0100, 0400 …; 1240 for a clearing record
	Answer       string     `json:"answer,omitempty"`
	ActionCode   string     `json:"action_code,omitempty"` // DE39
	Approval     string     `json:"approval,omitempty"`    // DE38
	Placed       string     `json:"placed,omitempty"`      // where clearing put the record
	FileID       string     `json:"file_id,omitempty"`
	RRN          string     `json:"rrn"` // DE37
	Amount       int64      `json:"amount"`
	Held         spec.Money `json:"held"`   // for the purchase, afterwards
	Posted       spec.Money `json:"posted"` // charged for it so far; below zero: credited
	State        string     `json:"state"`  // of the purchase; empty where the ledger has none
	Milliseconds float64    `json:"ms,omitempty"`

	Purchase *purchaseStanding `json:"purchase,omitempty"` // of a refund, whose own are those above: what it is about, afterwards

	card string // status of the card when it was asked
}

// String is the line for a person.
func (s *payStep) String() string {
	sent := s.Sent
	if strings.HasPrefix(s.Step, payRefund) {
		sent += " refund"
	}
	if s.Placed != "" {
		return beside(fmt.Sprintf("%s -> %s at %s", sent, s.Placed, yen(spec.Money(s.Amount))), s.ledger())
	}
	outcome := s.ActionCode
	switch {
	case s.ActionCode == "00" && s.Approval != "" && s.Answer == "0110":
		outcome += " approved " + s.Approval
	case s.ActionCode == "00" && s.Answer == "0130":
		outcome += " noted"
	case s.ActionCode == "10":
		outcome += " approved in part " + s.Approval
	case s.ActionCode != "00":
		outcome += " declined"
		if why := s.why(); why != "" {
			outcome += ": " + why
		}
	}
	return beside(fmt.Sprintf("%s -> %s %s", sent, s.Answer, outcome), s.ledger())
}

// beside puts what the ledger says beside what was sent and answered.
func beside(sent, ledger string) string { return fmt.Sprintf("%-46s  %s", sent, ledger) }

// ledger is how the purchase stands, and a refund beside it.
func (s *payStep) ledger() string {
	own := purchaseStanding{State: s.State, Held: s.Held, Posted: s.Posted}
	if s.Purchase == nil {
		return own.String()
	}
	return s.Purchase.String() + "; the refund: " + own.String()
}

// String is for a person.
func (p *purchaseStanding) String() string {
	text := "hold " + yen(p.Held)
	switch {
	case p.Posted > 0:
		text += ", charged " + yen(p.Posted)
	case p.Posted < 0:
		text += ", credited " + yen(-p.Posted)
	}
	if p.State != "" {
		text += "  " + cmp.Or(stateWords[p.State], spaced(p.State))
	}
	return text
}

// reversedBefore is why a purchase whose reversal came first is refused.
const reversedBefore = "reversed before it came"

// stateWords are the states whose names say little.
var stateWords = map[string]string{
	balance.Tombstone.String():     reversedBefore,
	balance.TombstonePart.String(): "reversed in part before it came",
}

// why is why it was refused: as the ledger knows it, else as the answer says it.
func (s *payStep) why() string {
	switch {
	case s.ActionCode == "05" && s.State == balance.Tombstone.String():
		return reversedBefore
	case s.ActionCode == "14" && s.card == balance.CardClosed.String():
		return "the card is closed"
	case s.ActionCode == "57" && s.card == balance.CardFrozen.String():
		return "the card is frozen"
	}
	return actionText(s.ActionCode)
}

// actionText says in words what DE39 of a refusal says; empty for one that is rare.
func actionText(code string) string {
	return map[string]string{
		"05": "refused", "12": "not served", "13": "amount or currency", "14": "no such card", "25": "original not found",
		"41": "lost", "43": "stolen", "51": "not enough money", "54": "expired", "57": "frozen, or not for this", "58": "not read like this",
		"59": "suspicious", "61": "above a limit", "62": "not for this merchant", "65": "too often", "91": "not now", "94": "used for another purchase",
		"96": "a fault of the switch",
	}[code]
}

// payNote says why something was not sent.
type payNote struct {
	Step string `json:"step"`
	Note string `json:"note"`
}

// String is the line for a person.
func (n *payNote) String() string { return n.Step + ": " + n.Note }

// payEnd is the card before and after.
type payEnd struct {
	Card     string    `json:"card"`
	Masked   string    `json:"number"`
	Wallet   string    `json:"wallet"`
	Approved bool      `json:"approved"` // the purchase, by us or by the network
	Before   cardMoney `json:"before"`
	After    cardMoney `json:"after"`
}

// String is what a person reads in the end.
func (e *payEnd) String() string {
	text := ""
	if !e.Approved {
		text = "the purchase was not approved\n"
	}
	line := func(m cardMoney) string {
		return fmt.Sprintf("allocated %s   held %s   available %s", yen(m.Allocated), yen(m.Held), yen(m.Available))
	}
	return fmt.Sprintf("%scard %s %s\n  before  %s\n  after   %s", text, e.Card, e.Masked, line(e.Before), line(e.After))
}

// sayStep shows a step as it happens: a line for a person, or of JSON.
func sayStep(w io.Writer, asJSON bool) func(any) error {
	return func(step any) error {
		if asJSON {
			return json.NewEncoder(w).Encode(step)
		}
		_, err := fmt.Fprintln(w, step)
		return err
	}
}
