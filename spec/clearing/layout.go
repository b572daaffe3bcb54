package clearing

import "sekisho/spec"

// format says which characters a data element is made of.
type format uint8

const (
	numeric format = iota + 1 // n
	alnum                     // an: letters, digits, spaces
	textual                   // ans: printable ASCII
	signed                    // C or D, then digits (DE97)
	octets                    // b
)

// field is one row of the layout (page 2 of the format).
type field struct {
	name     string
	format   format
	prefix   uint8 // digits of the length in front, 0 for a fixed length
	min, max uint16
}

func fixed(f format, size uint16, name string) field { return field{name, f, 0, size, size} }

func ll(f format, most uint16, name string) field { return field{name, f, 2, 1, most} }

func lll(f format, most uint16, name string) field { return field{name, f, 3, 1, most} }

// layout is every data element that a record may have. A bit outside it makes the record
// unreadable: nobody knows how long the field is.
var layout = [129]field{
	2:  {"card number", numeric, 2, spec.PANLengthMin, spec.PANLengthMax},
	3:  fixed(numeric, 6, "processing code"),
	4:  fixed(numeric, 12, "amount, transaction"),
	5:  fixed(numeric, 12, "amount, settlement"),
	6:  fixed(numeric, 12, "amount, cardholder billing"),
	9:  fixed(numeric, 8, "conversion rate, settlement"),
	10: fixed(numeric, 8, "conversion rate, cardholder billing"),
	12: fixed(numeric, 12, "date and time, local"),
	14: fixed(numeric, 4, "date, expiration"),
	16: fixed(numeric, 4, "date, conversion"),
	22: fixed(alnum, 12, "point of service"),
	23: fixed(numeric, 3, "card sequence number"),
	24: fixed(numeric, 3, "function code"),
	25: fixed(numeric, 4, "message reason"),
	26: fixed(numeric, 4, "merchant category"),
	30: fixed(numeric, 24, "amounts, original"),
	31: {"acquirer reference", numeric, 2, 23, 23},
	32: ll(numeric, 11, "acquiring institution"),
	33: ll(numeric, 11, "forwarding institution"),
	37: fixed(alnum, 12, "retrieval reference number"),
	38: fixed(alnum, 6, "approval code"),
	40: fixed(numeric, 3, "service code"),
	41: fixed(textual, 8, "terminal"),
	42: fixed(textual, 15, "merchant"),
	43: ll(textual, 99, "merchant name and place"),
	48: lll(textual, 999, "private elements"),
	49: fixed(numeric, 3, "currency, transaction"),
	50: fixed(numeric, 3, "currency, settlement"),
	51: fixed(numeric, 3, "currency, cardholder billing"),
	54: lll(textual, 120, "additional amounts"),
	55: lll(octets, 255, "chip data"),
	62: lll(textual, 999, "private elements, next"),
	71: fixed(numeric, 8, "message number"),
	72: lll(textual, 999, "data record"),
	93: ll(numeric, 11, "destination institution"),
	94: ll(numeric, 11, "originator institution"),
	97: fixed(signed, 17, "net settlement"),

	100: ll(numeric, 11, "receiving institution"),
	123: lll(textual, 999, "private elements, next"),
	124: lll(textual, 999, "private elements, next"),
	125: lll(textual, 999, "private elements, next"),
	126: lll(textual, 999, "private elements, next"),
}

// carriers are the data elements that private elements are spread over, in this order.
var carriers = [...]int{48, 62, 123, 124, 125, 126}

// laidOut are the data elements of the layout.
var laidOut = func() (s spec.FieldSet) {
	for n, f := range layout {
		if f.format != 0 {
			s.Add(n)
		}
	}
	return s
}()

// The sizes of a record in bytes, without the four in front that may say its length.
const (
	recordMin = 20 // message type and bitmap
	recordMax = 9999
)

// rdwSize is the number of bytes of a record length.
const rdwSize = 4

// String says which characters are allowed, for messages.
func (f format) String() string {
	switch f {
	case numeric:
		return "a digit"
	case alnum:
		return "a letter, a digit or a space"
	case textual:
		return "a printable character"
	case signed:
		return "C or D, then digits"
	case octets:
		return "a byte"
	}
	return "nothing"
}
