package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoGroups is a configuration whose store has a wallet in each of two groups, and the place of the second.
func twoGroups(t *testing.T) (config, segment string, last int) {
	t.Helper()
	dir := t.TempDir()
	config = writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data")))
	for _, id := range []string{"alice", "bob"} {
		mustRun(t, 0, "seed", "--config", config, writeFile(t, dir, id+".yaml", "wallets: [{id: "+id+", posted: 5000, program: prepaid}]\n"))
	}
	segment = filepath.Join(dir, "data", "log", "00000001.seg")
	b, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	return config, segment, bytes.LastIndex(b, []byte("SEKISHO\x01")) - 4096 // the parity page of one page is like it
}

// mustRun runs the program in this process and wants an exit code.
func mustRun(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	if got := run(t.Context(), args, nil, &out, &said); got != code {
		t.Fatalf("%v exits with %d, want %d: %s%s", args, got, code, &out, &said)
	}
	return out.String(), said.String()
}

func overwrite(t *testing.T, file string, at int, with []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(with, int64(at)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedEndFailsVerifyAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	config, segment, last := twoGroups(t)
	overwrite(t, segment, last, bytes.Repeat([]byte{0xaa}, 200))
	before, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // also the second time
		out, said := mustRun(t, 1, "verify", "--config", config)
		if !strings.Contains(out, fmt.Sprintf("problem: the log has 8,192 bytes behind its last entry, at segment 1 offset %d, that are dropped: they look damaged", last)) ||
			!strings.Contains(out, "compare with a backup") || !strings.Contains(said, "level=ERROR") || !strings.HasSuffix(said, "sekisho: the end of the log is damaged\n") {
			t.Errorf("%s%s", out, said)
		}
	}
	out, _ := mustRun(t, 1, "verify", "--config", config, "--json")
	if !strings.HasPrefix(out, `{"ok":false,`) || !strings.Contains(out, `"problems":["the log has 8,192 bytes`) ||
		!strings.Contains(out, fmt.Sprintf(`"dropped_tail":{"at":"segment 1 offset %d","bytes":8192,"looks":"damaged"}`, last)) {
		t.Error(out)
	}
	if after, err := os.ReadFile(segment); err != nil || !bytes.Equal(after, before) {
		t.Error("verify has changed the log")
	}
}

func TestALastWriteThatWasCutOffIsToldAndNoProblem(t *testing.T) {
	t.Parallel()
	config, segment, last := twoGroups(t)
	overwrite(t, segment, last, make([]byte, 4096)) // its parity page alone was written
	out, _ := mustRun(t, 0, "verify", "--config", config)
	if !strings.Contains(out, "1 entry re-added over 1 wallet, every yen explained") || !strings.Contains(out, "note: the log has 8,192 bytes behind its last entry") {
		t.Error(out)
	}
	out, _ = mustRun(t, 0, "verify", "--config", config, "--json")
	if !strings.HasPrefix(out, `{"ok":true,`) || !strings.Contains(out, `"problems":[],"dropped_tail":{`) || !strings.Contains(out, `"looks":"cut off"}`) {
		t.Error(out)
	}
}

func TestVerifyLeavesTheLogAsItIs(t *testing.T) {
	t.Parallel()
	config, segment, last := twoGroups(t)
	overwrite(t, segment, last+4096, []byte{0xaa}) // in the parity page
	before, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	_, said := mustRun(t, 0, "verify", "--config", config)
	if after, err := os.ReadFile(segment); err != nil || !bytes.Equal(after, before) || !strings.Contains(said, "parity page") {
		t.Errorf("the log has changed, or nothing is said: %s", said)
	}
}
