package clearing

import (
	"bytes"
	"slices"
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

// TestDE24IsMistakenOnlyForWhatThePackageSays holds the other half: between which function codes one bit makes
// another valid file.
func TestDE24IsMistakenOnlyForWhatThePackageSays(t *testing.T) {
	t.Parallel()
	withOriginal := append([]int{30}, presentmentParts...)
	unseen := map[string][]string{
		"200": {"280"}, "205": nil, "280": {"200"}, "450": {"451", "454"}, "451": {"450", "453"}, "453": {"451"}, "454": {"450"},
		"603": nil, "691": {"695"}, "692": nil, "695": {"691"}, "781": nil,
	}
	for mti, kinds := range map[string]map[string][]int{
		"1240": {"200": withOriginal, "205": withOriginal, "280": withOriginal},
		"1442": {"450": disputeParts, "451": disputeParts, "453": disputeParts, "454": disputeParts},
		"1644": {"603": tellingParts, "691": tellingParts, "692": tellingParts, "695": tellingParts},
		"1740": {"781": feeParts},
	} {
		for function, parts := range kinds {
			for _, ebcdic := range []bool{false, true} {
				f := looseSample(t)
				f.ebcdic = ebcdic
				r := f.records[1]
				r.mti, r.fields = mti, looseParts(t, parts...)
				r.fields[24] = function
				if mti == "1644" { // without DE4 the sum is that of the other record
					f.records[3].fields[48] = llls(pds(3901, sampleID) + pds(3902, "0000000000001200") + pds(3903, "00000004"))
				}
				file := f.bytes()
				if _, err := Check(t.Context(), bytes.NewReader(file), true, nil); err != nil {
					t.Fatalf("%s/%s: %v", mti, function, err)
				}
				var got []string
				for at := range 3 {
					for bit := range 8 {
						turned := bytes.Clone(file)
						turned[f.starts[1]+r.at[24]+at] ^= 1 << bit
						if _, err := Check(t.Context(), bytes.NewReader(turned), true, nil); err == nil {
							code := []byte(function)
							code[at] ^= 1 << bit
							got = append(got, string(code))
						}
					}
				}
				if !slices.Equal(got, unseen[function]) {
					t.Errorf("%s/%s is mistaken for %q, want %q", mti, function, got, unseen[function])
				}
			}
		}
	}
}
