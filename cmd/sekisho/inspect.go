package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	authswitch "sekisho/switch"
)

func newInspect() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect --dialect NAME [HEX | -]",
		Short: "Take a message apart",
		Long: "inspect shows the fields of one message, or of one message a line of standard input (-). Card data\n" +
			"is masked. A message that does not decode shows the fields before the wrong byte, then where it is,\n" +
			"what was expected and the usual cause; the exit code is then 1.\n\n" +
			"The hexadecimal digits may have spaces between them. With --framed the length header of the link is\n" +
			"in front of the message.",
		Example: "  sekisho inspect --dialect jcb F0F8F0F0822000008000000004000000100000000921180513002323088871500000010888791000\n" +
			"  sekisho inspect --dialect jcb --json - < messages.txt",
		Args: needs("HEX or -"),
	}
	name := cmd.Flags().StringP("dialect", "d", "", "dialect of the message: "+strings.Join(dialectNames(), ", "))
	asJSON := cmd.Flags().Bool("json", false, "print each message as one line of JSON")
	framed := cmd.Flags().Bool("framed", false, "the message has its length header in front")
	framing := cmd.Flags().String("framing", "length2-zero2", "kind of that header")
	if err := cmd.MarkFlagRequired("dialect"); err != nil {
		panic(err) // the flag was made above
	}
	cmd.RunE = work(func(cmd *cobra.Command, args []string) error {
		d := dialectNamed(*name)
		if d == nil {
			return unknownDialect(*name)
		}
		hasher, err := throwawayHasher()
		if err != nil {
			return err
		}
		speaks, err := d.make(hasher, nil, nil)
		if err != nil {
			return err
		}
		i := &inspector{dialect: speaks, asJSON: *asJSON, framed: *framed, out: cmd.OutOrStdout()}
		if i.framing, err = authswitch.ParseFraming(*framing); err != nil {
			return usageError{err}
		}
		if args[0] == "-" {
			return i.lines(cmd.InOrStdin(), cmd.ErrOrStderr())
		}
		return i.message(args[0])
	})
	return cmd
}

// inspector takes messages apart.
type inspector struct {
	dialect talker
	asJSON  bool
	framed  bool
	framing authswitch.Framing
	out     io.Writer
}

// lineMax bounds a line of standard input, in bytes.
const lineMax = 1 << 20

// lines takes apart one message a line. Each line that is wrong is told, and the rest are shown
// all the same.
func (i *inspector) lines(in io.Reader, stderr io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, lineMax)
	n, messages := 0, 0
	var worst error
	for lines.Scan() {
		n++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		messages++
		err := i.message(lines.Text())
		if err == nil {
			continue
		}
		fmt.Fprintf(stderr, "sekisho: line %d: %s\n", n, blank(err.Error()))
		var usage usageError
		if worst == nil || errors.As(err, &usage) {
			worst = err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("standard input, line %d: %w", n+1, err)
	}
	var usage usageError
	switch {
	case messages == 0:
		return errors.New("standard input has no message: expected one a line, in hexadecimal")
	case errors.As(worst, &usage):
		return usageError{errors.New("not every line of standard input is hexadecimal")}
	case worst != nil:
		return errSaid
	}
	return nil
}

// message takes one message apart and prints it. A message that does not decode is printed as far
// as it goes, and is an error.
func (i *inspector) message(text string) error {
	frame, err := parseHex(text)
	if err != nil {
		return usageError{err}
	}
	if i.framed {
		if frame, err = i.unframe(frame); err != nil {
			return err
		}
	}
	in := i.dialect.Inspect(frame)
	if i.asJSON {
		var line []byte
		if line, err = in.JSON(); err != nil {
			return err
		}
		_, err = fmt.Fprintln(i.out, strings.TrimSpace(string(line)))
	} else {
		_, err = fmt.Fprintln(i.out, strings.TrimRight(in.Text(), "\n"))
	}
	if err == nil && in.Err != nil {
		err = fmt.Errorf("the message does not decode: %w", in.Err)
	}
	return err
}

// unframe takes the header off; there must be one whole message and nothing behind it.
func (i *inspector) unframe(b []byte) ([]byte, error) {
	frame, size, err := i.framing.Cut(b, i.framing.SizeMax())
	switch {
	case err != nil:
		return nil, fmt.Errorf("header: %w", err)
	case size == 0:
		return nil, fmt.Errorf("header: the message is cut off, there are %d bytes of it and of its header (%s)", len(b), i.framing)
	case len(frame) == 0:
		return nil, errors.New("header: a length of zero is a keep-alive, without a message")
	case size != len(b):
		return nil, fmt.Errorf("header: %d bytes are left behind the message", len(b)-size)
	}
	return frame, nil
}

// parseHex reads hexadecimal digits with spaces between them as one likes. The error names the
// position, in characters from 1, and never the rest.
func parseHex(text string) ([]byte, error) {
	out := make([]byte, 0, len(text)/2)
	var high byte
	digits := 0
	at := 0
	for _, c := range text {
		at++
		var v byte
		switch {
		case c >= '0' && c <= '9':
			v = byte(c - '0')
		case c >= 'a' && c <= 'f':
			v = byte(c - 'a' + 10)
		case c >= 'A' && c <= 'F':
			v = byte(c - 'A' + 10)
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		default:
			return nil, fmt.Errorf("position %d: %q is not a hexadecimal digit", at, c)
		}
		if digits++; digits%2 == 1 {
			high = v
			continue
		}
		out = append(out, high<<4|v)
	}
	switch {
	case digits == 0:
		return nil, errors.New("the message is empty: expected hexadecimal digits")
	case digits%2 == 1:
		return nil, fmt.Errorf("position %d: half a byte is left, there are %d hexadecimal digits", at, digits)
	}
	return out, nil
}
