package teller

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"sekisho/balance"
	"sekisho/spec"
)

func TestACardThatIsInTheStateAlreadyStaysAsItIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	w := d.wallet(Opening{}, 0)
	type change func(context.Context, Call, string, spec.CardID) (Done, error)
	for _, row := range []struct {
		name    string
		changes []change
		status  balance.CardStatus
	}{
		{"frozen twice", []change{d.Freeze, d.Freeze}, balance.CardFrozen},
		{"unfrozen while it is active", []change{d.Unfreeze}, balance.CardActive},
		{"unfrozen twice", []change{d.Freeze, d.Unfreeze, d.Unfreeze}, balance.CardActive},
		{"lost twice", []change{d.Lost, d.Lost}, balance.CardLost},
		{"stolen twice", []change{d.Stolen, d.Stolen}, balance.CardStolen},
		{"lost, and stolen as it turns out", []change{d.Lost, d.Stolen}, balance.CardStolen},
	} {
		card := d.card(w, 0)
		for _, change := range row.changes {
			before := d.snapshot(w)
			c := d.next()
			done := d.must(change(t.Context(), c, w, card))
			if len(done.Events) != 1 || done.Version != before.Version+1 || done.Replayed {
				t.Errorf("%s: %+v", row.name, done)
			}
			if again := d.must(change(t.Context(), c, w, card)); !again.Replayed || !reflect.DeepEqual(again.Events, done.Events) {
				t.Errorf("%s, and asked again: %+v", row.name, again)
			}
		}
		if s := d.snapshot(w); s.card(card).Status != row.status {
			t.Errorf("%s: it is %s", row.name, s.card(card).Status)
		}
	}
	d.verified()
}

func TestAWalletIsRenamedAndKeepsItsTier(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store, tiered)
		w := d.wallet(Opening{Name: "Hana"}, 0)
		tier := d.next()
		given := d.must(d.SetTier(t.Context(), tier, w, "known"))
		if p := given.Events[0].Profile; p.Name != "Hana" || p.Tier != "known" {
			t.Errorf("%s: given a tier: %+v", store.name, p)
		}
		c := d.next()
		done := d.must(d.RenameWallet(t.Context(), c, w, "Hanako"))
		if e := done.Events[0]; e.Kind != balance.WalletChanged || e.Profile.Name != "Hanako" || e.Profile.Tier != "known" || !Shows(&e) {
			t.Errorf("%s: renamed: %+v", store.name, e)
		}
		if s := d.snapshot(w); s.Name != "Hanako" || s.Tier != "known" || s.Limits.WalletMax != 1000 {
			t.Errorf("%s: renamed it is %+v", store.name, s)
		}
		if again := d.must(d.SetTier(t.Context(), tier, w, "known")); !again.Replayed || again.Events[0].Profile.Name != "Hana" {
			t.Errorf("%s: the tier again: %+v", store.name, again)
		}
		d.must(d.SetTier(t.Context(), d.next(), w, ""))
		if s := d.snapshot(w); s.Name != "Hanako" || s.Tier != "" {
			t.Errorf("%s: without its tier it is %q of tier %q", store.name, s.Name, s.Tier)
		}
		if s := d.node(store.store, tiered).snapshot(w); s.Name != "Hanako" || s.Tier != "" {
			t.Errorf("%s: on another node it is %q of tier %q", store.name, s.Name, s.Tier)
		}
		d.verified()
	}
}

func TestAReferenceThatWasUsedSaysByWhichVersion(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		d := newDesk(t, store.store)
		w := d.wallet(Opening{}, 0)
		first := d.must(d.TopUp(t.Context(), d.next(), w, 5, "r"))
		d.must(d.TopUp(t.Context(), d.next(), w, 5, "s"))
		_, err := d.TopUp(t.Context(), d.next(), w, 5, "r")
		var used *ReferenceError
		if !errors.Is(err, ErrReferenceUsed) || !errors.As(err, &used) || used.Earlier != first.Version {
			t.Errorf("%s: %v", store.name, err)
		}
	}
}

func TestACardWithoutAHolderSaysWhatToDoWhenTheFirstOwnerLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t, balance.MemoryOptions{})
	me, you := someone("me"), someone("you")
	w := d.wallet(Opening{Form: balance.Group, Owner: me}, 0)
	d.must(d.AddMember(t.Context(), d.next(), w, you, balance.Owner, ""))
	d.must(d.RemoveMember(t.Context(), d.next(), w, me))
	_, err := d.Issue(t.Context(), d.next(), w, Issuing{})
	refused(t, "without a holder", err, &FieldError{"holder", "must be given: the group's first owner may not spend from it any more"})
	_, err = d.Issue(t.Context(), d.next(), w, Issuing{Holder: me})
	refused(t, "for who left", err, &FieldError{"holder", "must be an owner or a member of the group"})
	d.must(d.Issue(t.Context(), d.next(), w, Issuing{Holder: you}))
}
