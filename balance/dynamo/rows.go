package dynamo

import (
	"encoding/binary"
	"sync"

	"sekisho/balance"
	"sekisho/spec"
)

// rows keeps directory rows that are known to be durable. A row never changes and never goes, so
// what is here is right for good. It has a fixed number of places without pointers, which the
// garbage collector does not look at; a number has its place among a few, and there the row that was
// not asked for since the hand came by gives way. A row whose log has too long a name for a
// place is not kept: it is read from the table each time.
type rows struct {
	parts []rowPart
}

const (
	rowWays    = 8
	rowParts   = 64
	rowNameMax = 64 // bytes
)

type rowPart struct {
	mu     sync.Mutex
	places []rowPlace
	hands  []uint8 // of each group of rowWays places
}

type rowPlace struct {
	hash   spec.CardHash
	card   spec.CardID
	kind   balance.RowKind // 0: an empty place
	asked  bool
	length uint8
	name   [rowNameMax]byte
}

func newRows(most int) *rows {
	groups := max(1, most/(rowParts*rowWays))
	r := &rows{parts: make([]rowPart, rowParts)}
	for i := range r.parts {
		r.parts[i].places = make([]rowPlace, groups*rowWays)
		r.parts[i].hands = make([]uint8, groups)
	}
	return r
}

// group is where a number may have its place. The hash of a number is keyed and as good as random.
func (r *rows) group(hash *spec.CardHash) (part *rowPart, group int) {
	part = &r.parts[hash[0]%rowParts]
	return part, int(binary.LittleEndian.Uint64(hash[8:]) % uint64(len(part.hands))) //nolint:gosec // smaller than an int
}

func (r *rows) find(hash spec.CardHash) (balance.Row, bool) {
	part, group := r.group(&hash)
	part.mu.Lock()
	defer part.mu.Unlock()
	for i := group * rowWays; i < (group+1)*rowWays; i++ {
		if p := &part.places[i]; p.kind != 0 && p.hash == hash {
			p.asked = true
			return balance.Row{Hash: hash, Card: p.card, Log: string(p.name[:p.length]), Kind: p.kind}, true
		}
	}
	return balance.Row{}, false
}

func (r *rows) keep(row balance.Row) {
	if len(row.Log) > rowNameMax || row.Kind == 0 {
		return
	}
	part, group := r.group(&row.Hash)
	part.mu.Lock()
	defer part.mu.Unlock()
	p := part.free(group, row.Hash)
	*p = rowPlace{hash: row.Hash, card: row.Card, kind: row.Kind, length: uint8(len(row.Log))} //nolint:gosec // at most rowNameMax
	copy(p.name[:], row.Log)
}

// free is the place for a number: its own, an empty one, or one whose row was not asked for lately.
func (p *rowPart) free(group int, hash spec.CardHash) *rowPlace {
	places := p.places[group*rowWays : (group+1)*rowWays]
	for i := range places {
		if places[i].kind == 0 || places[i].hash == hash {
			return &places[i]
		}
	}
	for {
		place := &places[p.hands[group]%rowWays]
		p.hands[group]++
		if !place.asked {
			return place
		}
		place.asked = false
	}
}
