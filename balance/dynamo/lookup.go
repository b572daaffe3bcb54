package dynamo

import (
	"fmt"
	"sync"

	"golang.org/x/time/rate"

	"sekisho/balance"
	"sekisho/spec"
)

// lookups read directory rows from the table: one read for all who ask for a number at a time.
//
// Messages of one card must stay in their order. So whoever waits for a row is answered in the
// order of asking, and only when nobody waits any more can [Store.Peek] find the row: a message
// that came later cannot get past those that still wait for the look-up.
type lookups struct {
	rows   *rows
	absent *absent
	limit  *rate.Limiter

	mu   sync.Mutex
	open map[spec.CardHash]*lookup
}

// lookup is one read under way.
type lookup struct {
	waiting []func(balance.Row, bool, error)
	row     *balance.Row // it went in meanwhile: whatever the read says
}

// ask says at once whether a number has a row, or has done wait for a look-up. begin: nobody
// waits for one yet, the caller makes it.
func (l *lookups) ask(hash spec.CardHash, stats *Stats, done func(balance.Row, bool, error)) (begin bool) {
	l.mu.Lock()
	if under := l.open[hash]; under != nil {
		under.waiting = append(under.waiting, done)
		l.mu.Unlock()
		stats.Joined.Add(1)
		return false
	}
	if row, found := l.rows.find(hash); found {
		l.mu.Unlock()
		done(row, true, nil)
		return false
	}
	if l.absent.has(hash) {
		l.mu.Unlock()
		stats.Spared.Add(1)
		done(balance.Row{}, false, nil)
		return false
	}
	if !l.limit.Allow() {
		l.mu.Unlock()
		stats.Busy.Add(1)
		done(balance.Row{}, false, fmt.Errorf("%w: more than %.0f look-ups of cards a second", balance.ErrStoreBusy, float64(l.limit.Limit())))
		return false
	}
	l.open[hash] = &lookup{waiting: []func(balance.Row, bool, error){done}}
	l.mu.Unlock()
	return true
}

// answer ends a look-up with what was read.
func (l *lookups) answer(hash spec.CardHash, row balance.Row, found bool, err error) {
	for {
		l.mu.Lock()
		under := l.open[hash]
		if under.row != nil {
			row, found, err = *under.row, true, nil
		}
		waiting := under.waiting
		under.waiting = nil
		if len(waiting) == 0 {
			delete(l.open, hash)
			switch {
			case found:
				l.rows.keep(row)
			case err == nil:
				l.absent.add(hash)
			}
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for _, done := range waiting {
			done(row, found, err)
		}
	}
}

// appended takes note of rows before their append is answered: in says that they are there now.
func (l *lookups) appended(appended []balance.Row, in bool) {
	if len(appended) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range appended {
		row := appended[i]
		l.absent.drop(row.Hash)
		under := l.open[row.Hash]
		switch {
		case in && under != nil:
			under.row = &row
		case in:
			l.rows.keep(row)
		}
	}
}
