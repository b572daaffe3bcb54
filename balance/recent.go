package balance

import "time"

// How long and how many keys stay in a wallet's memory. Whatever leaves is not forgotten: it is
// looked up in the log.
const (
	keysKeptFor = 2 * time.Hour
	keysMax     = 100_000
	forgetMax   = 4096 // at one time: twice what an entry can add
	// A message that comes this long after it was sent is always looked up.
	sentLongAgo = time.Hour
)

// memory is the order in which keys came, and what is known of those that left: every key of a
// message sent after the watermark is still there.
type memory struct {
	queue     []kept
	head      int
	watermark int64 // Unix seconds
	left      bool  // whether any key has left
	leftAt    int64 // when the last of those came in at the latest, Unix milliseconds
}

// since says whether everything that came in after an instant (Unix milliseconds) is still there.
func (m *memory) since(at int64) bool { return !m.left || at > m.leftAt }

type kept struct {
	key Key
	at  int64 // Unix milliseconds
}

func (m *memory) keep(k Key, at int64) { m.queue = append(m.queue, kept{k, at}) }

func (m *memory) size() int { return len(m.queue) - m.head }

// forget lets keys leave that are older than keysKeptFor, and the oldest above keysMax. An open
// purchase stays and does not count, and a key whose DE7 is ahead of the clock stays.
func (w *Wallet) forget(now int64) {
	m := &w.memory
	for range min(m.size(), forgetMax) {
		oldest := m.queue[m.head]
		old := now-oldest.at > keysKeptFor.Milliseconds()
		if !old && m.size()-w.open <= keysMax {
			break
		}
		m.head++
		sent, dated := oldest.key.Sent()
		p := w.purchases[oldest.key]
		if p.stays() || (dated && sent*1000 > now && m.size()-w.open < 2*keysMax) {
			m.keep(oldest.key, now)
			continue
		}
		w.noteRecord(oldest.key)
		w.notePurchase(oldest.key)
		w.notePosting(oldest.key)
		delete(w.records, oldest.key)
		delete(w.purchases, oldest.key)
		delete(w.postings, oldest.key)
		m.left, m.leftAt = true, max(m.leftAt, oldest.at)
		if dated {
			m.watermark = max(m.watermark, sent)
		}
	}
	if m.head > len(m.queue)/2 && m.head > 64 {
		m.queue = append(make([]kept, 0, m.size()+m.size()/4), m.queue[m.head:]...)
		m.head = 0
	}
}

func (p *Purchase) stays() bool { return p != nil && p.State == Open }
