package wallet

import "sync"

// inFlightMax bounds the requests with a key that are worked on at once.
const inFlightMax = 1 << 16

// inFlight are the Idempotency-Keys of the requests that are being worked on here. It only saves a
// second try from waiting: that the same thing happens once is for the ledger to see.
type inFlight struct {
	mu   sync.Mutex
	keys map[inFlightKey]struct{}
}

type inFlightKey struct{ tenant, route, key string }

func newInFlight() *inFlight { return &inFlight{keys: map[inFlightKey]struct{}{}} }

// begin takes a key; ok is false when it is taken, full when there is room for no more.
func (f *inFlight) begin(k inFlightKey) (ok, full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.keys[k]; taken {
		return false, false
	}
	if len(f.keys) >= inFlightMax {
		return false, true
	}
	f.keys[k] = struct{}{}
	return true, false
}

func (f *inFlight) end(k inFlightKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, k)
}
