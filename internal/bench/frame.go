package main

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"sekisho/spec/jcb"
)

// template is a 0100 with places that change from message to message.
type template struct {
	bytes []byte // length header and message
	pan   int    // offset of DE2's packed digits
	stan  int
	rrn   int
	sent  int
}

// newTemplate builds an ordinary purchase of one yen: 24 data elements, as a till sends them.
func newTemplate(d *jcb.Dialect) template {
	now := time.Now().UTC()
	fields := map[int]string{
		2: "0000000000000000", 3: "000000", 4: "000000000001", 7: now.Format("0102150405"), 11: "000000",
		12: now.Format("150405"), 13: now.Format("0102"), 14: "3112", 18: "5411", 22: "051", 23: "001", 25: "00",
		32: "88710000", 33: "88710000", 37: "000000000000", 41: "TERM0001", 42: "SHOP0001       ",
		43: fmt.Sprintf("%-40s", "A SHOP"), 49: "392", 61: "000392", 100: "88791000",
		55: "\x9f\x26\x08\x01\x02\x03\x04\x05\x06\x07\x08\x9f\x27\x01\x80\x9f\x36\x02\x00\x01\x95\x05\x00\x00\x00\x00\x00",
	}
	layout := d.Table().Layout()
	message := layout.Field(0).Append(nil, []byte("0100"))
	bitmap := [16]byte{0x80}
	numbers := slices.Sorted(maps.Keys(fields))
	for _, n := range numbers {
		bitmap[(n-1)/8] |= 0x80 >> ((n - 1) % 8)
	}
	message = append(message, bitmap[:]...)
	var t template
	for _, n := range numbers {
		at := len(message) + 4
		switch n {
		case 2:
			t.pan = at + 1
		case 7:
			t.sent = at
		case 11:
			t.stan = at
		case 37:
			t.rrn = at
		}
		message = layout.Field(n).Append(message, []byte(fields[n]))
	}
	t.bytes = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), 0, 0) //nolint:gosec // a few hundred
	t.bytes = append(t.bytes, message...)
	return t
}

// append puts the nth message out, paid with the card of these packed digits.
func (t *template) append(dst []byte, pan [8]byte, n uint64) []byte {
	at := len(dst)
	dst = append(dst, t.bytes...)
	m := dst[at:]
	copy(m[t.pan:], pan[:])
	packed(m[t.stan:t.stan+3], n%1_000_000)
	packed(m[t.sent+4:t.sent+5], n/1_000_000%60) // the seconds of DE7, so that a key comes once
	for i, v := t.rrn+11, n; i >= t.rrn; i-- {
		m[i] = 0xF0 + byte(v%10)
		v /= 10
	}
	return dst
}

func packed(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte(n%10) | byte(n/10%10)<<4
		n /= 100
	}
}
