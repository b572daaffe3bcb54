package balance

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sekisho/spec"
)

func drawKey(t *rapid.T, label string) Key {
	switch rapid.IntRange(0, 4).Draw(t, label) {
	case 0:
		return Key{}
	case 1:
		return CallKey(rapid.String().Draw(t, label+" words"))
	}
	digits := func(n int) []byte {
		return []byte(rapid.StringMatching(fmt.Sprintf("[0-9]{%d}", n)).Draw(t, label+" digits"))
	}
	if rapid.Bool().Draw(t, label+" of clearing") {
		if rapid.Bool().Draw(t, label+" of a record") {
			return ClearingKey([25]byte(digits(25)), rapid.Uint32().Draw(t, label+" number"))
		}
		return ReferenceKey([23]byte(digits(23)), 200, rapid.Byte().Draw(t, label+" part"))
	}
	var id spec.CardID
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, label+" card"))
	return MessageKey(spec.Class(rapid.IntRange(1, 8).Draw(t, label+" class")), id, int64(rapid.Uint32().Draw(t, label+" sent")),
		uint32(rapid.IntRange(0, 999_999).Draw(t, label+" stan")), spec.Institution(rapid.Uint64Range(0, 99_999_999_999).Draw(t, label+" acquirer")))
}

func drawEvent(t *rapid.T) Event {
	money := func(label string) spec.Money { return spec.Money(rapid.Int64().Draw(t, label)) }
	flip := func(label string) bool { return rapid.Bool().Draw(t, label) }
	kinds := []Kind{
		Opened, CardIssued, CardChanged, Funded, Allocated, Authorized, Refused, Verified, RefundAuthorized, AdviceHeld,
		AdviceRecorded, Released, Reduced, ReversalRecorded, Tombstoned, Suspended, Voided, Expired, Presented, Credited,
		PostingUndone, Completed, Incremented, Transferred, MemberChanged, WalletChanged, NumberShown, CallTaken, FileTaken, FileClosed, FeePosted,
		Resolved,
	}
	e := Event{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Key: drawKey(t, "key"), Fingerprint: spec.Fingerprint(rapid.Uint64().Draw(t, "print"))}
	e.Card = e.keyCard()
	if flip("answer") {
		e.Answer = Answer{Reason: spec.InsufficientFunds, Approval: spec.ApprovalCode{'1', '2'}, Amount: money("part")}
	}
	if flip("actor") {
		e.Actor = Actor{Kind: ActorNetwork, Name: rapid.StringN(0, 20, 60).Draw(t, "link")}
	}
	if flip("flags") {
		e.Flags = Flags(rapid.Uint32().Draw(t, "flags value"))
	}
	if flip("card") {
		copy(e.Card[:], "another one")
	}
	if flip("counter") {
		e.Counter = Account{Kind: AccountSettlement, Name: "jcb"}
	}
	if flip("note") {
		e.Note = "because"
	}
	if flip("purchase") {
		e.Purchase, e.State, e.Hold = drawKey(t, "purchase key").Purchase(), State(rapid.IntRange(0, int(stateEnd)-1).Draw(t, "state")), money("hold")
	}
	if flip("money") {
		e.Posted, e.Allocated = money("posted"), money("allocated")
	}
	if flip("details") {
		e.Details = Details{
			Amount: money("amount"), Currency: 392, Billing: 1, BillingCurrency: 840, LocalTime: 235959, LocalDate: 1231, MCC: 5411,
			EntryMode: 51, RRN: spec.RRN{'1'}, OurCode: spec.ApprovalCode{'9'}, NetworkCode: spec.ApprovalCode{'8'}, Merchant: spec.MerchantID{'S'},
			Conditions: 4, Expires: rapid.Int64().Draw(t, "expires"),
		}
	}
	if flip("issue") {
		e.Issued, e.Status, e.Program, e.Currency = Issued{First6: [6]byte{'3'}, Last4: [4]byte{'1'}, Expiry: 2912}, CardFrozen, "prepaid", 392
	}
	if flip("clearing") {
		e.Clearing = Clearing{PlacedOver, ReferenceKey([23]byte([]byte("71234561124000000000012")), 200, 1), StandingDone, money("wire"), 392, money("moved"), money("moved card"), money("instead"), 7}
	}
	if flip("profile") {
		e.Profile = Profile{"t1", "a name", Group, spec.PersonID{1, 2}, Viewer, [8]byte{9}, CardRules{500, 3}, flip("rules"), rapid.StringN(0, 8, TierMax).Draw(t, "tier"), [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "token")), flip("removed"), rapid.Uint32Range(0, 300_012).Draw(t, "month")}
	}
	if flip("sealed") {
		e.Issued.Sealed = "bytes"
	}
	if flip("after") {
		e.After = CardBalance{money("card has"), money("card holds")}
	}
	return e
}

func TestAnEntryReadBackIsTheEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Entry{
			Log: rapid.StringMatching(`[a-z:0-9-]{1,40}`).Draw(t, "log"), Version: rapid.Uint64().Draw(t, "version"), At: rapid.Int64().Draw(t, "at"),
			Attempt: Attempt(rapid.Uint64().Draw(t, "attempt")), After: Balances{1, -2, 3},
		}
		copy(want.Previous[:], "the one before")
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			want.Events = append(want.Events, drawEvent(t))
		}
		body := AppendEntry(nil, &want)
		var got Entry
		if err := DecodeEntry(body, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("wrote %+v\nread  %+v", want, got)
		}
		for cut := range body {
			if err := DecodeEntry(body[:cut], &got); err == nil {
				t.Fatalf("an entry cut after %d of %d bytes was read", cut, len(body))
			}
		}
	})
}

func TestWhatALaterVersionWroteIsRefused(t *testing.T) {
	entry := Entry{Log: "w", Version: 1, Events: []Event{{Kind: Funded, Posted: 1}}}
	good := AppendEntry(nil, &entry)
	kind := bytes.LastIndexByte(good, byte(Funded))
	for name, change := range map[string]func([]byte){
		"format":       func(b []byte) { b[0] = 2 },
		"unknown kind": func(b []byte) { b[kind] = 59 },
		"other kind":   func(b []byte) { b[kind] = 200 },
	} {
		b := bytes.Clone(good)
		change(b)
		if err := DecodeEntry(b, &entry); err == nil {
			t.Errorf("%s: was read", name)
		}
	}
	parts := AppendEntry(nil, &Entry{Log: "w", Version: 1})
	parts[len(parts)-1] = 1 // one event
	parts = appendUint(append(parts, byte(Funded)), uint32(hasEnd))
	if err := DecodeEntry(parts, &entry); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("unknown parts: %v", err)
	}
}

func TestAnEventTakesNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	const most = 999_999_999_999
	key := MessageKey(spec.Authorization, spec.CardID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 1_790_000_000, 999_999, 99_999_999_999)
	authorized := Event{
		Kind: Authorized, Key: key, Purchase: key.Purchase(), Card: key.Card(), Fingerprint: 1 << 63, Answer: Answer{Reason: spec.Approved, Approval: spec.ApprovalCode{'1', '2', '3', '4', '5', '6'}, Amount: most},
		Actor: Actor{ActorNetwork, "quicpay-osaka"}, Counter: Account{AccountSettlement, "quicpay-osaka"}, Flags: FlagOurCode, State: Open, Hold: most,
		Details: Details{
			Amount: most, Currency: 840, Billing: most, BillingCurrency: 392, LocalTime: 235959, LocalDate: 1231, MCC: 9999,
			EntryMode: 999, RRN: spec.RRN{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, OurCode: spec.ApprovalCode{1, 1, 1, 1, 1, 1}, NetworkCode: spec.ApprovalCode{},
			Merchant: spec.MerchantID{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, Conditions: 7, Expires: 1_790_000_000_000,
		},
		After: CardBalance{most, most},
	}
	cleared := authorized
	cleared.Kind, cleared.Purchase, cleared.Of, cleared.Posted, cleared.Allocated, cleared.Note = Presented, CallKey("p"), CallKey("o"), -most, -most, strings.Repeat("\U0001f600", NoteMax/4)
	cleared.Clearing = Clearing{PlacedOver, CallKey("r"), StandingDone, most, 392, most, most, most, 1 << 40}
	long := strings.Repeat("\U0001f600", NameMax/4)
	removed := Event{
		Kind: CardChanged, Key: CallKey("c"), Of: CallKey("o"), Card: key.Card(), Fingerprint: 1 << 63, Answer: Answer{Reason: spec.Approved}, After: CardBalance{most, most},
		Actor: Actor{ActorCaller, strings.Repeat("x", LogNameMax)}, Counter: Account{AccountWallet, strings.Repeat("x", LogNameMax)}, Program: "prepaid", Currency: 392,
		Note: "removed device token 0000: " + long, Status: CardFrozen, Issued: Issued{[6]byte{1}, [4]byte{1}, 3112, strings.Repeat("x", SealedMax)},
		Profile: Profile{
			strings.Repeat("x", LogNameMax), long, Group,
			spec.PersonID{11: 1},
			Viewer,
			[8]byte{7: 1},
			CardRules{most, 1<<16 - 1},
			true,
			strings.Repeat("x", TierMax),
			[8]byte{7: 1},
			true,
			1<<32 - 1,
		},
	}
	for _, e := range []Event{authorized, cleared, removed} {
		n := len(appendEvent(nil, &e))
		if n > e.sizeMax() {
			t.Errorf("%s takes %d bytes, more than %d", e.Kind, n, e.sizeMax())
		}
		var back Entry
		if err := DecodeEntry(AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{e}}), &back); err != nil || !reflect.DeepEqual(back.Events[0], e) {
			t.Errorf("%s is not read as it was written: %v", e.Kind, err)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{{Kind: Funded, Posted: 1}, {Kind: Expired, State: HoldExpired, Purchase: CallKey("p")}}}))
	f.Add(AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{{Kind: WalletChanged, Profile: Profile{Tier: "verified"}}, {Kind: CallTaken, Key: CallKey("c"), Fingerprint: 1}}}))
	f.Add(AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{
		{Kind: CardChanged, Card: spec.CardID{1}, Profile: Profile{Token: [8]byte{7}}},
		{Kind: CardChanged, Card: spec.CardID{1}, Of: CallKey("c"), Profile: Profile{Token: [8]byte{7}, TokenRemoved: true}},
	}}))
	f.Add(AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{{Kind: Transferred, Posted: -1, Profile: Profile{Month: 202612}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Entry
		if err := DecodeEntry(b, &e); err != nil {
			return
		}
		var again Entry
		if err := DecodeEntry(AppendEntry(nil, &e), &again); err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("read, written and read again: %v", err)
		}
	})
}

func FuzzDecodeSnapshot(f *testing.F) {
	w := NewWallet("w")
	d := w.Draft(1)
	d.Add(Event{Kind: Opened, Key: CallKey("o"), Program: "prepaid", Currency: 392}, Event{Kind: CardIssued, Card: spec.CardID{1}, Status: CardActive})
	_, body := d.Seal(1)
	f.Add(AppendSnapshot(nil, w))
	w.Tier = "verified"
	f.Add(AppendSnapshot(nil, w))
	w.cards[0].Removed = [][8]byte{{7}, {8}}
	f.Add(AppendSnapshot(nil, w))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := DecodeSnapshot(&Sealed{Log: "w", Version: 1, Body: body, Snapshot: b}); err == nil && got.Version != 1 {
			t.Fatal("a snapshot of another version was taken")
		}
	})
}
