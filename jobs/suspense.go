package jobs

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"sekisho/balance"
	"sekisho/router"
	"sekisho/spec"
)

// suspense is what is in suspense, over all logs.
type suspense struct {
	all    bool // also what is no longer open
	items  []*Item
	placed map[balance.Key]spec.Money // what was posted by resolutions in another log than their item's
}

// open are the items that wait for somebody, oldest first.
func (s *suspense) open() []*Item {
	out := []*Item{}
	for _, i := range s.items {
		if s.settled(i); i.Open() {
			out = append(out, i)
		}
	}
	sortItems(out)
	return out
}

// settled looks whether what was to be placed in a wallet was placed there.
func (s *suspense) settled(i *Item) {
	if i.Standing != ItemClaimed {
		return
	}
	if posted, ok := s.placed[i.key()]; ok {
		i.Standing, i.Resolution.Posted = ItemResolved, posted
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
	cards     map[spec.CardID]balance.Issued
	items     []*Item
	byKey     map[balance.Key]*Item      // by the key of its resolution
	byName    map[balance.Key]*Item      // reversals that wait for their original, by what that is called
	strangers map[balance.Key]spec.Money // what was posted by resolutions of items of other logs
}

func newSuspensePart(all *suspense, log string) *suspensePart {
	return &suspensePart{all: all, log: log, program: houseProgram(log), cards: map[spec.CardID]balance.Issued{}}
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
		p.program = event.Program
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
	item := newItem(e, i)
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
			p.strangers = map[balance.Key]spec.Money{}
		}
		p.strangers[event.Key] = event.Posted
		return
	}
	item.Standing = ItemResolved
	item.Resolution = &ItemResolution{Who: event.Actor.Name, Why: event.Note, At: timeOf(e.At), Posted: event.Posted}
	if event.Counter.Kind == balance.AccountWallet {
		item.Standing, item.Resolution.Wallet = ItemClaimed, event.Counter.Name
	}
	p.close(item)
}

// close lets go of what nobody has to look at.
func (p *suspensePart) close(item *Item) {
	delete(p.byName, item.event.Clearing.Reference)
	if !p.all.all && item.Standing != ItemClaimed {
		delete(p.byKey, item.key())
		p.items = slices.DeleteFunc(p.items, func(i *Item) bool { return i == item })
	}
}

// End implements [Part].
func (p *suspensePart) End() {
	p.all.items = append(p.all.items, p.items...)
	if p.all.placed == nil {
		p.all.placed = map[balance.Key]spec.Money{}
	}
	maps.Copy(p.all.placed, p.strangers)
}

// ListOptions say which items of suspense are wanted.
type ListOptions struct {
	Program string // of the wallet, or in the name of the house log; none for all
	Wallet  string // none for all
	All     bool   // also what is no longer open
}

// ListSuspense finds what is in suspense, oldest first.
func ListSuspense(ctx context.Context, store balance.Store, o ListOptions, progress func(done, total int)) ([]*Item, error) {
	s := &suspense{all: o.All}
	err := Fold(ctx, store, func(log string) Part { return newSuspensePart(s, log) }, progress)
	if err != nil {
		return nil, err
	}
	out := []*Item{}
	for _, i := range s.items {
		if s.settled(i); !o.All && !i.Open() {
			continue
		}
		if (o.Program == "" || i.Program == o.Program) && (o.Wallet == "" || i.Wallet == o.Wallet) {
			out = append(out, i)
		}
	}
	sortItems(out)
	return out, nil
}

// FindItem finds one item in suspense by its id.
func FindItem(ctx context.Context, store balance.Store, id string) (*Item, error) {
	log, version, n, err := ParseItemID(id)
	if err != nil {
		return nil, err
	}
	s := &suspense{all: true}
	p := newSuspensePart(s, log)
	if err := read(ctx, store, log, 1, p.Entry); err != nil {
		return nil, err
	}
	p.End()
	for _, i := range s.items {
		if i.Version != version || i.N != n {
			continue
		}
		if i.Standing == ItemClaimed {
			placed := &suspensePart{all: s, log: i.Resolution.Wallet, cards: map[spec.CardID]balance.Issued{}}
			if err := read(ctx, store, i.Resolution.Wallet, 1, placed.Entry); err != nil {
				return nil, err
			}
			placed.End()
			s.settled(i)
		}
		return i, nil
	}
	return nil, &NoItemError{ID: id}
}

func (i *Item) key() balance.Key { return router.ResolutionKey(i.ID) }
