package main

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

// keyPaths are the paths of all keys of a configuration with one link and one program.
func keyPaths(t reflect.Type, path string) []string {
	var all []string
	for _, f := range reflect.VisibleFields(t) {
		key := f.Tag.Get("yaml")
		if key == "" || key == "-" {
			continue
		}
		at := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case f.Type.Kind() == reflect.Struct:
			all = append(all, keyPaths(f.Type, at)...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			all = append(all, keyPaths(f.Type.Elem(), at+"[0]")...)
		default:
			all = append(all, at)
		}
	}
	return all
}

func TestEveryKeyCanComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	paths := keyPaths(reflect.TypeFor[config](), "")
	if len(paths) < 20 {
		t.Fatalf("found only the keys %q", paths)
	}
	for _, path := range paths {
		var c config
		name := envName(path)
		over, err := applyEnvironment(&c, []string{name + "=1"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(over.unknown) > 0 || reflect.DeepEqual(c, config{}) {
			t.Errorf("%s does not set %s", name, path)
		}
	}
}

func TestAMinimalFileGetsTheDefaults(t *testing.T) {
	t.Parallel()
	path := writeFile(t, t.TempDir(), "c.yaml", fmt.Sprintf(minimal, "./data"))
	s, err := loadConfig(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Programs[0]
	_, offset := time.Now().In(p.Rules.Zone).Zone()
	if s.DrainTimeout != 20*time.Second || p.Rules.Currency != spec.JPY || offset != 9*3600 || p.Holds.Default != 7*24*time.Hour {
		t.Errorf("got %+v", s)
	}
}

func TestAWrongConfigurationIsRefusedWithPlaceAndExpectation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"no such key":                {"admin:", "amdin:", "1: amdin: is not a key here: expected one of admin, card_key"},
		"a list where a value goes":  {"listen: 127.0.0.1:0}\nlinks", "listen: [1]}\nlinks", "expected a single value"},
		"an address without a port":  {"admin: {listen: 127.0.0.1:0}", "admin: {listen: localhost}", `admin.listen: "localhost" is not an address: expected host and port`},
		"a port that is none":        {"admin: {listen: 127.0.0.1:0}", "admin: {listen: \"127.0.0.1:99999\"}", `admin.listen: "99999" is not a port`},
		"a size that is none":        {"256KiB", "256KB", `store.embedded.segment_size: "256KB" is not a size`},
		"a size out of bounds":       {"256KiB", "4KiB", "4KiB is out of bounds: expected 65536 to 1073741824 bytes"},
		"a framing nobody knows":     {"length2-zero2", "length3", `links[0].framing: framing "length3" is not known`},
		"a currency nobody knows":    {"JPY", "YEN", `programs[0].currency: currency "YEN" is not an ISO 4217 code`},
		"a range too short":          {`"354012"`, `"35401"`, `programs[0].ranges[0]: "35401" is not a range: expected 6 to 8 leading digits`},
		"ranges that overlap":        {`["354012"]`, `["354012", "3540"]`, "programs[0].ranges[1]"},
		"a zone nobody knows":        {"currency: JPY", "currency: JPY, zone: Nowhere", `programs[0].zone: "Nowhere" is not a zone`},
		"the zone of the machine":    {"currency: JPY", "currency: JPY, zone: Local", "is not a zone"},
		"a hold too long":            {"currency: JPY", "currency: JPY, holds: {lodging: 61d}", "programs[0].holds.lodging: 61d is out of bounds: expected more than 0 and at most 60d"},
		"a verification not served":  {"currency: JPY", "currency: JPY, verify: chip", `programs[0].verify: "chip" is not served: expected none`},
		"no link":                    {"links:\n  - {name: jcb, dialect: jcb, listen: 127.0.0.1:0, framing: length2-zero2}\n", "", "links: is missing"},
		"a link without a name":      {"name: jcb, ", "", "links[0].name: is missing"},
		"a name with a space":        {"name: jcb", "name: \"j cb\"", "is not a name"},
		"two programs of one name":   {"programs:", "programs:\n  - {name: prepaid, ranges: [\"354013\"], currency: JPY}", "is used twice"},
		"a profile that is not here": {"framing:", "profile: nowhere.yaml, framing:", "links[0].profile: cannot be read"},
		"a level nobody knows":       {"admin:", "log: {level: loud}\nadmin:", `log.level: "loud" is not known`},
		"a time that is none":        {"admin:", "drain: {timeout: soon}\nadmin:", `drain.timeout: "soon" is not a time`},
		"no shard":                   {"admin:", "shards: 0\nadmin:", "shards: 0 is out of bounds: expected 1 to 256"},
		"a value where keys belong":  {"admin:", "drain: 1\nadmin:", "c.yaml:2:8: drain: expected keys and values: timeout"},
		"keys where a list belongs":  {"programs:\n  - ", "programs:\n  ", "programs: expected a list"},
		"a wrong indent":             {"programs:", " programs:", "expected YAML, in which what belongs together is indented alike"},
		"no admin port":              {"admin: {listen: 127.0.0.1:0}\n", "", "c.yaml:1:1: admin.listen: is missing: expected host and port"},
		"a second document":          {"programs:", "---\nprograms:", "expected one document"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf(minimal, "./data")
			wrong := strings.Replace(text, c.from, c.to, 1)
			if wrong == text {
				t.Fatalf("%q is not in the configuration", c.from)
			}
			_, err := loadConfig(writeFile(t, t.TempDir(), "c.yaml", wrong), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "c.yaml:") {
				t.Errorf("got %v\nwant %q", err, c.want)
			}
		})
	}
}

func TestADirectoryIsNoConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := loadConfig(dir, nil); err == nil || !strings.Contains(err.Error(), dir+" is a directory: expected a YAML file") {
		t.Errorf("got %v", err)
	}
}

func TestACardKeyThatIsNotThereIsToldWithItsPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data"))+"card_key: {file: nothere.key}\n")
	_, said := mustRun(t, 1, "serve", "--config", config)
	if !strings.Contains(said, "c.yaml:7:18: card_key.file: there is no nothere.key: expected the file with the key") {
		t.Error(said)
	}
}

func TestAProfileOfOnesOwnIsCheckedWithTheConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	profile := writeFile(t, dir, "own.yaml", "timer: never\n")
	text := strings.Replace(fmt.Sprintf(minimal, "./data"), "framing:", "profile: "+profile+", framing:", 1)
	_, err := loadConfig(writeFile(t, dir, "c.yaml", text), nil)
	if err == nil || !strings.Contains(err.Error(), "links[0].profile: ") || !strings.Contains(err.Error(), "timer") {
		t.Errorf("got %v", err)
	}
	writeFile(t, dir, "own.yaml", "timer: 8s\nbudget: 50%\n")
	s, err := loadConfig(filepath.Join(dir, "c.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := throwawayHasher()
	if err != nil {
		t.Fatal(err)
	}
	d, err := dialectNamed("jcb").make(hasher, s.Links[0].Fields, s.Links[0].Profile)
	if err != nil || d.Policy().Timer != 8*time.Second {
		t.Errorf("%v, %v", d, err)
	}
}

func TestQuantitiesAreReadAsAPersonWritesThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[period]time.Duration{"": 0, "500ms": 500 * time.Millisecond, "36h": 36 * time.Hour, "7d": 7 * 24 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := text.value(); err != nil || got != want {
			t.Errorf("period %q is %s, %v", text, got, err)
		}
	}
	for _, text := range []period{"7", "-1s", "d", "1.5d", "7dd"} {
		if got, err := text.value(); err == nil {
			t.Errorf("period %q is taken for %s", text, got)
		}
	}
	for text, want := range map[size]int64{"": 0, "4096": 4096, "64KiB": 65536, "64 MiB": 64 << 20, "1GiB": 1 << 30} {
		if got, err := text.value(); err != nil || got != want {
			t.Errorf("size %q is %d, %v", text, got, err)
		}
	}
	for _, text := range []size{"64KB", "-1", "9999999999GiB", "MiB", "1.5MiB"} {
		if got, err := text.value(); err == nil {
			t.Errorf("size %q is taken for %d", text, got)
		}
	}
	for _, text := range []count{"-1", "1.5", "1e3", "many", "0x10"} {
		if got, err := text.value(); err == nil {
			t.Errorf("count %q is taken for %d", text, got)
		}
	}
}

func TestNothingThatCouldBeANumberOrAKeyIsShown(t *testing.T) {
	t.Parallel()
	pan := testNumber(3)
	for _, text := range []string{
		pan, `"` + pan + `"`, "x" + pan + "y", pan[:4] + " " + pan[4:8] + " " + pan[8:12] + " " + pan[12:],
		pan[:4] + "-" + pan[4:8] + "-" + pan[8:12] + "-" + pan[12:], pan + pan,
	} {
		if shown := blank(text); len(shown) != len(text) || strings.ContainsAny(shown, "0123456789") {
			t.Errorf("a number in %d characters is shown", len(text))
		}
	}
	key := strings.Repeat("0a", 32)
	if shown := blank("key: " + key); strings.Contains(shown, "0a") {
		t.Error("a key is shown")
	}
	if text := "check value " + shownCheck([8]byte{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78}); blank(text) != text {
		t.Errorf("%q became %q", text, blank(text))
	}
	if text := "2026-11-24 and 354012******0007 of 12,345"; blank(text) != text {
		t.Errorf("%q became %q", text, blank(text))
	}
	if text := fmt.Sprintf("%v %s %q %+v %#v", secret(key), secret(key), secret(key), config{Secret: secret(key)}, config{Secret: secret(key)}); strings.Contains(text, "0a0a") {
		t.Error("a secret is shown")
	}
}
