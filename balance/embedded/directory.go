package embedded

import (
	"encoding/binary"
	"sync"

	"sekisho/balance"
	"sekisho/spec"
)

// directory leads from the hash of a card's number to the card, in memory. Any goroutine may look;
// one at a time may add.
type directory struct {
	names *names

	mu    sync.RWMutex
	index index
	rows  column[cardRow]
}

type cardRow struct {
	hash spec.CardHash
	card spec.CardID
	kind balance.RowKind
	log  nameRef
}

// The hash of a number is keyed and as good as random: its beginning is the index's hash.
func cardIndexHash(hash *spec.CardHash) uint64 { return binary.LittleEndian.Uint64(hash[:]) }

// find is the row of a number, and its number counted from 0 in the order of adding.
func (d *directory) find(hash spec.CardHash) (row balance.Row, n uint32, found bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, found = d.index.find(cardIndexHash(&hash), func(row uint32) bool { return d.rows.at(row).hash == hash })
	if !found {
		return balance.Row{}, 0, false
	}
	r := d.rows.at(n)
	return balance.Row{Hash: r.hash, Card: r.card, Log: d.names.get(r.log), Kind: r.kind}, n, true
}

// add adds a row whose number is not there. log is its name as heads keeps it.
func (d *directory) add(r *balance.Row, log nameRef) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.rows.add(cardRow{hash: r.Hash, card: r.Card, kind: r.Kind, log: log})
	d.index.add(cardIndexHash(&r.Hash), n)
}
