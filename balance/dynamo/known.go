package dynamo

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// known remembers for logs up to which version they were seen to go. Entries never vanish, so what
// was seen once is true for good. It has a fixed number of places without pointers; a log that finds
// its few places taken pushes another out, which costs that one a read and no more. The hash of a
// name is taken for the name: when two collide a gap is not noticed, and then only if the caller
// leaves one.
type known struct {
	mu     sync.Mutex
	places []knownLog // groups of knownWays
	turn   int        // which of a group gives way next
}

type knownLog struct {
	hash uint64
	last uint64 // 0: an empty place
}

const knownWays = 8

// newKnown has room for most logs, and twice as many places so that few push others out.
func newKnown(most int) *known {
	return &known{places: make([]knownLog, max(1, 2*most/knownWays)*knownWays)}
}

// find is the place of a log, nil when it has none, and the places it may have.
func (k *known) find(log string) (mine *knownLog, group []knownLog, hash uint64) {
	hash = xxhash.Sum64String(log)
	first := int(hash%uint64(len(k.places)/knownWays)) * knownWays //nolint:gosec // smaller than an int
	group = k.places[first : first+knownWays]
	for i := range group {
		if group[i].last != 0 && group[i].hash == hash {
			return &group[i], group, hash
		}
	}
	return nil, group, hash
}

// has says whether a version of a log was seen, or one after it.
func (k *known) has(log string, version uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	mine, _, _ := k.find(log)
	return mine != nil && mine.last >= version
}

// saw remembers that a version is there.
func (k *known) saw(log string, version uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	mine, group, hash := k.find(log)
	if mine != nil {
		mine.last = max(mine.last, version)
		return
	}
	for i := range group {
		if group[i].last == 0 {
			group[i] = knownLog{hash, version}
			return
		}
	}
	k.turn++
	group[k.turn%knownWays] = knownLog{hash, version}
}
