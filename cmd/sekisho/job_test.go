package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// jobRun is a command and what came of it.
func jobRun(t *testing.T, config string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command("sekisho", append(args, "--config", config)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the code says it
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestEveryJobBesideServeIsTheJobAlone(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	config := p.cmd.Args[3]
	file := filepath.Join(t.TempDir(), "sample.clr")
	if out, err := exec.Command("sekisho", "cardnet", "clearing", "--out", file).CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	loaded, stderr, code := jobRun(t, config, "clearing", "load", "--json", file)
	var report struct {
		FileID string `json:"file_id"`
	}
	if err := json.Unmarshal([]byte(loaded), &report); err != nil || code != 0 {
		t.Fatalf("load: %d, %v, %s", code, err, stderr)
	}
	now := time.Now().UTC()
	id := "suspense:prepaid:20" + report.FileID[3:5] + "-" + report.FileID[5:7] + "-" + report.FileID[7:9] + "@1.1"
	jobs := [][]string{
		{"verify", "--json"},
		{"report", "position", "--csv"}, // the others say when
		{"report", "settlement", "--date", "20" + report.FileID[3:5] + "-" + report.FileID[5:7] + "-" + report.FileID[7:9]},
		{"report", "unused", "--at", now.Format(time.RFC3339Nano), "--csv"},
		{"report", "file", report.FileID},
		{"suspense", "list", "--json"},
		{"suspense", "show", id, "--json"},
		{"expire", "--at", now.Format(time.RFC3339Nano), "--json"},
		{"suspense", "list", "--limit", "1"},
		{"report", "numbers", "--date", "2026-11-24", "--json"},
	}
	run := func() []string {
		var outs []string
		for _, args := range jobs {
			out, stderr, code := jobRun(t, config, args...)
			if code != 0 || stderr != "" || out == "" {
				t.Errorf("%q exits with %d: %s", args, code, stderr)
			}
			outs = append(outs, out)
		}
		return outs
	}
	before, _, _ := jobRun(t, config, "suspense", "list", "--json")
	resolve := []string{"suspense", "resolve", id, "--return", "--who", "sato", "--why", "no card of ours"}
	if out, stderr, code := jobRun(t, config, resolve...); code != 0 || out != id+" is closed, nothing was posted\n" {
		t.Errorf("resolve: %d, %s%s", code, out, stderr)
	}
	if _, stderr, code := jobRun(t, config, resolve...); code != 1 || !strings.Contains(stderr, "it is resolved already, by sato at") {
		t.Errorf("resolve again: %d, %s", code, stderr)
	}
	after := run()
	p.signal(syscall.SIGTERM)
	if code := p.exitCode(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
	for i, alone := range run() {
		if alone != after[i] {
			t.Errorf("%q beside serve\n%salone\n%s", jobs[i], after[i], alone)
		}
	}
	if item := `"id":"` + id + `"`; !strings.Contains(before, item) || strings.Contains(after[5], item) {
		t.Errorf("before it was resolved\n%safterwards\n%s", before, after[5])
	}
	if !strings.Contains(after[8], " more are not listed: --limit\n") || strings.Count(after[8], "\n") != 4 {
		t.Errorf("with a limit of one\n%s", after[8])
	}
}

func TestAJobThatIsAskedForInAWrongWayExitsWithTwo(t *testing.T) {
	t.Parallel()
	config := writeFile(t, t.TempDir(), "c.yaml", fmt.Sprintf(minimal, filepath.Join(t.TempDir(), "data")))
	resolve := []string{"suspense", "resolve", "alice@1.1", "--why", "so"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"expire", "--at", "yesterday"}, `--at: "yesterday" is not a time`},
		{[]string{"expire", "--at", "2999-01-01T00:00:00Z"}, "has not come yet"},
		{[]string{"expire", "--at", "1969-01-01T00:00:00Z"}, "before 1970"},
		{[]string{"report"}, "a subcommand is missing"},
		{[]string{"report", "settlement"}, "--date is needed: expected one such as 2026-11-24"},
		{[]string{"report", "unused"}, "--at is needed: expected"},
		{[]string{"report", "unused", "--at", "2999-01-01T00:00:00Z"}, "has not come yet"},
		{[]string{"report", "file", "123"}, "25 digits"},
		{[]string{"report", "numbers"}, "--date is needed: expected"},
		{[]string{"suspense", "resolve", "w@1.1", "--force"}, "--who is needed: expected"},
		{[]string{"suspense", "resolve", "w@1.1", "--force", "--who", "sato"}, "--why is needed: expected"},
		{[]string{"report", "numbers", "--date", "2026-11-24", "--limit", "0"}, "--limit: expected 1 to 100,000"},
		{[]string{"report", "numbers", "--date", "2026-11-24", "--after", "audit:t1"}, "--after: expected what the report before it named"},
		{[]string{"report", "position", "--json", "--csv"}, "not both"},
		{[]string{"report", "position", "--bom"}, "--bom is for --csv"},
		{[]string{"suspense", "list", "--limit", "0"}, "--limit: expected 1 to 100,000"},
		{[]string{"suspense", "list", "--limit", "100001"}, "--limit: expected 1 to 100,000"},
		{[]string{"suspense", "show", "alice"}, "is not the id of something in suspense"},
		{append(slices.Clip(resolve), "--who", "me"), "expected one of --attach PURCHASE, --force and --return"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--return"), "expected one of"},
		{append(slices.Clip(resolve), "--force"), "--who is needed: expected the name of who decided"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", "0"), "--amount: expected 1 to 999,999,999,999"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", "010,5"), "--amount: expected 1 to 999,999,999,999"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", "0x10"), "--amount: expected 1 to 999,999,999,999"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", ""), "--amount: expected 1 to 999,999,999,999"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", "-5"), "--amount: expected 1 to 999,999,999,999"},
		{append(slices.Clip(resolve), "--who", "me", "--force", "--amount", "1000000000000"), "--amount: expected 1 to 999,999,999,999 minor units (twelve digits)"},
		{append(slices.Clip(resolve), "--who", testNumber(1), "--force"), "leave out whatever could be a card number"},
	} {
		var stdout, stderr bytes.Buffer
		args := append(slices.Clone(c.args), "--config", config)
		if len(c.args) == 1 && c.args[0] == "report" {
			args = c.args
		}
		code := run(t.Context(), args, nil, &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), c.want) || strings.Contains(stderr.String(), testNumber(1)) {
			t.Errorf("%q exits with %d: %s", c.args, code, stderr.String())
		}
	}
}
