package authswitch

import (
	"sync"
	"time"
)

// throttle keeps a peer from filling the log: a few lines a second, and the number of those
// left out with the next one that is written.
type throttle struct {
	mu     sync.Mutex
	second int64
	lines  int
	left   int
}

// throttleMax is the number of lines in one second.
const throttleMax = 20

// allow says whether a line may be written now, and how many were left out before it.
func (t *throttle) allow(now time.Time) (ok bool, left int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Unix() != t.second {
		t.second, t.lines = now.Unix(), 0
	}
	if t.lines >= throttleMax {
		t.left++
		return false, 0
	}
	t.lines++
	left, t.left = t.left, 0
	return true, left
}
