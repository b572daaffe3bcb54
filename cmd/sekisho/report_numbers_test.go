package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/teller"
)

// askedFor is the configuration of a store in which two tenants asked for numbers: seven times on the 24th of
// November, the last time on the 25th.
func askedFor(t *testing.T) (config string) {
	t.Helper()
	dir := t.TempDir()
	config = writeFile(t, dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(dir, "data")))
	if code, _, stderr := sekisho(t, "seed", "--config", config, writeFile(t, dir, "w.yaml", "wallets:\n  - {id: hana, posted: 5}\n")); code != exitOK {
		t.Fatal(stderr)
	}
	inStore(t, config, func(l *ledger) {
		now := time.Date(2026, 11, 24, 23, 59, 58, 0, time.UTC)
		desk := teller.New(l.book, teller.Options{Programs: l.settings.Tellers, Hash: l.hasher.Hash, Now: func() time.Time {
			now = now.Add(250 * time.Millisecond)
			return now
		}})
		for i, c := range []struct{ tenant, wallet, result, reason string }{
			{"t2", "ken", "shown", "=1+1"},
			{"t1", "hana", "shown", "the holder asked"},
			{"t1", "hana", "not kept", `a, "b"`},
			{"t1", "", "refused", "持ち主の依頼"},
			{"t2", "ken", "shown", "again: for the shop"},
			{"t1", "hana", "shown", "five"},
			{"t1", "hana", "shown", "six"},
			{"t1", "hana", "shown", "it is the next day"},
		} {
			call := teller.Call{Caller: teller.Caller{Tenant: c.tenant}}
			showing := teller.Showing{Wallet: c.wallet, Card: spec.CardID{byte(i), 1}, Who: "app-" + c.tenant, Reason: c.reason, Result: c.result}
			if _, err := desk.Shown(t.Context(), call, showing); err != nil {
				t.Fatal(err)
			}
		}
	})
	return config
}

// showings are the showings of the days from an instant on, as the process that serves reports them.
func showings(t *testing.T, config string, since time.Time) (all []numberShown) {
	t.Helper()
	for day := since.UTC().Truncate(24 * time.Hour); !day.After(time.Now()); day = day.Add(24 * time.Hour) {
		var r numbersReport
		code, stdout, stderr := sekisho(t, "report", "numbers", "--config", config, "--date", day.Format(time.DateOnly), "--json")
		if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitOK {
			t.Fatalf("exit %d, %v: %s", code, err, stderr)
		}
		all = append(all, r.Showings...)
	}
	return all
}

// inStore does something with the store of a configuration.
func inStore(t *testing.T, config string, do func(*ledger)) {
	t.Helper()
	s, err := loadConfig(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := openLedger(t.Context(), s, slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	do(l)
	if err := errors.Join(l.book.Close(t.Context()), l.store.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAReportOfNumbersSaysWhoAskedForWhichAndWhy(t *testing.T) {
	t.Parallel()
	config := askedFor(t)
	for args, want := range map[string]string{
		"--date 2026-11-24": `Card numbers asked for on 2026-11-24 (UTC)

at                        who     tenant  wallet  card                          result    reason
2026-11-24T23:59:58.500Z  app-t1  t1      hana    crd_010100000000000000000000  shown     the holder asked
2026-11-24T23:59:58.750Z  app-t1  t1      hana    crd_020100000000000000000000  not kept  a, "b"
2026-11-24T23:59:59.000Z  app-t1  t1              crd_030100000000000000000000  refused   持ち主の依頼
2026-11-24T23:59:59.500Z  app-t1  t1      hana    crd_050100000000000000000000  shown     five
2026-11-24T23:59:59.750Z  app-t1  t1      hana    crd_060100000000000000000000  shown     six
2026-11-24T23:59:58.250Z  app-t2  t2      ken     crd_000100000000000000000000  shown     =1+1
2026-11-24T23:59:59.250Z  app-t2  t2      ken     crd_040100000000000000000000  shown     again: for the shop

7 asked for
check: ok, each entry is about a number that was asked for
`,
		"--date 2026-11-24 --csv": `at,who,tenant,wallet,card,result,reason
2026-11-24T23:59:58.500Z,app-t1,t1,hana,crd_010100000000000000000000,shown,the holder asked
2026-11-24T23:59:58.750Z,app-t1,t1,hana,crd_020100000000000000000000,not kept,"a, ""b"""
2026-11-24T23:59:59.000Z,app-t1,t1,,crd_030100000000000000000000,refused,持ち主の依頼
2026-11-24T23:59:59.500Z,app-t1,t1,hana,crd_050100000000000000000000,shown,five
2026-11-24T23:59:59.750Z,app-t1,t1,hana,crd_060100000000000000000000,shown,six
2026-11-24T23:59:58.250Z,app-t2,t2,ken,crd_000100000000000000000000,shown,'=1+1
2026-11-24T23:59:59.250Z,app-t2,t2,ken,crd_040100000000000000000000,shown,again: for the shop
check,ok,,,,,
`,
		"--date 2026-11-25 --json": `{"report":"numbers","date":"2026-11-25","showings":[` +
			`{"at":"2026-11-25T00:00:00.000Z","who":"app-t1","tenant":"t1","wallet":"hana","card":"crd_070100000000000000000000","result":"shown","reason":"it is the next day"}],"ok":true}` + "\n",
		"--date 2026-11-24 --tenant t2 --csv": `at,who,tenant,wallet,card,result,reason
2026-11-24T23:59:58.250Z,app-t2,t2,ken,crd_000100000000000000000000,shown,'=1+1
2026-11-24T23:59:59.250Z,app-t2,t2,ken,crd_040100000000000000000000,shown,again: for the shop
check,ok,,,,,
`,
	} {
		code, stdout, stderr := sekisho(t, append([]string{"report", "numbers", "--config", config}, strings.Fields(args)...)...)
		if code != exitOK || stdout != want || stderr != "" {
			t.Errorf("%s: exit %d %s, got\n%swant\n%s", args, code, stderr, stdout, want)
		}
	}
}

func TestAReportOfNumbersSaysThatATenantHasNone(t *testing.T) {
	t.Parallel()
	config := askedFor(t)
	for args, want := range map[string]string{
		"--date 2026-11-25 --tenant t2":                               "tenant \"t2\" has no record of 2026-11-25: nobody asked with a token of it, or it is called otherwise in wallet_api.tokens\n",
		"--date 2026-11-26":                                           "",
		"--date 2026-11-25 --tenant t1 --after audit:t1:2026-11-25@1": "",
	} {
		code, stdout, stderr := sekisho(t, append([]string{"report", "numbers", "--config", config, "--json"}, strings.Fields(args)...)...)
		if code != exitOK || stderr != want || !strings.Contains(stdout, `"showings":[],"ok":true}`) {
			t.Errorf("%s: exit %d, got %s%s, want %s", args, code, stdout, stderr, want)
		}
	}
}

func TestAReportOfNumbersGoesOnOnlyWithItsOwn(t *testing.T) {
	t.Parallel()
	config := askedFor(t)
	for _, args := range []string{
		"--date 2026-11-24 --tenant t1 --after audit:t2:2026-11-24@1",
		"--date 2026-11-24 --after audit:t1:2026-11-25@1",
	} {
		code, _, stderr := sekisho(t, append([]string{"report", "numbers", "--config", config}, strings.Fields(args)...)...)
		if code == exitOK || !strings.Contains(stderr, "another day or tenant") {
			t.Errorf("%s: exit %d %s", args, code, stderr)
		}
	}
}

func TestAReportOfNumbersGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	config := askedFor(t)
	report := func(args ...string) (r numbersReport, stderr string) {
		t.Helper()
		code, stdout, stderr := sekisho(t, append([]string{"report", "numbers", "--config", config, "--date", "2026-11-24", "--json"}, args...)...)
		if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitOK {
			t.Fatalf("exit %d, %v: %s", code, err, stderr)
		}
		return r, stderr
	}
	all, _ := report()
	for limit := 1; limit <= len(all.Showings); limit++ {
		var parts []numberShown
		pages, after := 0, ""
		for {
			r, stderr := report("--limit", strconv.Itoa(limit), "--after", after)
			parts, after = append(parts, r.Showings...), r.Next
			if len(r.Showings) > limit {
				t.Errorf("a limit of %d gives %d", limit, len(r.Showings))
			}
			if said := strings.Contains(stderr, "there are more: go on with --after audit:t"); said != (after != "") {
				t.Errorf("the next is %q, it said: %s", after, stderr)
			}
			if pages++; after == "" {
				break
			}
		}
		if want := (len(all.Showings) + limit - 1) / limit; pages != want || !slices.Equal(parts, all.Showings) {
			t.Errorf("in parts of %d: %d pages, want %d, with %+v", limit, pages, want, parts)
		}
	}
}

// odd is a move that does what it is told.
type odd struct {
	event balance.Event
	done  chan error
}

func (m *odd) Decide(*balance.View) balance.Decision {
	return balance.Decision{Events: []balance.Event{m.event}}
}
func (m *odd) Done(_ balance.Decision, err error)              { m.done <- err }
func (m *odd) Overdue(*balance.Decision) (balance.Mover, bool) { return nil, false }

func TestAReportOfNumbersFailsOnAnEntryThatIsNone(t *testing.T) {
	t.Parallel()
	config := askedFor(t)
	inStore(t, config, func(l *ledger) {
		m := &odd{balance.Event{Kind: balance.FileTaken, Key: balance.ClearingKey([25]byte{}, 0)}, make(chan error, 1)}
		l.book.Submit(balance.Post{Log: teller.AuditLog("t1", "2026-11-24"), At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), Mover: m})
		if err := <-m.done; err != nil {
			t.Fatal(err)
		}
	})
	code, stdout, stderr := sekisho(t, "report", "numbers", "--config", config, "--date", "2026-11-24")
	if code != exitFail || !strings.Contains(stdout, "7 asked for\ncheck: FAILED\nproblem: audit:t1:2026-11-24: entry 6 is not about a number") || !strings.Contains(stderr, "does not add up") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
