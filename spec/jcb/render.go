package jcb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// valueWidthMax is up to where values are aligned; a longer one pushes its hex to the right.
const valueWidthMax = 42

// Text is the message as a table for a terminal: offset, data element, name, value, hex. An
// error follows as the hex of the wrong field with a caret under the first wrong byte, then
// where, what was expected and the usual cause.
func (in Inspection) Text() string {
	names, values := len("name"), len("value")
	for _, f := range in.Fields {
		names = max(names, len(f.Name))
		for _, t := range f.Tags {
			names = max(names, len(t.label()))
		}
		if n := len([]rune(f.Value)); n <= valueWidthMax {
			values = max(values, n)
		}
	}
	if in.Err != nil {
		names, values = max(names, len(in.BadName)), max(values, len(wrongHere))
	}
	var b strings.Builder
	line := func(offset, de, name, value, hex string) {
		text := fmt.Sprintf("%6s  %-4s %-*s  %-*s  %s", offset, de, names, name, values, visible(value), hex)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("offset", "DE", "name", "value", "hex")
	for _, f := range in.Fields {
		value := f.Value
		if len(f.Tags) > 0 {
			value = counted(len(f.Tags), "tag")
		}
		line(strconv.Itoa(f.Offset), nameOf(f.DE), f.Name, value, f.Hex)
		for _, t := range f.Tags {
			line("", "", t.label(), t.Value, "")
		}
	}
	if in.Err != nil {
		line(strconv.Itoa(in.Err.Offset-in.BadAt/2), nameOf(in.Err.Field), in.BadName, wrongHere, in.BadHex)
		line("", "", "", "", strings.Repeat(" ", in.BadAt)+"^^")
		b.WriteString(in.Err.Error() + "\n")
		if in.Err.Cause != "" {
			b.WriteString("usual cause: " + in.Err.Cause + "\n")
		}
	}
	if in.Missing != 0 {
		fmt.Fprintf(&b, "DE%d is missing: a %s without it is answered with a format error\n", in.Missing, in.MTI)
	}
	return b.String()
}

// label is the tag as a line under its field begins.
func (t Tag) label() string { return strings.TrimRight(fmt.Sprintf("  %-4s %s", t.ID, t.Name), " ") }

const wrongHere = "(wrong here)"

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func nameOf(de int) string {
	switch de {
	case 0:
		return "MTI"
	case 1:
		return ""
	}
	return strconv.Itoa(de)
}

// visible replaces what a terminal would not show, or would obey.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, s)
}

// JSON is {"mti": "0100", "fields": {"3": "000000", ...}}, the data elements in order. A
// message that does not decode has the fields before the wrong one, and "error" with field,
// offset, expected and cause.
func (in Inspection) JSON() ([]byte, error) {
	var b bytes.Buffer
	put := func(v any) error {
		raw, err := json.Marshal(v)
		b.Write(raw)
		return err
	}
	b.WriteString(`{"mti":`)
	if err := put(in.MTI); err != nil {
		return nil, err
	}
	b.WriteString(`,"fields":{`)
	first := true
	for _, f := range in.Fields {
		if f.DE < 2 {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		fmt.Fprintf(&b, `"%d":`, f.DE)
		if err := put(f.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	if e := in.Err; e != nil {
		b.WriteString(`,"error":`)
		if err := put(inspectionError{e.Field, e.Offset, e.Expected, e.Cause}); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type inspectionError struct {
	Field    int    `json:"field"`
	Offset   int    `json:"offset"`
	Expected string `json:"expected"`
	Cause    string `json:"cause,omitempty"`
}
