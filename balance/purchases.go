package balance

import (
	"bytes"
	"slices"
)

// Restore makes a wallet of what a store loaded of its log.
func Restore(log string, l Loaded) (w *Wallet, err error) {
	w = NewWallet(log)
	if l.Snapshot != nil {
		if w, err = DecodeSnapshot(l.Snapshot); err != nil {
			return nil, err
		}
	}
	return w, replay(w, l.Entries)
}

// Purchases are those in the wallet's memory, in the order of their keys: all that hold money, and of
// the others those of late. They are not to be changed.
func (w *Wallet) Purchases() []*Purchase {
	all := make([]*Purchase, 0, len(w.purchases))
	for _, p := range w.purchases {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Purchase) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return all
}
