package cardnet

import (
	"testing"
	"time"
)

func TestSeveralNetworksAreCountedAsOne(t *testing.T) {
	figures := func(approved int64, took int64, declined map[string]int64) Figures {
		h := newHistogram()
		for range 100 {
			if err := h.RecordValue(took); err != nil {
				t.Fatal(err)
			}
		}
		return Figures{Messages: 100, Approved: approved, Declined: declined}.timed(time.Second, h)
	}
	sum := Together(figures(90, 1000, map[string]int64{"51": 10}), figures(80, 3000, map[string]int64{"51": 15, "57": 5}), Figures{})
	if sum.Messages != 200 || sum.Approved != 170 || sum.Declined["51"] != 25 || sum.Declined["57"] != 5 || sum.Elapsed != time.Second {
		t.Errorf("the sum is %+v", sum)
	}
	if sum.P50.Round(100*time.Microsecond) != time.Millisecond || sum.P99.Round(100*time.Microsecond) != 3*time.Millisecond {
		t.Errorf("p50 %v and p99 %v: of half the messages at 1 ms and half at 3 ms", sum.P50, sum.P99)
	}
}
