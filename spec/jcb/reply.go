package jcb

import (
	"encoding/binary"
	"math/bits"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// AppendReply appends the answer to the request whose frame this is, made of the request's
// own bytes. Which fields are repeated is the profile's echo set. With a frame that does not
// decode only [spec.FormatError] is answered, with what was read before the wrong byte.
func (d *Dialect) AppendReply(dst, frame []byte, r spec.Response) []byte {
	var m wire.Message
	bad := d.read(frame, &m)
	if bad != nil && r.Reason != spec.FormatError {
		return dst
	}
	if m.MTI == 0 || classOf(m.MTI) == spec.Answer || !m.Fields.Has(7) || !m.Fields.Has(11) {
		return dst
	}
	code := d.profile.codes[r.Reason]
	if code == (actionCode{}) {
		return dst // no decision
	}
	mti := m.MTI.Response()
	echo, ok := d.profile.echo[mti]
	if !ok {
		echo = d.profile.other
	}
	set := spec.FieldSet{m.Fields[0] & echo[0], m.Fields[1] & echo[1]}
	own := ownFields{code: code}
	set.Add(39)
	if own.approval(mti, r) {
		set.Add(38)
	}
	if own.balance(mti, r) {
		set.Add(54)
	}
	if r.Reason == spec.ApprovedPartly && set.Has(4) {
		own.setAmount(r.Amount)
	}
	return d.appendMessage(dst, mti, set, &m, &own)
}

// appendMessage writes an answer: the fields that are our own from own, the rest from m.
func (d *Dialect) appendMessage(dst []byte, mti spec.MTI, set spec.FieldSet, m *wire.Message, own *ownFields) []byte {
	digits := [4]byte{byte('0' + mti/1000%10), byte('0' + mti/100%10), byte('0' + mti/10%10), byte('0' + mti%10)}
	dst = d.layout.Field(0).Append(dst, digits[:])
	first := set[0]
	if set[1] != 0 {
		first |= 1
	}
	dst = binary.BigEndian.AppendUint64(dst, bits.Reverse64(first))
	if set[1] != 0 {
		dst = binary.BigEndian.AppendUint64(dst, bits.Reverse64(set[1]))
	}
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			n := w*64 + bits.TrailingZeros64(word) + 1
			if value := own.value(n); value != nil {
				dst = d.layout.Field(n).Append(dst, value)
				continue
			}
			dst = append(dst, m.Whole(n)...)
		}
	}
	return dst
}

// ownFields are the values of an answer that are not its request's.
type ownFields struct {
	code     actionCode
	approved [6]byte // DE38
	part     [12]byte
	partly   bool
	balances [2 * balanceGroup]byte // DE54
	groups   int
}

// balanceGroup is the size of a group of DE54: account type 2, amount type 2, currency 3,
// sign 1, amount 12.
const balanceGroup = 20

func (o *ownFields) value(n int) []byte {
	switch n {
	case 4:
		if o.partly {
			return o.part[:]
		}
	case 38:
		return o.approved[:]
	case 39:
		return o.code[:]
	case 54:
		return o.balances[:o.groups*balanceGroup]
	}
	return nil
}

// approval sets DE38 and says whether the answer carries it. An 0110 and an 0210 always do:
// zeros on a refusal. Other answers do when there is one.
func (o *ownFields) approval(mti spec.MTI, r spec.Response) bool {
	o.approved = [6]byte([]byte("000000"))
	real := r.Approval.Real()
	switch mti {
	case 110, 210:
		if real && r.Reason.Approves() {
			o.setApproval(r.Approval)
		}
		return true
	case 130, 230, 410, 430:
		if real {
			o.setApproval(r.Approval)
		}
		return real
	}
	return false
}

func (o *ownFields) setApproval(code spec.ApprovalCode) {
	for i, c := range code {
		if c == 0 {
			c = ' '
		}
		o.approved[i] = c
	}
}

func (o *ownFields) setAmount(m spec.Money) {
	o.partly = true
	putAmount(o.part[:], uint64(max(m, 0))) //nolint:gosec // not negative
}

// balance sets DE54 and says whether the answer carries it: the available amount (type 02)
// first, then the allocated one (type 01).
func (o *ownFields) balance(mti spec.MTI, r spec.Response) bool {
	if r.Balance == nil || !r.Reason.Approves() || (mti != 110 && mti != 210) {
		return false
	}
	for _, g := range [...]struct {
		kind   string
		amount spec.Money
	}{{"02", r.Balance.Available}, {"01", r.Balance.Ledger}} {
		b := o.balances[o.groups*balanceGroup:][:balanceGroup]
		copy(b, "00")
		if r.Balance.Account != [2]byte{} {
			copy(b, r.Balance.Account[:])
		}
		copy(b[2:], g.kind)
		putAmount(b[4:7], uint64(r.Balance.Currency))
		amount := uint64(g.amount) //nolint:gosec // the sign is next
		b[7] = 'C'
		if g.amount < 0 {
			b[7], amount = 'D', -amount
		}
		putAmount(b[8:], amount)
		o.groups++
	}
	return true
}

// putAmount fills b with the digits of n. What b cannot hold becomes all nines.
func putAmount(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	if n > 0 {
		for i := range b {
			b[i] = '9'
		}
	}
}
