package jobs

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
)

// suspense is what is in suspense, over all logs: the oldest items that are wanted, and how many there are.
type suspense struct {
	o       ListOptions
	most    int                    // items that are kept
	items   []*Item                // up to twice as many
	claimed []*Item                // whether these are done is known when all logs were read
	placed  map[balance.Key]Amount // what was posted by resolutions in another log than their item's
	listing Listing
}

// add takes what a log has.
func (s *suspense) add(items []*Item) {
	for _, i := range items {
		switch {
		case s.o.Program != "" && i.Program != s.o.Program, s.o.Wallet != "" && i.Wallet != s.o.Wallet:
		case i.Standing == ItemClaimed:
			s.claimed = append(s.claimed, i)
		default:
			s.keep(i)
		}
	}
}

// keep keeps an item that is listed, as long as it is among the oldest.
func (s *suspense) keep(i *Item) {
	if i.Open() {
		s.listing.Open++
	} else if !s.o.All {
		return
	}
	s.listing.More++
	if s.items = append(s.items, i); len(s.items)/2 >= s.most {
		s.trim()
	}
}

func (s *suspense) trim() {
	sortItems(s.items)
	if len(s.items) > s.most {
		clear(s.items[s.most:])
		s.items = s.items[:s.most]
	}
}

// list is the end of it: the oldest items, oldest first.
func (s *suspense) list() Listing {
	for _, i := range s.claimed {
		s.settled(i)
		s.keep(i)
	}
	s.trim()
	s.listing.Items = append([]*Item{}, s.items...)
	s.listing.More -= len(s.items)
	return s.listing
}

// settled looks whether what was to be placed in a wallet was placed there.
func (s *suspense) settled(i *Item) {
	if i.Standing != ItemClaimed {
		return
	}
	if posted, ok := s.placed[i.key()]; ok {
		i.Standing, i.Resolution.Posted, i.Resolution.Currency = ItemResolved, posted.Amount, posted.Currency
	}
}

func sortItems(items []*Item) {
	slices.SortFunc(items, func(a, b *Item) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Log, b.Log), cmp.Compare(a.Version, b.Version), cmp.Compare(a.N, b.N))
	})
}

// suspensePart is what one log has in suspense.
type suspensePart struct {
	all       *suspense
	log       string
	program   string
	currency  spec.Currency // of a wallet
	cards     map[spec.CardID]balance.Issued
	items     []*Item
	byKey     map[balance.Key]*Item  // by the key of its resolution
	byName    map[balance.Key]*Item  // reversals that wait for their original, by what that is called
	strangers map[balance.Key]Amount // what was posted by resolutions of items of other logs
}

func newSuspensePart(all *suspense, log string) *suspensePart {
	return &suspensePart{all: all, log: log, program: balance.HouseProgram(log), cards: map[spec.CardID]balance.Issued{}}
}

// Entry implements [Part].
func (p *suspensePart) Entry(e *balance.Entry) {
	for i := range e.Events {
		p.event(e, i)
	}
}

func (p *suspensePart) event(e *balance.Entry, i int) {
	event := &e.Events[i]
	switch {
	case event.Kind == balance.Opened:
		p.program, p.currency = event.Program, event.Currency
	case event.Kind == balance.CardIssued:
		issued := event.Issued
		issued.Sealed = ""
		p.cards[event.Card] = issued
	case event.Kind == balance.Suspended:
		p.suspended(e, i)
	case event.Kind == balance.Resolved:
		p.resolved(e, event)
	case event.Clearing.Standing == balance.StandingUndone:
		if item := p.byName[event.Clearing.Reference]; item != nil {
			item.Standing = ItemMet
			p.close(item)
		}
	}
}

func (p *suspensePart) suspended(e *balance.Entry, i int) {
	item := newItem(e, i, p.currency)
	item.Program, item.Card = p.program, ""
	if issued, ok := p.cards[item.event.Card]; ok {
		item.Wallet, item.CardID, item.Card = e.Log, item.event.Card.String(), masked(&issued)
	}
	if p.byKey == nil {
		p.byKey, p.byName = map[balance.Key]*Item{}, map[balance.Key]*Item{}
	}
	p.items = append(p.items, item)
	p.byKey[item.key()] = item
	if c := &item.event.Clearing; c.Standing == balance.StandingWaiting && c.Reference != (balance.Key{}) {
		p.byName[c.Reference] = item
	}
}

func (p *suspensePart) resolved(e *balance.Entry, event *balance.Event) {
	item := p.byKey[event.Key]
	if item == nil {
		if p.strangers == nil {
			p.strangers = map[balance.Key]Amount{}
		}
		p.strangers[event.Key] = in(event.Posted, currencyName(p.currency, 0))
		return
	}
	item.Standing = ItemResolved
	item.Resolution = &ItemResolution{Who: event.Actor.Name, Why: event.Note, At: timeOf(e.At), Posted: event.Posted, Currency: currencyName(p.currency, 0)}
	if event.Counter.Kind == balance.AccountWallet {
		item.Standing, item.Resolution.Wallet = ItemClaimed, event.Counter.Name
	}
	p.close(item)
}

// close lets go of what nobody has to look at.
func (p *suspensePart) close(item *Item) {
	delete(p.byName, item.event.Clearing.Reference)
	if !p.all.o.All && item.Standing != ItemClaimed {
		delete(p.byKey, item.key())
		p.items = slices.DeleteFunc(p.items, func(i *Item) bool { return i == item })
	}
}

// End implements [Part].
func (p *suspensePart) End() {
	p.all.add(p.items)
	p.tellPlaced()
}

// tellPlaced tells what was posted for items of other logs.
func (p *suspensePart) tellPlaced() {
	if p.all.placed == nil {
		p.all.placed = map[balance.Key]Amount{}
	}
	maps.Copy(p.all.placed, p.strangers)
}

// ListOptions say which items of suspense are wanted.
type ListOptions struct {
	Program string // of the wallet, or in the name of the house log; none for all
	Wallet  string // none for all
	All     bool   // also what is no longer open
	Limit   int    // how many at most, the oldest; 0 is no limit
}

// Listing is what is in suspense.
type Listing struct {
	Open  int     `json:"open"`           // of all that are wanted, listed here or not
	More  int     `json:"more,omitempty"` // above the limit
	Items []*Item `json:"items"`          // oldest first
}

// ListSuspense finds what is in suspense, oldest first. Beyond the limit items are only counted: what it
// holds in memory is bounded by it, by what a few logs have in suspense, and by what persons have resolved.
func ListSuspense(ctx context.Context, store balance.Store, o ListOptions, progress func(done, total int)) (Listing, error) {
	s := &suspense{o: o, most: cmp.Or(o.Limit, math.MaxInt)}
	err := Fold(ctx, store, func(log string) Part { return newSuspensePart(s, log) }, progress)
	if err != nil {
		return Listing{}, err
	}
	return s.list(), nil
}

// FindItem finds one item in suspense by its id.
func FindItem(ctx context.Context, store balance.Store, id string) (*Item, error) {
	log, version, n, err := ParseItemID(id)
	if err != nil {
		return nil, err
	}
	s := &suspense{o: ListOptions{All: true}}
	p := newSuspensePart(s, log)
	if err := read(ctx, store, log, 1, p.Entry); err != nil {
		return nil, err
	}
	for _, i := range p.items {
		if i.Version != version || i.N != n {
			continue
		}
		if i.Standing == ItemClaimed {
			placed := &suspensePart{all: s, log: i.Resolution.Wallet, cards: map[spec.CardID]balance.Issued{}}
			if err := read(ctx, store, i.Resolution.Wallet, 1, placed.Entry); err != nil {
				return nil, err
			}
			placed.tellPlaced()
			s.settled(i)
		}
		return i, nil
	}
	return nil, &NoItemError{ID: id}
}

func (i *Item) key() balance.Key { return router.ResolutionKey(i.ID) }
