package jobs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// Item is one thing in suspense: an advice or a clearing record that could not be placed. It names no card
// number.
type Item struct {
	ID       string       `json:"id"` // <log>@<version>.<n>: the n-th event of the entry, from 1
	Log      string       `json:"log"`
	Version  uint64       `json:"version"`
	N        int          `json:"event"`
	Standing ItemStanding `json:"standing"`
	At       time.Time    `json:"at"`
	Program  string       `json:"program,omitempty"`
	Wallet   string       `json:"wallet,omitempty"`  // none: the card is not known
	CardID   string       `json:"card_id,omitempty"` // crd_…
	Card     string       `json:"card,omitempty"`    // first six and last four digits

	Network   string `json:"network"`          // by whose link it came
	File      string `json:"file,omitempty"`   // id of its clearing file
	Record    uint32 `json:"record,omitempty"` // DE71 there
	Ambiguous bool   `json:"ambiguous,omitempty"`

	Amount          spec.Money `json:"amount"` // DE4
	Currency        string     `json:"currency,omitempty"`
	Billing         spec.Money `json:"billing,omitempty"` // DE6
	BillingCurrency string     `json:"billing_currency,omitempty"`
	Merchant        string     `json:"merchant,omitempty"` // DE42
	MCC             uint16     `json:"mcc,omitempty"`
	RRN             string     `json:"rrn,omitempty"`        // DE37
	Approval        string     `json:"approval,omitempty"`   // DE38
	LocalDate       string     `json:"local_date,omitempty"` // MMDD
	LocalTime       string     `json:"local_time,omitempty"` // hhmmss

	What       string          `json:"what"` // what kind of record or message
	Why        []string        `json:"why"`  // it is here
	Resolution *ItemResolution `json:"resolution,omitempty"`

	event balance.Event
}

// ItemStanding is where an item stands.
type ItemStanding string

// The standings. Open and claimed items wait for somebody.
const (
	ItemOpen     ItemStanding = "open"
	ItemClaimed  ItemStanding = "claimed"  // it is to be placed in a wallet, and that was not finished: resolve it again
	ItemResolved ItemStanding = "resolved" // a person placed or returned it
	ItemMet      ItemStanding = "met"      // a reversal whose original came later: both are done
)

// ItemResolution is how an item was resolved.
type ItemResolution struct {
	Who    string     `json:"who"`
	Why    string     `json:"why"`
	At     time.Time  `json:"at"`
	Posted spec.Money `json:"posted"`           // in its own log
	Wallet string     `json:"wallet,omitempty"` // where an item of a house log was placed

	Currency string `json:"currency,omitempty"` // of posted; none in a house log
}

// NoItemError says that there is nothing in suspense under an id.
type NoItemError struct{ ID string }

func (e *NoItemError) Error() string {
	return fmt.Sprintf("nothing was put into suspense under %q: `suspense list --all` names what was", e.ID)
}

// Event is the event that put it into suspense.
func (i *Item) Event() balance.Event { return i.event }

// Age is how long it has been there, in whole days.
func (i *Item) Age(now time.Time) int { return int(max(0, now.Sub(i.At)) / (24 * time.Hour)) }

// Open says whether it waits for somebody.
func (i *Item) Open() bool { return i.Standing == ItemOpen || i.Standing == ItemClaimed }

// From is where it came from, in words: its file and DE71, or its link.
func (i *Item) From() string {
	if i.File == "" {
		return "link " + i.Network
	}
	return "file " + i.File + " record " + strconv.FormatUint(uint64(i.Record), 10)
}

// ParseItemID takes an id apart: log, version and which event, from 1.
func ParseItemID(id string) (log string, version uint64, n int, err error) {
	log, place, ok := cutLast(id, "@")
	first, second, dot := strings.Cut(place, ".")
	if ok && dot && log != "" {
		version, err = strconv.ParseUint(first, 10, 64)
		if err == nil {
			n, err = strconv.Atoi(second)
		}
	}
	if !ok || !dot || log == "" || err != nil || version == 0 || n < 1 || ItemID(log, version, n) != id {
		return "", 0, 0, fmt.Errorf("%q is not the id of something in suspense: expected one such as alice@17.1", id)
	}
	return log, version, n, nil
}

// ItemID makes the id of the n-th event, from 1, of an entry.
func ItemID(log string, version uint64, n int) string {
	return log + "@" + strconv.FormatUint(version, 10) + "." + strconv.Itoa(n)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	at := strings.LastIndex(s, sep)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(sep):], true
}

// newItem is what the i-th event of an entry says; currency is that of its wallet, 0 in a house log.
func newItem(e *balance.Entry, i int, currency spec.Currency) *Item {
	event := e.Events[i]
	d, c := &event.Details, &event.Clearing
	item := &Item{
		ID: ItemID(e.Log, e.Version, i+1), Log: e.Log, Version: e.Version, N: i + 1, Standing: ItemOpen, At: timeOf(e.At),
		Network: event.Actor.Name, Ambiguous: c.Placement == balance.PlacedAmbiguous,
		Amount: d.Amount, Billing: d.Billing, MCC: d.MCC, RRN: text(d.RRN[:]), Merchant: text(d.Merchant[:]),
		event: event,
	}
	if c.Placement != balance.PlacementNone {
		item.Amount = c.Amount
	}
	item.Currency = currencyName(d.Currency, c.Currency)
	if d.Billing != 0 {
		item.BillingCurrency = currencyName(d.BillingCurrency, 0)
	}
	if event.Key.Kind() == balance.KeyClearing {
		file := event.Key.File()
		item.File, item.Record = string(file[:]), event.Key.Number()
	}
	for _, code := range []spec.ApprovalCode{d.OurCode, d.NetworkCode} {
		if code.Real() {
			item.Approval = text(code[:])
		}
	}
	if d.LocalDate != 0 {
		item.LocalDate, item.LocalTime = fmt.Sprintf("%04d", d.LocalDate), fmt.Sprintf("%06d", d.LocalTime)
	}
	item.What, item.Why = what(&event), why(e.Log, currency, &event)
	return item
}

func currencyName(first, second spec.Currency) string {
	switch {
	case first != 0:
		return first.String()
	case second != 0:
		return second.String()
	}
	return ""
}

// text is a field without its filling, and nothing in it but what can be printed.
func text(field []byte) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, string(field)))
}

// masked is a card as it may be shown.
func masked(i *balance.Issued) string {
	if i.First6[0] == 0 {
		return ""
	}
	return string(i.First6[:]) + "…" + string(i.Last4[:])
}

func timeOf(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }
