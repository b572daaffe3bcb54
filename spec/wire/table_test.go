package wire

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"

	"sekisho/spec"
)

const smallTable = `{"name": "small", "fields": {
	"0": {"type": "String", "length": 4, "description": "type", "enc": "EBCDIC037", "prefix": "EBCDIC.Fixed"},
	"1": {"type": "Bitmap", "length": 8, "description": "bitmap", "enc": "Binary", "prefix": "Binary.Fixed"},
	"2": {"type": "String", "length": 19, "min": 4, "description": "number", "enc": "BCD", "prefix": "Binary.L"},
	"7": {"type": "String", "length": 3, "description": "odd", "enc": "LBCD", "prefix": "BCD.Fixed"},
	"33": {"type": "String", "length": 11, "min": 1, "description": "institution", "enc": "BCDEither", "prefix": "BinaryOrBCD.L"},
	"48": {"type": "Binary", "length": 999, "description": "bytes", "enc": "Binary", "prefix": "Binary.LL"},
	"90": {"type": "String", "length": 4, "description": "text", "enc": "EBCDIC037", "prefix": "EBCDIC.Fixed"}}}`

func small(t testing.TB) *Table {
	t.Helper()
	table, err := LoadTable([]byte(smallTable))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWrongTablesAreRefusedWithTheFieldNamed(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"no JSON", "{", "", "field table"},
		{"a key that is none", `"min"`, `"least"`, "least"},
		{"a field number that is none", `"48"`, `"x"`, "x"},
		{"a field above 128", `"48"`, `"129"`, "129"},
		{"a third bitmap", `"48"`, `"65"`, "65"},
		{"no MTI", `"0"`, `"3"`, "MTI"},
		{"no bitmap", `"1"`, `"3"`, "itmap"},
		{"an MTI of 5", `"length": 4, "description": "type"`, `"length": 5, "description": "type"`, "field 0 must be the MTI"},
		{"a bitmap of characters", `"enc": "Binary", "prefix": "Binary.Fixed"`, `"enc": "ASCII", "prefix": "Binary.Fixed"`, "field 1: the bitmap must be"},
		{"an encoding that is none", `"LBCD"`, `"XBCD"`, "field: 7"},
		{"an encoding of moov's that is not served", `"LBCD"`, `"HexToASCII"`, "field 7: enc \"HexToASCII\" is not one of"},
		{"a prefix of moov's that is not served", `"Binary.LL"`, `"Hex.LL"`, "field 48: prefix \"Hex.LL\" is not one of"},
		{"a least length above the greatest", `"min": 4`, `"min": 20`, "field 2: lengths from 20 to 19"},
		{"a least length of a fixed field", `"length": 3,`, `"length": 3, "min": 2,`, "field 7: min 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadTable([]byte(strings.Replace(smallTable, c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestMessagesAreTakenApart(t *testing.T) {
	table := small(t)
	frame := unhex(t, "F0F8F0F0 C200000080010000 0000004000000000 0501 2345 0210 111234567890 10 0002 AABB C1F0405A")
	var m Message
	if err := table.Layout().Read(frame, &m); err != nil {
		t.Fatal(err)
	}
	if m.MTI != 800 {
		t.Errorf("MTI %s", m.MTI)
	}
	for n, want := range map[int]string{2: "12345", 7: "021", 33: "12345678901", 48: "\xAA\xBB", 90: "A0 !"} {
		if got := string(m.AppendValue([]byte(">"), n)); got != ">"+want {
			t.Errorf("field %d is %q, want %q", n, got, want)
		}
	}
	if m.Number(7) != 21 || m.Number(2) != 12345 {
		t.Errorf("numbers %d, %d", m.Number(7), m.Number(2))
	}
	if !m.PadsLeft(2) || m.PadsLeft(7) || m.PadsLeft(33) {
		t.Error("the pads are on the wrong sides")
	}
	definition, err := table.MessageSpec()
	if err != nil {
		t.Fatal(err)
	}
	judge := iso8583.NewMessage(definition)
	if err := judge.Unpack(frame); err != nil {
		t.Fatal("moov refuses it")
	}
	for n := range 128 {
		if n > 1 && m.Fields.Has(n) {
			if got, err := judge.GetBytes(n); err != nil || string(got) != string(m.AppendValue(nil, n)) {
				t.Errorf("moov reads field %d as %q: %v", n, got, err)
			}
		}
	}
}

func TestReadingStopsAtTheWrongByte(t *testing.T) {
	layout := small(t).Layout()
	for _, c := range []struct {
		name, frame   string
		field, offset int
		read          []int
	}{
		{"an MTI cut", "F0F8F0", 0, 3, nil},
		{"an MTI with a letter", "F0F8C1F0", 0, 2, nil},
		{"a bitmap cut", "F0F8F0F0 C20000", 1, 7, nil},
		{"a length cut", "F0F8F0F0 4000000000000000", 2, 12, nil},
		{"a length above the greatest", "F0F8F0F0 4000000000000000 14", 2, 12, nil},
		{"a length below the least", "F0F8F0F0 4000000000000000 03 0123", 2, 12, nil},
		{"a value cut", "F0F8F0F0 4000000000000000 04 12", 2, 14, nil},
		{"a digit that is none", "F0F8F0F0 4000000000000000 04 123A", 2, 14, nil},
		{"a pad that is none", "F0F8F0F0 4200000000000000 04 1234 0212", 7, 16, []int{2}},
		{"a field outside the table", "F0F8F0F0 6000000000000000 04 1234 00", 3, 4, []int{2}},
		{"a third bitmap", "F0F8F0F0 C000000000000000 8000000000000000 04 1234", 65, 12, []int{2}},
		{"bytes left over", "F0F8F0F0 4000000000000000 04 1234 00", 2, 15, []int{2}},
		{"bytes and no field", "F0F8F0F0 0000000000000000 00", 1, 12, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame := unhex(t, c.frame)
			var m Message
			err := layout.Read(frame, &m)
			if err == nil {
				t.Fatal("it is read")
			}
			if err.Field != c.field || err.Offset != c.offset {
				t.Errorf("wrong at field %d offset %d, want %d and %d", err.Field, err.Offset, c.field, c.offset)
			}
			if int(m.Bad.At) > err.Offset || int(m.Bad.End) > len(frame) {
				t.Errorf("the wrong field is at %+v", m.Bad)
			}
			var want spec.FieldSet
			for _, n := range c.read {
				want.Add(n)
			}
			if m.Fields != want {
				t.Errorf("read %v, want %v", m.Fields, want)
			}
		})
	}
}

func TestTheLengthThatIsToBlameIsFound(t *testing.T) {
	layout := small(t).Layout()
	for _, c := range []struct {
		name, frame string
		field       int
		cause       string
	}{
		{"bytes counted instead of digits", "F0F8F0F0 4000000080010000 04 12345678 0812345678 0001AA", 2, "counts digits, not bytes"},
		{"bytes counted, an odd number of digits", "F0F8F0F0 0000000080010000 06 012345678901 0001AA", 33, "counts digits, not bytes"},
		{"a packed length", "F0F8F0F0 4000000080010000 16 1234567812345678 0812345678 0001AA", 2, "binary, not packed"},
		{"no length is to blame", "F0F8F0F0 4000000000000000 04 12AA", 0, ""},
		{"nothing is wrong", "F0F8F0F0 4000000000000000 04 1234", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			field, cause := layout.Suspect(unhex(t, c.frame))
			if field != c.field || !strings.Contains(cause, c.cause) {
				t.Errorf("field %d: %s", field, cause)
			}
		})
	}
}

func TestKeepDropsTheFieldsFromTheWrongOneOn(t *testing.T) {
	var m Message
	if err := small(t).Layout().Read(unhex(t, "F0F8F0F0 C200000000000000 0000004000000000 04 1234 0210 C1C1C1C1"), &m); err != nil {
		t.Fatal(err)
	}
	m.Keep(7)
	if !m.Fields.Has(2) || m.Fields.Has(7) || m.Fields.Has(90) || m.Bad != m.Span(7) {
		t.Errorf("kept %v", m.Fields)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
