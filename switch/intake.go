package authswitch

// Sizes of the receive buffer of a connection, in bytes. It starts small and doubles only
// when a read has filled it, so that a peer pays with bytes for the memory it takes: a
// thousand connections that announce long messages and send nothing cost next to nothing.
const (
	intakeSizeMin  = 512
	intakeSizeFull = 64 << 10 // enough frames in one read to make its cost vanish
)

// intake is the receive buffer of a connection, cut into frames where they lie.
type intake struct {
	framing  Framing
	frameMax int // bytes of the longest message that is taken
	buf      []byte
	start    int  // of what has not been cut yet
	end      int  // of what has arrived
	filled   bool // the last read took all the space there was
}

// space is where the next read goes. It ends the life of every frame cut before.
func (in *intake) space() []byte {
	in.end = copy(in.buf, in.buf[in.start:in.end])
	in.start = 0
	if in.filled || in.end == len(in.buf) {
		in.grow()
	}
	return in.buf[in.end:]
}

func (in *intake) grow() {
	size := min(max(2*len(in.buf), intakeSizeMin), max(intakeSizeFull, in.frameMax+headerSizeMax))
	if size > len(in.buf) {
		in.buf = append(make([]byte, 0, size), in.buf[:in.end]...)[:size]
	}
	in.filled = false
}

// took says that the next n bytes have arrived, of the space that was asked for.
func (in *intake) took(n, asked int) {
	in.end += n
	in.filled = n == asked
}

// next cuts off the first frame; ok is false when no whole frame is there. The frame is
// good until space is called.
func (in *intake) next() (frame []byte, ok bool, err error) {
	frame, size, err := in.framing.Cut(in.buf[in.start:in.end], in.frameMax)
	if err != nil || size == 0 {
		return nil, false, err
	}
	in.start += size
	return frame, true, nil
}

// waiting is the number of bytes that have arrived and are not cut yet.
func (in *intake) waiting() int { return in.end - in.start }
