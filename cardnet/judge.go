package cardnet

import (
	"fmt"
	"maps"
	"slices"
)

// promise is what the dialect says of one kind of answer.
type promise struct {
	echoed []int // carried exactly as in the request, and only if the request had them
	own    []int // set by the switch where it has something to say
}

// promises are those of every kind of answer, by message type.
func promises(mti string) promise {
	switch mti {
	case "0110":
		return promise{echoed: []int{2, 3, 4, 7, 11, 12, 13, 14, 32, 33, 37, 42, 49, 100}, own: []int{38, 39, 44, 54, 55}}
	case "0130", "0410", "0430":
		return promise{echoed: []int{2, 3, 4, 7, 11, 32, 33, 37, 49, 100}, own: []int{38, 39}}
	default: // 0810, 0630
		return promise{echoed: []int{7, 11, 33, 70, 100}, own: []int{39}}
	}
}

// expectedMTI is the type of the answer: 0100 and 0101 get 0110, 0120 gets 0130.
func expectedMTI(mti string) string {
	return mti[:2] + string(mti[2]+1) + "0"
}

// judge says how an answer differs from what the dialect promises for its request. The texts
// name elements, never what is in them.
func judge(asked, replied message) []string {
	if replied.mti != expectedMTI(asked.mti) {
		return []string{asked.mti + ": answered with another message type"}
	}
	var found []string
	note := func(format string, values ...any) {
		found = append(found, replied.mti+": "+fmt.Sprintf(format, values...))
	}
	p := promises(replied.mti)
	for _, id := range p.echoed {
		had, want := asked.elements[id]
		value, is := replied.elements[id]
		switch {
		case want && !is:
			note("DE%d of the request is missing", id)
		case !want && is:
			note("DE%d is there though the request had none", id)
		case value != had && !(id == 4 && replied.elements[39] == actionPartly):
			note("DE%d is not the request's", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(replied.elements)) {
		if !slices.Contains(p.echoed, id) && !slices.Contains(p.own, id) {
			note("DE%d does not belong there", id)
		}
	}
	if !digits(replied.elements[39]) {
		note("DE39 is missing or not two digits")
	}
	if replied.mti == "0110" {
		judgeDecision(asked, replied, note)
	}
	return found
}

// judgeDecision looks at what only the answer to an authorization has.
func judgeDecision(asked, replied message, note func(format string, values ...any)) {
	code, approval := replied.elements[39], replied.elements[38]
	approved := code == actionApproved || code == actionPartly
	switch {
	case !digits(approval):
		note("DE38 is missing or not six digits")
	case approved && approval == noApproval:
		note("DE38 is 000000 though DE39 is an approval")
	case !approved && approval != noApproval:
		note("DE38 is not 000000 though DE39 is a refusal")
	}
	if part := replied.elements[4]; code == actionPartly && (part >= asked.elements[4] || part == amountOf(0)) {
		note("DE4 is not a part of what was asked though DE39 is 10")
	}
	groups, whole := balances(replied.elements[54])
	if !whole {
		note("DE54 is not groups of 20")
	}
	available := 0
	for _, g := range groups {
		if g.AmountType == "02" && g.Currency == yen {
			available++
		}
	}
	if asked.inquires() && approved && available != 1 {
		note("DE54 has not exactly one available balance in yen though a balance was asked for")
	}
	if chip := replied.elements[55]; chip != "" && chip[0] != 0x91 {
		note("DE55 starts with something else than tag 91")
	}
}
