package teller

import (
	"context"
	"fmt"

	"sekisho/balance"
	"sekisho/spec"
)

// AddMember takes a person into a group: MemberChanged.
func (t *Teller) AddMember(ctx context.Context, c Call, wallet string, person spec.PersonID, role balance.Role, name string) (Done, error) {
	if err := firstOf(checkMember(person, role), t.checkText("name", name, 0, NameMax)); err != nil {
		return Done{}, err
	}
	return t.member(ctx, c, wallet, person, "add", func(w *balance.Wallet) ([]balance.Event, error) {
		switch {
		case w.Member(person) != balance.RoleNone:
			return nil, wrongState("the person is a member already")
		case len(w.Members()) >= balance.MembersMax:
			return nil, &CapError{What: "members", Max: balance.MembersMax}
		}
		return []balance.Event{memberEvent(person, role, name)}, nil
	})
}

// SetRole changes what a member may do: MemberChanged. The cards of one who may not spend any more are frozen
// with it.
func (t *Teller) SetRole(ctx context.Context, c Call, wallet string, person spec.PersonID, role balance.Role) (Done, error) {
	if err := checkMember(person, role); err != nil {
		return Done{}, err
	}
	return t.member(ctx, c, wallet, person, "role", func(w *balance.Wallet) ([]balance.Event, error) {
		switch was := w.Member(person); {
		case was == balance.RoleNone:
			return nil, ErrNotFound
		case role == balance.Viewer:
			return withFrozen(w, memberEvent(person, role, "")), notLastOwner(w, person)
		default:
			return []balance.Event{memberEvent(person, role, "")}, notLastOwner(w, person)
		}
	})
}

// RemoveMember takes a person out of a group: MemberChanged. Their cards are frozen with it: what is on them
// is the group's.
func (t *Teller) RemoveMember(ctx context.Context, c Call, wallet string, person spec.PersonID) (Done, error) {
	return t.member(ctx, c, wallet, person, "remove", func(w *balance.Wallet) ([]balance.Event, error) {
		if w.Member(person) == balance.RoleNone {
			return nil, ErrNotFound
		}
		return withFrozen(w, memberEvent(person, balance.RoleNone, "")), notLastOwner(w, person)
	})
}

func (t *Teller) member(ctx context.Context, c Call, wallet string, person spec.PersonID, what string, act func(*balance.Wallet) ([]balance.Event, error)) (Done, error) {
	m := &move{call: &c, print: c.print("member", what, wallet, person.String())}
	m.act = func(v *balance.View) (here, there []balance.Event, err error) {
		if v.Form == balance.Personal {
			return nil, nil, wrongState("a personal wallet has no members: open a group")
		}
		here, err = act(v.Wallet)
		return here, nil, err
	}
	return t.run(ctx, wallet, "", m)
}

func memberEvent(person spec.PersonID, role balance.Role, name string) balance.Event {
	return balance.Event{Kind: balance.MemberChanged, Profile: balance.Profile{Person: person, Role: role, Name: name}}
}

// withFrozen adds the freezing of the active cards of the person whom an event is about.
func withFrozen(w *balance.Wallet, e balance.Event) []balance.Event {
	events := []balance.Event{e}
	cards := w.Cards()
	for i := range cards {
		if c := &cards[i]; c.Holder == e.Profile.Person && c.Status == balance.CardActive {
			frozen := told(c)
			frozen.Status = balance.CardFrozen
			events = append(events, frozen)
		}
	}
	return events
}

// notLastOwner says whether a group has an owner without this person.
func notLastOwner(w *balance.Wallet, person spec.PersonID) error {
	if w.Member(person) != balance.Owner {
		return nil
	}
	for _, m := range w.Members() {
		if m.Role == balance.Owner && m.Person != person {
			return nil
		}
	}
	return wrongState("a group has at least one owner: make somebody else one first")
}

func checkMember(person spec.PersonID, role balance.Role) error {
	switch {
	case person == spec.PersonID{}:
		return invalid("person", "must be somebody")
	case role != balance.Owner && role != balance.MemberRole && role != balance.Viewer:
		return invalid("role", fmt.Sprintf("must be %s, %s or %s", balance.Owner, balance.MemberRole, balance.Viewer))
	}
	return nil
}
