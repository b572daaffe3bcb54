package teller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// step is one thing that can be asked of a teller, in the state that the steps before it left.
type step struct {
	name string
	do   func(t *Teller, c Call) (Done, error)
	want []balance.Kind // what happens
}

// life is a wallet's life, every method in it.
func life(group, other string, me, you spec.PersonID) []step {
	ctx := context.Background()
	var first, second spec.CardID
	named := func(c Caller, t *Teller) {
		if s, err := t.Wallet(ctx, c, group); err == nil {
			for i, id := range []*spec.CardID{&first, &second} {
				if i < len(s.Cards) {
					*id = s.Cards[i].ID
				}
			}
		}
	}
	on := func(f func(t *Teller, c Call) (Done, error)) func(t *Teller, c Call) (Done, error) {
		return func(t *Teller, c Call) (Done, error) {
			named(c.Caller, t)
			return f(t, c)
		}
	}
	changed, moved := balance.CardChanged, balance.Allocated
	return []step{
		{"open", func(t *Teller, c Call) (Done, error) {
			return t.Open(ctx, c, Opening{Form: balance.Group, Program: "prepaid", Name: "we", Owner: me, Person: "I"})
		}, []balance.Kind{balance.Opened, balance.MemberChanged}},
		{"top up", func(t *Teller, c Call) (Done, error) { return t.TopUp(ctx, c, group, 5000, "r") }, []balance.Kind{balance.Funded}},
		{"add a member", func(t *Teller, c Call) (Done, error) { return t.AddMember(ctx, c, group, you, balance.Viewer, "you") }, []balance.Kind{balance.MemberChanged}},
		{"set a role", func(t *Teller, c Call) (Done, error) { return t.SetRole(ctx, c, group, you, balance.MemberRole) }, []balance.Kind{balance.MemberChanged}},
		{"issue", func(t *Teller, c Call) (Done, error) {
			return t.Issue(ctx, c, group, Issuing{Name: "food", Rules: balance.CardRules{UseMax: 100}})
		}, []balance.Kind{balance.CardIssued}},
		{"issue to a member", func(t *Teller, c Call) (Done, error) { return t.Issue(ctx, c, group, Issuing{Holder: you}) }, []balance.Kind{balance.CardIssued}},
		{"allocate", on(func(t *Teller, c Call) (Done, error) { return t.Allocate(ctx, c, group, first, 700) }), []balance.Kind{moved}},
		{"take back", on(func(t *Teller, c Call) (Done, error) { return t.Allocate(ctx, c, group, first, -200) }), []balance.Kind{moved}},
		{"sweep", on(func(t *Teller, c Call) (Done, error) { return t.Sweep(ctx, c, group, first) }), []balance.Kind{moved}},
		{"set rules", on(func(t *Teller, c Call) (Done, error) {
			return t.SetRules(ctx, c, group, first, balance.CardRules{Off: 1 << spec.EntryKeyed})
		}), []balance.Kind{changed}},
		{"rename", on(func(t *Teller, c Call) (Done, error) { return t.Rename(ctx, c, group, first, "drink") }), []balance.Kind{changed}},
		{"freeze", on(func(t *Teller, c Call) (Done, error) { return t.Freeze(ctx, c, group, first) }), []balance.Kind{changed}},
		{"unfreeze", on(func(t *Teller, c Call) (Done, error) { return t.Unfreeze(ctx, c, group, first) }), []balance.Kind{changed}},
		{"add a device token", on(func(t *Teller, c Call) (Done, error) {
			return t.AddToken(ctx, c, group, first, deviceNumber(int(c.Body)), "phone")
		}), []balance.Kind{changed}},
		{"remove a device token", on(func(t *Teller, c Call) (Done, error) { return t.RemoveToken(ctx, c, group, first, anyToken) }), []balance.Kind{changed}},
		{"lost", on(func(t *Teller, c Call) (Done, error) { return t.Lost(ctx, c, group, first) }), []balance.Kind{changed}},
		{"reissue", on(func(t *Teller, c Call) (Done, error) { return t.Reissue(ctx, c, group, first) }), []balance.Kind{changed}},
		{"stolen", on(func(t *Teller, c Call) (Done, error) { return t.Stolen(ctx, c, group, first) }), []balance.Kind{changed}},
		{"allocate to another", on(func(t *Teller, c Call) (Done, error) { return t.Allocate(ctx, c, group, second, 300) }), []balance.Kind{moved}},
		{"remove a member", func(t *Teller, c Call) (Done, error) { return t.RemoveMember(ctx, c, group, you) }, []balance.Kind{balance.MemberChanged, changed}},
		{"close", on(func(t *Teller, c Call) (Done, error) { return t.Close(ctx, c, group, second) }), []balance.Kind{changed, moved}},
		{"give a tier", func(t *Teller, c Call) (Done, error) { return t.SetTier(ctx, c, group, "known") }, []balance.Kind{balance.WalletChanged}},
		{"transfer", func(t *Teller, c Call) (Done, error) { return t.Transfer(ctx, c, group, other, 4000, "thanks") }, []balance.Kind{balance.Transferred}},
	}
}

func kinds(events []balance.Event) (kinds []balance.Kind) {
	for i := range events {
		kinds = append(kinds, events[i].Kind)
	}
	return kinds
}

// stores are both kinds, and for each a node that begins with what is there.
var stores = []struct {
	name  string
	store balance.MemoryOptions
}{{"ordered", balance.MemoryOptions{}}, {"single", balance.MemoryOptions{Single: true}}}

func TestWhatIsAskedTwiceIsDoneOnceAndAnsweredTheSameOnAnyNode(t *testing.T) {
	t.Parallel()
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, s.store)
			other := d.wallet(Opening{}, 0)
			group := d.WalletID("t1", "life 0")
			steps := life(group, other, someone("me"), someone("you"))
			first := make([]Done, len(steps))
			for i, step := range steps {
				c := call(fmt.Sprint("life ", i))
				done, err := step.do(d.Teller, c)
				if err != nil || done.Replayed || !reflect.DeepEqual(kinds(done.Events), step.want) {
					t.Fatalf("%s: %v %v, replayed %v", step.name, kinds(done.Events), err, done.Replayed)
				}
				first[i] = done
				repeated(t, d.Teller, step, c, done)
			}
			before := d.snapshot(group)
			again := d.node(s.store) // another node, or this one started again
			for i, step := range steps {
				c := call(fmt.Sprint("life ", i))
				repeated(t, again.Teller, step, c, first[i])
				c.Body++
				if _, err := step.do(again.Teller, c); !errors.Is(err, ErrOtherBody) {
					t.Errorf("%s with another body: %v", step.name, err)
				}
			}
			if after := again.snapshot(group); !reflect.DeepEqual(before, after) || after.Version != uint64(len(steps)) {
				t.Errorf("it is at version %d after %d steps", after.Version, len(steps))
			}
			d.verified()
		})
	}
}

func repeated(t *testing.T, teller *Teller, step step, c Call, want Done) {
	t.Helper()
	done, err := step.do(teller, c)
	want.Replayed = true
	if err != nil || !reflect.DeepEqual(done, want) {
		t.Errorf("%s again: %v\n got %+v\nwant %+v", step.name, err, done, want)
	}
}

func TestAWalletIsOpenedOnceHoweverLateItIsAskedAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	d := newDesk(t, balance.MemoryOptions{Single: true}, func(o *Options) { o.Now = func() time.Time { return now } })
	o := Opening{Form: balance.Personal, Program: "prepaid", Name: "mine"}
	first := d.must(d.Open(t.Context(), call("k"), o))
	topped := d.must(d.TopUp(t.Context(), call("t"), first.Log, 10, "r"))
	now = now.Add(KeysKept + time.Hour)
	d.must(d.TopUp(t.Context(), call("t2"), first.Log, 10, "r2")) // keys leave with what comes later
	again := d.must(d.Open(t.Context(), call("k"), o))
	first.Replayed = true
	if !reflect.DeepEqual(again, first) {
		t.Errorf("got %+v, want %+v", again, first)
	}
	c := call("k")
	c.Body++
	if _, err := d.Open(t.Context(), c, o); !errors.Is(err, ErrOtherBody) {
		t.Errorf("another body: %v", err)
	}
	if _, err := d.TopUp(t.Context(), call("t"), first.Log, 10, "r"); !errors.Is(err, ErrReferenceUsed) {
		t.Errorf("a key that is too old, with a reference that is not: %v, after version %d", err, topped.Version)
	}
}

// An answer that is lost leaves the caller with nothing but its key.
func TestEveryMethodHappensOnceWhenAnswersAreLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		d := newDesk(t, balance.MemoryOptions{})
		other := d.wallet(Opening{}, 0)
		node := d.node(balance.MemoryOptions{
			Single: true, LateBy: 2 * time.Millisecond,
			Fault: balance.RandomFaults(seed, balance.FaultChances{Out: 150, Unknown: 150, UnknownIn: 250, UnknownLate: 150}),
		})
		group := d.WalletID("t1", "life 0")
		for i, step := range life(group, other, someone("me"), someone("you")) {
			c := call(fmt.Sprint("life ", i))
			done, err := step.do(node.Teller, c)
			if err != nil || !reflect.DeepEqual(kinds(done.Events), step.want) {
				t.Fatalf("seed %d, %s: %v %v", seed, step.name, kinds(done.Events), err)
			}
			repeated(t, node.Teller, step, c, done)
		}
		if s := node.snapshot(group); s.Version != 23 || s.Posted != 1000 || s.Allocated != 0 {
			t.Errorf("seed %d: %+v", seed, s.Balances)
		}
		d.verified()
	}
}
