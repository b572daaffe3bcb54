package clearing

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sekisho/spec/wire"
)

// loose is a record that a test writes as it likes: each field as it is on the wire in ASCII, its
// length included. It knows nothing of the layout.
type loose struct {
	mti    string
	fields map[int]string
	bits   []int // of the bitmap, beside those of the fields; negative: taken away
	rdw    int   // added to the length in front
	before string
	at     map[int]int // after bytes: where each field begins
}

// looseFile is a file of them.
type looseFile struct {
	records []*loose
	framed  bool
	ebcdic  bool
	after   string
	starts  []int // after bytes: where each record begins, its length included
}

func lls(value string) string  { return fmt.Sprintf("%02d%s", len(value), value) }
func llls(value string) string { return fmt.Sprintf("%03d%s", len(value), value) }
func pds(tag int, value string) string {
	return fmt.Sprintf("%04d%03d%s", tag, len(value), value)
}

func (f *looseFile) bytes() []byte {
	var out []byte
	f.starts = nil
	for _, r := range f.records {
		out = append(out, r.before...)
		f.starts = append(f.starts, len(out))
		body := r.bytes(f.ebcdic)
		if f.framed {
			out = binary.BigEndian.AppendUint32(out, uint32(len(body)+r.rdw)) //nolint:gosec // small
			for n := range r.at {
				r.at[n] += 4
			}
		}
		out = append(out, body...)
	}
	return append(out, f.after...)
}

func (r *loose) bytes(ebcdic bool) []byte {
	encode := func(text string) string {
		if ebcdic {
			b, _ := wire.CP037().Encode([]byte(text))
			return string(b)
		}
		return text
	}
	bitmap := [16]byte{0x80}
	numbers := make([]int, 0, len(r.fields))
	for n := range r.fields {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range append(slices.Clone(numbers), r.bits...) {
		if n < 0 {
			bitmap[(-n-1)/8] &^= 0x80 >> ((-n - 1) % 8)
			continue
		}
		bitmap[(n-1)/8] |= 0x80 >> ((n - 1) % 8)
	}
	out := encode(r.mti) + string(bitmap[:])
	r.at = map[int]int{0: 0, 1: 4}
	for _, n := range numbers {
		r.at[n] = len(out)
		if n == 55 {
			out += encode(r.fields[n][:3]) + r.fields[n][3:]
			continue
		}
		out += encode(r.fields[n])
	}
	return []byte(out)
}

// looseParts are the fields that a record of a kind must have, by the page.
func looseParts(t testing.TB, numbers ...int) map[int]string {
	t.Helper()
	known := map[int]string{
		2: lls(pan(t, 1).Digits()), 3: "000000", 4: "000000001200", 12: "261122123456", 22: "510101510130", 24: "200", 25: "4834",
		26: "5411", 30: strings.Repeat("0", 24), 31: lls("78871511220000000000017"), 32: lls("88715000"), 33: lls(network),
		37: "000000000001", 38: "000831", 42: "MERCHANT-01    ", 43: lls("SEKISHO TEST SHOP"), 48: llls(pds(3002, "3920")),
		49: "392", 71: "00000002", 93: lls(own), 94: lls("88715000"), 100: lls(own),
	}
	out := map[int]string{}
	for _, n := range numbers {
		out[n] = known[n]
	}
	return out
}

var (
	presentmentParts = []int{2, 3, 4, 12, 22, 24, 26, 31, 32, 33, 37, 38, 42, 43, 48, 49, 71, 93, 94, 100}
	disputeParts     = append([]int{25, 30}, presentmentParts...)
	feeParts         = []int{3, 4, 24, 25, 33, 48, 49, 71, 93, 94, 100}
	tellingParts     = []int{24, 33, 71, 100}
)

// looseSample is a valid file: a header, two presentments and a trailer.
func looseSample(t testing.TB) *looseFile {
	t.Helper()
	first, second := looseParts(t, presentmentParts...), looseParts(t, presentmentParts...)
	second[71] = "00000003"
	file := pds(3901, sampleID)
	return &looseFile{records: []*loose{
		{mti: "1644", fields: map[int]string{24: "689", 33: lls(network), 48: llls(file), 71: "00000001", 100: lls(own)}},
		{mti: "1240", fields: first},
		{mti: "1240", fields: second},
		{mti: "1644", fields: map[int]string{
			24: "690", 33: lls(network), 48: llls(file + pds(3902, "0000000000002400") + pds(3903, "00000004")), 71: "00000004", 100: lls(own),
		}},
	}}
}
