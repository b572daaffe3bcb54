package clearing

import "sekisho/spec/wire"

// Charset is the character set of a file.
type Charset uint8

// The character sets of a clearing file.
const (
	CP037 Charset = iota // EBCDIC code page 037
	ASCII
)

// String is the name: cp037, ascii.
func (c Charset) String() string {
	if c == ASCII {
		return "ascii"
	}
	return "cp037"
}

// alphabet is what each byte of a character set is in ASCII; 0 for what is not printable there.
type alphabet [256]byte

func (c Charset) alphabet() *alphabet {
	var every [256]byte
	for i := range every {
		every[i] = byte(i)
	}
	latin := every[:]
	if c == CP037 {
		latin, _, _ = wire.CP037().Decode(latin, len(latin)) // cannot fail: all bytes are there
	}
	a := &alphabet{}
	for i, l := range latin {
		if l >= 0x20 && l <= 0x7E {
			a[i] = l
		}
	}
	return a
}

// inverse is the byte for each printable ASCII character.
func (a *alphabet) inverse() *alphabet {
	out := &alphabet{}
	for b, l := range a {
		if l != 0 {
			out[l] = byte(b)
		}
	}
	return out
}
