package tidy

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// arrows are the rooms and what each may import of the others. A room is the longest entry that
// its folder begins with. Tests may look around.
var arrows = map[string][]string{
	"spec":              {},
	"spec/gen":          {},
	"spec/wire":         {"spec"},
	"spec/jcb":          {"spec", "spec/wire"},
	"spec/quicpay":      {"spec", "spec/wire", "spec/jcb"},
	"spec/clearing":     {"spec", "spec/wire"},
	"risk":              {"spec"},
	"balance":           {"spec"},
	"balance/storetest": {"spec", "balance"},
	"balance/embedded":  {"spec", "balance"},
	"balance/dynamo":    {"spec", "balance"},
	"router":            {"spec", "spec/clearing", "risk", "balance"},
	"jobs":              {"spec", "spec/clearing", "balance", "router"},
	"switch":            {"spec"},
	"vault":             {"spec"},
	"vault/awskms":      {"vault"},
	"teller":            {"spec", "balance"},
	"wallet":            {"spec", "balance", "teller"},
	"capture":           {"spec"},
	"cardnet":           {"spec", "spec/clearing"}, // its messages are an independent peer's: it is to catch our misreadings
	"cmd":               {"*"},
	"internal":          {"*"},
	"deploy":            {},
}

// theirs are modules with a place of their own.
var theirs = []struct{ module, why string }{
	{"github.com/moov-io/", "only spec/ and cardnet/ know moov's messages: take a spec.Request"},
	{"github.com/prometheus/", "only files named metrics.go, and cmd/, count: give the room a *Metrics"},
	{"github.com/aws/", "only balance/dynamo and vault/awskms talk to AWS: take a balance.Store, a vault.Wrap"},
	{"github.com/tink-crypto/", "only vault encrypts: take a vault.Vault"},
	{"github.com/spf13/", "only cmd/ has a command line"},
	{"github.com/caarlos0/", "only cmd/ reads the environment"},
	{"github.com/cockroachdb/pebble", "only balance/embedded keeps files"},
	{"pgregory.net/rapid", "only tests test"},
	{"github.com/rogpeppe/", "only tests test"},
	{"go.uber.org/goleak", "only tests test"},
}

func allowed(f *goFile, module string) bool {
	in := func(rooms ...string) bool {
		return slices.ContainsFunc(rooms, func(r string) bool { return f.room == r || strings.HasPrefix(f.room, r+"/") })
	}
	switch module {
	case "github.com/moov-io/":
		return in("spec", "cardnet")
	case "github.com/prometheus/":
		return in("cmd") || strings.HasSuffix(f.name, "/metrics.go")
	case "github.com/aws/":
		return in("balance/dynamo", "vault/awskms")
	case "github.com/spf13/", "github.com/caarlos0/":
		return in("cmd")
	case "github.com/tink-crypto/":
		return in("vault")
	case "github.com/cockroachdb/pebble":
		return in("balance/embedded")
	}
	return in("internal", "balance/storetest")
}

func TestRoomsImportOnlyAlongTheArrows(t *testing.T) {
	t.Parallel()
	for _, f := range project(t) {
		room := roomOf(f.room)
		may, known := arrows[room]
		if !known {
			t.Errorf("%s: folder %s is no room: put the file into one, or add the room and what it may import to arrows", f.name, f.room)
			continue
		}
		if f.test {
			continue
		}
		for imported, at := range f.imports() {
			ours, isOurs := strings.CutPrefix(imported, "sekisho/")
			if !isOurs {
				for _, m := range theirs {
					if strings.HasPrefix(imported, m.module) && !allowed(f, m.module) {
						t.Errorf("%s imports %s: %s", f.at(at), imported, m.why)
					}
				}
				if room == "spec" && strings.Contains(imported, ".") {
					t.Errorf("%s imports %s: spec has the standard library only; a room below spec/ may import it", f.at(at), imported)
				}
				continue
			}
			if room == "cardnet" && !strings.HasPrefix(f.name, "cardnet/clearing") {
				t.Errorf("%s imports %s: only clearing*.go may, what goes over the wire shares nothing with the switch", f.at(at), imported)
			}
			if !slices.Contains(may, "*") && roomOf(ours) != room && !slices.Contains(may, roomOf(ours)) {
				t.Errorf("%s imports %s: %s may import only %s; declare a small interface here, or move the code", f.at(at), imported, room, strings.Join(append(may, "the standard library"), ", "))
			}
		}
	}
}

// roomOf is the room that a folder belongs to, itself when it belongs to none.
func roomOf(folder string) string {
	for at := folder; at != "."; {
		if _, ok := arrows[at]; ok {
			return at
		}
		cut := strings.LastIndexByte(at, '/')
		if cut < 0 {
			break
		}
		at = at[:cut]
	}
	return folder
}
