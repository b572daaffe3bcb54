package cardnet

import (
	"encoding/binary"
	"encoding/hex"
)

// chip is DE55 as a terminal would send it, BER-TLV, with a cryptogram that is made up: the
// practice network has no card keys.
func chip(p *Purchase) string {
	var data []byte
	put := func(tag string, value []byte) {
		name, _ := hex.DecodeString(tag) // the tags below are hex
		data = append(data, name...)
		data = append(data, byte(len(value))) // all of them are short
		data = append(data, value...)
	}
	digits := func(s string) []byte {
		b, _ := packed{}.Encode([]byte(s)) // only called with digits
		return b
	}
	var counter [2]byte
	binary.BigEndian.PutUint16(counter[:], uint16(p.STAN)) //nolint:gosec // the low half is enough
	cryptogram := binary.BigEndian.AppendUint64(nil, uint64(p.STAN)*0x9E3779B97F4A7C15)

	put("9F26", cryptogram)
	put("9F27", []byte{0x80})
	put("9F10", []byte{0x06, 0x01, 0x0A, 0x03, 0xA0, 0x00, 0x00})
	put("9F37", cryptogram[:4])
	put("9F36", counter[:])
	put("95", make([]byte, 5))
	put("9A", digits(p.At.In(japan()).Format("060102")))
	put("9C", digits(p.Processing[:2]))
	put("9F02", digits(amountOf(p.Amount)))
	put("5F2A", []byte{0x03, 0x92})
	put("82", []byte{0x18, 0x00})
	put("9F1A", []byte{0x03, 0x92})
	return string(data)
}

// ecommerce is DE48 with tag 02, the proof of an authentication: tag and length are text, the
// value is raw.
func ecommerce(p *Purchase) string {
	head, _ := text{}.Encode([]byte("0220")) // code page 037 has all digits
	proof := make([]byte, 20)
	binary.BigEndian.PutUint64(proof[12:], uint64(p.STAN)*0x9E3779B97F4A7C15)
	return string(head) + string(proof)
}
