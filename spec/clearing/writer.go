package clearing

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"sekisho/spec"
)

// Options are how a file is written.
type Options struct {
	Charset Charset // CP037 unless said otherwise
	NoRDW   bool    // records without their length in front
}

// Writer writes a clearing file: Header, any number of Write, Close. It writes no record that its
// own reader would refuse. After an error nothing more can be written.
type Writer struct {
	out     *bufio.Writer
	options Options
	code    *alphabet // the byte for each ASCII character
	record  []byte
	judge   image
	id      FileID
	parties [2]string // forwarder and receiver of the header
	count   uint32
	sum     uint64
	err     error
}

// countMax is the largest number of records that DE71 can say.
const countMax = 99_999_999

var (
	errNoHeader = errors.New("a clearing file begins with its header: call Header first, once")
	errClosed   = errors.New("the clearing file is closed")
)

// NewWriter makes a writer. What it writes is buffered until Close.
func NewWriter(w io.Writer, o Options) *Writer {
	a := o.Charset.alphabet()
	return &Writer{
		out: bufio.NewWriterSize(w, windowSize), options: o, code: a.inverse(),
		judge: image{alphabet: a, ascii: make([]byte, recordMax)},
	}
}

// Header writes the first record. The forwarder (DE33) and the receiver (DE100) are up to 11
// digits each; records that name none have the same.
func (w *Writer) Header(id FileID, forwarder, receiver string) error {
	if w.count > 0 {
		return w.fail(errNoHeader)
	}
	w.id, w.parties = id, [2]string{forwarder, receiver}
	return w.frame(689, []Element{{tagFile, id.String()}})
}

// Write writes one record. It sets DE71. The error names the field that is wrong, never its value.
func (w *Writer) Write(d *Draft) error {
	if w.count == 0 {
		return w.fail(errNoHeader)
	}
	kind := messageOf(d.MTI, d.Function)
	if kind == nil || kind.header() || kind.trailer() {
		return w.fail(fmt.Errorf("there is no record %04d/%03d in the layout", d.MTI, d.Function))
	}
	if d.Reversal && d.ReversalDate.IsZero() {
		return w.fail(errors.New("PDS 3007: a reversal needs ReversalDate, the date of its original's file"))
	}
	if year := time.Unix(d.Local, 0).UTC().Year(); d.Local != 0 && (year < 2000 || year > 2099) {
		return w.fail(fmt.Errorf("DE12: year %d cannot be written with two digits, expected 2000 to 2099", year))
	}
	v := d.values(kind, w.parties)
	for _, f := range d.Further {
		if f.DE < 2 || f.DE > 128 || layout[f.DE].format == 0 || f.DE == 71 {
			return w.fail(fmt.Errorf("DE%d cannot be set", f.DE))
		}
		v[f.DE] = f.Value
	}
	if err := w.append(kind, &v, d.elements(kind, &v)); err != nil {
		return err
	}
	w.sum += w.judge.number(4)
	return nil
}

// Close writes the trailer with the sums, and what is buffered. It does not close the underlying
// writer.
func (w *Writer) Close() error {
	if w.count == 0 {
		return w.fail(errNoHeader)
	}
	if w.sum > sumMax {
		return w.fail(errors.New("the sum of DE4 has more than 16 digits: divide the file"))
	}
	err := w.frame(690, []Element{
		{tagFile, w.id.String()},
		{tagSum, leftZeros(strconv.FormatUint(w.sum, 10), 16)},
		{tagCount, leftZeros(strconv.FormatUint(uint64(w.count)+1, 10), 8)},
	})
	if err == nil {
		err = w.out.Flush()
	}
	if err != nil {
		return w.fail(err)
	}
	w.err = errClosed
	return nil
}

// frame writes header or trailer.
func (w *Writer) frame(function uint16, elements []Element) error {
	kind := messageOf(1644, function)
	v := values{24: strconv.Itoa(int(function)), 33: w.parties[0], 100: w.parties[1]}
	return w.append(kind, &v, elements)
}

// fail remembers an error: a file with a hole in it is no file.
func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = fmt.Errorf("write clearing file, record %d: %w", w.count+1, err)
	}
	return w.err
}

// append writes one record, after the reader's rules were held against it.
func (w *Writer) append(kind *message, v *values, elements []Element) error {
	if w.err != nil {
		return w.err
	}
	if w.count == countMax {
		return w.fail(errors.New("DE71 has 8 digits: divide the file"))
	}
	v[71] = strconv.FormatUint(uint64(w.count)+1, 10)
	if err := carry(v, elements); err != nil {
		return w.fail(err)
	}
	if err := w.encode(kind.mti, v); err != nil {
		return w.fail(err)
	}
	body := w.record[rdwSize:]
	wrong := w.judge.read(body, "the record")
	if wrong == nil {
		wrong = w.judge.complete(kind)
	}
	if wrong != nil {
		return w.fail(errors.New(wrong.Detail))
	}
	out := body
	if !w.options.NoRDW {
		binary.BigEndian.PutUint32(w.record, uint32(len(body))) //nolint:gosec // at most recordMax
		out = w.record
	}
	if _, err := w.out.Write(out); err != nil {
		return w.fail(err)
	}
	w.count++
	return nil
}

// carry spreads private elements over DE48 and the fields after it. None is divided.
func carry(v *values, elements []Element) error {
	to := 0
	for _, e := range elements {
		if e.Tag > 9999 || len(e.Value) > 999-elementHead {
			return fmt.Errorf("PDS %04d: a tag has 4 digits and a value at most %d characters, this one has %d", e.Tag, 999-elementHead, len(e.Value))
		}
		if len(v[carriers[to]])+elementHead+len(e.Value) > 999 {
			to++
		}
		if to == len(carriers) {
			return fmt.Errorf("PDS %04d: the private elements have no room in DE48, 62, 123 to 126", e.Tag)
		}
		v[carriers[to]] += fmt.Sprintf("%04d%03d%s", e.Tag, len(e.Value), e.Value)
	}
	return nil
}

// encode makes the bytes of a record, with room for its length in front.
func (w *Writer) encode(mti uint16, v *values) error {
	w.record = append(w.record[:0], 0, 0, 0, 0)
	w.characters(leftZeros(strconv.Itoa(int(mti)), 4))
	var set spec.FieldSet
	for n := 2; n < len(v); n++ {
		if v[n] != "" {
			set.Add(n)
		}
	}
	w.record = appendBitmap(w.record, set)
	for n := 2; n < len(v); n++ {
		if v[n] == "" {
			continue
		}
		if err := w.field(n, v[n]); err != nil {
			return err
		}
	}
	if len(w.record)-rdwSize > recordMax {
		return fmt.Errorf("the record has more than %d bytes", recordMax)
	}
	return nil
}

// field appends one data element: its length where it has one, and its content filled up.
func (w *Writer) field(n int, value string) error {
	f := &layout[n]
	if len(value) > int(f.max) {
		return fmt.Errorf("DE%d (%s): at most %d characters, found %d", n, f.name, f.max, len(value))
	}
	switch {
	case n == 43:
		value = rightSpaces(value, int(f.max))
		fallthrough
	case f.prefix > 0:
		w.characters(leftZeros(strconv.Itoa(len(value)), int(f.prefix)))
	case f.format == numeric:
		value = leftZeros(value, int(f.max))
	default:
		value = rightSpaces(value, int(f.max))
	}
	if f.format == octets {
		w.record = append(w.record, value...)
		return nil
	}
	w.characters(value)
	return nil
}

// characters appends text in the file's character set. What is not printable becomes a byte that
// the judge refuses.
func (w *Writer) characters(text string) {
	for i := range len(text) {
		w.record = append(w.record, w.code[text[i]])
	}
}

func rightSpaces(text string, size int) string {
	return text + strings.Repeat(" ", max(0, size-len(text)))
}

// appendBitmap appends 16 bytes: bit 1, which says that there are 16, and a bit for each data
// element.
func appendBitmap(dst []byte, set spec.FieldSet) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, 16)...)
	dst[at] = 0x80
	for n := 2; n <= 128; n++ {
		if set.Has(n) {
			dst[at+(n-1)/8] |= 0x80 >> ((n - 1) % 8)
		}
	}
	return dst
}
