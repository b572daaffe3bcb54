package clearing

import (
	"bytes"
	"testing"
)

// TestABitTurnedWhereTheFrameIsIsSeen holds what the package says of itself: which single bits
// cannot be turned without its being seen.
func TestABitTurnedWhereTheFrameIsIsSeen(t *testing.T) {
	t.Parallel()
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			file := written(t, f.Options, small(t)...)
			for _, at := range frameBytes(t, file) {
				for bit := range 8 {
					turned := bytes.Clone(file)
					turned[at] ^= 1 << bit
					if _, err := Check(t.Context(), bytes.NewReader(turned), true, nil); err == nil {
						t.Errorf("bit %d of byte %d turned over was not seen", bit, at)
					}
				}
			}
		})
	}
}

// frameBytes are the offsets of record lengths, message types, bitmaps, DE4, 49, 50, 51, 71, and of
// the private elements of header and trailer.
func frameBytes(t *testing.T, file []byte) (offsets []int64) {
	t.Helper()
	err := NewReader(bytes.NewReader(file), nil).Show(func(s Shown) error {
		for at := s.Offset; at < s.Fields[0].Offset; at++ {
			offsets = append(offsets, at)
		}
		ends := s.Function == 689 || s.Function == 690
		for _, f := range s.Fields {
			switch f.DE {
			case 0, 1, 4, 49, 50, 51, 71:
			case 48:
				if !ends || f.Tag != 0 {
					continue
				}
			default:
				continue
			}
			for i := range f.Length {
				offsets = append(offsets, f.Offset+int64(i))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return offsets
}
