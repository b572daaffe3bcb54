// Package scenario tells stories of purchases and holds the whole switch to them: bytes in over a
// connection, decision, append, bytes out.
//
// A story is a text file: blocks of commands, a line of dashes, and what the store and the peer
// saw. `go test ./internal/scenario -rewrite` writes down what they see now.
// On a single store `node 2` has what follows go to another node over the same logs.
package scenario

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"sekisho/balance"
)

var rewrite = flag.Bool("rewrite", false, "write down what the stories give now")

// TestStories runs every story on each kind of store. A story whose name begins with "single"
// or "ordered" is about one kind and runs on that.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("../../testdata/scenario/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories found: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, kind := range []string{"ordered", "single"} {
			if other := map[string]string{"ordered": "single", "single": "ordered"}[kind]; strings.HasPrefix(name, other) {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { runFile(t, file, kind == "single") })
			})
		}
	}
}

func runFile(t *testing.T, file string, single bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, balance.MemoryOptions{Single: single})
	defer w.close()
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimRight(string(text), "\n"), "\n\n") {
		commands, want, has := strings.Cut(block+"\n", "----\n")
		out.WriteString(commands)
		got := w.run(commands)
		if has || got != "" {
			out.WriteString("----\n" + got)
		}
		out.WriteString("\n")
		if single && strings.Contains("\n"+commands, "\npour ") {
			got, want = settled(got), settled(want)
		}
		if !*rewrite && got != want {
			t.Errorf("%s:\n%s\n%s", filepath.Base(file), commands, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
	}
	w.verify()
	if *rewrite && !single == !strings.HasPrefix(filepath.Base(file), "single") {
		if err := os.WriteFile(file, bytes.TrimRight([]byte(out.String()), "\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var version = regexp.MustCompile(` v\d+ `)

// settled leaves out what depends on how many requests met in one entry of a single store.
func settled(seen string) string {
	var out strings.Builder
	for line := range strings.Lines(seen) {
		if !strings.HasPrefix(line, "store") {
			out.WriteString(version.ReplaceAllString(line, " "))
		}
	}
	return out.String()
}
