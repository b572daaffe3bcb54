package embedded

import "sekisho/balance"

// group is what one write makes durable: chunks as they were appended, whom to tell then, and who
// waits to read it. Where it will be is known from the beginning, as it follows a group that takes
// no more.
type group struct {
	at      position
	buf     []byte // pages; the chunks begin at headerSize
	used    int    // bytes of buf: header and chunks
	chunks  uint32
	entries uint32
	cards   uint32 // rows of the directory that are durable with it
	answers []answer
	waiting []*request
}

// answer is a run of elements of one batch that are in together with their group.
type answer struct {
	done     func(i int, r balance.Result)
	from, to int
}

const (
	groupBuffer = 256 << 10 // a group's buffer at first, bytes
	groupSoft   = 4 << 20   // a group with this many bytes takes no more
	groupKept   = 8 << 20   // a buffer larger than this is not kept
)

func newGroup() *group { return &group{buf: pages(groupBuffer / PageSize), used: headerSize} }

// begin makes a group ready for what comes at a position.
func (g *group) begin(at position) {
	clear(g.answers)
	clear(g.waiting)
	*g = group{at: at, buf: g.buf, used: headerSize, answers: g.answers[:0], waiting: g.waiting[:0]}
	if len(g.buf) > groupKept {
		g.buf = pages(groupBuffer / PageSize)
	}
}

// length is how long the group is in the log with what it has, and with more bytes of chunks.
func (g *group) length(more int) int { return groupLength(g.used - headerSize + more) }

// size is the bytes to be written: none when there are only barriers.
func (g *group) size() int {
	if g.chunks == 0 {
		return 0
	}
	return g.length(0)
}

// end is where the next group begins.
func (g *group) end() position { return g.at + position(g.size()) } //nolint:gosec // within a segment

// idle says that nobody waits for the group.
func (g *group) idle() bool { return len(g.answers) == 0 }

// room makes room for a chunk of size bytes and returns it.
func (g *group) room(size int) []byte {
	if need := g.length(size); need > len(g.buf) {
		grown := pages(max(need, 2*len(g.buf)) / PageSize)
		copy(grown, g.buf[:g.used])
		g.buf = grown
	}
	chunk := g.buf[g.used : g.used+size]
	g.used += size
	g.chunks++
	return chunk
}

// tell adds to the answers that element i of a batch is in.
func (g *group) tell(i int, done func(int, balance.Result), follows bool) {
	if n := len(g.answers); follows && n > 0 && g.answers[n-1].to == i {
		g.answers[n-1].to++
		return
	}
	g.answers = append(g.answers, answer{done, i, i + 1})
}

// complete fills in everything but the chunks, and is then the bytes to be written.
func (g *group) complete(s sealer, seq uint64, previous [32]byte) (b []byte, sum [32]byte) {
	length := g.length(0)
	b = g.buf[:length]
	clear(b[g.used:])
	h := groupHeader{
		segment: g.at.segment(), offset: g.at.offset(), length: uint32(length), payload: uint32(g.used - headerSize), //nolint:gosec // below a segment's size
		chunks: g.chunks, entries: g.entries, seq: seq, previous: previous,
	}
	h.put(b)
	return b, s.seal(b)
}
