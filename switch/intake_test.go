package authswitch

import (
	"bytes"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
)

func TestTheBufferGrowsOnlyWithWhatArrives(t *testing.T) {
	in := intake{framing: Length2Zero2, frameMax: 65535}
	copy(in.space(), []byte{0xff, 0xff, 0, 0})
	in.took(4, len(in.buf))
	if _, ok, err := in.next(); ok || err != nil {
		t.Fatalf("ok %v, error %v", ok, err)
	}
	in.space()
	if len(in.buf) != intakeSizeMin {
		t.Errorf("the announcement of 65,535 bytes takes %d", len(in.buf))
	}
	frames, err := arrivals(t, &intake{framing: Length2Zero2, frameMax: 65535}, framed(Length2Zero2, make([]byte, 65535), []byte("next")), func() int { return 1000 })
	if err != nil || len(frames) != 2 || len(frames[0]) != 65535 || string(frames[1]) != "next" {
		t.Errorf("%d frames, error %v", len(frames), err)
	}
}

func TestTheBufferDoublesWhenAReadFillsItUpToItsFullSize(t *testing.T) {
	in := intake{framing: Length2, frameMax: 100}
	data := framed(Length2, bytes.Repeat([]byte{1}, 14)) // 16 bytes, so that reads end with a frame
	data = bytes.Repeat(data, 20*intakeSizeFull/len(data))
	if _, err := arrivals(t, &in, data, func() int { return len(data) }); err != nil {
		t.Fatal(err)
	}
	if len(in.buf) != intakeSizeFull {
		t.Errorf("after many full reads the buffer has %d bytes, want %d", len(in.buf), intakeSizeFull)
	}
}

func TestACallDoesNotKeepALongFrameForAShortOne(t *testing.T) {
	var k call
	k.hold(make([]byte, 60_000))
	k.hold(make([]byte, 300))
	if cap(k.frame) > frameKeepMax {
		t.Errorf("%d bytes are kept", cap(k.frame))
	}
}

func TestAFrameStaysGoodUntilTheNextRead(t *testing.T) {
	in := intake{framing: Length2, frameMax: 100}
	whole := framed(Length2, []byte("one"), []byte("two"))
	in.took(copy(in.space(), whole), intakeSizeMin)
	one, _, _ := in.next()
	two, _, _ := in.next()
	if !bytes.Equal(one, []byte("one")) || !bytes.Equal(two, []byte("two")) {
		t.Errorf("%q, %q", one, two)
	}
}

// A thousand connections that announce 65,535 bytes and then say nothing.
func TestStalledConnectionsCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{Limits: Limits{FrameMax: 65535}})
		const n = 1000
		header := []byte{0xff, 0xff, 0, 0, '0', '1', '0', '0'}
		before := memory()
		ours := make([]net.Conn, n)
		for i := range ours {
			p := h.dial()
			if err := p.write(header); err != nil {
				t.Fatal(err)
			}
			ours[i] = p.conn
		}
		synctest.Wait()
		each := (memory() - before) / n
		t.Logf("%d bytes a connection, heap and stacks, with the peer's half", each)
		if each > 24<<10 {
			t.Errorf("a stalled connection costs %d bytes", each)
		}
		runtime.KeepAlive(ours)
	})
}

// memory is what heap and stacks take.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
