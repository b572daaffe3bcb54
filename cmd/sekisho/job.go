package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"sekisho/balance"
	"sekisho/jobs"
	"sekisho/router"
	"sekisho/spec"
)

// ledger is what a job works on: that of the process that serves, or one opened for the job alone.
type ledger struct {
	settings *settings
	store    balance.Store
	book     *balance.Book
	router   *router.Router
	hasher   *spec.Hasher
	metrics  *jobs.Metrics // nil: nobody scrapes
	log      *slog.Logger
}

// job is work beside the switch: a command asks for it, and it runs where the store is open. Its
// options and its result are JSON, and no card number is in either. It ends soon after ctx does, and
// is safe to run again.
type job struct {
	name  string
	reads bool // it appends nothing: a store that is opened for it is left as it is
	run   func(ctx context.Context, l *ledger, options json.RawMessage, tell func(progress)) (any, error)
}

// allJobs are all there are, the same for the command and for the process that serves.
func allJobs() []job {
	all := []job{
		onlyReads(jobOf("verify", verifyLedger)),
		jobOf(clearingLoadJob, loadClearing),
		jobOf(jobAuthorized, authorizedIn),
		jobOf("expire", expireHolds),
		jobOf(jobCardStanding, cardStandingIn),
	}
	return slices.Concat(all, reportJobs(), suspenseJobs(), keysJobs())
}

// jobOf makes a job out of a function with options of its own type.
func jobOf[O, R any](name string, run func(ctx context.Context, l *ledger, options O, tell func(progress)) (R, error)) job {
	return job{name: name, run: func(ctx context.Context, l *ledger, options json.RawMessage, tell func(progress)) (any, error) {
		var o O
		if err := json.Unmarshal(options, &o); err != nil {
			return nil, fmt.Errorf("job %s: its options cannot be read (is the process that serves of another version?): %w", name, err)
		}
		return run(ctx, l, o, tell)
	}}
}

// onlyReads is a job that appends nothing.
func onlyReads(j job) job {
	j.reads = true
	return j
}

func jobNamed(jobs []job, name string) (job, bool) {
	for _, j := range jobs {
		if j.name == name {
			return j, true
		}
	}
	return job{}, false
}

// progress is how far a job is.
type progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0: not known
	Unit  string `json:"unit"`            // what is counted, such as wallets
}

// String is for a person: "1,200 of 40,000 wallets".
func (p progress) String() string {
	if p.Total == 0 {
		return spec.Grouped(p.Done) + " " + p.Unit
	}
	return spec.Grouped(p.Done) + " of " + spec.Grouped(p.Total) + " " + p.Unit
}

// runJob runs a job on the store of a configuration and returns its result: in the process that serves
// an embedded store, here when nothing serves it or when it is a table.
func runJob[R any](ctx context.Context, s *settings, stderr io.Writer, name string, options any) (result R, err error) {
	asked, err := json.Marshal(options)
	if err != nil {
		return result, err
	}
	j, ok := jobNamed(allJobs(), name)
	if !ok {
		return result, fmt.Errorf("there is no job %s", name)
	}
	answer, err := runWhereOpen(ctx, s, stderr, j, asked)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return result, fmt.Errorf("job %s: its result cannot be read (is the process that serves of another version?): %w", name, err)
	}
	return result, nil
}

func runWhereOpen(ctx context.Context, s *settings, stderr io.Writer, j job, options json.RawMessage) (json.RawMessage, error) {
	tell := shown(stderr)
	if s.Dynamo != nil {
		return runAlone(ctx, s, stderr, j, options, tell)
	}
	answer, err := askServing(ctx, s.Dir, j.name, options, tell)
	if !errors.Is(err, errNobodyServes) {
		return answer, err
	}
	answer, err = runAlone(ctx, s, stderr, j, options, tell)
	if !held(err) {
		return answer, err
	}
	locked := err
	if answer, err = askServing(ctx, s.Dir, j.name, options, tell); !errors.Is(err, errNobodyServes) {
		return answer, err // it began to serve meanwhile
	}
	return nil, fmt.Errorf("%w; it takes no jobs: it is starting, ending, or another command such as seed. Run this again when it serves or has ended", locked)
}

// runAlone opens the store for one job.
func runAlone(ctx context.Context, s *settings, stderr io.Writer, j job, options json.RawMessage, tell func(progress)) (json.RawMessage, error) {
	if j.reads {
		reading := *s
		reading.ReadOnly = true
		s = &reading
	}
	failed := make(chan error, 1)
	l, err := openLedger(ctx, s, messageLog(stderr), func(err error) {
		failed <- err
		select {} // the process ends; until then nobody hears of what may not be durable
	})
	if err != nil {
		return nil, err
	}
	type outcome struct {
		result json.RawMessage
		err    error
	}
	done := make(chan outcome, 1)
	go func() { // its end is awaited below, but for a failed disk
		result, err := runToJSON(ctx, l, j, options, tell)
		done <- outcome{result, err}
	}()
	select {
	case err := <-failed: // nothing is closed in order any more
		return nil, fmt.Errorf("store %s: %w", s.storeName(), err)
	case o := <-done:
		if err := errors.Join(o.err, closeBook(ctx, l.book), l.store.Close()); err != nil {
			return nil, err
		}
		return o.result, nil
	}
}

// runToJSON runs a job and writes its result.
func runToJSON(ctx context.Context, l *ledger, j job, options json.RawMessage, tell func(progress)) (json.RawMessage, error) {
	result, err := j.run(ctx, l, options, tell)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// openLedger opens the store of a configuration and a book on it, without links.
func openLedger(ctx context.Context, s *settings, log *slog.Logger, fatal func(error)) (*ledger, error) {
	store, hasher, err := openStore(ctx, s, false, log, fatal)
	if err != nil {
		return nil, err
	}
	book := balance.NewBook(store, balance.Options{Shards: s.Shards, Log: log, RetryMax: bookRetryMax})
	return &ledger{
		settings: s, store: store, book: book, router: router.New(book, s.Programs, log, nil), hasher: hasher, log: log,
	}, nil
}

// How often progress is told to a person who looks on, and to a log that keeps it.
const (
	tellEvery    = time.Second
	tellLogEvery = 30 * time.Second
)

// shown writes progress to a terminal every second, elsewhere every half minute.
func shown(stderr io.Writer) func(progress) {
	every := tellLogEvery
	if f, ok := stderr.(*os.File); ok {
		if i, err := f.Stat(); err == nil && i.Mode()&os.ModeCharDevice != 0 {
			every = tellEvery
		}
	}
	return sparing(every, time.Now(), func(p progress) { fmt.Fprintln(stderr, p) })
}

// sparing tells of progress at most once in a while, since it was told last; what comes in between is
// left out. It is safe for several goroutines.
func sparing(while time.Duration, told time.Time, tell func(progress)) func(progress) {
	last := make(chan time.Time, 1)
	last <- told
	return func(p progress) {
		select {
		case before := <-last:
			if t := time.Now(); t.Sub(before) >= while {
				tell(p)
				before = t
			}
			last <- before
		default: // somebody is telling
		}
	}
}
