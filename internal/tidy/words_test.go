package tidy

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRoomsAndFilesAreCalledByOneNoun(t *testing.T) {
	t.Parallel()
	nothing := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "base", "manager", "misc", "info", "processor", "shared"}
	for _, f := range project(t) {
		file := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.name), ".go"), "_test")
		for _, name := range append(strings.Split(f.room, "/"), file) {
			if slices.Contains(nothing, name) {
				t.Errorf("%s: %q says nothing: call it by what it holds", f.name, name)
			}
		}
	}
}

func TestNoFileIsLongerThanAPersonReads(t *testing.T) {
	t.Parallel()
	const most = 500
	for _, f := range project(t) {
		if f.lines > most && !f.generated() {
			t.Errorf("%s has %d lines: divide it, at most %d", f.name, f.lines, most)
		}
	}
}

func TestNothingIsLeftForLaterAndNoMachineIsNamed(t *testing.T) {
	t.Parallel()
	// Put together here, so that this file does not hold what it looks for.
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	machine := regexp.MustCompile(`(^|[\s"'(=` + "`" + `])/(work|root|home)/[a-z]`)
	eachFile(t, func(name string, text []byte) {
		switch path.Ext(name) {
		case ".go", ".md", ".yaml", ".yml", ".mod", ".txtar", ".sh", "":
		default:
			return
		}
		if name == "LICENSE" || strings.Contains(name, "testdata/fuzz/") {
			return
		}
		for i, line := range strings.Split(string(text), "\n") {
			if later.MatchString(line) {
				t.Errorf("%s:%d leaves something for later: do it, or say in words what is not served", name, i+1)
			}
			if machine.MatchString(line) {
				t.Errorf("%s:%d names a folder of one machine: use a path of the project", name, i+1)
			}
		}
	})
}

func TestTheDialectIsCalledWhatItIs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "spec/jcb/dialect.go", "spec/quicpay/dialect.go"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		if !regexp.MustCompile(`(?i)(style)?,?\s+(dialect, )?unofficial`).Match(text) {
			t.Errorf("%s does not say that the dialect is unofficial: write \"JCB-style, unofficial\"", name)
		}
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil || !strings.Contains(string(readme), "JCB-style, unofficial") {
		t.Errorf("README.md does not say \"JCB-style, unofficial\" (%v)", err)
	}
}

func TestTheLicenceIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil || !strings.Contains(string(text), "Apache License\n                           Version 2.0, January 2004") || strings.Count(string(text), "\n") < 200 {
		t.Errorf("LICENSE is not the whole Apache License, version 2.0 (%v)", err)
	}
}
