package embedded

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"sekisho/balance"
)

// writtenLog is a closed store in memory: its files, and where its groups are.
type writtenLog struct {
	fs      *vfs.MemFS
	entries uint64
	groups  []writtenGroup
	names   []string // all files
}

type writtenGroup struct {
	segment        uint32
	offset, length int
	payload        int
	entries        uint64
	lastOfAll      bool
}

// write puts appends, each a group of its own, into a store on a new file system.
func write(t testing.TB, appends []balance.Append) writtenLog {
	t.Helper()
	w := writtenLog{fs: vfs.NewMem()}
	s, _ := mustOpen(t, vfsDisk{w.fs}, "/store", SegmentSizeMin)
	for _, a := range appends {
		if r := appendOne(s, a); r.Outcome != balance.In {
			t.Fatalf("outcome %d: %v", r.Outcome, r.Err)
		}
		w.entries += uint64(len(a.Entries))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	numbers, err := segmentDir{vfsDisk{w.fs}, "/store/log"}.list()
	if err != nil {
		t.Fatal(err)
	}
	w.names = append(w.names, "/store/identity.json")
	for _, number := range numbers {
		name := segmentDir{dir: "/store/log"}.name(number)
		w.names = append(w.names, name)
		b := w.bytes(t, name)
		for off := 0; off < len(b); {
			h, ok := parseHeader(b[off:], int64(len(b)-off))
			if !ok {
				break
			}
			w.groups = append(w.groups, writtenGroup{segment: number, offset: off, length: int(h.length), payload: int(h.payload), entries: uint64(h.entries)})
			off += int(h.length)
		}
	}
	w.groups[len(w.groups)-1].lastOfAll = true
	return w
}

func (w writtenLog) bytes(t testing.TB, name string) []byte {
	t.Helper()
	b, err := w.fs.UnsafeGetFileDataBuffer(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (g writtenGroup) name() string { return segmentDir{dir: "/store/log"}.name(g.segment) }

// copy is the same log on another file system, with change made to the bytes of one file.
func (w writtenLog) copy(t testing.TB, name string, change func([]byte) []byte) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewMem()
	if err := fs.MkdirAll("/store/log", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.names {
		b := append([]byte(nil), w.bytes(t, n)...)
		if n == name {
			if b = change(b); b == nil {
				continue // the file is gone
			}
		}
		f, err := fs.Create(n, vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = f.Write(b)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

func appendOne(s balance.Store, a balance.Append) balance.Result {
	answer := make(chan balance.Result, 1)
	s.Append([]balance.Append{a}, func(_ int, r balance.Result) { answer <- r })
	return <-answer
}

// someAppends make groups of one page, of several and of nearly a segment; pairs, rows, snapshots.
func someAppends() []balance.Append {
	var appends []balance.Append
	for v := uint64(1); v <= 14; v++ {
		e := balance.Sealed{Log: "w1", Version: v, Attempt: balance.Attempt(v), At: int64(v), Body: make([]byte, 50+int(v)*700)} //nolint:gosec // small
		for i := range e.Body {
			e.Body[i] = byte(i*7919>>5) ^ byte(v) // no page like another
		}
		a := balance.Append{Entries: []balance.Sealed{e}}
		switch v % 4 {
		case 1:
			a.Rows = []balance.Row{{Hash: storyHash(int(v)), Log: "w1", Kind: balance.RowToken}} //nolint:gosec // small
		case 2:
			a.Entries = append(a.Entries, balance.Sealed{Log: "w2", Version: (v + 2) / 4, Body: []byte("pair")})
		case 3:
			a.Entries[0].Snapshot = make([]byte, 3000)
		}
		appends = append(appends, a)
	}
	return appends
}

// reseal makes the hash of a changed group right again.
func reseal(b []byte, g writtenGroup) []byte {
	newSealer().seal(b[g.offset : g.offset+g.length])
	return b
}

func put32(b []byte, off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
