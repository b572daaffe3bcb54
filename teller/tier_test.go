package teller

import (
	"strings"
	"testing"
	"time"

	"sekisho/balance"
)

// tiered is a program whose own limits are the lowest.
func tiered(o *Options) {
	o.Programs[0].WalletMax, o.Programs[0].TransferMax, o.Programs[0].MonthMax = 100, 50, 60
	o.Programs[0].Tiers = []Tier{{"known", 1000, 500, 600}, {"checked", 0, 0, 0}}
}

func TestAWalletHasTheLimitsOfItsTier(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		ctx := t.Context()
		d := newDesk(t, store.store, tiered)
		a, b := d.wallet(Opening{}, 100), d.wallet(Opening{}, 0)
		if s := d.snapshot(a); s.Tier != "" || s.Limits != (Limits{100, 50, 60, 60}) {
			t.Errorf("%s: at first %q %+v", store.name, s.Tier, s.Limits)
		}
		_, err := d.TopUp(ctx, d.next(), a, 1, "more")
		refused(t, "the program's balance", err, &CapError{"balance", 100, 0})
		d.must(d.SetTier(ctx, d.next(), a, "known"))
		d.must(d.TopUp(ctx, d.next(), a, 900, "more"))
		_, err = d.TopUp(ctx, d.next(), a, 1, "and more")
		refused(t, "the tier's balance", err, &CapError{"balance", 1000, 0})
		// Of a transfer the sender's tier says how much, the receiver's how much there may be.
		_, err = d.Transfer(ctx, d.next(), a, b, 501, "")
		refused(t, "the tier's transfer", err, &LimitError{"transfer", 500, 500})
		_, err = d.Transfer(ctx, d.next(), a, b, 101, "")
		refused(t, "the receiver's balance", err, &CapError{"balance", 100, 100})
		d.must(d.SetTier(ctx, d.next(), b, "checked"))
		d.must(d.Transfer(ctx, d.next(), a, b, 500, ""))
		if s := d.snapshot(a); s.Tier != "known" || s.Limits != (Limits{1000, 500, 600, 100}) {
			t.Errorf("%s: then %q %+v", store.name, s.Tier, s.Limits)
		}
		if s := d.snapshot(b); s.Tier != "checked" || s.Limits != (Limits{}) {
			t.Errorf("%s: the other %q %+v", store.name, s.Tier, s.Limits)
		}
		_, err = d.Transfer(ctx, d.next(), a, b, 101, "")
		refused(t, "the tier's month", err, &LimitError{"month", 600, 100})
		d.must(d.Transfer(ctx, d.next(), b, a, 500, "")) // no limit
		// Back to the program's own: what is there stays.
		done := d.must(d.SetTier(ctx, d.next(), a, ""))
		if e := done.Events[0]; e.Kind != balance.WalletChanged || e.Profile.Tier != "" || !Shows(&e) {
			t.Errorf("%s: %+v", store.name, e)
		}
		if s := d.snapshot(a); s.Posted != 1000 || s.Tier != "" || s.Limits != (Limits{100, 50, 60, 0}) {
			t.Errorf("%s: back %q %d %+v", store.name, s.Tier, s.Posted, s.Limits)
		}
		_, err = d.TopUp(ctx, d.next(), a, 1, "too much")
		refused(t, "above it", err, &CapError{"balance", 100, 0})
		_, err = d.Transfer(ctx, d.next(), a, b, 1, "")
		refused(t, "no more this month", err, &LimitError{"month", 60, 0})
		d.verified()
	}
}

func TestATierThatIsNotConfiguredIsRefusedAndOneThatWasGivesNothing(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	now := func(o *Options) { o.Now = func() time.Time { return at } }
	d := newDesk(t, balance.MemoryOptions{Single: true}, tiered, now)
	w, other := d.wallet(Opening{}, 50), d.wallet(Opening{}, 0)
	for _, name := range []string{"gold", "Known"} {
		_, err := d.SetTier(t.Context(), d.next(), w, name)
		refused(t, name, err, &FieldError{"tier", "must be a tier of the wallet's program"})
	}
	_, err := d.SetTier(t.Context(), d.next(), w, strings.Repeat("x", balance.TierMax+1))
	refused(t, "a long one", err, &FieldError{"tier", "must have at most 32 characters"})
	stranger := d.next()
	stranger.Tenant = "t2"
	_, err = d.SetTier(t.Context(), stranger, w, "known")
	refused(t, "another's wallet", err, ErrNotFound)
	c := d.next()
	first := d.must(d.SetTier(t.Context(), c, w, "known"))
	_, err = d.SetTier(t.Context(), c, w, "checked")
	refused(t, "one key for two tiers", err, ErrOtherBody)
	without := d.node(balance.MemoryOptions{Single: true}, tiered, now, func(o *Options) { o.Programs[0].Tiers = nil })
	if s := without.snapshot(w); s.Tier != "known" || s.Limits != (Limits{100, 50, 60, 60}) {
		t.Errorf("without its tier: %q %+v", s.Tier, s.Limits)
	}
	_, err = without.TopUp(t.Context(), d.next(), w, 51, "more")
	refused(t, "without its tier", err, &CapError{"balance", 100, 50})
	if done := d.must(without.SetTier(t.Context(), c, w, "known")); !done.Replayed || done.Version != first.Version {
		t.Errorf("what was done before is answered %+v", done)
	}
	d.must(d.Transfer(t.Context(), d.next(), w, other, 20, ""))
	if l := d.snapshot(w).Limits; l.MonthLeft != 580 {
		t.Errorf("in November %d are left", l.MonthLeft)
	}
	at = at.Add(24 * time.Hour)
	if l := d.snapshot(w).Limits; l.MonthLeft != 600 {
		t.Errorf("in December %d are left", l.MonthLeft)
	}
	unknown := d.node(balance.MemoryOptions{Single: true}, func(o *Options) { o.Programs = nil })
	if s := unknown.snapshot(w); s.Limits != (Limits{}) {
		t.Errorf("of a program that is not configured: %+v", s.Limits)
	}
	d.verified()
}

// A month is one of the program's zone, where its people live.
func TestAMonthBeginsWhereTheProgramIs(t *testing.T) {
	t.Parallel()
	japan := time.FixedZone("+09:00", 9*60*60)
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, japan)
	change := func(o *Options) {
		o.Now, o.Programs[0].Zone, o.Programs[0].MonthMax = func() time.Time { return at }, japan, 60
	}
	d := newDesk(t, balance.MemoryOptions{Single: true}, change)
	w, other := d.wallet(Opening{}, 500), d.wallet(Opening{}, 0)
	d.must(d.Transfer(t.Context(), d.next(), w, other, 60, ""))
	at = time.Date(2026, 11, 30, 23, 59, 59, 0, japan)
	_, err := d.Transfer(t.Context(), d.next(), w, other, 1, "")
	refused(t, "at the end of November", err, &LimitError{"month", 60, 0})
	at = time.Date(2026, 12, 1, 0, 0, 0, 0, japan) // in UTC it is November
	if l := d.snapshot(w).Limits; l.MonthLeft != 60 {
		t.Errorf("as December begins %d are left", l.MonthLeft)
	}
	d.must(d.Transfer(t.Context(), d.next(), w, other, 50, ""))
	at = time.Date(2026, 12, 1, 9, 0, 0, 0, japan)
	again := d.node(balance.MemoryOptions{Single: true}, change)
	if l := again.snapshot(w).Limits; l.MonthLeft != 10 {
		t.Errorf("on another node %d are left in December", l.MonthLeft)
	}
	_, err = again.Transfer(t.Context(), d.next(), w, other, 11, "")
	refused(t, "in December", err, &LimitError{"month", 60, 10})
	d.verified()
}
