package authswitch

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestAFramingIsCutFromTheBytesItPuts(t *testing.T) {
	for _, c := range []struct {
		framing Framing
		length  int
		header  string
	}{
		{Length2Zero2, 0, "00000000"},
		{Length2Zero2, 258, "01020000"},
		{Length2, 258, "0102"},
		{ASCII4, 258, "30323538"},
		{ASCII4, 9999, "39393939"},
		{BCD2, 258, "0258"},
		{BCD2, 9999, "9999"},
		{Length2, 65535, "ffff"},
	} {
		t.Run(fmt.Sprintf("%s %d", c.framing, c.length), func(t *testing.T) {
			want := bytes.Repeat([]byte{7}, c.length)
			whole := framed(c.framing, want)
			if header := fmt.Sprintf("%x", whole[:c.framing.HeaderSize()]); header != c.header {
				t.Errorf("header is %s, want %s", header, c.header)
			}
			got, size, err := c.framing.Cut(append(whole, 1, 2, 3), c.framing.SizeMax())
			if err != nil || size != len(whole) || !bytes.Equal(got, want) || cap(got) != len(got) {
				t.Errorf("cut %d bytes of %d, capacity %d, error %v", len(got), size, cap(got), err)
			}
			if _, size, err = c.framing.Cut(whole[:len(whole)-1], c.framing.SizeMax()); err != nil || size != 0 {
				t.Errorf("without its last byte: size %d, error %v", size, err)
			}
			if c.length > 0 {
				if _, _, err = c.framing.Cut(whole[:c.framing.HeaderSize()], c.length-1); err == nil {
					t.Error("a length above the limit was taken")
				}
			}
		})
	}
}

func TestAFramingIsFoundByItsName(t *testing.T) {
	for f := range framingEnd {
		var got Framing
		if err := got.UnmarshalText([]byte(f.String())); err != nil || got != f {
			t.Errorf("%s is read as %s, error %v", f, got, err)
		}
	}
	var f Framing
	err := f.UnmarshalText([]byte("length3"))
	if err == nil || !strings.Contains(err.Error(), `"length3"`) || !strings.Contains(err.Error(), "length2-zero2, length2, ascii4, bcd2") {
		t.Errorf("error %v names neither what was wrong nor what is right", err)
	}
}

// arrivals feeds bytes to an intake in pieces, as reads would bring them, and returns what is
// cut. limit bounds the buffer.
func arrivals(t *testing.T, in *intake, data []byte, piece func() int) (frames [][]byte, failed error) {
	t.Helper()
	arrived := 0
	for len(data) > 0 {
		space := in.space()
		if len(space) == 0 {
			t.Fatal("no space for the next read")
		}
		n := min(len(data), len(space), max(1, piece()))
		copy(space, data[:n])
		data = data[n:]
		arrived += n
		in.took(n, len(space))
		if most := max(intakeSizeMin, 2*arrived); len(in.buf) > most || len(in.buf) > max(intakeSizeFull, in.frameMax+headerSizeMax) {
			t.Fatalf("the buffer has %d bytes after %d have arrived", len(in.buf), arrived)
		}
		for {
			frame, ok, err := in.next()
			if err != nil {
				return frames, err
			}
			if !ok {
				break
			}
			frames = append(frames, bytes.Clone(frame))
		}
	}
	return frames, nil
}

func FuzzFraming(f *testing.F) {
	for framing := range framingEnd {
		whole := framed(framing, nil, []byte("0100"), bytes.Repeat([]byte("x"), 700), nil, []byte("0800"))
		f.Add(uint8(framing), whole, []byte{1})
		f.Add(uint8(framing), whole, []byte{3, 200, 1, 0})
		f.Add(uint8(framing), append(whole, 0xff, 0xff), []byte{5})
	}
	f.Fuzz(func(t *testing.T, kind uint8, data, pieces []byte) {
		framing := Framing(kind) % framingEnd
		const frameMax = 1000
		at := 0
		piece := func() int {
			if len(pieces) == 0 {
				return 1
			}
			at++
			return int(pieces[at%len(pieces)])
		}
		whole, wholeErr := arrivals(t, &intake{framing: framing, frameMax: frameMax}, data, func() int { return len(data) })
		split, splitErr := arrivals(t, &intake{framing: framing, frameMax: frameMax}, data, piece)
		if fmt.Sprint(wholeErr) != fmt.Sprint(splitErr) && (wholeErr == nil || splitErr == nil) {
			t.Fatalf("in one piece: error %v, in several: %v", wholeErr, splitErr)
		}
		if len(whole) != len(split) {
			t.Fatalf("%d frames in one piece, %d in several", len(whole), len(split))
		}
		rest := data
		for i := range whole {
			if !bytes.Equal(whole[i], split[i]) || len(whole[i]) > frameMax {
				t.Fatalf("frame %d differs or is too long", i)
			}
			again := framed(framing, whole[i])
			if !bytes.HasPrefix(rest, again) {
				t.Fatalf("frame %d is not what came", i)
			}
			rest = rest[len(again):]
		}
	})
}
