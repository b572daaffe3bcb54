package jcb

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/moov-io/iso8583"

	"sekisho/spec"
	"sekisho/spec/wire"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden frames from their values")

// golden is one file of testdata/frames: a message by its values, and how it is answered.
type golden struct {
	path    string
	remarks []string
	values  map[int]string // 0 is the MTI; bytes in hex
	hex     string         // the hex of all lines joined
	answer  string         // the line that says how it is answered, without "answer: "
	text    string         // the file
}

func (g golden) name() string { return strings.TrimSuffix(filepath.Base(g.path), ".txt") }

func goldens(t testing.TB, dialect string) []golden {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "frames", dialect, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden frames: %v", err)
	}
	all := make([]golden, len(paths))
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = parseGolden(t, path, string(text))
	}
	return all
}

func parseGolden(t testing.TB, path, text string) golden {
	g := golden{path: path, values: map[int]string{}, text: text}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") {
			g.remarks = append(g.remarks, line)
			continue
		}
		if rest, ok := strings.CutPrefix(line, "answer: "); ok {
			g.answer = rest
			break
		}
		left, hexColumn, _ := strings.Cut(line, " | ")
		g.hex += strings.TrimSpace(hexColumn)
		columns := strings.Split(strings.TrimSpace(left), "  ")
		n, err := strconv.Atoi(strings.TrimSpace(columns[0]))
		if err != nil {
			t.Fatalf("%s: line %q does not begin with a field number", filepath.Base(path), columns[0])
		}
		value := strings.TrimSpace(columns[len(columns)-1])
		if quote := strings.Index(left, `"`); quote >= 0 {
			if value, err = strconv.Unquote(strings.TrimSpace(left[quote:])); err != nil {
				t.Fatalf("%s: field %d: %v", filepath.Base(path), n, err)
			}
		}
		g.values[n] = value
	}
	return g
}

// pack builds the frame from the values with moov alone.
func (g golden) pack(t testing.TB, m *iso8583.MessageSpec) []byte {
	t.Helper()
	message := iso8583.NewMessage(m)
	for n, value := range g.values {
		if n == 1 {
			continue
		}
		raw := []byte(value)
		if m.Fields[n].Spec().Enc == nil || isBinary(m, n) {
			raw = unhex(t, value)
		}
		if err := message.BinaryField(n, raw); err != nil {
			t.Fatalf("field %d: %v", n, err)
		}
	}
	frame, err := message.Pack()
	if err != nil {
		t.Fatalf("%s: moov cannot pack it: %v", g.name(), err)
	}
	return frame
}

// lines is a frame as a golden file has it: field, name, value | hex.
func lines(t testing.TB, d *Dialect, frame []byte) string {
	t.Helper()
	var m wire.Message
	if err := d.layout.Read(frame, &m); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	write := func(n int, name, value string) {
		if strings.Contains(value, "  ") || strings.TrimSpace(value) != value || value == "" || value[0] == '"' {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, "%3d  %-28s  %-20s | %X\n", n, name, value, m.Whole(n))
	}
	write(0, d.layout.Field(0).Name, m.MTI.String())
	bitmap := bitmapRow(&m)
	write(1, bitmap.Name, bitmap.Value)
	for n := 2; n <= wire.FieldMax; n++ {
		if !m.Fields.Has(n) {
			continue
		}
		f := d.layout.Field(n)
		value := string(m.AppendValue(nil, n))
		if f.Raw() {
			value = strings.ToUpper(hex.EncodeToString([]byte(value)))
		}
		write(n, f.Name, value)
	}
	return b.String()
}

// response reads the line that says how a golden frame is answered:
// REASON [approval=482913] [part=500] [balance=AVAILABLE/LEDGER].
func (g golden) response(t testing.TB) spec.Response {
	t.Helper()
	words := strings.Fields(g.answer)
	reason, ok := spec.ParseReason(words[0])
	if !ok {
		t.Fatalf("%s: %q is no reason", g.name(), words[0])
	}
	r := spec.Response{Reason: reason}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "approval":
			copy(r.Approval[:], value)
		case "part":
			_, err = fmt.Sscan(value, &r.Amount)
		case "balance":
			r.Balance = &spec.Balance{Currency: spec.JPY}
			_, err = fmt.Sscanf(value, "%d/%d", &r.Balance.Available, &r.Balance.Ledger)
		default:
			err = fmt.Errorf("unknown key %s", key)
		}
		if err != nil {
			t.Fatalf("%s: answer: %v", g.name(), err)
		}
	}
	return r
}

func (g golden) render(t testing.TB, d *Dialect, frame []byte) string {
	var b strings.Builder
	for _, r := range g.remarks {
		b.WriteString(r + "\n")
	}
	b.WriteString(lines(t, d, frame))
	if g.answer != "" {
		b.WriteString("answer: " + g.answer + "\n")
		b.WriteString(lines(t, d, d.AppendReply(nil, frame, g.response(t))))
	}
	return b.String()
}

func TestGoldenFramesAreWhatTheirValuesSay(t *testing.T) {
	d := newTestDialect(t)
	moov, err := d.Table().MessageSpec()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goldens(t, "jcb") {
		t.Run(g.name(), func(t *testing.T) {
			frame := g.pack(t, moov)
			want := g.render(t, d, frame)
			if *rewrite {
				if err := os.WriteFile(g.path, []byte(want), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if joined := unhex(t, g.hex); !bytes.Equal(joined, frame) {
				t.Error("the hex joined is not the frame that moov packs from the values")
			}
			if g.text != want {
				t.Errorf("the file differs from what the frame decodes to or is answered with, first at line %d (run with -rewrite and look at the difference)", firstDifference(g.text, want))
			}
			r := spec.Request{At: arrival}
			if err := d.Decode(frame, &r); err != nil {
				t.Errorf("does not decode: %v", err)
			}
			if in := d.Inspect(frame); in.Err != nil {
				t.Errorf("cannot be inspected: %v", in.Err)
			}
		})
	}
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return i + 1
		}
	}
	return len(x)
}
