package scenario

import (
	"strconv"
	"strings"
	"sync"
	"time"

	authswitch "sekisho/switch"

	"sekisho/balance"
	"sekisho/spec/jcb"
)

// node is a switch and its book over a view of its own of the logs that all nodes share, with a
// network's connection to it.
type node struct {
	world   *world
	number  int
	memory  *balance.MemoryStore
	store   *tellingStore
	book    *balance.Book
	sw      *authswitch.Switch
	dialect *jcb.Dialect
	wire    *peer
	hall    *hall
	served  sync.WaitGroup
	faults  []balance.Fault
	delays  []time.Duration
}

// turn has the commands that follow go to the node of a number, which is started when it is new.
func (w *world) turn(number int) {
	if w.memory.Ordered() {
		w.t.Fatalf("node %d: an ordered store has one node; begin the story's name with single", number)
	}
	n, begun := w.nodes[number]
	if !begun {
		n = &node{number: number, world: w, memory: w.memory}
		w.nodes[number] = n
	}
	w.node = n
	if !begun {
		n.memory = n.view()
		w.start()
	}
}

// view is a view of the logs that has met nothing yet.
func (n *node) view() *balance.MemoryStore {
	return n.memory.Node(balance.MemoryOptions{Single: !n.memory.Ordered(), Fault: n.fault, Delay: n.delay})
}

func (n *node) fault(a balance.Append) (f balance.Fault) {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if len(n.faults) > 0 && len(a.Entries) > 0 {
		f, n.faults = n.faults[0], n.faults[1:]
	}
	return f
}

func (n *node) delay(a balance.Append) (d time.Duration) {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	if len(n.delays) > 0 && len(a.Entries) > 0 {
		d, n.delays = n.delays[0], n.delays[1:]
	}
	return d
}

// tell notes what was seen at this node. All but the first say their number: store2, wire2.
func (n *node) tell(line string) {
	if n.number > 1 {
		what, rest, _ := strings.Cut(line, " ")
		what += strconv.Itoa(n.number)
		line = what + strings.Repeat(" ", max(1, len("store  ")-len(what))) + strings.TrimLeft(rest, " ")
	}
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	n.world.told = append(n.world.told, line)
}
