package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// clearingOf is a file of sales without authorization, each of 10 yen more than the one before, that the
// first cards of testNumber paid for in turn. Of every tenth the reversal follows.
func clearingOf(t *testing.T, sequence, sales, cards int, change ...func(*clearing.Draft)) string {
	t.Helper()
	local := time.Date(2026, 11, 22, 12, 34, 56, 0, time.UTC)
	id, err := clearing.MakeFileID(clearing.ToMember, local, "88791000", sequence)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := clearing.NewWriter(&b, clearing.Options{Charset: clearing.ASCII, NoRDW: true})
	if err := w.Header(id, "88710000", "88791000"); err != nil {
		t.Fatal(err)
	}
	for i := range sales {
		pan, err := spec.ParsePAN(testNumber(i % cards))
		if err != nil {
			t.Fatal(err)
		}
		d := &clearing.Draft{Record: clearing.Record{
			MTI: 1240, Function: 200, Amount: spec.Money(10 * (i%50 + 1)), Currency: spec.JPY, Local: local.Unix(), MCC: 5411, PointOfService: [12]byte([]byte("510101510130")),
			Acquirer: 88715, Destination: 88791, Originator: 88715, RRN: spec.RRN([]byte(fmt.Sprintf("%012d", i))), Merchant: spec.MerchantID([]byte("MERCHANT-01    ")),
			Name: clearing.PlaceName("TEST SHOP", "1-2-3", "TOKYO", "1000001", "13", "JPN"),
		}, PAN: pan}
		if d.Reference, err = clearing.MakeReference("88715000", local, uint64(sequence*1_000_000+i)); err != nil { //nolint:gosec // not negative
			t.Fatal(err)
		}
		for _, f := range change {
			f(d)
		}
		err = w.Write(d)
		if i%10 == 9 && err == nil {
			d.Reversal, d.ReversalDate = true, local
			err = w.Write(d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, t.TempDir(), fmt.Sprintf("%d.clr", sequence), b.String())
}

// seeded is the configuration of a store with wallets of a card each.
func seeded(t *testing.T, cards int) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data")))
	var wallets strings.Builder
	wallets.WriteString("wallets:\n")
	for i := range cards {
		fmt.Fprintf(&wallets, "  - {id: w%d, posted: 1000000, cards: [{pan: %q, expiry: \"3112\", allocated: 1000000}]}\n", i, testNumber(i))
	}
	if out, err := exec.Command("sekisho", "seed", "--config", config, writeFile(t, dir, "w.yaml", wallets.String())).CombinedOutput(); err != nil {
		t.Fatalf("seed: %v\n%s", err, out)
	}
	return config
}

func TestClearingFilesAreLoadedOneAfterTheOtherUpToTheFirstThatIsRefusedForMoreThanADuplicate(t *testing.T) {
	t.Parallel()
	config := seeded(t, 2)
	good, behind, next := clearingOf(t, 1, 10, 2), clearingOf(t, 3, 1, 2), clearingOf(t, 2, 3, 2)
	bad := writeFile(t, t.TempDir(), "text", "date,amount\n")
	stdout, stderr, code := jobRun(t, config, "clearing", "load", "--json", good, good, behind, bad, next)
	errs := strings.Split(stderr, "\n")
	if code != exitFail || len(errs) != 3 || !strings.HasPrefix(errs[0], "sekisho: duplicate: the file of 261122, processor 00088791000, sequence 00001 was taken already") ||
		!strings.HasPrefix(errs[1], "sekisho: not-clearing: ") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	lines := strings.Split(stdout, "\n")
	for i, want := range []string{
		`{"file_id":"0012611220008879100000001","records":11,"matched":0,"forced":10,"over":0,"ambiguous":0,"suspended":0,"other":1,"sum_file":650,"sum_applied":650,`,
		fmt.Sprintf(`{"file":%q,"refused":"duplicate","record":0,"offset":0,"detail":"the file of 261122, processor 00088791000, sequence 00001 was taken already"}`, good),
		`{"file_id":"0012611220008879100000003","records":1,`,
		fmt.Sprintf(`{"file":%q,"refused":"not-clearing","record":0,"offset":0,"detail":"expected 1644 in `, bad),
		"",
	} {
		if len(lines) != 5 || !strings.HasPrefix(lines[i], want) || (want == "") != (lines[i] == "") {
			t.Fatalf("printed\n%s, want as line %d one that begins with\n%s", stdout, i+1, want)
		}
	}
	if _, stderr, code = jobRun(t, config, "clearing", "load", good, behind); code != exitFail || strings.Count(stderr, "duplicate: ") != 2 {
		t.Errorf("two duplicates: exit code %d, %s", code, stderr)
	}
	other := clearingOf(t, 1, 9, 2)
	stdout, stderr, code = jobRun(t, config, "clearing", "load", "--json", other)
	const told = "was taken already, and this one has the same id with other content: if its records are new"
	if code != exitFail || !strings.HasPrefix(stderr, "sekisho: duplicate: the file of 261122") || !strings.Contains(stderr, told) ||
		!strings.Contains(stdout, told) || !strings.HasSuffix(stdout, `"other_content":true}`+"\n") {
		t.Errorf("the same id with other content: exit code %d, %s%s", code, stdout, stderr)
	}
	stdout, stderr, code = jobRun(t, config, "clearing", "load", "--dry-run", next)
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "judged, nothing recorded, 3 records") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	stdout, stderr, code = jobRun(t, config, "clearing", "load", "--link", "jcb", next)
	if code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if fields := strings.Fields(stdout); !strings.Contains(strings.Join(fields, " "), "forced 3 60 over 0 0 ambiguous 0 0 suspended 0 0 other 0 0 applied 3 60 in the file 3 60") {
		t.Errorf("printed\n%s", stdout)
	}
}

func TestAClearingFileThatCannotBeLoadedExitsWithItsReasonFirst(t *testing.T) {
	t.Parallel()
	config := seeded(t, 1)
	dir := t.TempDir()
	good := clearingOf(t, 1, 1, 1)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{writeFile(t, dir, "empty", "")}, exitFail, "sekisho: empty: "},
		{[]string{writeFile(t, dir, "text", "date,amount\n")}, exitFail, "sekisho: not-clearing: "},
		{[]string{filepath.Join(dir, "none")}, exitFail, "none: no such file"},
		{[]string{dir}, exitFail, "is not a regular file"},
		{[]string{"--link", "visa", good}, exitUsage, `--link: there is no link "visa": expected jcb`},
		{nil, exitUsage, "expected at least one CLEARING_FILE"},
	} {
		stdout, stderr, code := jobRun(t, config, append([]string{"clearing", "load"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%q: exit code %d, %s%s", c.args, code, stdout, stderr)
		}
	}
}

func TestWhileTheStoreIsServedAFileIsLoadedThereAndCounted(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	pan := spec.PAN{}
	file := clearingOf(t, 1, 12, 2, func(d *clearing.Draft) { // the one card there is
		var err error
		if pan, err = spec.ParsePAN(testNumber(1)); err != nil {
			t.Fatal(err)
		}
		d.PAN = pan
	})
	stdout, stderr, code := jobRun(t, p.cmd.Args[3], "clearing", "load", "--json", file)
	if code != exitOK || !strings.Contains(stdout, `"forced":12`) {
		t.Fatalf("exit code %d, %s%s", code, stdout, stderr)
	}
	_, metrics := p.get("/metrics")
	for _, want := range []string{`sekisho_clearing_records_total{placement="forced"} 12`, `sekisho_clearing_records_total{placement="other"} 1`, `sekisho_clearing_records_total{placement="matched"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no line %s", want)
		}
	}
	stdout, stderr, code = jobRun(t, p.cmd.Args[3], "clearing", "load", "--json", file)
	if code != exitFail || !strings.HasPrefix(stderr, "sekisho: duplicate: ") {
		t.Errorf("again: exit code %d, %s", code, stderr)
	}
	if want := fmt.Sprintf(`{"file":%q,"refused":"duplicate","record":0,"offset":0,"detail":"the file of `, file); !strings.HasPrefix(stdout, want) {
		t.Errorf("again: printed\n%s, want\n%s", stdout, want)
	}
	cut := writeFile(t, t.TempDir(), "cut.clr", strings.Replace(readText(t, file), "000000000010", "00000000001X", 1))
	stdout, stderr, code = jobRun(t, p.cmd.Args[3], "clearing", "load", "--json", cut)
	if code != exitFail || !strings.HasPrefix(stderr, "sekisho: structure: record 2, offset ") || !strings.Contains(stdout, `"refused":"structure","record":2,"offset":`) {
		t.Errorf("a file with a fault: exit code %d, %s%s", code, stdout, stderr)
	}
	p.signal(syscall.SIGTERM)
	if code := p.exitCode(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A real process is killed three times while it loads; in the end everything is as if it had not been.
func TestAKilledLoadGoesOnWhereItWas(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the real program")
	}
	t.Parallel()
	const cards, sales = 200, 8000
	file := clearingOf(t, 1, sales, cards)
	whole := seeded(t, cards)
	begun := time.Now()
	want, stderr, code := jobRun(t, whole, "clearing", "load", "--json", file)
	if code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	took := time.Since(begun) // the program's start as well
	config := seeded(t, cards)
	killed := 0
	for _, part := range []time.Duration{3, 2, 1} {
		ctx, cancel := context.WithTimeout(t.Context(), took*part/5) // then it is killed
		cmd := exec.CommandContext(ctx, "sekisho", "clearing", "load", "--config", config, file)
		if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil && !strings.Contains(string(out), "duplicate: ") {
			t.Errorf("%v, %s", err, out)
		}
		if ctx.Err() != nil {
			killed++
		}
		cancel()
	}
	t.Logf("one load takes %s; killed %d times", took, killed)
	got, stderr, code := jobRun(t, config, "clearing", "load", "--json", file)
	switch {
	case code == exitFail && strings.HasPrefix(stderr, "sekisho: duplicate: "): // it was faster than the killer
	case code != exitOK:
		t.Fatalf("exit code %d, %s", code, stderr)
	case classes(t, got) != classes(t, want):
		t.Errorf("the report is\n%s, in one go it is\n%s", got, want)
	}
	if a, b := audited(t, config), audited(t, whole); !reflect.DeepEqual(a, b) {
		t.Errorf("the ledger has\n%+v, in one go it has\n%+v", a, b)
	}
}

// classes are the part of a report that says what became of the records.
func classes(t *testing.T, report string) string {
	t.Helper()
	before, _, found := strings.Cut(report, `,"bytes"`)
	if !found {
		t.Fatalf("no report: %s", report)
	}
	return before
}

// audited is what the ledger of a configuration adds up to, but for the number of entries: how often it
// was written down how far the load was differs.
func audited(t *testing.T, config string) auditJSON {
	t.Helper()
	out, stderr, code := jobRun(t, config, "verify", "--json")
	var a auditJSON
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != exitOK {
		t.Fatalf("verify: exit code %d, %v, %s", code, err, stderr)
	}
	a.Entries = 0
	return a
}

func TestTheLinkOfAClearingFileIsTheOnlyOneOrTheFirstThatIsJCBStyle(t *testing.T) {
	t.Parallel()
	link := func(name, dialect string) linkSettings { return linkSettings{Name: name, Dialect: dialect} }
	for _, c := range []struct {
		links []linkSettings
		asked string
		want  string // empty: wrong use
	}{
		{[]linkSettings{link("tap", "quicpay")}, "", "tap"},
		{[]linkSettings{link("tap", "quicpay"), link("east", "jcb"), link("west", "jcb")}, "", "east"},
		{[]linkSettings{link("tap", "quicpay"), link("east", "jcb"), link("west", "jcb")}, "west", "west"},
		{[]linkSettings{link("tap", "quicpay"), link("bus", "quicpay")}, "", ""},
		{[]linkSettings{link("east", "jcb")}, "west", ""},
	} {
		got, err := clearingLink(&settings{Links: c.links}, c.asked)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("of %v, asked for %q: %q, %v", c.links, c.asked, got, err)
		}
	}
}

func TestReceiverAndTolerancesAreReadFromTheConfiguration(t *testing.T) {
	t.Parallel()
	text := strings.Replace(fmt.Sprintf(minimal, "./data"), "currency: JPY", `currency: JPY, receiver: "0088791000", tolerance: {default: 1, dining: 30, fuel_max: 20000}`, 1)
	s, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Programs[0]
	if p.Receiver != 88791 {
		t.Errorf("the receiver is %d", p.Receiver)
	}
	if got := fmt.Sprintf("%+v", p.Tolerances); got != "{Default:1 Dining:30 Lodging:15 Foreign:5 FuelMax:20000 FuelAuthorizedMax:2}" {
		t.Errorf("the tolerances are %s", got)
	}
	for wrong, want := range map[string]string{
		`receiver: "8879100x"`:                   `programs[0].receiver: "8879100x" is not an institution: expected up to 11 digits`,
		`receiver: "8879100012345"`:              "is not an institution: expected up to 11 digits",
		`receiver: "000"`:                        "zeros name no institution",
		`tolerance: {dining: 101}`:               "programs[0].tolerance.dining: 101 is out of bounds: expected 0 to 100",
		`tolerance: {fuel_max: "1000000000000"}`: "programs[0].tolerance.fuel_max",
	} {
		text := strings.Replace(fmt.Sprintf(minimal, "./data"), "currency: JPY", "currency: JPY, "+wrong, 1)
		if _, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", wrong, err, want)
		}
	}
}

func TestWithoutAWordTheTolerancesAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	s, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", fmt.Sprintf(minimal, "./data")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Programs[0].Tolerances.Dining != 20 || demoSettings().Programs[0].Tolerances.Dining != 20 {
		t.Error("a program has no tolerances")
	}
	if balance.PlacementEnd != 7 {
		t.Error("there is a new placement: the report, its text and the metrics list them")
	}
}
