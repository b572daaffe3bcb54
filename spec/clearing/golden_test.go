package clearing

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden clearing files anew")

// twin is a file as text: one line a field, its number, name, value, and its bytes in hexadecimal.
// The digits of a card number have neither value nor bytes. joined is those bytes, one after the
// other.
func twin(t *testing.T, file []byte) (text, joined string) {
	t.Helper()
	var out, bytes strings.Builder
	line := func(number, name, value string, raw string) {
		left := fmt.Sprintf("%6s  %-36s %s", number, name, value)
		if raw != "" {
			left = fmt.Sprintf("%s | %s", left, raw)
		}
		out.WriteString(strings.TrimRight(left, " ") + "\n")
		bytes.WriteString(raw)
	}
	err := NewReader(strings.NewReader(string(file)), nil).Show(func(s Shown) error {
		fmt.Fprintf(&out, "# record %d, %s/%03d %s, offset %d\n", s.Record, s.MTI, s.Function, s.Kind, s.Offset)
		if begin := s.Fields[0].Offset; begin > s.Offset {
			line("", "record length", strconv.FormatInt(int64(file[begin-2])<<8|int64(file[begin-1]), 10), hex.EncodeToString(file[s.Offset:begin]))
		}
		for _, f := range s.Fields {
			raw := hex.EncodeToString(file[f.Offset : f.Offset+int64(f.Length)])
			if f.DE == 2 {
				raw = raw[:4] + strings.Repeat("*", len(raw)-4)
			}
			value := strconv.Quote(f.Value)
			if f.Opaque {
				value = fmt.Sprintf("(%d bytes)", f.Size)
			}
			if f.Tag != 0 {
				line(fmt.Sprintf("%04d", f.Tag), f.Name, value, "")
				continue
			}
			line(strconv.Itoa(f.DE), f.Name, value, raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), bytes.String()
}

func TestGoldenFilesAreWrittenAndReadAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", "testdata", "clearing", "small_"+f.name)
			file := written(t, f.Options, small(t)...)
			text, joined := twin(t, file)
			if *rewrite {
				for name, content := range map[string][]byte{path + ".dat": file, path + ".txt": []byte(text)} {
					if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // a file of the project
						t.Fatal(err)
					}
				}
			}
			golden, err := os.ReadFile(path + ".dat")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(golden, file) {
				t.Error("what is written is not the golden file; -rewrite when that is right")
			}
			told, err := os.ReadFile(path + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if string(told) != text {
				t.Errorf("what is read is not the golden text; -rewrite when that is right. Read:\n%s", text)
			}
			if want := hex.EncodeToString(golden); len(joined) != len(want) || !agree(joined, want) {
				t.Error("the bytes of all lines are not those of the file")
			}
			for _, d := range small(t) {
				if digits := d.PAN.Digits(); digits != "" && (strings.Contains(text, digits) || strings.Contains(text, hex.EncodeToString([]byte(digits)))) {
					t.Error("the text has a card number")
				}
			}
		})
	}
}

// agree says whether two texts are the same where the first has no star.
func agree(blanked, whole string) bool {
	for i := range len(whole) {
		if blanked[i] != whole[i] && blanked[i] != '*' {
			return false
		}
	}
	return true
}

func TestWhatIsRefusedIsShownUpToThere(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*looseFile)
		shown  int
	}{
		{"a field that cannot be read", set(3, 4, "00000000120A"), 2},
		{"a number out of order", set(3, 71, "00000009"), 3},
		{"a wrong sum", set(4, 48, llls(pds(3901, sampleID)+pds(3902, "1")+pds(3903, "4"))), 4},
		{"no trailer", func(f *looseFile) { f.records = f.records[:3] }, 3},
		{"a record of another kind", set(2, 24, "999"), 2},
		{"bytes behind the trailer", func(f *looseFile) { f.after = "X" }, 4},
	}
	for _, c := range cases {
		f := looseSample(t)
		c.change(f)
		shown := 0
		err := NewReader(bytes.NewReader(f.bytes()), nil).Show(func(Shown) error { shown++; return nil })
		if err == nil || shown != c.shown {
			t.Errorf("%s: %d records shown, want %d; %v", c.name, shown, c.shown, err)
		}
	}
}

func TestAPartThatCannotBeReadIsShownByItsLengthOnly(t *testing.T) {
	t.Parallel()
	for value, opaque := range map[string]bool{"01/02": false, "1/2": true, "03/02": true} {
		f := looseSample(t)
		pdsOf(yen + pds(3990, value))(f)
		found := false
		err := NewReader(bytes.NewReader(f.bytes()), nil).Show(func(s Shown) error {
			for _, field := range s.Fields {
				if field.Tag == tagPart {
					found = true
					if field.Opaque != opaque || (field.Value == value) == opaque {
						t.Errorf("%q is shown as %+v", value, field)
					}
				}
			}
			return nil
		})
		if err != nil || !found {
			t.Errorf("%q: not shown, %v", value, err)
		}
	}
}
