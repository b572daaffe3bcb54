package balance

import (
	"reflect"
	"slices"
	"testing"

	"sekisho/spec"
)

// An entry that adds a device token, and the snapshot of its wallet, as they were written before tokens could be
// removed.
const (
	entryOfAToken = "010577616c5f310180b083c598680000000000000000000000000000000000000000000000000000000000000000000000000000000100000003" +
		"018180810120048f829caeae569b8d4400057c6d77d84481ba8434f8dfa5c4651862d24ef4590770726570616964880302743100010000000000" +
		"0002a080860101020000000000000000000033353430313230303939e016010004666f6f640002010200010901e8070303a38186012004c508c9" +
		"9e30231e27c9bcce19b093c31f86cd5d400c1c24d1adad7ff207cfb1050102000000000000000000001864657669636520746f6b656e20303030" +
		"303a2070686f6e6533353430313230303939e016010004666f6f640002010200010901e80703"
	snapshotOfAToken = "020577616c5f310180b083c598686efacbcb5a96e6c6c1269528ad74d34de2cbeddfc7bcc89276386020a8bdb150077072657061696488030000" +
		"00010102000000000000000000000133353430313230303939e0160000000004666f6f640201020109e807030274310001000000000000000002" +
		"20048f829caeae569b8d4400057c6d77d84481ba8434f8dfa5c4651862d24ef45980b083c59868020000000000012004c508c99e30231e27c9bc" +
		"ce19b093c31f86cd5d400c1c24d1adad7ff207cfb180b083c5986802050000000001"
)

func TestWhatWasWrittenBeforeDeviceTokensCouldBeRemovedIsRead(t *testing.T) {
	t.Parallel()
	e, replayed, kept := readBack(t, entryOfAToken, snapshotOfAToken)
	want := Profile{Name: "food", Person: spec.PersonID{1, 2}, Number: [8]byte{9}, Rules: CardRules{500, 3}, RulesSet: true}
	if len(e.Events) != 3 || e.Events[2].Profile != want || e.Events[2].Note != "device token 0000: phone" {
		t.Errorf("read %+v", e.Events)
	}
	for name, w := range map[string]*Wallet{"the replayed wallet": replayed, "the snapshot": kept} {
		if c := w.Cards()[0]; c.Removed != nil || c.Status != CardActive || c.Number != want.Number {
			t.Errorf("%s has %+v", name, c)
		}
	}
}

// phones is a wallet with a card that has two device tokens, and another card.
func phones() *Wallet {
	w := NewWallet("w")
	d := w.Draft(1)
	d.Add(Event{Kind: Opened, Program: "prepaid", Currency: 392})
	for n := range byte(2) {
		d.Add(Event{Kind: CardIssued, Card: spec.CardID{1 + n}, Status: CardFrozen, Profile: Profile{Number: [8]byte{9, n}, Rules: CardRules{UseMax: 500}, RulesSet: true}})
	}
	for n := range byte(2) {
		d.Add(Event{Kind: CardChanged, Card: spec.CardID{1}, Profile: Profile{Token: [8]byte{7, n}}})
	}
	d.Seal(1)
	return w
}

func removal(n byte) Event {
	return Event{Kind: CardChanged, Card: spec.CardID{1}, Profile: Profile{Token: [8]byte{7, n}, TokenRemoved: true}}
}

func TestRemovedDeviceTokensAreKeptByEntriesAndSnapshots(t *testing.T) {
	t.Parallel()
	w := phones()
	if c := w.Cards()[0]; c.Removed != nil || c.Number != [8]byte{9, 0} || !slices.Equal(c.Tokens, []uint64{1, 1}) {
		t.Errorf("with two tokens: %+v", c)
	}
	d := w.Draft(2)
	d.Add(removal(1), removal(0))
	_, body := d.Seal(2)
	var e Entry
	if err := DecodeEntry(body, &e); err != nil || e.Events[0].Profile != removal(1).Profile {
		t.Errorf("%v %+v", err, e.Events)
	}
	got, err := DecodeSnapshot(&Sealed{Log: "w", Version: 2, Body: body, Snapshot: AppendSnapshot(nil, w)})
	if err != nil || !reflect.DeepEqual(got.Cards(), w.Cards()) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, w)
	}
	if c := got.Cards()[0]; !slices.Equal(c.Removed, [][8]byte{{7, 1}, {7, 0}}) || c.Number != [8]byte{9, 0} || c.Status != CardFrozen || c.Rules.UseMax != 500 {
		t.Errorf("the card has %+v", c)
	}
	if c := got.Cards()[1]; c.Removed != nil || c.Rules.UseMax != 500 {
		t.Errorf("the other card has %+v", c)
	}
}

func TestARemovalThatIsNotInIsTakenBack(t *testing.T) {
	t.Parallel()
	w := phones()
	d := w.Draft(2)
	d.Add(removal(0), removal(1), removal(2))
	d.Seal(2)
	for n := range byte(2) { // what is taken back must not be seen in what comes instead
		w.begin()
		d := w.Draft(3)
		d.Add(removal(3))
		d.Seal(Attempt(3 + n))
		seen := w.Cards()[0].Removed
		w.undo()
		w.begin()
		instead := w.Draft(3)
		instead.Add(removal(4))
		if c := w.Cards()[0]; len(c.Removed) != 4 || c.Removed[3] != [8]byte{7, 4} || seen[3] != [8]byte{7, 3} {
			t.Errorf("removed are %v, seen were %v", c.Removed, seen)
		}
		w.undo()
	}
	if c := w.Cards()[0]; !slices.Equal(c.Removed, [][8]byte{{7, 0}, {7, 1}, {7, 2}}) {
		t.Errorf("removed are %v", c.Removed)
	}
}

func TestASnapshotWhoseRemovedTokensAreCutShortIsRefused(t *testing.T) {
	t.Parallel()
	w := phones()
	w.cards[0].Removed = [][8]byte{{7}, {8}}
	s := AppendSnapshot(nil, w)
	for cut := range s {
		if _, err := DecodeSnapshot(&Sealed{Log: "w", Version: 1, Snapshot: s[:cut]}); err == nil {
			t.Fatalf("cut after %d of %d bytes it was read", cut, len(s))
		}
	}
}
