package clearing

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"sekisho/spec"
)

// Reader reads a clearing file from its first byte to its last, one record at a time. It holds one
// window of the file, whatever the file's size. It is for one goroutine.
type Reader struct {
	source io.Reader
	hasher *spec.Hasher
	sum    hash.Hash // of all bytes
	window []byte
	lo, hi int   // what of the window was read from the source and not yet taken
	base   int64 // where in the file the window begins
	ended  bool  // the source has no more
	err    error // what Next says from now on

	framed bool // records have their length in front
	image  image
	kind   *message
	start  int64 // of the current record
	header Header
	totals Totals
	closed bool // the trailer was read

	readable bool // the last step read a record's fields, whatever was then found about it
}

// Header is the first record of a file.
type Header struct {
	FileID    FileID           // PDS 3901
	Forwarder spec.Institution // DE33
	Receiver  spec.Institution // DE100
}

// Totals are what a file comes to.
type Totals struct {
	FileID  FileID
	Records uint32     // detail records
	Count   uint32     // PDS 3903: all records, header and trailer included
	Sum     spec.Money // PDS 3902: DE4 of all detail records added up, whatever they mean and in whatever currency
	Bytes   int64
	SHA256  [sha256.Size]byte // of all bytes
}

// windowSize is how much of the file is held; a record fits in several times.
const windowSize = 64 << 10

// sumMax is the largest sum that 3902 can say. A sum past it stays past it.
const sumMax = 9_999_999_999_999_999

// NewReader makes a reader. The hasher makes the card of each record's number; with nil a card has
// everything but its hash, enough to check or to show a file.
func NewReader(r io.Reader, hasher *spec.Hasher) *Reader {
	return &Reader{
		source: r,
		hasher: hasher,
		sum:    sha256.New(),
		window: make([]byte, windowSize),
		image:  image{ascii: make([]byte, recordMax)},
	}
}

// Header is the file's header, nil before the first Next.
func (r *Reader) Header() *Header {
	if r.header.FileID == (FileID{}) {
		return nil
	}
	return &r.header
}

// FileID is the id in the header, zero before the first Next.
func (r *Reader) FileID() FileID { return r.header.FileID }

// Totals are what was read so far: all of the file after Next has returned io.EOF. Before that
// SHA256 is zero.
func (r *Reader) Totals() Totals { return r.totals }

// Next reads the next detail record. It returns io.EOF only after the trailer, and what it says of
// the records, was found to hold and nothing followed. Any other error is a *Reject, or wraps the
// error of the source; from then on Next returns the same.
func (r *Reader) Next(into *Record) error {
	for {
		if err := r.advance(); err != nil {
			return err
		}
		if !r.kind.header() && !r.kind.trailer() {
			r.image.fill(into, r.hasher)
			into.Offset = r.start
			return nil
		}
	}
}

// advance reads one record of any kind, and at the end io.EOF. It remembers an error.
func (r *Reader) advance() error {
	if r.err != nil {
		r.readable = false
		return r.err
	}
	r.err = r.step()
	return r.err
}

func (r *Reader) step() error {
	r.readable = false
	if r.totals.Count == 0 {
		if err := r.detect(); err != nil {
			return err
		}
	} else if err := r.skip(); err != nil {
		return err
	}
	if err := r.fill(); err != nil {
		return err
	}
	r.start = r.base + int64(r.lo)
	if r.lo == r.hi {
		return r.finish()
	}
	if r.closed {
		return &Reject{Structure, 0, r.start, "expected the end of the file behind the trailer, found more bytes"}
	}
	r.totals.Count++
	size, err := r.record()
	if err != nil {
		return err
	}
	r.readable = true
	if wrong := r.place(); wrong != nil {
		return r.atImage(wrong)
	}
	r.lo += size
	return nil
}

// detect finds the character set and whether records have their length in front, by where 1644 is.
func (r *Reader) detect() error {
	if err := r.fill(); err != nil {
		return err
	}
	head := r.window[r.lo:r.hi]
	if len(head) == 0 {
		return &Reject{Empty, 0, 0, "expected a clearing file, found no byte"}
	}
	for _, set := range []Charset{CP037, ASCII} {
		a := set.alphabet()
		for at := 0; at <= rdwSize && len(head) >= at+4; at += rdwSize {
			if first := head[at : at+4]; a[first[0]] == '1' && a[first[1]] == '6' && a[first[2]] == '4' && a[first[3]] == '4' {
				r.framed, r.image.alphabet = at > 0, a
				return nil
			}
		}
	}
	return &Reject{NotClearing, 0, 0, "expected 1644 in cp037 or ASCII, with or without 4 bytes of record length in front"}
}

// record reads the next record's image and says how many bytes it takes with its length in front.
func (r *Reader) record() (size int, err error) {
	rest := r.window[r.lo:r.hi]
	if !r.framed {
		if wrong := r.image.read(rest, "the file"); wrong != nil {
			return 0, r.at(wrong)
		}
		return r.image.size, nil
	}
	if len(rest) < rdwSize {
		return 0, r.at(broken(len(rest), "the file ends inside it: expected a record length, 4 bytes"))
	}
	length := binary.BigEndian.Uint32(rest)
	if length < recordMin || length > recordMax {
		return 0, r.at(broken(0, "record length: expected %d to %d%s", recordMin, recordMax, found(length)))
	}
	body, ends := rest[rdwSize:], "the file"
	if len(body) >= int(length) {
		body, ends = body[:length], "the record"
	}
	wrong := r.image.read(body, ends)
	switch {
	case wrong != nil:
		return 0, r.atImage(wrong)
	case r.image.size != int(length):
		return 0, r.at(broken(0, "record length: expected the %d bytes that its fields use, found %d", r.image.size, length))
	}
	return rdwSize + int(length), nil
}

// found shows a record length that cannot be one; not a large one, which may be anything.
func found(length uint32) string {
	switch {
	case length == 0:
		return ", found 0 (an end mark of a file that is blocked in another way)"
	case length > 99_999:
		return ", found far more"
	}
	return fmt.Sprintf(", found %d", length)
}

// at puts a fault of the current record where it is in the file.
func (r *Reader) at(wrong *Reject) *Reject {
	wrong.Record = r.totals.Count
	wrong.Offset += r.start
	return wrong
}

// atImage is the same for a fault at an offset of the image, which begins behind the length.
func (r *Reader) atImage(wrong *Reject) *Reject {
	if r.framed {
		wrong.Offset += rdwSize
	}
	return r.at(wrong)
}

// finish ends the file: all of it was read.
func (r *Reader) finish() error {
	if !r.closed {
		return &Reject{BadTrailer, r.totals.Count, r.start, "expected a trailer (1644/690) as the last record, found the end of the file"}
	}
	r.totals.Bytes = r.start
	r.sum.Sum(r.totals.SHA256[:0])
	return io.EOF
}

// skip passes over the line ends that may stand between records.
func (r *Reader) skip() error {
	for {
		for ; r.lo < r.hi; r.lo++ {
			switch r.window[r.lo] {
			case 0x0D, 0x0A, 0x15, 0x25:
			default:
				return nil
			}
		}
		if err := r.fill(); err != nil || r.lo == r.hi {
			return err
		}
	}
}

// readsMax is how often a source may return nothing before that counts as an error.
const readsMax = 100

var errSource = errors.New("the source returned a count that cannot be")

// fill sees to it that the window holds a whole record of any size, or all that is left.
func (r *Reader) fill() error {
	if r.ended || r.hi-r.lo >= rdwSize+recordMax {
		return nil
	}
	copy(r.window, r.window[r.lo:r.hi])
	r.base += int64(r.lo)
	r.lo, r.hi = 0, r.hi-r.lo
	for idle := 0; r.hi < rdwSize+recordMax; {
		n, err := r.source.Read(r.window[r.hi:])
		if n < 0 || n > len(r.window)-r.hi {
			return fmt.Errorf("clearing file: %w", errSource)
		}
		r.sum.Write(r.window[r.hi : r.hi+n])
		r.hi += n
		switch {
		case errors.Is(err, io.EOF):
			r.ended = true
			return nil
		case err != nil:
			return fmt.Errorf("clearing file, offset %d: %w", r.base+int64(r.hi), err)
		case n > 0:
			idle = 0
		default:
			if idle++; idle == readsMax {
				return fmt.Errorf("clearing file, offset %d: %w", r.base+int64(r.hi), io.ErrNoProgress)
			}
		}
	}
	return nil
}
