package authswitch

import (
	"testing"

	"sekisho/spec"
)

func TestAnOutboxKeepsNoMoreCallsThanItIsAllowedTo(t *testing.T) {
	o := newOutbox(3)
	calls := make([]*call, 10)
	for i := range calls {
		calls[i] = &call{pending: true}
		if taken, _ := o.put(calls[i], spec.Response{Balance: &spec.Balance{}}); !taken {
			t.Fatalf("answer %d is not taken", i)
		}
	}
	taken, _ := o.take(nil)
	o.release(taken)
	spare, released := o.reuse(nil)
	if len(taken) != 10 || len(spare) != 3 || released != 10 {
		t.Errorf("%d taken, %d kept, %d released; want 10, 3, 10", len(taken), len(spare), released)
	}
	if spare[0].response.Balance != nil {
		t.Error("a call that is free holds on to its answer")
	}
}

func TestAnOutboxEndsWithTheLastCallLetOut(t *testing.T) {
	o := newOutbox(3)
	k := &call{pending: true}
	o.end(1)
	o.put(k, spec.Response{})
	if calls, more := o.take(nil); !more || len(calls) != 1 {
		t.Fatalf("%d calls, more %v", len(calls), more)
	}
	o.release([]*call{k})
	if _, more := o.take(nil); more {
		t.Error("there are more")
	}
	o.close()
	if taken, twice := o.put(&call{pending: true}, spec.Response{}); taken || twice {
		t.Errorf("after closing: taken %v, twice %v", taken, twice)
	}
	if o.await(5) {
		t.Error("there is room in a closed outbox")
	}
}
