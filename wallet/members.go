package wallet

import (
	"context"
	"encoding/binary"
	"net/http"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// Member is a person of a group.
type Member struct {
	ID      string `json:"id" doc:"The person." example:"per_0123456789abcdef01234567"`
	Wallet  string `json:"wallet"`
	Version uint64 `json:"version" doc:"The version of the wallet that this is of."`
	Name    string `json:"name,omitempty" doc:"Absent in the answer of a change of role." example:"Ken"`
	Role    string `json:"role" enum:"owner,member,viewer,none" doc:"A member spends through cards of their own, a viewer sees. none: not a member any more."`
	At      Time   `json:"at,omitzero" doc:"When the change happened. In the answers of changes."`
}

type memberInput struct {
	Keyed
	ID   string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Body memberAdd
}

type memberAdd struct {
	Name   string `json:"name" maxLength:"120" doc:"May not hold what looks like a card number: 13 to 19 digits that begin as one does and pass its check (Luhn)." example:"Ken"`
	Role   string `json:"role" enum:"owner,member,viewer"`
	Person string `json:"person,omitempty" pattern:"^per_[0-9a-f]{24}$" doc:"The id of a person as an earlier answer gave it; an id that was never given out is a new person. Without one a new person is made."`
}

type roleInput struct {
	Keyed
	ID     string `path:"id" maxLength:"128" doc:"The wallet: wal_…"`
	Person string `path:"person" pattern:"^per_[0-9a-f]{24}$" doc:"The member: per_…"`
	Body   memberRoleChange
}

type memberRoleChange struct {
	Role string `json:"role" enum:"owner,member,viewer"`
}

type removeInput struct {
	ByID
	Removal
	Person string `path:"person" pattern:"^per_[0-9a-f]{24}$" doc:"The member: per_…"`
}

type membersInput struct {
	ByID
	Page
}

func (a *API) registerMembers() error {
	return first(
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/members", scope: MembersWrite, id: "add-member", tag: "Members", status: http.StatusCreated,
			refuses: []Code{CodeNotFound, CodeStateConflict, CodeCapExceeded},
			summary: "Take a person into a group", example: `{"name": "Ken", "role": "member"}`,
		}, a.addMember),
		add(a, route{
			method: http.MethodGet, path: "/v1/wallets/{id}/members", scope: WalletsRead, id: "list-members", tag: "Members",
			refuses: []Code{CodeNotFound, CodeCursorInvalid},
			summary: "List the members of a group", description: "In the order in which they came. Whoever stays is on one of the pages, or on two when others leave meanwhile.",
		}, a.listMembers),
		add(a, route{
			method: http.MethodPost, path: "/v1/wallets/{id}/members/{person}/role", scope: MembersWrite, id: "set-role", tag: "Members",
			refuses: []Code{CodeNotFound, CodeStateConflict},
			summary: "Change what a member may do", description: "A group has at least one owner.", example: `{"role": "viewer"}`,
		}, a.setRole),
		add(a, route{
			method: http.MethodDelete, path: "/v1/wallets/{id}/members/{person}", scope: MembersWrite, id: "remove-member", tag: "Members",
			refuses: []Code{CodeNotFound, CodeStateConflict},
			summary: "Take a person out of a group", description: "Their cards are frozen; the money on them is the group's.",
		}, a.removeMember),
	)
}

func (a *API) addMember(ctx context.Context, in *memberInput) (*changed[Member], error) {
	who := a.teller.Person(in.call.Tenant, "member "+in.call.Route+" "+in.call.Key)
	if in.Body.Person != "" {
		var err error
		if who, err = person("person", in.Body.Person); err != nil {
			return nil, err
		}
	}
	role, _ := balance.ParseRole(in.Body.Role)
	d, err := a.teller.AddMember(ctx, in.call, in.ID, who, role, in.Body.Name)
	return memberChange(d, err, http.StatusCreated)
}

func (a *API) setRole(ctx context.Context, in *roleInput) (*changed[Member], error) {
	who, err := person("person", in.Person)
	if err != nil {
		return nil, err
	}
	role, _ := balance.ParseRole(in.Body.Role)
	d, err := a.teller.SetRole(ctx, in.call, in.ID, who, role)
	return memberChange(d, err, http.StatusOK)
}

func (a *API) removeMember(ctx context.Context, in *removeInput) (*changed[Member], error) {
	who, err := person("person", in.Person)
	if err != nil {
		return nil, err
	}
	d, err := a.teller.RemoveMember(ctx, in.call, in.ID, who)
	return memberChange(d, err, http.StatusOK)
}

// memberChange is the answer to a change of a member.
func memberChange(d teller.Done, err error, status int) (*changed[Member], error) {
	if err != nil {
		return nil, err
	}
	p := &d.Events[0].Profile
	return done(status, d, Member{
		ID: p.Person.String(), Wallet: d.Log, Version: d.Version, Name: p.Name, Role: roleName(p.Role), At: Time{d.At},
	}), nil
}

func roleName(r balance.Role) string {
	if r == balance.RoleNone {
		return "none"
	}
	return r.String()
}

func (a *API) listMembers(ctx context.Context, in *membersInput) (*listed[Member], error) {
	after, err := place("members", in.Cursor, 2)
	if err != nil {
		return nil, err
	}
	s, err := a.teller.Wallet(ctx, in.call.Caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := newList[Member](s.Version)
	members, next := slice(s.Members, behind(s.Members, after[0], after[1]), in.Limit)
	for _, m := range members {
		out.Body.Data = append(out.Body.Data, Member{ID: m.Person.String(), Wallet: s.ID, Version: s.Version, Name: m.Name, Role: roleName(m.Role)})
	}
	if next > 0 {
		out.Body.Next = cursor("members", next, personPlace(members[len(members)-1].Person))
	}
	return out, nil
}

// behind is where the page after a member begins, who was the last of the first n. Members move up when others
// leave; where this one left, nobody knows how far, and it begins at the start.
func behind(members []balance.Member, n, person uint64) uint64 {
	for i := min(n, uint64(len(members))); i > 0; i-- {
		if personPlace(members[i-1].Person) == person {
			return i
		}
	}
	return 0
}

// personPlace is a person in a cursor.
func personPlace(p spec.PersonID) uint64 { return binary.BigEndian.Uint64(p[:]) >> 1 }
