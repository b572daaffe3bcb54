package jcb

// chipTag is one BER-TLV element of DE55: positions in the bytes it was found in.
type chipTag struct {
	id          uint32 // up to four bytes
	constructed bool   // its value holds elements again
	body, end   int
}

// nextChipTag reads the element at the front of b, which is not empty. A zero byte between
// elements is filling and reads as an element without id. ok is false when tag, length and
// value do not fit into b.
func nextChipTag(b []byte) (t chipTag, ok bool) {
	if b[0] == 0 {
		return chipTag{body: 1, end: 1}, true
	}
	t.constructed = b[0]&0x20 != 0
	t.id = uint32(b[0])
	at := 1
	for more := b[0]&0x1F == 0x1F; more; at++ {
		if at >= len(b) || at > 3 {
			return t, false
		}
		t.id = t.id<<8 | uint32(b[at])
		more = b[at]&0x80 != 0
	}
	if at >= len(b) {
		return t, false
	}
	length := int(b[at])
	at++
	if length > 0x7F {
		size := length & 0x7F
		if size < 1 || size > 2 || at+size > len(b) {
			return t, false
		}
		length = 0
		for range size {
			length = length<<8 | int(b[at])
			at++
		}
	}
	t.body, t.end = at, at+length
	return t, t.end <= len(b)
}
