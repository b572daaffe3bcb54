package dynamo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"pgregory.net/rapid"

	"sekisho/balance"
	"sekisho/spec"
)

type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

func TestTheTransportSeesABodyThatCanOnlyBeRead(t *testing.T) {
	t.Parallel()
	request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1", io.NopCloser(strings.NewReader("body")))
	if err != nil {
		t.Fatal(err)
	}
	seen := errors.New("seen")
	_, err = plainHTTP{carrier(func(r *http.Request) (*http.Response, error) {
		if _, writes := r.Body.(io.WriterTo); writes {
			t.Error("the body can be asked to write itself")
		}
		return nil, seen
	})}.Do(request)
	if !errors.Is(err, seen) {
		t.Errorf("the transport's error is not handed on: %v", err)
	}
}

func TestTheEndpointIsThatOfTheRegionUnlessOneIsGiven(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		given, region string
		fips          bool
	}{
		"https://dynamodb.eu-west-1.amazonaws.com":      {"", "eu-west-1", false},
		"https://dynamodb-fips.us-east-1.amazonaws.com": {"", "us-east-1", true},
		"https://dynamodb.cn-north-1.amazonaws.com.cn":  {"", "cn-north-1", false},
		"http://127.0.0.1:8000":                         {"http://127.0.0.1:8000", "eu-west-1", false},
	} {
		o := dynamodb.Options{Region: c.region}
		if c.fips {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		got, err := resolveEndpoint(t.Context(), c.given, &o)
		if err != nil || got.endpoint.URI.String() != want {
			t.Errorf("endpoint %s (%v), want %s", got.endpoint.URI.String(), err, want)
		}
	}
}

func TestKeysOfDifferentLogsAreDifferentAndLeadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log := string(rapid.SliceOfN(rapid.Byte(), 1, balance.LogNameMax).Draw(t, "log"))
		key := escape(log)
		for i := range len(key) {
			if key[i] < ' ' || key[i] > '~' {
				t.Fatalf("key %q has byte %x", key, key[i])
			}
		}
		if back, ok := unescape(key); !ok || back != log {
			t.Fatalf("%q becomes %q and back %q", log, key, back)
		}
	})
	for _, key := range []string{"", "a%", "a%4", "a%zz", "a%41", "a%ff", strings.Repeat("x", 129)} {
		if log, ok := unescape(key); ok {
			t.Errorf("%q leads to log %q, no log has that key", key, log)
		}
	}
}

func TestAnItemComesBackOrIsDamaged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := balance.Sealed{
			Log: rapid.StringN(1, 20, 100).Draw(t, "log"), Version: rapid.Uint64Min(1).Draw(t, "version"),
			Attempt: balance.Attempt(rapid.Uint64().Draw(t, "attempt")), At: rapid.Int64().Draw(t, "at"),
			Body:     rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "body"),
			Snapshot: rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "snapshot"),
		}
		value := encodeEntry(&e)
		got, err := decodeEntry(e.Log, e.Version, value)
		if err != nil {
			t.Fatal(err)
		}
		if got.Attempt != e.Attempt || got.At != e.At || !bytes.Equal(got.Body, e.Body) || !bytes.Equal(got.Snapshot, e.Snapshot) {
			t.Fatalf("entry comes back as another")
		}
		bit := rapid.IntRange(0, 8*len(value)-1).Draw(t, "bit")
		value[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeEntry(e.Log, e.Version, value); !errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("a flipped bit %d is not noticed (%v)", bit, err)
		}
		value[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeEntry(e.Log, e.Version+1, value); !errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("an item under another version is not noticed (%v)", err)
		}
		if _, err := decodeEntry("x"+e.Log, e.Version, value); !errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("an item under another log is not noticed (%v)", err)
		}
	})
}

func FuzzDecodeItem(f *testing.F) {
	e := balance.Sealed{Log: "w", Version: 1, Attempt: 7, At: 9, Body: []byte("body"), Snapshot: []byte("snapshot")}
	f.Add(encodeEntry(&e))
	f.Add(encodeRow(&balance.Row{Log: "w", Kind: balance.RowNumber}))
	f.Add([]byte{entryFormat, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= valueHead { // past the checksum, which no fuzzer guesses
			b[0] = entryFormat
			b = stamp(entryKey("w"), 1, b)
		}
		got, err := decodeEntry("w", 1, b)
		if err == nil && got.pieces == 0 {
			again := encodeEntry(&got.Sealed)
			if once, err := decodeEntry("w", 1, again); err != nil || !bytes.Equal(once.Body, got.Body) || once.At != got.At {
				t.Fatalf("what was read does not come back: %v", err)
			}
		}
		if err != nil && !errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("the error %v is no ErrDamaged", err)
		}
		if len(b) >= valueHead {
			b[0] = rowFormat
			b = stamp(cardKey(spec.CardHash{}), 0, b)
		}
		if _, err := decodeRow(spec.CardHash{}, b); err != nil && !errors.Is(err, balance.ErrDamaged) {
			t.Fatalf("the error %v is no ErrDamaged", err)
		}
	})
}

func TestACrewDoesEverythingWithNoMoreThanItsHands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(3, 100)
		var at, most, done atomic.Int64
		for range 50 {
			if !c.put(func() {
				most.Store(max(most.Load(), at.Add(1)))
				time.Sleep(time.Millisecond)
				at.Add(-1)
				done.Add(1)
			}) {
				t.Error("a job is turned away though there is room")
			}
		}
		c.close()
		if done.Load() != 50 || most.Load() != 3 {
			t.Errorf("%d of 50 jobs are done when close returns, at most %d at a time, want 3", done.Load(), most.Load())
		}
		if c.put(func() {}) {
			t.Error("a closed crew takes a job")
		}
	})
}

func TestACrewStartsNoMoreHandsThanItNeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(10, 10)
		for range 20 {
			c.put(func() {})
			synctest.Wait()
		}
		if c.hands != 1 {
			t.Errorf("%d hands for jobs that come one by one, want 1", c.hands)
		}
		c.close()
	})
}

func TestABarrierPassesOnlyWhenAllBeforeItHaveLeft(t *testing.T) {
	t.Parallel()
	var l line
	var passed []string
	pass := func(name string) func() { return func() { passed = append(passed, name) } }
	want := func(names string) {
		t.Helper()
		if got := strings.Join(passed, " "); got != names {
			t.Errorf("passed: %q, want %q", got, names)
		}
	}
	l.barrier(pass("none"))
	want("none")
	a, b := l.enter(), l.enter()
	l.barrier(pass("first"))
	c := l.enter()
	l.barrier(pass("second"))
	l.barrier(pass("third"))
	d := l.enter()
	l.leave(c)
	l.leave(b)
	l.leave(d)
	want("none")
	l.leave(a)
	want("none first second third")
	l.barrier(pass("last"))
	want("none first second third last")
	if len(l.stretches) > 1 {
		t.Errorf("%d stretches are left", len(l.stretches))
	}
}

func hashOf(n int) spec.CardHash { return sha256.Sum256(fmt.Append(nil, n)) }

func TestRowsInMemoryAreBoundedAndThoseAskedForStay(t *testing.T) {
	t.Parallel()
	const most, many = 2048, 20_000
	r := newRows(most)
	row := func(n int) balance.Row {
		return balance.Row{Hash: hashOf(n), Card: spec.CardID{byte(n)}, Log: fmt.Sprint("log-", n), Kind: balance.RowToken}
	}
	const wanted = 20
	for n := range wanted {
		r.keep(row(n))
	}
	for n := wanted; n < many; n++ {
		r.keep(row(n))
		if n%100 == 0 { // rarely, since to ask for a row is a reason to keep it
			if got, found := r.find(row(n).Hash); !found || got != row(n) {
				t.Fatalf("row %d is not found right after it was kept", n)
			}
		}
		for w := range wanted {
			if got, found := r.find(row(w).Hash); found && got != row(w) {
				t.Fatalf("row %d comes back as another", w)
			}
		}
	}
	found, kept := 0, 0
	for n := range many {
		if got, is := r.find(row(n).Hash); is {
			found++
			if got != row(n) {
				t.Fatalf("row %d comes back as another", n)
			}
			if n < wanted {
				kept++
			}
		}
	}
	if found > most || found < most/4 {
		t.Errorf("%d rows are in memory, want at most %d and not far fewer", found, most)
	}
	if kept < wanted*3/4 {
		t.Errorf("only %d of %d rows that were asked for all the time stayed", kept, wanted)
	}
}

func TestNumbersRememberedAsAbsentAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	a := newAbsent(100, time.Second, func() time.Time { return now })
	for n := range 1000 {
		a.add(hashOf(n))
		a.add(hashOf(n))
		if !a.has(hashOf(n)) {
			t.Fatalf("number %d is forgotten at once", n)
		}
	}
	if len(a.until) > 100 || len(a.order) > 100 {
		t.Errorf("%d numbers are remembered, want at most 100", len(a.until))
	}
	a.drop(hashOf(999))
	if a.has(hashOf(999)) {
		t.Error("a number is remembered after it was dropped")
	}
	now = now.Add(time.Second)
	if a.has(hashOf(998)) {
		t.Error("a number is remembered for longer than it should be")
	}
}

func TestWhatIsKnownOfALogGoesUpOnly(t *testing.T) {
	t.Parallel()
	k := newKnown(1)
	k.saw("a", 5)
	k.saw("a", 3)
	if !k.has("a", 5) || k.has("a", 6) {
		t.Error("a log seen to go to 5 is not known to go to just 5")
	}
	for n := range knownWays { // takes every place
		k.saw(fmt.Sprint("other-", n), 1)
	}
	if !k.has("other-7", 1) || k.has("nobody", 1) {
		t.Error("the log that was seen last is not known, or one that never was")
	}
	if n := len(k.places); n != knownWays {
		t.Errorf("%d places, want %d", n, knownWays)
	}
	forgotten := 0
	for _, log := range []string{"a", "other-0", "other-1", "other-2", "other-3", "other-4", "other-5", "other-6"} {
		if !k.has(log, 1) {
			forgotten++
		}
	}
	if forgotten != 1 {
		t.Errorf("%d logs were pushed out by one too many, want 1", forgotten)
	}
}

func TestATokenIsOfOneAppendToOneTable(t *testing.T) {
	t.Parallel()
	base := balance.Append{Entries: []balance.Sealed{{Log: "a", Version: 1, Attempt: 7}, {Log: "b", Version: 2, Attempt: 7}}}
	if first, second := token("t", &base), token("t", &base); first != second || len(first) > 36 {
		t.Error("a token is not stable, or too long for DynamoDB")
	}
	seen := map[string]bool{token("t", &base): true}
	for what, change := range map[string]func(*balance.Append) string{
		"another table":   func(*balance.Append) string { return "u" },
		"another attempt": func(a *balance.Append) string { a.Entries[1].Attempt++; return "t" },
		"another version": func(a *balance.Append) string { a.Entries[0].Version++; return "t" },
		"another log":     func(a *balance.Append) string { a.Entries[0].Log = "c"; return "t" },
		"one entry":       func(a *balance.Append) string { a.Entries = a.Entries[:1]; return "t" },
	} {
		a := balance.Append{Entries: append([]balance.Sealed(nil), base.Entries...)}
		table := change(&a)
		if tok := token(table, &a); seen[tok] {
			t.Errorf("%s has a token that was there already", what)
		} else {
			seen[tok] = true
		}
	}
}
