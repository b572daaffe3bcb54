package teller

import (
	"fmt"
	"io"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// number is a card number that was drawn and what is kept of it.
type number struct {
	issued balance.Issued
	begins [8]byte // of its hash
	hash   spec.CardHash
}

// numberLength is how many digits our numbers have.
const numberLength = 16

// drawsMax is how often a number is drawn until one is free. A range this full is as good as used up.
const drawsMax = 64

// draw draws a number of a program for a card: one of its ranges, random digits, and the check digit.
func (t *Teller) draw(p *Program, card spec.CardID) (number, error) {
	var random [numberLength + 1]byte
	if len(p.Ranges) == 0 {
		return number{}, fmt.Errorf("program %s has no number ranges", p.Name)
	}
	digits := make([]byte, 0, numberLength)
	for len(digits) < numberLength-1 {
		if _, err := io.ReadFull(t.options.Random, random[:]); err != nil {
			return number{}, fmt.Errorf("drawing a card number: %w", err)
		}
		if len(digits) == 0 {
			digits = append(digits, p.Ranges[int(random[numberLength])%len(p.Ranges)]...)
		}
		for _, b := range random[:numberLength] {
			if b < 250 && len(digits) < numberLength-1 { // above it some digits would come more often
				digits = append(digits, '0'+b%10)
			}
		}
	}
	digits = append(digits, checkDigit(digits))
	defer clear(digits)
	pan, err := spec.ParsePAN(string(digits))
	if err != nil {
		return number{}, fmt.Errorf("program %s: a number of its ranges is none: %w", p.Name, err)
	}
	n := number{hash: t.options.Hash(digits)}
	n.begins = [8]byte(n.hash[:8])
	copy(n.issued.First6[:], digits)
	copy(n.issued.Last4[:], digits[numberLength-4:])
	n.issued.Expiry = expiry(t.options.Now(), p)
	if t.options.Seal == nil {
		return n, nil
	}
	if n.issued.Sealed, err = t.options.Seal(card, pan); err != nil {
		return number{}, fmt.Errorf("sealing a card number: %w", err)
	}
	if len(n.issued.Sealed) > balance.SealedMax {
		return number{}, fmt.Errorf("a sealed card number has %d bytes, at most %d can be kept", len(n.issued.Sealed), balance.SealedMax)
	}
	return n, nil
}

// checkDigit is the digit that makes a number pass Luhn.
func checkDigit(digits []byte) byte {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return '0' + byte((10-sum%10)%10) //nolint:gosec // 0 to 9
}

// expiry is YYMM of a card that is issued now.
func expiry(now time.Time, p *Program) uint16 {
	at := now.In(p.Zone)
	return uint16((at.Year()+p.CardYears)%100*100 + int(at.Month())) //nolint:gosec // four digits
}
