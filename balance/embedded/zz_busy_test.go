package embedded

import (
	"errors"
	"testing"
	"time"

	"sekisho/balance"
)

type slowDisk struct{ Disk; stop *chan struct{} }
type slowFile struct {
	File
	stop *chan struct{}
}

func (d slowDisk) OpenLog(name string) (File, error) {
	f, err := d.Disk.OpenLog(name)
	return slowFile{f, d.stop}, err
}
func (f slowFile) WriteAt(b []byte, off int64) (int, error) {
	if c := *f.stop; c != nil {
		<-c
	}
	return f.File.WriteAt(b, off)
}

type note struct {
	n    int
	done chan error
}

func (h *note) Decide(*balance.View) balance.Decision {
	return balance.Decision{Events: []balance.Event{{Kind: balance.AdviceRecorded, Note: "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}}}
}
func (h *note) Done(_ balance.Decision, err error) { h.done <- err }
func (h *note) Overdue()                           {}

// The disk stalls while many requests are under way; then it is well again.
func TestZZStall(t *testing.T) {
	var stop chan struct{}
	s, _, err := Open(Options{Dir: t.TempDir(), CheckValue: testKey, Disk: slowDisk{osDisk{}, &stop}})
	if err != nil {
		t.Fatal(err)
	}
	b := balance.NewBook(s, balance.Options{Shards: 1})
	done := make(chan error, 700_000)
	stop = make(chan struct{})
	for range 600 {
		posts := make([]balance.Post, 1000)
		for j := range posts {
			posts[j] = balance.Post{Log: "w", At: time.Now(), Mover: &note{j, done}}
		}
		b.Submit(posts...)
	}
	time.Sleep(3 * time.Second)
	close(stop)
	busy, gap, ok := 0, 0, 0
	for range 600_000 {
		err := <-done
		switch {
		case err == nil:
			ok++
		case errors.Is(err, balance.ErrStoreBusy):
			busy++
		case errors.Is(err, balance.ErrGap):
			gap++
		}
	}
	t.Log("ok", ok, "busy", busy, "gap", gap)
	one := make(chan error, 1)
	b.Submit(balance.Post{Log: "w", At: time.Now(), Mover: &note{0, one}})
	t.Log("after the stall:", <-one)
}
