package wallet

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateDefault is how many requests a second a token may make.
const RateDefault = 2000

// callersMax bounds the callers whose rate is remembered.
const callersMax = 10_000

// limits counts requests per caller.
type limits struct {
	perSecond float64
	now       func() time.Time

	mu      sync.Mutex
	callers map[string]*rate.Limiter
}

func newLimits(perSecond float64, now func() time.Time) *limits {
	if perSecond == 0 {
		perSecond = RateDefault
	}
	return &limits{perSecond: perSecond, now: now, callers: map[string]*rate.Limiter{}}
}

// take says whether the caller may go on; else in how many seconds. Tenant and name tell callers apart.
func (l *limits) take(who *Identity) (ok bool, seconds int) {
	now := l.now()
	r := l.of(who.Tenant+"\x00"+who.Name).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait <= 0 {
		return true, 0
	}
	r.CancelAt(now)
	return false, int(math.Ceil(wait.Seconds()))
}

func (l *limits) of(caller string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.callers[caller]; known != nil {
		return known
	}
	if len(l.callers) >= callersMax {
		clear(l.callers) // everybody begins with a full bucket again
	}
	fresh := rate.NewLimiter(rate.Limit(l.perSecond), max(1, int(l.perSecond)))
	l.callers[caller] = fresh
	return fresh
}
