package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"sekisho/spec/clearing"
)

func newClearingShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show FILE | -",
		Short: "Show the records of a clearing file",
		Long: "show prints the records of a clearing file (JCB-style, unofficial), or of standard input (-), header and\n" +
			"trailer included. Card numbers are masked; chip data, the data record and private elements that could\n" +
			"hold anything are shown by their length only. With --json there is one object a line.\n\n" +
			"A file that is refused is shown up to where it is wrong, then why goes to standard error and the exit\n" +
			"code is 1. The type of the file, and whether it was loaded before, do not matter here.",
		Example: "  sekisho clearing show today.clr\n" +
			"  sekisho clearing show --json today.clr | jq 'select(.mti == \"1442\")'",
		Args: needs("FILE or -"),
	}
	asJSON := cmd.Flags().Bool("json", false, "print each record as one line of JSON")
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		name, in := "standard input", cmd.InOrStdin()
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close() //nolint:errcheck // only read
			name, in = args[0], file
		}
		out := bufio.NewWriter(cmd.OutOrStdout())
		show := clearingText
		if *asJSON {
			show = clearingJSON
		}
		err := clearing.NewReader(in, nil).Show(func(s clearing.Shown) error { return show(out, s) })
		if flushed := out.Flush(); flushed != nil {
			return flushed
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return cmd
}

// clearingText prints a record as a paragraph, a line a field.
func clearingText(w io.Writer, s clearing.Shown) error {
	var b bytes.Buffer
	if s.Record > 1 {
		b.WriteByte('\n')
	}
	kind := s.Kind
	if kind == "" {
		kind = "of no kind in the layout"
	}
	fmt.Fprintf(&b, "record %d  %s/%03d  %s  at offset %d\n", s.Record, s.MTI, s.Function, kind, s.Offset)
	for _, f := range s.Fields {
		value := f.Value
		if f.Opaque {
			value = fmt.Sprintf("(%d bytes)", f.Size)
		}
		switch {
		case f.DE < 2:
		case f.Tag != 0:
			fmt.Fprintf(&b, "       %04d  %-30s %s\n", f.Tag, f.Name, value)
		default:
			fmt.Fprintf(&b, "  %3d  %-36s %s\n", f.DE, f.Name, value)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// clearingLine is a record as JSON. Data elements that only carry private elements are not among
// the fields; what has only a length is in opaque, by the same names.
type clearingLine struct {
	Record   uint32  `json:"record"`
	Offset   int64   `json:"offset"`
	MTI      string  `json:"mti"`
	Function string  `json:"function"`
	Kind     string  `json:"kind"`
	Fields   ordered `json:"fields"`
	Elements ordered `json:"elements"`
	Opaque   ordered `json:"opaque"`
}

// clearingJSON prints a record as one line of JSON, values as they are in the file.
func clearingJSON(w io.Writer, s clearing.Shown) error {
	line := clearingLine{Record: s.Record, Offset: s.Offset, MTI: s.MTI.String(), Function: fmt.Sprintf("%03d", s.Function), Kind: s.Kind}
	for _, f := range s.Fields {
		name, into := strconv.Itoa(f.DE), &line.Fields
		if f.Tag != 0 {
			name, into = fmt.Sprintf("%04d", f.Tag), &line.Elements
		}
		switch {
		case f.DE < 2 || f.Carrier:
		case f.Opaque:
			line.Opaque = append(line.Opaque, member{name, f.Size})
		default:
			*into = append(*into, member{name, f.Value})
		}
	}
	raw, err := json.Marshal(line)
	if err == nil {
		_, err = w.Write(append(raw, '\n'))
	}
	return err
}

// ordered is a JSON object whose members stay in their order.
type ordered []member

type member struct {
	name  string
	value any
}

// MarshalJSON is {} when there is no member.
func (o ordered) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		out = append(strconv.AppendQuote(out, m.name), ':')
		out = append(out, value...)
	}
	return append(out, '}'), nil
}
