package balance

import "time"

// memoryCall is one call of a MemoryStore on its way: act does it at once and returns what tells
// the caller.
type memoryCall struct {
	delay time.Duration
	act   func() (answer func())
}

// start sends a call on its way; s.mu is held. Calls of an ordered store go through the queue
// one after the other, as do those that take no time; the others run on a timer each: half of
// the delay until it happens, half until the answer is back.
func (s *MemoryStore) start(c memoryCall) {
	s.pending.Add(1)
	if c.delay > 0 && !s.Ordered() {
		time.AfterFunc(c.delay/2, func() {
			answer := c.act()
			time.AfterFunc(c.delay-c.delay/2, func() {
				answer()
				s.pending.Done()
			})
		})
		return
	}
	s.queue = append(s.queue, c)
	if !s.running {
		s.running = true
		go s.work()
	}
}

// work does what is queued, a group at a time, and ends when there is no more. A group is
// answered once its slowest call is through, like a group of one disk write.
func (s *MemoryStore) work() {
	var answers []func()
	for {
		s.mu.Lock()
		group := s.queue
		s.queue = nil
		s.running = len(group) > 0
		s.mu.Unlock()
		if len(group) == 0 {
			return
		}
		answers = answers[:0]
		slowest := time.Duration(0)
		for _, c := range group {
			answers = append(answers, c.act())
			slowest = max(slowest, c.delay)
		}
		if slowest > 0 {
			<-time.After(slowest)
		}
		for _, answer := range answers {
			answer()
			s.pending.Done()
		}
	}
}
