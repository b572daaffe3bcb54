package balance

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// decoder reads what the append functions wrote. The first thing that is wrong makes every
// later read return zero; err tells.
type decoder struct {
	rest []byte
	err  error
}

var errCut = errors.New("cut short")

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(errCut)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail(errCut)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail(errCut)
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) fixed(into []byte) {
	if len(d.rest) < len(into) {
		d.fail(errCut)
		return
	}
	copy(into, d.rest)
	d.rest = d.rest[len(into):]
}

// short reads bytes behind a length byte into an array whose rest stays zero.
func (d *decoder) short(into []byte) {
	n := int(d.byte())
	if n > len(into) {
		d.fail(fmt.Errorf("length %d where at most %d fit", n, len(into)))
		return
	}
	d.fixed(into[:n])
}

func (d *decoder) text(most int) string {
	n := d.uint()
	if n > uint64(most) || n > uint64(len(d.rest)) { //nolint:gosec // most is a small constant
		d.fail(fmt.Errorf("text of %d bytes", n))
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// count reads how many things follow, each of at least one byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.rest)) {
		d.fail(fmt.Errorf("%d things in %d bytes", n, len(d.rest)))
		return 0
	}
	return int(n) //nolint:gosec // bounded by the line above
}

func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes too many", len(d.rest))
	}
	return d.err
}

func appendShort(dst, b []byte) []byte {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	dst = append(dst, byte(n))
	return append(dst, b[:n]...)
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendUint[T ~uint8 | ~uint16 | ~uint32 | ~uint64](dst []byte, v T) []byte {
	return binary.AppendUvarint(dst, uint64(v))
}

func appendInt[T ~int64](dst []byte, v T) []byte {
	return binary.AppendVarint(dst, int64(v))
}
