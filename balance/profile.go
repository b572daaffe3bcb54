package balance

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"sekisho/spec"
)

// Profile is what an event says of people and their cards, besides money.
type Profile struct {
	Tenant string        // Opened: whose app server it belongs to
	Name   string        // Opened, CardIssued, CardChanged, WalletChanged: as a person calls it, at most NameMax bytes
	Form   WalletForm    // Opened
	Person spec.PersonID // CardIssued: who holds the card; MemberChanged: whom it is about; Opened: the owner
	Role   Role          // MemberChanged; RoleNone: no member any more
	Number [8]byte       // CardIssued, CardChanged: how the hash of the card's number begins
	Rules  CardRules     // CardIssued, CardChanged, when RulesSet
	// RulesSet says that Rules takes the place of what the card had.
	RulesSet bool
	Tier     string  // WalletChanged: whose limits the wallet has from then on, at most TierMax bytes
	Token    [8]byte // CardChanged: how the hash of a device token's number begins, which the card gets
	// TokenRemoved says that the card loses Token: its number is refused from then on.
	TokenRemoved bool
	Month        uint32 // Transferred, to another: in whose month it counts, year x 100 + month; 0: that of the entry in UTC
}

// NameMax bounds a name that a person gives, in bytes: 120 characters, however many bytes each has.
const NameMax = 120 * utf8.UTFMax

// TierMax bounds the name of a tier, in bytes.
const TierMax = 32

// WalletForm is whose a wallet is.
type WalletForm uint8

// The forms.
const (
	FormNone WalletForm = iota
	Personal
	Group
	formEnd
)

var formNames = [formEnd]string{"", "personal", "group"}

// String is the name of the form.
func (f WalletForm) String() string {
	if f >= formEnd {
		return "unknown"
	}
	return formNames[f]
}

// ParseWalletForm is the inverse of String.
func ParseWalletForm(name string) (WalletForm, bool) {
	i := slices.Index(formNames[:], name)
	return WalletForm(max(i, 0)), i > 0 //nolint:gosec // three names
}

// Role is what a person is to a wallet.
type Role uint8

// The roles.
const (
	RoleNone Role = iota
	Owner
	MemberRole
	Viewer
	roleEnd
)

var roleNames = [roleEnd]string{"", "owner", "member", "viewer"}

// String is the name of the role.
func (r Role) String() string {
	if r >= roleEnd {
		return "unknown"
	}
	return roleNames[r]
}

// ParseRole is the inverse of String.
func ParseRole(name string) (Role, bool) {
	i := slices.Index(roleNames[:], name)
	return Role(max(i, 0)), i > 0 //nolint:gosec // four names
}

// Member is a person of a wallet.
type Member struct {
	Person spec.PersonID
	Role   Role
	Name   string
}

// MembersMax bounds the members of a wallet.
const MembersMax = 200

// CardRules are what the holder of a card allows.
type CardRules struct {
	UseMax spec.Money // of one use, in the program's currency; 0 is no limit
	Off    uint16     // ways of reading the card that are switched off: bit n is spec.Entry n
}

// Members of the wallet, in the order in which they came. They are not to be changed.
func (w *Wallet) Members() []Member { return w.members }

// Member finds what a person is to the wallet.
func (w *Wallet) Member(p spec.PersonID) Role {
	for i := range w.members {
		if w.members[i].Person == p {
			return w.members[i].Role
		}
	}
	return RoleNone
}

// SentIn is what the wallet has handed over to others in a month ([MonthOf]). A month that is over for the wallet,
// which another zone can bring, is not begun anew.
func (w *Wallet) SentIn(month uint32) spec.Money {
	if w.sentMonth >= month {
		return w.sent
	}
	return 0
}

// moveProfile applies what an event says of people.
func (w *Wallet) moveProfile(e *Event, card *Card, at int64) {
	p := &e.Profile
	switch e.Kind {
	case Opened:
		w.Tenant, w.Name, w.Form, w.Owner = p.Tenant, p.Name, p.Form, p.Person
	case MemberChanged:
		w.moveMember(p)
	case WalletChanged:
		w.Tier = p.Tier
		if p.Name != "" {
			w.Name = p.Name
		}
	case Transferred:
		if e.Posted < 0 {
			w.moveSent(cmp.Or(p.Month, MonthOf(time.UnixMilli(at).UTC())), -e.Posted)
		}
	case CardIssued, CardChanged:
		if card != nil {
			card.profile(p, w.Version+1)
		}
	case Funded, Allocated, Authorized, Refused, Verified, RefundAuthorized, AdviceHeld, AdviceRecorded, Released, Reduced,
		ReversalRecorded, Tombstoned, Suspended, Voided, Expired, Presented, Credited, PostingUndone, Completed, Incremented,
		FileTaken, FeePosted, Resolved, FileClosed, NumberShown, CallTaken:
	}
}

func (w *Wallet) moveSent(month uint32, amount spec.Money) {
	if w.sentMonth < month {
		w.sentMonth, w.sent = month, 0
	}
	w.sent += amount
}

func (c *Card) profile(p *Profile, version uint64) {
	if p.Name != "" {
		c.Name = p.Name
	}
	if p.Person != (spec.PersonID{}) {
		c.Holder = p.Person
	}
	if p.Number != [8]byte{} {
		c.Number = p.Number
	}
	if p.RulesSet {
		c.Rules = p.Rules
	}
	switch {
	case p.TokenRemoved:
		c.Removed = append(slices.Clip(c.Removed), p.Token)
	case p.Token != [8]byte{}:
		c.Tokens = append(slices.Clip(c.Tokens), version)
	}
}

// moveMember changes the list, never in place: a journal may have the old one.
func (w *Wallet) moveMember(p *Profile) {
	others := slices.DeleteFunc(slices.Clone(w.members), func(m Member) bool { return m.Person == p.Person })
	at := slices.IndexFunc(w.members, func(m Member) bool { return m.Person == p.Person })
	if p.Role == RoleNone {
		w.members = others
		return
	}
	m := Member{p.Person, p.Role, p.Name}
	if at < 0 {
		at = len(others)
	} else if m.Name == "" {
		m.Name = w.members[at].Name
	}
	w.members = slices.Insert(others, at, m)
}

// MonthOf is the month of an instant in its zone: year x 100 + month.
func MonthOf(t time.Time) uint32 {
	return uint32(t.Year()*100 + int(t.Month())) //nolint:gosec // a year of four digits
}

func appendProfile(dst []byte, p *Profile) []byte {
	dst = append(appendText(appendText(dst, p.Tenant), p.Name), byte(p.Form))
	dst = append(appendShort(dst, p.Person[:]), byte(p.Role))
	dst = appendShort(dst, p.Number[:])
	set := byte(0)
	if p.RulesSet {
		set |= profileRules
	}
	if p.Tier != "" {
		set |= profileTier
	}
	if p.Token != [8]byte{} {
		set |= profileToken
	}
	if p.TokenRemoved {
		set |= profileTokenRemoved
	}
	if p.Month != 0 {
		set |= profileMonth
	}
	dst = appendRules(append(dst, set), p.Rules)
	if p.Tier != "" {
		dst = appendText(dst, p.Tier)
	}
	if p.Token != [8]byte{} {
		dst = appendShort(dst, p.Token[:])
	}
	if p.Month != 0 {
		dst = appendUint(dst, p.Month)
	}
	return dst
}

// What the byte before the rules of a profile says, and the bits that say in a snapshot that a tier follows the
// form of a wallet, and removed device tokens and where tokens were added the rules of a card.
const (
	profileRules        = 1 << iota // they take the place of the card's
	profileTier                     // a tier follows them
	profileToken                    // a device token follows that
	profileTokenRemoved             // which is removed
	profileMonth                    // a month follows that
	profileEnd

	formTier      = 1 << 7
	statusRemoved = 1 << 7
	statusTokens  = 1 << 6
)

func (d *decoder) profile(p *Profile) {
	p.Tenant, p.Name, p.Form = d.text(LogNameMax), d.text(NameMax), WalletForm(d.byte())
	d.short(p.Person[:])
	p.Role = Role(d.byte())
	d.short(p.Number[:])
	set := d.byte()
	p.RulesSet, p.Rules = set&profileRules != 0, d.rules()
	if set&profileTier != 0 {
		p.Tier = d.text(TierMax)
	}
	if set&profileToken != 0 {
		d.short(p.Token[:])
	}
	p.TokenRemoved = set&profileTokenRemoved != 0
	if set&profileMonth != 0 {
		p.Month = uint32(d.uint()) //nolint:gosec // written from a uint32
	}
	if set >= profileEnd {
		d.fail(fmt.Errorf("profile with unknown parts %#x: written by a newer version", set))
	}
	if p.Form >= formEnd || p.Role >= roleEnd {
		d.fail(fmt.Errorf("wallet of unknown form %d, or member of unknown role %d", p.Form, p.Role))
	}
}

func appendRules(dst []byte, r CardRules) []byte { return appendUint(appendInt(dst, r.UseMax), r.Off) }

func (d *decoder) rules() CardRules {
	return CardRules{UseMax: spec.Money(d.int()), Off: uint16(d.uint())} //nolint:gosec // written from a uint16
}

// appendPeople appends what a snapshot has of the wallet's people.
func appendPeople(dst []byte, w *Wallet) []byte {
	form := byte(w.Form)
	if w.Tier != "" {
		form |= formTier
	}
	dst = append(appendText(appendText(dst, w.Tenant), w.Name), form)
	if w.Tier != "" {
		dst = appendText(dst, w.Tier)
	}
	dst = appendShort(dst, w.Owner[:])
	dst = appendInt(appendUint(dst, w.sentMonth), w.sent)
	dst = appendUint(dst, uint64(len(w.members)))
	for i := range w.members {
		m := &w.members[i]
		dst = appendText(append(appendShort(dst, m.Person[:]), byte(m.Role)), m.Name)
	}
	return dst
}

func (d *decoder) people(w *Wallet) {
	w.Tenant, w.Name = d.text(LogNameMax), d.text(NameMax)
	form := d.byte()
	w.Form = WalletForm(form &^ formTier)
	if form&formTier != 0 {
		w.Tier = d.text(TierMax)
	}
	d.short(w.Owner[:])
	w.sentMonth, w.sent = uint32(d.uint()), spec.Money(d.int()) //nolint:gosec // written from a uint32
	for range d.count() {
		var m Member
		d.short(m.Person[:])
		m.Role, m.Name = Role(d.byte()), d.text(NameMax)
		if m.Role >= roleEnd {
			d.fail(fmt.Errorf("member of unknown role %d", m.Role))
		}
		w.members = append(w.members, m)
	}
	if w.Form >= formEnd {
		d.fail(fmt.Errorf("wallet of unknown form %d", w.Form))
	}
}
