package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/vault"
)

// The names of the jobs.
const (
	jobKeysShow   = "keys-show"
	jobKeysRotate = "keys-rotate"
	jobKeysRetire = "keys-retire"
)

func keysJobs() []job {
	return []job{jobOf(jobKeysShow, showKeys), jobOf(jobKeysRotate, rotateKeys), jobOf(jobKeysRetire, retireKey)}
}

// keysShown is what is under which key.
type keysShown struct {
	Job      string     `json:"job"` // keys show
	Keys     []keyShown `json:"keys"`
	Unsealed int        `json:"unsealed"` // cards whose number is not kept
	Strange  int        `json:"strange"`  // cards with something beside them that is no sealed number
}

type keyShown struct {
	ID      uint32 `json:"id"`
	Primary bool   `json:"primary"`
	Enabled bool   `json:"enabled"`
	Known   bool   `json:"known"` // it is in the keyset
	Cards   int    `json:"cards"`
}

// showKeys is a job.
func showKeys(ctx context.Context, l *ledger, _ struct{}, tell func(progress)) (keysShown, error) {
	v, err := numbersOf(l)
	if err != nil {
		return keysShown{}, err
	}
	return countKeys(ctx, l, v, tell)
}

func countKeys(ctx context.Context, l *ledger, v *vault.Vault, tell func(progress)) (keysShown, error) {
	out := keysShown{Job: "keys show", Keys: []keyShown{}}
	under, err := jobs.CountSealed(ctx, l.store, keyOfSealed, tellOf(tell, "wallets counted"))
	if err != nil {
		return out, err
	}
	keys, err := v.Keys()
	if err != nil {
		return out, err
	}
	out.Unsealed, out.Strange = under.Unsealed, under.Strange
	for _, k := range keys {
		out.Keys = append(out.Keys, keyShown{ID: k.ID, Primary: k.Primary, Enabled: k.Enabled, Known: true, Cards: under.Keys[k.ID]})
		delete(under.Keys, k.ID)
	}
	known := len(out.Keys)
	for id, n := range under.Keys {
		out.Keys = append(out.Keys, keyShown{ID: id, Cards: n})
	}
	slices.SortFunc(out.Keys[known:], func(a, b keyShown) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// unfinished says whether a rotation to the primary key has not been through: cards are sealed under
// another key of the keyset.
func (r *keysShown) unfinished() bool {
	return slices.ContainsFunc(r.Keys, func(k keyShown) bool { return k.Known && k.Enabled && !k.Primary && k.Cards > 0 })
}

// cardsUnder is how many cards are sealed under a key.
func (r *keysShown) cardsUnder(id uint32) int {
	n := 0
	for _, k := range r.Keys {
		if k.ID == id {
			n += k.Cards
		}
	}
	return n
}

type rotateOptions struct {
	To uint32 `json:"to,omitempty"` // 0: a new key, or the one that the last rotation was to
}

// rotateKeys is a job. Whatever it is asked, it ends with every card under the primary key; wherever it is
// killed, the next run goes on.
func rotateKeys(ctx context.Context, l *ledger, o rotateOptions, tell func(progress)) (jobs.Resealed, error) {
	none := jobs.Resealed{}
	v, err := numbersOf(l)
	if err != nil {
		return none, err
	}
	made := false
	if o.To != 0 {
		err = promoteKey(ctx, l, v, o.To)
	} else {
		made, err = renewKey(ctx, l, v, tell)
	}
	if err != nil {
		return none, err
	}
	r, err := jobs.Reseal(ctx, l.book, jobs.Sealing{
		KeyOf: keyOfSealed, Primary: v.Primary,
		Reseal: func(card spec.CardID, sealed string) (string, error) {
			again, err := v.Reseal(card, []byte(sealed))
			return string(again), err
		},
	}, tellOf(tell, "wallets"))
	r.Made = made
	if err != nil {
		return r, fmt.Errorf("sealing card numbers again (run this again, it goes on): %w", err)
	}
	l.log.Info("card numbers are sealed under the primary key", "key", r.Key, "made", r.Made, "cards", r.Cards, "left", r.Left)
	return r, nil
}

// renewKey makes a new primary key, unless cards are still to be sealed under the one there is.
func renewKey(ctx context.Context, l *ledger, v *vault.Vault, tell func(progress)) (made bool, err error) {
	before, err := v.Primary()
	if err != nil {
		return false, err
	}
	now, err := countKeys(ctx, l, v, tell)
	if err != nil || now.unfinished() {
		return false, err
	}
	file, err := changeableNumbers(ctx, l.settings)
	if err != nil {
		return false, err
	}
	_, made, err = file.Renew(ctx, before)
	return made, err
}

// promoteKey makes a key of the keyset the primary one.
func promoteKey(ctx context.Context, l *ledger, v *vault.Vault, to uint32) error {
	if primary, err := v.Primary(); err != nil || primary == to {
		return err
	}
	file, err := changeableNumbers(ctx, l.settings)
	if err != nil {
		return err
	}
	return file.Promote(ctx, to)
}

type retireOptions struct {
	Key uint32 `json:"key"`
}

// keyRetired is what retire did.
type keyRetired struct {
	Job string `json:"job"` // keys retire
	Key uint32 `json:"key"`
}

// retireKey is a job.
func retireKey(ctx context.Context, l *ledger, o retireOptions, tell func(progress)) (keyRetired, error) {
	out := keyRetired{"keys retire", o.Key}
	v, err := numbersOf(l)
	if err != nil {
		return out, err
	}
	file, err := changeableNumbers(ctx, l.settings)
	if err != nil {
		return out, err
	}
	now, err := countKeys(ctx, l, v, tell)
	switch n := now.cardsUnder(o.Key); {
	case err != nil:
		return out, err
	case n > 0:
		return out, fmt.Errorf("%s cards are sealed under key %d: rotate to another first", spec.Grouped(int64(n)), o.Key)
	}
	if err := file.Retire(ctx, o.Key); err != nil {
		return out, err
	}
	l.log.Warn("a key of the card numbers was retired: what the log has of before cannot be read any more", "key", o.Key)
	return out, nil
}

// numbersOf opens the vault of a ledger, which must have one.
func numbersOf(l *ledger) (*vault.Vault, error) {
	v, err := openVault(l.settings, false)
	if err == nil && v == nil {
		err = errors.New("there is no number key: sekisho keys make makes one, where number_key.file says or beside an embedded store")
	}
	return v, err
}

func keyOfSealed(sealed string) (uint32, bool) { return vault.KeyOf([]byte(sealed)) }
