package balance

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"sekisho/spec"
)

// An entry and the snapshot of its wallet as they were written before wallets had tiers.
const (
	entryWithoutTier = "010577616c5f310180b083c5986800000000000000000000000000000000000000000000000000000000000000000000000000000006" +
		"f80a00d80406018b808101200406634b6ef24da0dd3972137cd6e6540354d13cbcf3fb3e1fb2256adf06992d05030361707007707265706169" +
		"648803027431046f757273020201020000000000078080800100014900020102010000000002a080a601070000000000000000000000333534" +
		"30313230303039a7180101730004666f6f640002010200010901e8070304c01102077072657061696403722d31880e05e0a008070000000000" +
		"000000000000050577616c5f31d804d8040006c010050577616c5f328f03"
	snapshotWithoutTier = "020577616c5f310180b083c59868e5003b803f9af215892e56c50e24c4f00c43895928fb3307ab88898e3157ae27077072657061696488" +
		"03f80a00d804010700000000000000000000000133353430313230303039a718d8040000017304666f6f640201020109e80703027431046f75" +
		"727302020102f1ae0c9003010201020101490000000001200406634b6ef24da0dd3972137cd6e6540354d13cbcf3fb3e1fb2256adf06992d80" +
		"b083c5986802050000000001"
)

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readBack reads an entry and the snapshot of its wallet wal_1 as an older version wrote them, and holds that both
// are written again as they were. It returns the entry, and the wallet as replayed and as the snapshot has it.
func readBack(t *testing.T, entry, snapshot string) (e Entry, replayed, kept *Wallet) {
	t.Helper()
	body, was := unhex(t, entry), unhex(t, snapshot)
	if err := DecodeEntry(body, &e); err != nil {
		t.Fatal(err)
	}
	if again := AppendEntry(nil, &e); !bytes.Equal(again, body) {
		t.Errorf("written again it is %x", again)
	}
	replayed = NewWallet("wal_1")
	if err := replayed.Replay(&e, body); err != nil {
		t.Fatal(err)
	}
	kept, err := DecodeSnapshot(&Sealed{Log: "wal_1", Version: 1, Body: body, Snapshot: was})
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]*Wallet{"the replayed wallet": replayed, "the snapshot": kept} {
		if again := AppendSnapshot(nil, w); !bytes.Equal(again, was) {
			t.Errorf("%s is written as %x", name, again)
		}
	}
	return e, replayed, kept
}

func TestWhatWasWrittenBeforeWalletsHadTiersIsRead(t *testing.T) {
	t.Parallel()
	e, _, got := readBack(t, entryWithoutTier, snapshotWithoutTier)
	want := Profile{Name: "food", Person: spec.PersonID{1, 2}, Number: [8]byte{9}, Rules: CardRules{500, 3}, RulesSet: true}
	if len(e.Events) != 6 || e.Events[2].Profile != want || e.Events[1].Profile.RulesSet {
		t.Errorf("read %+v", e.Events)
	}
	if got.Tier != "" || got.Form != Group || got.Owner != want.Person || got.SentIn(202609) != 200 || len(got.Members()) != 1 {
		t.Errorf("the snapshot says %+v", got)
	}
}

func TestATierIsKeptByEntriesAndSnapshotsUntilAnotherIsGiven(t *testing.T) {
	t.Parallel()
	w := NewWallet("w")
	d := w.Draft(1)
	d.Add(Event{Kind: Opened, Program: "prepaid", Currency: 392, Profile: Profile{Tenant: "t1", Form: Personal}})
	d.Add(Event{Kind: WalletChanged, Profile: Profile{Tier: "verified"}})
	_, body := d.Seal(1)
	if w.Tier != "verified" {
		t.Errorf("the tier is %q", w.Tier)
	}
	s := Sealed{Log: "w", Version: 1, Body: body, Snapshot: AppendSnapshot(nil, w)}
	got, err := DecodeSnapshot(&s)
	if err != nil || got.Tier != "verified" || got.Form != Personal || got.Tenant != "t1" {
		t.Fatalf("%v %+v", err, got)
	}
	var e Entry
	if err := DecodeEntry(body, &e); err != nil || e.Events[1].Profile.Tier != "verified" || e.Events[1].Profile.RulesSet {
		t.Errorf("%v %+v", err, e.Events)
	}
	d = got.Draft(2)
	d.Add(Event{Kind: WalletChanged})
	d.Seal(2)
	if got.Tier != "" || got.Tenant != "t1" || got.Form != Personal {
		t.Errorf("taken away: %+v", got)
	}
	if AppendSnapshot(nil, got)[0] != snapshotFormat {
		t.Error("another format")
	}
}

func TestAChangeOfAWalletTellsItsNameAndItsTier(t *testing.T) {
	t.Parallel()
	w := NewWallet("w")
	d := w.Draft(1)
	d.Add(Event{Kind: Opened, Program: "prepaid", Currency: 392, Profile: Profile{Name: "Hana"}})
	d.Add(Event{Kind: WalletChanged, Profile: Profile{Tier: "verified"}}) // as it was written before wallets could be renamed
	if w.Name != "Hana" || w.Tier != "verified" {
		t.Errorf("given a tier: %q %q", w.Name, w.Tier)
	}
	d.Add(Event{Kind: WalletChanged, Profile: Profile{Name: "Hanako", Tier: "verified"}})
	if w.Name != "Hanako" || w.Tier != "verified" {
		t.Errorf("renamed: %q %q", w.Name, w.Tier)
	}
	d.Add(Event{Kind: WalletChanged, Profile: Profile{Name: "Hanako"}})
	if w.Name != "Hanako" || w.Tier != "" {
		t.Errorf("its tier taken away: %q %q", w.Name, w.Tier)
	}
	_, body := d.Seal(1)
	var e Entry
	if err := DecodeEntry(body, &e); err != nil {
		t.Fatal(err)
	}
	again := NewWallet("w")
	if err := again.Replay(&e, body); err != nil || again.Name != "Hanako" || again.Tier != "" {
		t.Errorf("replayed: %v %q %q", err, again.Name, again.Tier)
	}
}

func TestWhatIsHandedOverCountsInTheMonthThatItsEventSays(t *testing.T) {
	t.Parallel()
	w := NewWallet("w")
	at := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC).UnixMilli()
	out := func(amount spec.Money, month uint32) Event {
		return Event{Kind: Transferred, Posted: -amount, Profile: Profile{Month: month}}
	}
	for _, row := range []struct {
		e                  Event
		november, december spec.Money
	}{
		{out(1, 0), 1, 0}, // as it was written before
		{out(2, 202611), 3, 0},
		{Event{Kind: Transferred, Posted: 500}, 3, 0},
		{out(10, 202612), 10, 10},
		{out(20, 202611), 30, 30}, // in a zone where it is still November: what was counted stays
		{out(40, 202612), 70, 70},
	} {
		d := w.Draft(at)
		d.Add(row.e)
		_, body := d.Seal(1)
		got, err := DecodeSnapshot(&Sealed{Log: "w", Version: w.Version, Body: body, Snapshot: AppendSnapshot(nil, w)})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []*Wallet{w, got} {
			if w.SentIn(202611) != row.november || w.SentIn(202612) != row.december || w.SentIn(202701) != 0 {
				t.Errorf("after %d for %d: %d in November, %d in December", -row.e.Posted, row.e.Profile.Month, w.SentIn(202611), w.SentIn(202612))
			}
		}
	}
}

func TestAProfileWithPartsThatAreNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	b := AppendEntry(nil, &Entry{Log: "w", Version: 1, Events: []Event{{Kind: MemberChanged, Profile: Profile{Name: "I"}}}})
	b[len(b)-3] = profileEnd // before its rules, which are two zeros
	var e Entry
	if err := DecodeEntry(b, &e); err == nil {
		t.Error("it was read")
	}
}

func TestVerifyLetsACallersKeyComeAgainWhenItMeansNothingAnyMore(t *testing.T) {
	t.Parallel()
	call, message := CallKey("a"), MessageKey(spec.Authorization, spec.CardID{1}, 1, 1, 1)
	for name, c := range map[string]struct {
		e     Event
		after time.Duration
		twice bool
	}{
		"a call within its time":               {Event{Key: call, Actor: Actor{Kind: ActorCaller}, Fingerprint: 1}, CallKept, true},
		"a call after it":                      {Event{Key: call, Actor: Actor{Kind: ActorCaller}, Fingerprint: 1}, CallKept + time.Millisecond, false},
		"a reference within its time":          {Event{Key: call, Actor: Actor{Kind: ActorCaller}}, ReferenceKept, true},
		"a reference after it":                 {Event{Key: call, Actor: Actor{Kind: ActorCaller}}, ReferenceKept + time.Millisecond, false},
		"what an operator asked, however late": {Event{Key: call, Actor: Actor{Kind: ActorOperator}, Fingerprint: 1}, 100 * ReferenceKept, true},
		"a message, however late":              {Event{Key: message, Actor: Actor{Kind: ActorNetwork}, Fingerprint: 1}, 100 * ReferenceKept, true},
	} {
		one := newCheck("w")
		c.e.Kind = Allocated
		one.event(&Entry{At: 5}, &c.e)
		one.event(&Entry{At: 5 + c.after.Milliseconds()}, &c.e)
		if got := len(one.problems) > 0; got != c.twice {
			t.Errorf("%s: %q", name, one.problems)
		}
	}
}

func TestVerifyLetsAClaimSayTheSameAgain(t *testing.T) {
	t.Parallel()
	for again, fault := range map[spec.Fingerprint]bool{1: false, 2: true} {
		one := newCheck("calls:t1:00")
		claim := Event{Kind: CallTaken, Key: CallKey("a"), Actor: Actor{Kind: ActorCaller}, Fingerprint: 1}
		one.event(&Entry{At: 5}, &claim)
		claim.Fingerprint = again
		one.event(&Entry{At: 6}, &claim)
		if got := len(one.problems) > 0; got != fault {
			t.Errorf("print %d: %q", again, one.problems)
		}
	}
}
