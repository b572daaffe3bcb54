package dynamo

import "sync"

// crew does jobs with a bounded number of goroutines, which are started as they are needed. What
// they do not get to at once waits in a bounded queue, in the order in which it came.
type crew struct {
	handsMax, openMax int

	mu      sync.Mutex
	wake    *sync.Cond
	waiting []func() // from next on
	next    int
	open    int // jobs put and not done
	hands   int
	idle    int
	closing bool
	running sync.WaitGroup
}

func newCrew(handsMax, waitMax int) *crew {
	c := &crew{handsMax: handsMax, openMax: handsMax + waitMax}
	c.wake = sync.NewCond(&c.mu)
	return c
}

// put hands over a job. It returns false, and the job will not be done, when too many wait.
func (c *crew) put(job func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.openMax || c.closing {
		return false
	}
	c.open++
	c.waiting = append(c.waiting, job)
	switch {
	case c.idle >= len(c.waiting)-c.next:
		c.wake.Signal()
	case c.hands < c.handsMax:
		c.hands++
		c.running.Go(c.work)
	}
	return true
}

// work does jobs until the crew is closed and nothing is left.
func (c *crew) work() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for c.next == len(c.waiting) && !c.closing {
			c.idle++
			c.wake.Wait()
			c.idle--
		}
		if c.next == len(c.waiting) {
			return
		}
		job := c.waiting[c.next]
		c.waiting[c.next] = nil
		if c.next++; c.next == len(c.waiting) {
			c.waiting, c.next = c.waiting[:0], 0
		} else if c.next >= 1024 && c.next > len(c.waiting)/2 {
			kept := copy(c.waiting, c.waiting[c.next:])
			clear(c.waiting[kept:])
			c.waiting, c.next = c.waiting[:kept], 0
		}
		c.mu.Unlock()
		job()
		c.mu.Lock()
		c.open--
	}
}

// close waits until everything that was put is done.
func (c *crew) close() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.wake.Broadcast()
	c.running.Wait()
}
