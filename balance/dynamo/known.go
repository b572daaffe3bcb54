package dynamo

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// known remembers for logs up to which version they were seen to go. Entries never vanish, so what
// was seen once is true for good. It has a fixed number of places: a log that shares its place
// with another pushes it out, which costs a read and no more. The hash of a name is taken for the
// name: when two collide a gap is not noticed, and then only if the caller leaves one.
type known struct {
	mu     sync.Mutex
	places []knownLog
}

type knownLog struct {
	hash uint64
	last uint64 // 0: an empty place
}

func newKnown(places int) *known { return &known{places: make([]knownLog, places)} }

func (k *known) place(log string) (*knownLog, uint64) {
	hash := xxhash.Sum64String(log)
	return &k.places[hash%uint64(len(k.places))], hash
}

// has says whether a version of a log was seen, or one after it.
func (k *known) has(log string, version uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, hash := k.place(log)
	return p.hash == hash && p.last >= version
}

// saw remembers that a version is there.
func (k *known) saw(log string, version uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, hash := k.place(log)
	if p.hash != hash || p.last < version {
		*p = knownLog{hash, version}
	}
}
