package cardnet

import (
	"fmt"
	"strconv"
	"testing"

	"sekisho/spec/clearing"
)

// This file knows the layout from its page alone: ASCII, records back to back. It shares nothing with
// the reader or the writer.

// fixedLengths are those of elements without a length in front; lengthDigits of those with one.
var (
	fixedLengths = map[int]int{
		3: 6, 4: 12, 5: 12, 6: 12, 9: 8, 10: 8, 12: 12, 14: 4, 16: 4, 22: 12, 23: 3, 24: 3, 25: 4, 26: 4, 30: 24,
		37: 12, 38: 6, 40: 3, 41: 8, 42: 15, 49: 3, 50: 3, 51: 3, 71: 8, 97: 17,
	}
	lengthDigits = map[int]int{2: 2, 31: 2, 32: 2, 33: 2, 43: 2, 48: 3, 54: 3, 62: 3, 72: 3, 93: 2, 94: 2, 100: 2, 123: 3}
)

// plainRecord is a record as its characters are.
type plainRecord map[int]string // 0 is the message type

// parsePlain cuts the first record off.
func parsePlain(file string) (r plainRecord, rest string, err error) {
	if len(file) < 20 {
		return nil, "", fmt.Errorf("%d bytes are no record", len(file))
	}
	r = plainRecord{0: file[:4]}
	bitmap, at := file[4:20], 20
	for n := 1; n <= 128; n++ {
		set := bitmap[(n-1)/8]&(0x80>>((n-1)%8)) != 0
		switch {
		case n == 1 && !set, (n == 65 || n == 128) && set:
			return nil, "", fmt.Errorf("bit %d", n)
		case n == 1 || !set:
			continue
		}
		size, is := fixedLengths[n]
		if digits := lengthDigits[n]; !is && digits > 0 {
			if size, err = strconv.Atoi(file[at : at+digits]); err != nil || size == 0 {
				return nil, "", fmt.Errorf("length of DE%d", n)
			}
			at += digits
		} else if !is {
			return nil, "", fmt.Errorf("DE%d is not in the layout", n)
		}
		if at+size > len(file) {
			return nil, "", fmt.Errorf("DE%d is cut", n)
		}
		r[n] = file[at : at+size]
		at += size
	}
	return r, file[at:], nil
}

// private cuts DE48 into its elements.
func (r plainRecord) private() map[string]string {
	elements := map[string]string{}
	for left := r[48]; len(left) >= 7; {
		size, _ := strconv.Atoi(left[4:7])
		elements[left[:4]] = left[7 : 7+size]
		left = left[7+size:]
	}
	return elements
}

func TestTheBytesFollowThePageThatOthersReadToo(t *testing.T) {
	t.Parallel()
	c := sample(1, every()...)
	c.Charset, c.NoRDW = clearing.ASCII, true
	file, done := written(t, c)
	var records []plainRecord
	for rest := string(file); rest != ""; {
		r, left, err := parsePlain(rest)
		if err != nil {
			t.Fatalf("record %d: %v", len(records)+1, err)
		}
		records, rest = append(records, r), left
	}
	const id = "0012611240008879100000001"
	head, tail := records[0], records[len(records)-1]
	if head[0]+head[24]+head[33]+head[71]+head[100] != "1644"+"689"+"88710000"+"00000001"+"88791000" || head[48] != "3901025"+id {
		t.Errorf("header: %q", head[48])
	}
	var sum int
	for i, r := range records {
		if r[71] != fmt.Sprintf("%08d", i+1) {
			t.Errorf("record %d has the message number %s", i+1, r[71])
		}
		amount, _ := strconv.Atoi(r[4])
		sum += amount
		if r[0] == "1240" {
			presentmentAsWritten(t, i+1, r)
		}
	}
	want := map[string]string{"3901": id, "3902": fmt.Sprintf("%016d", sum), "3903": fmt.Sprintf("%08d", len(records))}
	if got := tail.private(); tail[0]+tail[24] != "1644690" || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("trailer: %v, want %v", got, want)
	}
	if len(records) != done.Records+2 || int(done.Sum) != sum {
		t.Errorf("%d records with a sum of %d, said were %d and %d", len(records)-2, sum, done.Records, done.Sum)
	}
}

func presentmentAsWritten(t *testing.T, number int, r plainRecord) {
	t.Helper()
	for _, n := range []int{2, 3, 4, 12, 22, 24, 26, 31, 32, 33, 37, 38, 42, 43, 48, 49, 71, 93, 94, 100} {
		if r[n] == "" {
			t.Errorf("record %d has no DE%d", number, n)
		}
	}
	if d := r[31]; len(d) != 23 || d[:11] != "7"+r[32][:6]+r[12][2:6] || !passesLuhn(d) {
		t.Errorf("record %d: DE31 is not made of DE32 and DE12", number)
	}
	if len(r[43]) != 99 || r[43][96:] != "JPN" {
		t.Errorf("record %d: DE43 has %d characters and does not end in a country", number, len(r[43]))
	}
	want := "3920"
	switch {
	case r[49] == "840":
		want = "84023920"
	case r[49] == "978":
		want = "9782"
	}
	if got := r.private()["3002"]; got != want {
		t.Errorf("record %d: exponents %q, want %q", number, got, want)
	}
}
