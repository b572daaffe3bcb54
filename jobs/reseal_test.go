package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/vault"
)

// safe is where the numbers of a shop are sealed: a keyset file, the vault of the process that issues, and that of
// the job.
type safe struct {
	*shop
	file            vault.File
	issuing, sealed *vault.Vault

	mu      sync.Mutex
	numbers map[spec.CardID]spec.PAN // what each card's number is
	logs    map[string]bool
}

func newSafe(t *testing.T, kind string) *safe {
	t.Helper()
	s := &safe{shop: newShop(t, kind), file: vault.File{Path: filepath.Join(t.TempDir(), "number.key")}, numbers: map[spec.CardID]spec.PAN{}, logs: map[string]bool{}}
	if err := s.file.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, v := range []**vault.Vault{&s.issuing, &s.sealed} {
		var err error
		if *v, err = s.file.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// seal seals a number for a card, as the process that issues does.
func (s *safe) seal(n, of int) string {
	sealed, err := s.issuing.Seal(cardID(n), number(of))
	if err != nil {
		s.Error(err)
	}
	return string(sealed)
}

// issue issues cards with sealed numbers to a new wallet.
func (s *safe) issue(log string, cards ...int) {
	o := balance.Opening{Log: log, Program: "prepaid", Currency: spec.JPY, Posted: 1_000_000}
	for _, n := range cards {
		o.Cards = append(o.Cards, balance.OpeningCard{
			ID: cardID(n), Number: s.hasher.Hash([]byte(number(n).Digits())), Status: balance.CardActive, Allocated: 1_000,
			Issued: balance.Issued{First6: [6]byte([]byte("354012")), Expiry: 4912, Sealed: s.seal(n, n)},
		})
	}
	m := &plain{events: o.Events(balance.CallKey("open", log), 1, balance.Actor{})}
	if len(cards) < 10 { // with more nobody pays
		m.rows = o.Rows()
	}
	s.do(log, m)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[log] = true
	for _, n := range cards {
		s.numbers[cardID(n)] = number(n)
	}
}

// reissue gives a card another number.
func (s *safe) reissue(log string, n, of int) {
	s.do(log, &plain{events: []balance.Event{{
		Kind: balance.CardChanged, Card: cardID(n),
		Issued: balance.Issued{First6: [6]byte([]byte("354012")), Expiry: 5012, Sealed: s.seal(n, of)},
	}}})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[cardID(n)] = number(of)
}

// sealing is what the job has; each is called before a number is sealed again.
func (s *safe) sealing(each func()) jobs.Sealing {
	return jobs.Sealing{
		KeyOf: keyOf, Primary: s.sealed.Primary,
		Reseal: func(card spec.CardID, sealed string) (string, error) {
			each()
			again, err := s.sealed.Reseal(card, []byte(sealed))
			return string(again), err
		},
	}
}

func keyOf(sealed string) (uint32, bool) { return vault.KeyOf([]byte(sealed)) }

// renew begins a rotation.
func (s *safe) renew() (from, to uint32) {
	s.Helper()
	from, err := s.sealed.Primary()
	if err != nil {
		s.Fatal(err)
	}
	to, made, err := s.file.Renew(s.Context(), from)
	if err != nil || !made {
		s.Fatalf("no new key: %v", err)
	}
	return from, to
}

// opens holds that every card has its own number, under a key, and that nothing of it is anywhere in the store.
func (s *safe) opens(under uint32) {
	s.Helper()
	found, err := jobs.CountSealed(s.Context(), s.store, keyOf, nil)
	if err != nil {
		s.Fatal(err)
	}
	if found.Keys[under] != len(s.numbers) || len(found.Keys) != 1 || found.Strange != 0 || found.Unsealed != 2 {
		s.Errorf("%d cards are to be under key %d, found %+v", len(s.numbers), under, found)
	}
	v, err := s.file.Open(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	seen := 0
	for log := range s.logs {
		s.do(log, &plain{see: func(view *balance.View) bool {
			for _, c := range view.Cards() {
				n, err := v.Open(c.ID, []byte(c.Sealed))
				if err != nil || n != s.numbers[c.ID] {
					s.Errorf("card %s has another number: %v", c.ID, err)
				}
				if seen++; c.First6 != [6]byte([]byte("354012")) || c.Expiry == 0 {
					s.Errorf("card %s lost what else it is issued with: %+v", c.ID, c.Expiry)
				}
			}
			return true
		}})
	}
	if seen != len(s.numbers) {
		s.Errorf("%d cards were seen of %d", seen, len(s.numbers))
	}
	s.verify()
}

func TestEveryNumberIsSealedUnderTheNewKeyOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range storeKinds {
		t.Run(kind, func(t *testing.T) {
			s := newSafe(t, kind)
			s.issue("one", 100)
			many := make([]int, 150)
			for i := range many {
				many[i] = 200 + i
			}
			s.issue("many", many...)
			_, to := s.renew()
			looked := 0
			r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {}), func(int, int) { looked++ })
			if err != nil || r.Job != "keys rotate" || r.Key != to || r.Cards != 151 || r.Left != 0 || r.Problems != nil {
				t.Errorf("first: %+v, %v", r, err)
			}
			if looked != 6 { // three wallets, and again to see that nothing is left
				t.Errorf("progress was told %d times", looked)
			}
			s.opens(to)
			if r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() { t.Error("it is sealed already") }), nil); err != nil || r.Cards != 0 || r.Left != 0 || r.Key != to {
				t.Errorf("again: %+v, %v", r, err)
			}
			s.shown()
		})
	}
}

// shown holds that the logs hold no number in the clear.
func (s *safe) shown() {
	s.Helper()
	digits := [][]byte{}
	for _, n := range s.numbers {
		digits = append(digits, []byte(n.Digits()))
	}
	for log := range s.logs {
		done := make(chan error, 1)
		s.store.Scan(log, 1, balance.Forward, func(e balance.Sealed) bool {
			for _, d := range digits {
				if bytes.Contains(e.Body, d) {
					s.Errorf("entry %d of %s holds a card number", e.Version, log)
				}
			}
			return true
		}, func(err error) { done <- err })
		if err := <-done; err != nil {
			s.Fatal(err)
		}
	}
}

// Cards are issued, get other numbers and pay while their numbers are sealed again, on this node and another.
func TestARotationUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range storeKinds {
		t.Run(kind, func(t *testing.T) {
			s := newSafe(t, kind)
			for i := range 20 {
				s.issue(fmt.Sprintf("w%d", i), 1_000+3*i, 1_001+3*i, 1_002+3*i)
			}
			var to uint32
			var stop atomic.Bool
			var load sync.WaitGroup
			for k := range 4 {
				load.Go(func() {
					random := rand.New(rand.NewPCG(uint64(k), 3)) //nolint:gosec // repeatable
					for i := 0; !stop.Load(); i++ {
						w := 4*random.IntN(5) + k // each wallet has one who changes its numbers
						switch n := 1_000 + 3*w + random.IntN(3); random.IntN(3) {
						case 0:
							s.reissue(fmt.Sprintf("w%d", w), n, 100_000*(k+1)+i)
						case 1:
							s.issue(fmt.Sprintf("n%d-%d", k, i), 20_000+10_000*k+i)
						case 2:
							s.mu.Lock()
							v := s.bought(n, 1)
							s.mu.Unlock()
							if got := s.ask(v.request, n); got.Reason != spec.Approved {
								t.Errorf("a purchase beside the rotation: %s", got.Reason)
							}
						}
					}
				})
			}
			var together sync.WaitGroup
			for range 3 {
				_, to = s.renew()
				for range 2 { // at the same time
					together.Go(func() {
						if r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {}), nil); err != nil || r.Key != to {
							t.Errorf("beside the load: %+v, want key %d: %v", r, to, err)
						}
					})
				}
				together.Wait()
			}
			stop.Store(true)
			load.Wait()
			// What was sealed before the last key came and was on its way until now is found by running it again.
			if r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {}), nil); err != nil || r.Left != 0 {
				t.Errorf("at last: %+v, %v", r, err)
			}
			s.opens(to)
		})
	}
}

// A number that a card gets while its old one is sealed again stays.
func TestANumberThatCameInBetweenStays(t *testing.T) {
	t.Parallel()
	s := newSafe(t, "ordered")
	s.issue("w1", 100, 101)
	_, to := s.renew()
	var once sync.Once
	r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {
		once.Do(func() { s.reissue("w1", 100, 777) })
	}), nil)
	if err != nil || r.Cards != 1 || r.Left != 0 { // the other is under the new key as it comes
		t.Errorf("%+v, %v", r, err)
	}
	s.opens(to)
}

func TestARotationThatIsKilledAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // repeatable
	s := newSafe(t, "embedded")
	const wallets = 40 // a run that is killed ends what it has begun, of 18 wallets at most: two done, and 16 at once
	for i := range wallets {
		s.issue(fmt.Sprintf("w%d", i), 1_000+3*i, 1_001+3*i, 1_002+3*i)
	}
	from, to := s.renew()
	cards, kills := 0, 0
	for {
		ctx, kill := context.WithCancel(t.Context())
		var left atomic.Int64
		left.Store(1 + random.Int64N(8))
		r, err := jobs.Reseal(ctx, s.book, s.sealing(func() {
			if left.Add(-1) == 0 {
				kill()
			}
		}), nil)
		kill()
		cards += r.Cards
		if err == nil {
			break
		}
		kills++
		s.reopen()
	}
	found, err := jobs.CountSealed(t.Context(), s.store, keyOf, nil)
	if err != nil || found.Keys[from] != 0 || kills < 2 || cards > 3*wallets {
		t.Errorf("after %d kills %+v, %d told of: %v", kills, found, cards, err)
	}
	s.opens(to)
	if err := s.file.Retire(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	s.opens(to)
}

// One that cannot be opened keeps no other from being sealed again, and is told of without its digits.
func TestWhatCannotBeOpenedIsLeftAndTold(t *testing.T) {
	t.Parallel()
	s := newSafe(t, "single")
	s.issue("w1", 100, 101, 102)
	s.issue("w2", 103)
	s.do("w1", &plain{events: []balance.Event{{Kind: balance.CardChanged, Card: cardID(101), Issued: balance.Issued{Sealed: s.seal(102, 101)}}}}) // for another card
	s.do("w2", &plain{events: []balance.Event{{Kind: balance.CardChanged, Card: cardID(103), Issued: balance.Issued{Sealed: "strange"}}}})
	from, to := s.renew()
	r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {}), nil)
	if err != nil || r.Cards != 2 || r.Left != 2 || len(r.Problems) != 2 || r.Key != to {
		t.Errorf("%+v, %v", r, err)
	}
	for _, p := range r.Problems {
		if bytes.Contains([]byte(p), []byte("354012")) {
			t.Error("a problem shows a number")
		}
	}
	found, err := jobs.CountSealed(t.Context(), s.store, keyOf, nil)
	if err != nil || found.Keys[from] != 1 || found.Keys[to] != 2 || found.Strange != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// An append whose outcome is not known, or that is not taken, is found out or tried again.
func TestARotationGetsThroughAStoreThatFails(t *testing.T) {
	t.Parallel()
	s := newSafe(t, "single")
	for i := range 30 {
		s.issue(fmt.Sprintf("w%d", i), 1_000+i)
	}
	_, to := s.renew()
	node := s.memory.Node(balance.MemoryOptions{Single: true, LateBy: time.Millisecond, Fault: balance.RandomFaults(3, balance.FaultChances{Out: 100, Unknown: 100, UnknownIn: 100, UnknownLate: 100})})
	book := balance.NewBook(node, balance.Options{RetryMin: time.Millisecond, RetryMax: 4 * time.Millisecond})
	r, err := jobs.Reseal(t.Context(), book, s.sealing(func() {}), nil)
	if err := book.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := node.Close(); err != nil {
		t.Error(err)
	}
	if err != nil || r.Left != 0 || r.Cards != 30 {
		t.Errorf("%+v, %v", r, err)
	}
	s.reopen()
	s.opens(to)
}

func TestACardIsCountedInItsWalletAndNotOnceMoreInTheLogOfItsHolder(t *testing.T) {
	t.Parallel()
	s := newSafe(t, "ordered")
	defer s.close()
	s.issue("one", 100)
	holder := spec.PersonID{7}
	s.do(holder.String(), &plain{events: []balance.Event{
		{Kind: balance.Opened, Key: balance.CallKey("holder"), Profile: balance.Profile{Tenant: "t1", Person: holder}},
		{Kind: balance.CardIssued, Card: cardID(100), Status: balance.CardActive},
	}})
	under, err := jobs.CountSealed(t.Context(), s.store, keyOf, nil)
	if n := len(under.Keys); err != nil || n != 1 || under.Unsealed != 2 || under.Strange != 0 { // two of the shop's
		t.Errorf("%v, %+v", err, under)
	}
	if r := s.expire(time.Now()); r.Wallets != 2 {
		t.Errorf("%d wallets were looked at for holds that ran out", r.Wallets)
	}
	audit, err := balance.Verify(t.Context(), s.store, nil)
	if err != nil || !audit.OK() || audit.Wallets != 2 || audit.Logs != 3 {
		t.Errorf("%v, %d wallets of %d logs, %q", err, audit.Wallets, audit.Logs, audit.Problems)
	}
	_, to := s.renew()
	if r, err := jobs.Reseal(t.Context(), s.book, s.sealing(func() {}), nil); err != nil || r.Cards != 1 || r.Left != 0 {
		t.Errorf("%v, %+v", err, r)
	}
	s.opens(to)
}
