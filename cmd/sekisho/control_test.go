package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// openTestControl takes jobs for a store of its own.
func openTestControl(t *testing.T, dir string, jobs ...job) (*settings, *control) {
	t.Helper()
	s := &settings{Dir: dir, SegmentSize: 256 << 10}
	log := slog.New(slog.DiscardHandler)
	store, hasher, err := openStore(t.Context(), s, true, log, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := openControl(t.Context(), &ledger{settings: s, store: store, hasher: hasher, log: log}, jobs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(filepath.Join(dir, socketName)); !os.IsNotExist(err) {
			t.Errorf("after the end the socket is still there: %v", err)
		}
	})
	return s, c
}

func ignore(progress) {}

func TestAJobThroughTheSocketTellsItsProgressAndItsResultOrItsError(t *testing.T) {
	t.Parallel()
	type words struct{ Text string }
	echo := jobOf("echo", func(_ context.Context, _ *ledger, o words, tell func(progress)) (words, error) {
		tell(progress{Done: 3, Total: 4000, Unit: "words"})
		return words{o.Text + "!"}, nil
	})
	no := jobOf("no", func(_ context.Context, _ *ledger, o words, _ func(progress)) (words, error) {
		switch o.Text {
		case "usage":
			return words{}, usageError{errors.New("not like this")}
		case "said":
			return words{}, errSaid
		}
		return words{}, errors.New("it cannot be done")
	})
	// A directory whose name does not fit into the address of a socket.
	s, _ := openTestControl(t, filepath.Join(t.TempDir(), strings.Repeat("long/", 30), "data"), echo, no)
	socket, err := os.Lstat(filepath.Join(s.Dir, socketName))
	if err != nil || socket.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v; want one that only its owner can use", socket.Mode(), err)
	}
	var heard progress
	result, err := askServing(t.Context(), s.Dir, "echo", json.RawMessage(`{"Text":"hello"}`), func(p progress) { heard = p })
	if err != nil || string(result) != `{"Text":"hello!"}` {
		t.Errorf("echo: %s, %v", result, err)
	}
	if heard.String() != "3 of 4,000 words" {
		t.Errorf("its progress is %q", heard)
	}
	for text, want := range map[string]error{"usage": usageError{errors.New("not like this")}, "said": errSaid, "": errors.New("it cannot be done")} {
		asked, _ := json.Marshal(words{text})
		if _, err := askServing(t.Context(), s.Dir, "no", asked, ignore); !reflect.DeepEqual(err, want) {
			t.Errorf("%q: got %#v, want %#v", text, err, want)
		}
	}
	if _, err := askServing(t.Context(), s.Dir, "other", json.RawMessage(`{}`), ignore); err == nil || !strings.Contains(err.Error(), "knows no job other") {
		t.Errorf("an unknown job: %v", err)
	}
	if _, err := askServing(t.Context(), s.Dir, "echo", json.RawMessage(`[]`), ignore); err == nil || !strings.Contains(err.Error(), "options cannot be read") {
		t.Errorf("wrong options: %v", err)
	}
}

// endless is a job that runs until it is cancelled, and says when it begins and why it ended.
func endless() (j job, begun chan struct{}, ended chan error) {
	begun, ended = make(chan struct{}, jobsAtOnceMax+1), make(chan error, jobsAtOnceMax+1)
	return jobOf("endless", func(ctx context.Context, _ *ledger, _ struct{}, _ func(progress)) (struct{}, error) {
		begun <- struct{}{}
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return struct{}{}, ctx.Err()
	}), begun, ended
}

func TestAJobEndsWhenItsCommandDoes(t *testing.T) {
	t.Parallel()
	j, begun, ended := endless()
	s, _ := openTestControl(t, filepath.Join(t.TempDir(), "data"), j)
	conn, err := net.Dial("unix", filepath.Join(s.Dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "POST /jobs/endless HTTP/1.1\r\nHost: sekisho\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := conn.Close(); err != nil { // as when its process is killed
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := askServing(ctx, s.Dir, "endless", json.RawMessage(`{}`), ignore); !errors.Is(err, context.Canceled) {
		t.Errorf("a command that is interrupted says %v", err)
	}
	<-ended
}

func TestAProcessThatEndsEndsItsJobsAndTakesOnlySoMany(t *testing.T) {
	t.Parallel()
	j, begun, ended := endless()
	s, c := openTestControl(t, filepath.Join(t.TempDir(), "data"), j)
	answers := make(chan error, jobsAtOnceMax)
	for range jobsAtOnceMax {
		go func() {
			_, err := askServing(t.Context(), s.Dir, "endless", json.RawMessage(`{}`), ignore)
			answers <- err
		}()
		<-begun
	}
	if _, err := askServing(t.Context(), s.Dir, "endless", json.RawMessage(`{}`), ignore); err == nil || !strings.Contains(err.Error(), "4 jobs are running already") {
		t.Errorf("one more: %v", err)
	}
	c.Stop()
	for range jobsAtOnceMax {
		if err := <-answers; err == nil || err.Error() != errEnding.Error() {
			t.Errorf("the command hears %v", err)
		}
		if err := <-ended; !errors.Is(err, errEnding) {
			t.Errorf("the job hears %v", err)
		}
	}
}

func TestTheSocketOfADeadProcessIsReplaced(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName)})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := askServing(t.Context(), dir, "any", json.RawMessage(`{}`), ignore); !errors.Is(err, errNobodyServes) {
		t.Errorf("asking a dead process: %v", err)
	}
	j := jobOf("one", func(context.Context, *ledger, struct{}, func(progress)) (int, error) { return 1, nil })
	s, _ := openTestControl(t, dir, j)
	if result, err := askServing(t.Context(), s.Dir, "one", json.RawMessage(`{}`), ignore); err != nil || string(result) != "1" {
		t.Errorf("%s, %v", result, err)
	}
	// Held, but by a process that takes no jobs.
	if err := os.Rename(filepath.Join(dir, socketName), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	s.Programs = nil
	if _, err := runWhereOpen(t.Context(), s, io.Discard, j, json.RawMessage(`{}`)); err == nil || !strings.Contains(err.Error(), "it takes no jobs") {
		t.Errorf("a store that is held: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, "away"), filepath.Join(dir, socketName)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatPayAsksForAtEachStepIsLoggedForWhoeverLooksForFaults(t *testing.T) {
	t.Parallel()
	nothing := func(context.Context, *ledger, struct{}, func(progress)) (struct{}, error) { return struct{}{}, nil }
	s, c := openTestControl(t, t.TempDir(), jobOf(jobCardStanding, nothing), jobOf("verify", nothing))
	var log bytes.Buffer
	c.ledger.log = slog.New(slog.NewTextHandler(&log, nil))
	for _, name := range []string{jobCardStanding, "verify"} {
		if _, err := askServing(t.Context(), s.Dir, name, []byte("{}"), ignore); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(t.Context()); err != nil { // from here on nothing is logged
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, jobCardStanding) || !strings.Contains(text, "job=verify") {
		t.Errorf("it logs %s", text)
	}
}

func TestVerifyBesideServeIsVerifyAlone(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	verify := func() string {
		out, err := exec.Command("sekisho", "verify", "--json", "--config", p.cmd.Args[3]).Output()
		if err != nil {
			t.Errorf("verify: %v", err)
		}
		return string(out)
	}
	beside := verify()
	p.signal(syscall.SIGTERM)
	if code := p.exitCode(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
	if alone := verify(); beside != alone || !strings.Contains(alone, `"ok":true,"entries":1,"wallets":1`) {
		t.Errorf("beside serve\n%salone\n%s", beside, alone)
	}
}
