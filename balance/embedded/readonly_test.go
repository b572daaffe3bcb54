package embedded

import (
	"errors"
	"testing"

	"sekisho/balance"
)

// TestAStoreThatIsOnlyReadIsLeftAsItIs damages the parity page of the last group and leaves a cut write behind
// it, both of which an ordinary opening deals with.
func TestAStoreThatIsOnlyReadIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	w := write(t, someAppends())
	g := w.groups[len(w.groups)-1]
	fs := w.copy(t, g.name(), func(b []byte) []byte {
		b[g.offset+g.length-1]++
		b[g.offset+g.length+PageSize] = 1
		return b
	})
	before := string(writtenLog{fs: fs}.bytes(t, g.name()))
	disk := hookDisk{Disk: vfsDisk{fs}, before: func(change, name string) error {
		t.Errorf("%s %s", change, name)
		return nil
	}}
	s, report, err := Open(Options{Dir: "/store", Disk: disk, CheckValue: testKey, SegmentSize: SegmentSizeMin, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if report.Entries != w.entries || len(report.ParityDamaged) != 1 || s.TornTail() == nil || s.TornTail() != report.TornTail {
		t.Errorf("it reports %+v", report)
	}
	if r := appendOne(s, oneEntry("w3", 1)); r.Outcome != balance.Out || !errors.Is(r.Err, ErrReadOnly) {
		t.Errorf("an append has outcome %d: %v", r.Outcome, r.Err)
	}
	read := make(chan error, 1)
	n := 0
	s.Scan("w1", 1, balance.Forward, func(balance.Sealed) bool { n++; return true }, func(err error) { read <- err })
	if err := <-read; err != nil || n != 14 {
		t.Errorf("%d entries of w1, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if string(writtenLog{fs: fs}.bytes(t, g.name())) != before {
		t.Error("the segment has changed")
	}
}
