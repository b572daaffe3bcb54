package router

import (
	"encoding/binary"

	"sekisho/balance"
	"sekisho/spec"
)

// Approval codes are six digits and never 000000. Those of one card's purchases differ as long as
// it has had fewer than codes of them: they are a counter, multiplied by a number that has no
// divisor in common with the size of the space, and moved by an offset of the card. Balance
// inquiries, which are not recorded, take theirs from the rest of the space.
const (
	codes        = 950_000
	codesInquiry = 999_999 - codes
	codeFactor   = 617_533
)

func approvalCode(card spec.CardID, counter uint32) spec.ApprovalCode {
	offset := binary.BigEndian.Uint64(card[:8])
	n := (uint64(counter)%codes*codeFactor + offset%codes) % codes
	return sixDigits(n + 1)
}

func inquiryCode(k balance.Key) spec.ApprovalCode {
	var n uint64
	for _, b := range k {
		n = n*131 + uint64(b)
	}
	return sixDigits(codes + 1 + n%codesInquiry)
}

func sixDigits(n uint64) (c spec.ApprovalCode) {
	for i := len(c) - 1; i >= 0; i-- {
		c[i] = byte('0' + n%10)
		n /= 10
	}
	return c
}
