//go:build !race

package jcb

import (
	"testing"

	"sekisho/spec"
)

// The race detector makes pools forget, so this is not for it.
func TestReadingAndAnsweringCostNoAllocation(t *testing.T) {
	d := newTestDialect(t)
	chip := goldenFrame(t, "0100-chip")
	r := spec.Request{At: arrival}
	dst := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(200, func() {
		if d.Decode(chip, &r) != nil {
			t.Error("does not decode")
		}
		dst = d.AppendReply(dst[:0], chip, spec.Response{Reason: spec.Approved})
	}); n >= 1 {
		t.Errorf("%v allocations a message", n)
	}
}
