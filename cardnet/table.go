package cardnet

import (
	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
)

// newTable is the field table of the JCB-style dialect (unofficial), written down a second
// time from its description and not taken from the switch: two readings of one page that
// must agree on every byte. QUICPay+ uses the same wire.
//
// Every element is a moov String whose value is the digits, the characters or, where the
// element is binary, the raw bytes.
func newTable() *iso8583.MessageSpec {
	fields := map[int]field.Field{
		0: element(4, "message type", text{}, prefix.Binary.Fixed),
		1: field.NewBitmap(field.NewSpec(8, "bitmap", encoding.Binary, prefix.Binary.Fixed)),
		// The one odd element that is padded on the right.
		22: element(3, "entry mode", packed{right: true}, prefix.Binary.Fixed),
		// Chip data: two length bytes instead of one.
		55: element(999, "chip data", encoding.Binary, prefix.Binary.LL),
	}
	for id, length := range map[int]int{
		3: 6, 4: 12, 5: 12, 6: 12, 7: 10, 9: 8, 10: 8, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 16: 4, 18: 4,
		19: 3, 20: 3, 23: 3, 24: 3, 25: 2, 26: 2, 53: 16, 70: 3, 90: 42,
	} {
		fields[id] = element(length, "digits", packed{}, prefix.Binary.Fixed)
	}
	for id, most := range map[int]int{2: 19, 32: institutionMax, 33: institutionMax, 35: 37, 99: institutionMax, 100: institutionMax} {
		fields[id] = element(most, "digits, their number before them", packed{}, prefix.Binary.L)
	}
	for id, length := range map[int]int{37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 43: 40, 49: 3, 50: 3, 51: 3, 95: 42} {
		fields[id] = element(length, "text", text{}, prefix.Binary.Fixed)
	}
	for id, most := range map[int]int{44: 25, 45: 76, 54: 120, 60: 255, 61: 255, 63: 255, 101: 17} {
		fields[id] = element(most, "text, its length before it", text{}, prefix.Binary.L)
	}
	for _, id := range []int{120, 127} {
		fields[id] = element(999, "text, two length bytes before it", text{}, prefix.Binary.LL)
	}
	// Tags in text, but some of their values are raw.
	fields[48] = element(255, "additional data", encoding.Binary, prefix.Binary.L)
	for _, id := range []int{52, 64, 96, 128} {
		fields[id] = element(8, "binary", encoding.Binary, prefix.Binary.Fixed)
	}
	return &iso8583.MessageSpec{Name: "JCB-style, unofficial", Fields: fields}
}

func element(length int, what string, enc encoding.Encoder, pref prefix.Prefixer) field.Field {
	return field.NewString(field.NewSpec(length, what, enc, pref))
}
