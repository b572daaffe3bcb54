package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// readmeBlock is the first block of the README behind a text that begins with a line: what stands between
// its fences.
func readmeBlock(t *testing.T, behind, fence, line string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+behind+"\n")
	_, block, begun := strings.Cut(rest, "\n"+fence+"\n"+line)
	block, _, ended := strings.Cut(block, "\n```\n")
	if !found || !begun || !ended {
		t.Fatalf("README.md has no block that begins with %q behind %q", line, behind)
	}
	return line + block + "\n"
}

func TestTheTourOfTheREADMEWorks(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sekisho")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the tour needs curl")
	}
	dir := t.TempDir()
	if err := os.Symlink(program, filepath.Join(dir, "sekisho")); err != nil {
		t.Fatal(err)
	}
	api := freePort(t)
	ports := strings.NewReplacer("127.0.0.1:8581", api, "127.0.0.1:8583", freePort(t), "127.0.0.1:9090", freePort(t), "./data", filepath.Join(dir, "data"))
	config := readmeBlock(t, "## Connect a peer", "```yaml", "# sekisho.yaml") + readmeBlock(t, "## The wallet API", "```yaml", "# in sekisho.yaml")
	s, err := loadConfig(writeFile(t, dir, "sekisho.yaml", ports.Replace(config)), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := serveHere(t, s)
	h.ready(t, http.StatusOK)
	tour := ports.Replace(readmeBlock(t, "## The wallet API", "```", "W="))
	sh := exec.CommandContext(t.Context(), "sh", "-eu", "-c", tour)
	sh.Dir, sh.WaitDelay = dir, time.Second
	var stderr strings.Builder
	sh.Stderr = &stderr
	out, err := sh.Output()
	if err != nil {
		t.Fatalf("the tour ended with %v: %s", err, stderr.String())
	}
	for _, want := range []string{
		"¥5,000 credited", "¥3,000 allocated", "0101 -> 0110 00 approved", "1240 -> matched at ¥300", `"amount":{"amount":-2700,"currency":"JPY"}`,
		"posted ¥4,700   held ¥0   available ¥4,700   unallocated ¥4,700", "check: ok, each entry is about a number that was asked for",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in what the tour shows:\n%s", want, out)
		}
	}
	h.end(t)
}

func TestTheDemoShowsThePurchaseFromBothSides(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := sekisho(t, "demo", "--for", "200ms", "--rate", "200", "--json")
	var said demoJSON
	if err := json.Unmarshal([]byte(stdout), &said); code != exitOK || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	if w := said.Wallet; w == nil || !w.OK || !w.Approved || w.Held != demoPaid || w.Unallocated != demoTopUp-demoPaid {
		t.Errorf("of the wallet it says %+v", w)
	}
	for _, want := range []string{"POST /v1/wallets/{id}/top-ups ", "GET  /v1/wallets/{id}/activity          purchase ¥800 open: Held", "posted ¥5,000 = held ¥800 + unallocated ¥4,200"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in the story:\n%s", want, stderr)
		}
	}
}
