package balance

import (
	"fmt"

	"sekisho/spec"
)

// Which optional parts of an event follow its kind. The order of the bits is the order of the
// parts; both are part of the entry format.
const (
	hasKey = 1 << iota
	hasFingerprint
	hasAnswer
	hasActor
	hasFlags
	hasCard // another than the key's
	hasCounter
	hasNote
	hasPurchase // another than the key's
	hasState    // of the key's purchase, or of the one given
	hasHold
	hasPosted
	hasAllocated
	hasDetails
	hasProgram
	hasIssued
	hasStatus
	hasAfter
	hasClearing
	hasSealed
	hasOf
	hasProfile
	hasEnd
)

func (e *Event) parts() uint32 {
	var has uint32
	set := func(bit uint32, yes bool) {
		if yes {
			has |= bit
		}
	}
	set(hasKey, e.Key != Key{})
	set(hasFingerprint, e.Fingerprint != 0)
	set(hasAnswer, e.Answer != Answer{})
	set(hasActor, e.Actor != Actor{})
	set(hasFlags, e.Flags != 0)
	set(hasCard, e.Card != e.keyCard())
	set(hasCounter, e.Counter != Account{})
	set(hasNote, e.Note != "")
	set(hasState, e.Purchase != Key{} || e.State != StateNone)
	set(hasPurchase, has&hasState != 0 && e.Purchase != e.Key.Purchase())
	set(hasHold, e.Hold != 0)
	set(hasPosted, e.Posted != 0)
	set(hasAllocated, e.Allocated != 0)
	set(hasDetails, e.Details != Details{})
	set(hasProgram, e.Program != "" || e.Currency != 0)
	set(hasIssued, e.Issued.First6 != [6]byte{} || e.Issued.Last4 != [4]byte{} || e.Issued.Expiry != 0)
	set(hasStatus, e.Status != 0)
	set(hasAfter, e.After != CardBalance{})
	set(hasClearing, e.Clearing != Clearing{})
	set(hasSealed, e.Issued.Sealed != "")
	set(hasOf, e.Of != Key{})
	set(hasProfile, e.Profile != Profile{})
	return has
}

func (e *Event) keyCard() spec.CardID {
	if e.Key.Kind() == KeyMessage {
		return e.Key.Card()
	}
	return spec.CardID{}
}

func appendEvent(dst []byte, e *Event) []byte {
	has := e.parts()
	dst = appendUint(append(dst, byte(e.Kind)), has)
	if has&hasKey != 0 {
		dst = appendShort(dst, e.Key[:])
	}
	if has&hasFingerprint != 0 {
		dst = appendUint(dst, e.Fingerprint)
	}
	if has&hasAnswer != 0 {
		dst = appendShort(append(dst, byte(e.Answer.Reason)), e.Answer.Approval[:])
		dst = appendInt(dst, e.Answer.Amount)
	}
	if has&hasActor != 0 {
		dst = appendText(append(dst, byte(e.Actor.Kind)), e.Actor.Name)
	}
	if has&hasFlags != 0 {
		dst = appendUint(dst, e.Flags)
	}
	if has&hasCard != 0 {
		dst = append(dst, e.Card[:]...)
	}
	if has&hasCounter != 0 {
		dst = appendText(append(dst, byte(e.Counter.Kind)), e.Counter.Name)
	}
	if has&hasNote != 0 {
		dst = appendText(dst, e.Note)
	}
	if has&hasPurchase != 0 {
		dst = appendShort(dst, e.Purchase[:])
	}
	if has&hasState != 0 {
		dst = append(dst, byte(e.State))
	}
	for _, m := range [...]struct {
		bit    uint32
		amount spec.Money
	}{{hasHold, e.Hold}, {hasPosted, e.Posted}, {hasAllocated, e.Allocated}} {
		if has&m.bit != 0 {
			dst = appendInt(dst, m.amount)
		}
	}
	if has&hasDetails != 0 {
		dst = appendDetails(dst, &e.Details)
	}
	if has&hasProgram != 0 {
		dst = appendUint(appendText(dst, e.Program), e.Currency)
	}
	if has&hasIssued != 0 {
		dst = appendIssued(dst, e.Issued)
	}
	if has&hasStatus != 0 {
		dst = append(dst, byte(e.Status))
	}
	if has&hasAfter != 0 {
		dst = appendInt(appendInt(dst, e.After.Allocated), e.After.Held)
	}
	if has&hasClearing != 0 {
		dst = appendUint(appendClearing(dst, &e.Clearing), e.Clearing.Count)
	}
	if has&hasSealed != 0 {
		dst = appendText(dst, e.Issued.Sealed)
	}
	if has&hasOf != 0 {
		dst = appendShort(dst, e.Of[:])
	}
	if has&hasProfile != 0 {
		dst = appendProfile(dst, &e.Profile)
	}
	return dst
}

func (d *decoder) event(e *Event) {
	e.Kind = Kind(d.byte())
	if !e.Kind.known() {
		d.fail(fmt.Errorf("event of unknown kind %d: written by a newer version", e.Kind))
	}
	has := d.uint()
	if has >= hasEnd {
		d.fail(fmt.Errorf("event with unknown parts %#x: written by a newer version", has))
	}
	if has&hasKey != 0 {
		d.short(e.Key[:])
		if e.Key.Kind() >= keyKindEnd {
			d.fail(fmt.Errorf("key of unknown kind %d", e.Key.Kind()))
		}
	}
	if has&hasFingerprint != 0 {
		e.Fingerprint = spec.Fingerprint(d.uint())
	}
	if has&hasAnswer != 0 {
		e.Answer.Reason = spec.Reason(d.byte())
		d.short(e.Answer.Approval[:])
		e.Answer.Amount = spec.Money(d.int())
	}
	if has&hasActor != 0 {
		e.Actor.Kind = ActorKind(d.byte())
		e.Actor.Name = d.text(LogNameMax)
		if e.Actor.Kind >= actorEnd {
			d.fail(fmt.Errorf("actor of unknown kind %d", e.Actor.Kind))
		}
	}
	if has&hasFlags != 0 {
		e.Flags = Flags(d.uint())
	}
	e.Card = e.keyCard()
	if has&hasCard != 0 {
		d.fixed(e.Card[:])
	}
	if has&hasCounter != 0 {
		e.Counter = d.account()
	}
	if has&hasNote != 0 {
		e.Note = d.text(NoteMax)
	}
	d.eventEffect(e, has)
}

func (d *decoder) eventEffect(e *Event, has uint64) {
	if has&hasState != 0 {
		e.Purchase = e.Key.Purchase()
	}
	if has&hasPurchase != 0 {
		e.Purchase = Key{}
		d.short(e.Purchase[:])
	}
	if has&hasState != 0 {
		e.State = State(d.byte())
		if e.State >= stateEnd {
			d.fail(fmt.Errorf("purchase in unknown state %d", e.State))
		}
	}
	if has&hasHold != 0 {
		e.Hold = spec.Money(d.int())
	}
	if has&hasPosted != 0 {
		e.Posted = spec.Money(d.int())
	}
	if has&hasAllocated != 0 {
		e.Allocated = spec.Money(d.int())
	}
	if has&hasDetails != 0 {
		d.details(&e.Details)
	}
	if has&hasProgram != 0 {
		e.Program = d.text(LogNameMax)
		e.Currency = spec.Currency(d.uint()) //nolint:gosec // written from a Currency
	}
	if has&hasIssued != 0 {
		d.issued(&e.Issued)
	}
	if has&hasStatus != 0 {
		e.Status = CardStatus(d.byte())
	}
	if has&hasAfter != 0 {
		e.After = CardBalance{Allocated: spec.Money(d.int()), Held: spec.Money(d.int())}
	}
	if has&hasClearing != 0 {
		d.clearing(&e.Clearing)
		e.Clearing.Count = d.uint()
	}
	if has&hasSealed != 0 {
		e.Issued.Sealed = d.text(SealedMax)
	}
	if has&hasOf != 0 {
		d.short(e.Of[:])
	}
	if has&hasProfile != 0 {
		d.profile(&e.Profile)
	}
}

func (d *decoder) account() Account {
	a := Account{Kind: AccountKind(d.byte()), Name: d.text(LogNameMax)}
	if a.Kind >= accountEnd {
		d.fail(fmt.Errorf("account of unknown kind %d", a.Kind))
	}
	return a
}

func appendDetails(dst []byte, p *Details) []byte {
	dst = appendUint(appendInt(dst, p.Amount), p.Currency)
	dst = appendUint(appendInt(dst, p.Billing), p.BillingCurrency)
	dst = appendUint(appendUint(dst, p.LocalTime), p.LocalDate)
	dst = appendUint(appendUint(dst, p.MCC), p.EntryMode)
	dst = appendShort(dst, p.RRN[:])
	dst = appendShort(dst, p.OurCode[:])
	dst = appendShort(dst, p.NetworkCode[:])
	dst = appendShort(dst, p.Merchant[:])
	return appendInt(append(dst, byte(p.Conditions)), p.Expires)
}

func (d *decoder) details(p *Details) {
	p.Amount, p.Currency = spec.Money(d.int()), spec.Currency(d.uint())         //nolint:gosec // written from the same types
	p.Billing, p.BillingCurrency = spec.Money(d.int()), spec.Currency(d.uint()) //nolint:gosec // as above
	p.LocalTime, p.LocalDate = uint32(d.uint()), uint16(d.uint())               //nolint:gosec // as above
	p.MCC, p.EntryMode = uint16(d.uint()), uint16(d.uint())                     //nolint:gosec // as above
	d.short(p.RRN[:])
	d.short(p.OurCode[:])
	d.short(p.NetworkCode[:])
	d.short(p.Merchant[:])
	p.Conditions = spec.PointFlags(d.byte())
	p.Expires = d.int()
}

func appendIssued(dst []byte, i Issued) []byte {
	dst = append(append(dst, i.First6[:]...), i.Last4[:]...)
	return appendUint(dst, i.Expiry)
}

func (d *decoder) issued(i *Issued) {
	d.fixed(i.First6[:])
	d.fixed(i.Last4[:])
	i.Expiry = uint16(d.uint()) //nolint:gosec // written from a uint16
}
