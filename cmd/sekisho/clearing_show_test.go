package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func golden(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "testdata", "clearing", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// show runs clearing show on a file.
func show(t *testing.T, file []byte, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.clr")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"clearing", "show", path}, flags...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestAClearingFileIsShownTheSameInEveryFraming(t *testing.T) {
	t.Parallel()
	for _, flag := range [][]string{nil, {"--json"}} {
		var texts []string
		for _, name := range []string{"small_ascii.dat", "small_cp037.dat"} {
			code, stdout, stderr := show(t, golden(t, name), flag...)
			if code != exitOK || stderr != "" {
				t.Fatalf("%s %v: exit %d, %s", name, flag, code, stderr)
			}
			texts = append(texts, stdout)
		}
		if texts[0] != texts[1] {
			t.Errorf("%v: in cp037 it is\n%s\nin ASCII\n%s", flag, texts[1], texts[0])
		}
	}
}

func TestAClearingFileIsShownMasked(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := show(t, golden(t, "small_cp037_rdw.dat"))
	if code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{
		"record 1  1644/689  file header  at offset 0\n", "record 2  1240/200  first presentment  at offset 90\n",
		"    2  card number                          354012******0015\n", "\n       3901  file id                        0012611230008879100000001\n",
		"\n   55  chip data                            (11 bytes)\n", "\n   72  data record                          (6 bytes)\n",
		"\n       3005  fees                           (400 bytes)\n", "\n       3201  dispute                        (23 bytes)\n",
		"record 9  1644/690  file trailer",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("not shown: %q in\n%s", want, stdout)
		}
	}
	for _, hidden := range []string{"3540120000", "SENT BACK", "OPAQUE"} {
		if strings.Contains(stdout, hidden) {
			t.Errorf("shown: %q", hidden)
		}
	}
}

func TestAClearingFileAsJSONIsOneObjectALine(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := show(t, golden(t, "small_cp037_rdw.dat"), "--json")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	type record struct {
		Record              int
		Offset              int64
		MTI, Function, Kind string
		Fields, Elements    map[string]string
		Opaque              map[string]int
	}
	var records []record
	for line := range strings.Lines(stdout) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if len(records) != 9 {
		t.Fatalf("%d lines, want 9", len(records))
	}
	head, dispute, trailer := records[0], records[5], records[8]
	if head.Kind != "file header" || head.Elements["3901"] != "0012611230008879100000001" || len(head.Opaque) != 0 {
		t.Errorf("header %+v", head)
	}
	if dispute.Function != "453" || dispute.Fields["2"] != "354012******0056" || dispute.Fields["4"] != "000000000300" ||
		dispute.Opaque["55"] != 11 || dispute.Opaque["3201"] != 23 || dispute.Fields["48"] != "" || dispute.Record != 6 {
		t.Errorf("chargeback %+v", dispute)
	}
	if trailer.Elements["3902"] != "0000000000005241" || trailer.Elements["3903"] != "00000009" || trailer.Offset == 0 {
		t.Errorf("trailer %+v", trailer)
	}
	if strings.Contains(stdout, "3540120000") || strings.Contains(stdout, "SENT BACK") {
		t.Error("card data is shown")
	}
}

func TestARefusedClearingFileIsShownUpToThere(t *testing.T) {
	t.Parallel()
	whole := golden(t, "small_ascii.dat")
	code, stdout, stderr := show(t, whole[:500], "--json")
	if code != exitFail || strings.Count(stdout, "\n") != 2 {
		t.Errorf("exit %d, %d lines", code, strings.Count(stdout, "\n"))
	}
	for _, want := range []string{"file.clr: clearing file refused: structure: record 3, offset 500:", "the file ends inside it"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q does not say %q", stderr, want)
		}
	}
	if code, stdout, stderr = show(t, nil); code != exitFail || stdout != "" || !strings.Contains(stderr, "refused: empty") {
		t.Errorf("an empty file: exit %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr = show(t, []byte("PK\x03\x04 a file of another kind")); code != exitFail || !strings.Contains(stderr, "not-clearing") {
		t.Errorf("another file: exit %d, %q", code, stderr)
	}
	var out, errs bytes.Buffer
	if code = run(t.Context(), []string{"clearing", "show", "-"}, bytes.NewReader(whole), &out, &errs); code != exitOK || !strings.Contains(out.String(), "record 9") {
		t.Errorf("standard input: exit %d, %s", code, errs.String())
	}
	if code = run(t.Context(), []string{"clearing", "show", "no such file"}, strings.NewReader(""), &out, &errs); code != exitFail {
		t.Errorf("no file: exit %d", code)
	}
	if code = run(t.Context(), []string{"clearing", "show"}, strings.NewReader(""), &out, &errs); code != exitUsage {
		t.Errorf("no argument: exit %d", code)
	}
}
