package vault

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// followed is the keyset that a vault uses, and where it is read again when it changes there.
type followed struct {
	ring atomic.Pointer[ring]
	file *File // nil: it never changes

	mu      sync.Mutex // one reads at a time
	failure error      // of the last reading
	failed  time.Time
}

// While a file cannot be read it is tried again so often, and for so long: a key service may be asked.
const (
	readAgainAfter = time.Second
	readWithin     = 10 * time.Second
)

func follow(file *File, r *ring) *followed {
	f := &followed{file: file}
	f.ring.Store(r)
	return f
}

// fresh is the keyset as the file has it. While nothing changes it costs one stat.
func (f *followed) fresh() (*ring, error) {
	r := f.ring.Load()
	if f.file == nil {
		return r, nil
	}
	now, err := os.Stat(f.file.Path)
	if err == nil && r.isOf(now) {
		return r, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r = f.ring.Load(); err == nil && r.isOf(now) { // somebody else was faster
		return r, nil
	}
	if f.failure != nil && time.Since(f.failed) < readAgainAfter {
		return nil, f.failure
	}
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	r, err = f.file.ring(ctx)
	if err != nil {
		f.failure, f.failed = fmt.Errorf("the keyset's file has changed and cannot be read: %w", err), time.Now()
		return nil, f.failure
	}
	f.failure = nil
	f.ring.Store(r)
	return r, nil
}
