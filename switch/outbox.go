package authswitch

import (
	"sync"

	"sekisho/spec"
)

// outbox is where the answers of one connection meet: put there by any goroutine, taken by
// the connection's writer, which gives the calls back to its reader. What is in it is
// bounded by the calls the reader lets out.
type outbox struct {
	mu       sync.Mutex
	answered []*call
	free     []*call // answered and written, for the reader to use again
	freeMax  int
	total    int64 // calls the reader let out, once it has ended
	released int64 // calls whose answer is written, or will never be
	roomAt   int64 // released, from which on the waiting reader goes on
	asleep   bool  // the writer waits for wake
	stopped  bool  // the reader waits for room
	corked   bool  // more answers are about to come, do not wake the writer yet
	ended    bool  // the reader lets no more calls out
	closed   bool  // nothing is written any more
	wake     chan struct{}
	room     chan struct{}
}

// newOutbox is an outbox that keeps up to freeMax calls for further use.
func newOutbox(freeMax int) *outbox {
	return &outbox{freeMax: freeMax, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put takes the answer to a call. It is not taken when the connection is closed, or, twice,
// when the call has been answered before.
func (o *outbox) put(k *call, r spec.Response) (taken, twice bool) {
	o.mu.Lock()
	if o.closed || !k.pending {
		twice = !o.closed
		o.mu.Unlock()
		return false, twice
	}
	k.pending = false
	k.response = r
	o.answered = append(o.answered, k)
	o.unlockAndWake()
	return true, false
}

// cork keeps the writer asleep while a batch is handed over, so that the answers that come
// at once leave together.
func (o *outbox) cork() {
	o.mu.Lock()
	o.corked = true
	o.mu.Unlock()
}

// uncork ends that, and puts in calls that were answered meanwhile without the handler.
func (o *outbox) uncork(here []*call) {
	o.mu.Lock()
	o.corked = false
	o.answered = append(o.answered, here...)
	o.unlockAndWake()
}

func (o *outbox) unlockAndWake() {
	wake := o.asleep && !o.corked && len(o.answered) > 0
	if wake {
		o.asleep = false
	}
	o.mu.Unlock()
	if wake {
		o.wake <- struct{}{} // never blocks: there is one signal for each sleep
	}
}

// take waits for answers and takes all of them, in the order in which they came. spare is
// used to collect the next ones. more is false when there will be none.
func (o *outbox) take(spare []*call) (calls []*call, more bool) {
	for {
		o.mu.Lock()
		if o.closed || o.ended && o.released == o.total {
			o.mu.Unlock()
			return nil, false
		}
		if len(o.answered) > 0 && !o.corked {
			calls = o.answered
			o.answered = spare[:0]
			o.mu.Unlock()
			return calls, true
		}
		o.asleep = true
		o.mu.Unlock()
		<-o.wake
	}
}

// release gives back calls that are done with.
func (o *outbox) release(calls []*call) {
	for _, k := range calls {
		k.response = spec.Response{}
	}
	o.mu.Lock()
	keep := min(len(calls), o.freeMax-len(o.free))
	o.free = append(o.free, calls[:keep]...)
	o.released += int64(len(calls))
	signal := o.stopped && o.released >= o.roomAt
	if signal {
		o.stopped = false
	}
	o.mu.Unlock()
	if signal {
		o.room <- struct{}{} // never blocks, as with wake
	}
}

// reuse moves the calls that came back to the reader's own, empty list, and says how many
// have come back since the beginning.
func (o *outbox) reuse(own []*call) (calls []*call, released int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(own) == 0 {
		own, o.free = o.free, own
	}
	return own, o.released
}

// await blocks the reader until the number of released calls has reached roomAt. It is
// false when the connection is closed.
func (o *outbox) await(roomAt int64) bool {
	o.mu.Lock()
	if !o.closed && o.released < roomAt {
		o.stopped, o.roomAt = true, roomAt
		o.mu.Unlock()
		<-o.room
		o.mu.Lock()
	}
	defer o.mu.Unlock()
	return !o.closed
}

// end says that total calls were let out and no more will be: the writer ends with the
// answer to the last.
func (o *outbox) end(total int64) {
	o.mu.Lock()
	o.ended, o.total = true, total
	o.rouse()
}

// close drops what is waiting and ends reader and writer.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.answered, o.free = nil, nil
	o.rouse()
}

// rouse unlocks and wakes both sides, to see what has changed.
func (o *outbox) rouse() {
	asleep, stopped := o.asleep, o.stopped && o.closed
	if asleep {
		o.asleep = false
	}
	if stopped {
		o.stopped = false
	}
	o.mu.Unlock()
	if asleep {
		o.wake <- struct{}{}
	}
	if stopped {
		o.room <- struct{}{}
	}
}
