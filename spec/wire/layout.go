package wire

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/moov-io/iso8583/encoding"
)

// FieldMax is the highest data element there can be.
const FieldMax = 128

const (
	mtiDigits    = 4
	bitmapBytes  = 8
	thirdBitmap  = 65 // its bit would announce a third bitmap, which nobody sends
	frameSizeMax = 1<<16 - 1
)

// Layout is a field table compiled for taking frames apart. It does not change once made
// and is safe for several goroutines.
type Layout struct {
	fields [FieldMax + 1]*Field // 0 is the MTI; nil where the table has none
}

// Field is one row of a layout.
type Field struct {
	Number int
	Name   string
	Min    int // least length in digits, characters or bytes
	Max    int // greatest; equal to Min when the length is fixed

	length lengthCoding
	packed *Packed  // digits two a byte
	text   *Charset // characters; neither: raw bytes
}

// Field is the row of data element n, nil when the table has none. 0 is the MTI.
func (l *Layout) Field(n int) *Field {
	if n < 0 || n > FieldMax {
		return nil
	}
	return l.fields[n]
}

// Fixed says whether every value of the field has the same length.
func (f *Field) Fixed() bool { return f.length.kind == lengthFixed }

// Packed says whether the field holds digits, two a byte.
func (f *Field) Packed() bool { return f.packed != nil }

// Raw says whether the field holds bytes that are not characters.
func (f *Field) Raw() bool { return f.packed == nil && f.text == nil }

// size is the number of bytes that hold a value of this length.
func (f *Field) size(length int) int {
	if f.packed != nil {
		return (length + 1) / 2
	}
	return length
}

// Append writes a value: digits for a packed field, Latin-1 for characters, else bytes. The
// caller keeps to Min and Max.
func (f *Field) Append(dst, value []byte) []byte {
	dst = f.length.append(dst, len(value))
	switch {
	case f.packed != nil:
		return f.packed.appendPacked(dst, value)
	case f.text != nil:
		return f.text.appendEncoded(dst, value)
	}
	return append(dst, value...)
}

func newLayout(entries map[string]*entry) (*Layout, error) {
	l := &Layout{}
	for key, e := range entries {
		n, err := strconv.Atoi(key)
		if err != nil || n < 0 || n > FieldMax || n == thirdBitmap {
			return nil, fmt.Errorf("field table: %q is not a field number from 0 to %d other than %d", key, FieldMax, thirdBitmap)
		}
		if n == 1 {
			err = checkBitmap(e)
		} else {
			l.fields[n], err = newField(n, e)
		}
		if err != nil {
			return nil, fmt.Errorf("field table: field %d: %w", n, err)
		}
	}
	if mti := l.fields[0]; mti == nil || !mti.Fixed() || mti.Max != mtiDigits {
		return nil, fmt.Errorf("field table: field 0 must be the MTI with a fixed length of %d", mtiDigits)
	}
	if entries["1"] == nil {
		return nil, fmt.Errorf("field table: field 1, the bitmap, is missing")
	}
	return l, nil
}

func checkBitmap(e *entry) error {
	if e.Type != "Bitmap" || e.Enc != "Binary" || (e.Length != 0 && e.Length != bitmapBytes) || e.DisableAutoExpand {
		return fmt.Errorf("the bitmap must be of type Bitmap, enc Binary, length %d and expand by itself", bitmapBytes)
	}
	return nil
}

func newField(n int, e *entry) (*Field, error) {
	f := &Field{Number: n, Name: e.Description, Min: e.Min, Max: e.Length}
	var err error
	if f.length, err = newLengthCoding(e.Prefix); err != nil {
		return nil, err
	}
	if f.Fixed() {
		if e.Min != 0 && e.Min != e.Length {
			return nil, fmt.Errorf("min %d in a field of fixed length %d", e.Min, e.Length)
		}
		f.Min = e.Length
	}
	if f.Max < 1 || f.Min < 0 || f.Min > f.Max {
		return nil, fmt.Errorf("lengths from %d to %d are not possible", f.Min, f.Max)
	}
	if len(e.Subfields) > 0 {
		return f, nil // moov's composites are bytes to us
	}
	switch e.Enc {
	case "BCD":
		f.packed = BCD()
	case "LBCD":
		f.packed = BCDRight()
	case "BCDTrack":
		f.packed = BCDTrack()
	case "BCDEither":
		f.packed = BCDEither()
	case "EBCDIC037":
		f.text = CP037()
	case "EBCDIC":
		f.text, err = charsetOf(encoding.EBCDIC)
	case "EBCDIC1047":
		f.text, err = charsetOf(encoding.EBCDIC1047)
	case "ASCII":
		f.text = Latin1()
	case "Binary":
	default:
		return nil, fmt.Errorf("enc %q is not one of BCD, LBCD, BCDTrack, BCDEither, EBCDIC037, EBCDIC, EBCDIC1047, ASCII, Binary", e.Enc)
	}
	return f, err
}

// charsetOf learns a character set from one of moov's encoders, byte by byte.
func charsetOf(enc encoding.Encoder) (*Charset, error) {
	var toLatin [256]byte
	for b := range toLatin {
		value, _, err := enc.Decode([]byte{byte(b)}, 1)
		if err != nil {
			return nil, fmt.Errorf("character %d cannot be decoded: %w", b, err)
		}
		toLatin[b] = value[0]
		if runes := []rune(string(value)); len(value) > 1 {
			toLatin[b] = byte(runes[0]) //nolint:gosec // these sets hold Latin-1 only
		}
	}
	return NewCharset(toLatin), nil
}

func newLengthCoding(prefix string) (lengthCoding, error) {
	family, digits, _ := strings.Cut(prefix, ".")
	if digits == "Fixed" && family != "None" {
		return lengthCoding{}, nil
	}
	n := len(digits)
	if n == 0 || n > 4 || strings.Trim(digits, "L") != "" {
		return lengthCoding{}, fmt.Errorf("prefix %q is not a family and Fixed, L, LL, LLL or LLLL", prefix)
	}
	switch family {
	case "Binary":
		return lengthCoding{kind: lengthBinary, bytes: n}, nil
	case "BinaryOrBCD":
		if n == 1 {
			return lengthCoding{kind: lengthEither, bytes: 1}, nil
		}
	case "BCD":
		return lengthCoding{kind: lengthPacked, bytes: (n + 1) / 2}, nil
	case "ASCII":
		return lengthCoding{kind: lengthChars, bytes: n, chars: Latin1()}, nil
	case "EBCDIC":
		return lengthCoding{kind: lengthChars, bytes: n, chars: CP037()}, nil
	}
	return lengthCoding{}, fmt.Errorf("prefix %q is not one of Binary, BCD, ASCII, EBCDIC or BinaryOrBCD.L", prefix)
}
