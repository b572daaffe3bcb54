//go:build !race

package clearing

import (
	"bytes"
	"testing"
)

// The race detector makes the hasher's pool forget, so this is not for it.
func TestARecordIsReadWithoutAllocating(t *testing.T) {
	r := NewReader(bytes.NewReader(many(t, Options{}, 2000)), testHasher(t))
	var rec Record
	allocations := testing.AllocsPerRun(1000, func() {
		if err := r.Next(&rec); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations a record", allocations)
	}
}
