package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"sekisho/balance/embedded"
	"sekisho/jobs"
)

// control takes jobs for a process that serves an embedded store, through a Unix socket in the
// store's directory. It is opened and closed while the store's lock is held, so whatever socket is
// there when it opens is that of a dead process.
//
// A job is a POST of its options to /jobs/NAME. The answer is lines of JSON, each a line below. Whoever
// hangs up cancels the job.
type control struct {
	ledger *ledger
	jobs   []job
	room   chan struct{} // a place for each job
	socket string
	server *http.Server
	end    context.CancelCauseFunc // cancels what runs
	ended  chan struct{}           // closed when the server has ended
}

const (
	socketName    = "sekisho.sock"
	socketPathMax = 100 // bytes; systems differ, from 104 on
	jobsAtOnceMax = 4
	optionsMax    = 1 << 20         // bytes
	hearsWithin   = 5 * time.Second // whoever takes longer to take a line is gone
	tellSocket    = 200 * time.Millisecond
)

// line is one line of an answer: progress any number of times, then a result or an error.
type line struct {
	Progress *progress       `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	Kind     string          `json:"kind,omitempty"`
	Refused  *refusedLine    `json:"refused,omitempty"` // with kindRefused
}

// The kinds of errors that a command tells apart.
const (
	kindFailed = "failed"
	kindUsage  = "usage"
	kindSaid   = "said" // exit 1 without another word
	kindBusy   = "busy"
	kindEnding = "ending"

	kindRefused = "refused" // of a clearing file nothing is taken
)

// errEnding ends the jobs of a process that is ending.
var errEnding = errors.New("the process that serves the store is ending: run this again when it has ended, or serves again")

// openControl takes jobs from now on.
func openControl(ctx context.Context, l *ledger, jobs []job) (*control, error) {
	c := &control{
		ledger: l, jobs: jobs, room: make(chan struct{}, jobsAtOnceMax), ended: make(chan struct{}),
		socket: filepath.Join(l.settings.Dir, socketName),
	}
	listener, err := listenUnix(ctx, l.settings.Dir, c.socket)
	if err != nil {
		return nil, fmt.Errorf("socket for jobs: %w", err)
	}
	base, end := context.WithCancelCause(context.WithoutCancel(ctx))
	c.end = end
	mux := http.NewServeMux()
	mux.HandleFunc("POST /jobs/{name}", c.take)
	c.server = &http.Server{
		Handler: mux, ErrorLog: slog.NewLogLogger(l.log.Handler(), slog.LevelWarn), MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: hearsWithin, IdleTimeout: hearsWithin,
		BaseContext: func(net.Listener) context.Context { return base },
	}
	go func() { // ends in Close
		err := c.server.Serve(listener)
		if !errors.Is(err, http.ErrServerClosed) {
			l.log.Error("no more jobs are taken", "socket", c.socket, "error", err)
		}
		close(c.ended)
	}()
	return c, nil
}

// listenUnix makes a socket that only its owner can use, from its first moment on.
func listenUnix(ctx context.Context, dir, socket string) (net.Listener, error) {
	if i, err := os.Lstat(socket); err == nil && i.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(socket); err != nil {
			return nil, err
		}
	}
	open := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			_ = syscall.Fchmod(int(fd), 0o600) //nolint:gosec // a descriptor fits; where it has no effect Chmod below has
		})
	}}
	var listener net.Listener
	err := within(dir, func(path string) (err error) {
		listener, err = open.Listen(ctx, "unix", path)
		return err
	})
	if err != nil {
		return nil, err
	}
	if u, ok := listener.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // by its own name, in Close
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// within names the socket of a directory so that it fits into an address, however long the
// directory's own name is.
func within(dir string, do func(path string) error) error {
	if path := filepath.Join(dir, socketName); len(path) <= socketPathMax {
		return do(path)
	}
	d, err := os.Open(dir) //nolint:gosec // the store's own directory
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // only a way to its files
	return do("/proc/self/fd/" + strconv.FormatUint(uint64(d.Fd()), 10) + "/" + socketName)
}

// Stop cancels the jobs that run and takes no more.
func (c *control) Stop() {
	if c != nil {
		c.end(errEnding)
	}
}

// Close stops, and waits until the jobs have ended or ctx has. What does not end in time finds a
// closed book.
func (c *control) Close(ctx context.Context) error {
	if c == nil {
		return nil
	}
	c.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeMax)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("ending the jobs: %w", err), c.server.Close())
	}
	<-c.ended
	if gone := os.Remove(c.socket); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// take runs one job.
func (c *control) take(w http.ResponseWriter, r *http.Request) {
	out := &lines{to: json.NewEncoder(w), response: http.NewResponseController(w)}
	name := r.PathValue("name")
	j, ok := jobNamed(c.jobs, name)
	if !ok {
		out.write(line{Kind: kindFailed, Error: fmt.Sprintf("the process that serves the store knows no job %s: it is version %s, this command another", name, version())})
		return
	}
	options, err := io.ReadAll(http.MaxBytesReader(w, r.Body, optionsMax)) // to its end: from then on it is noticed when the peer hangs up
	if err != nil {
		out.write(line{Kind: kindFailed, Error: "the options were not read: " + err.Error()})
		return
	}
	select {
	case c.room <- struct{}{}:
		defer func() { <-c.room }()
	default:
		out.write(line{Kind: kindBusy, Error: fmt.Sprintf("%d jobs are running already: run this again when one has ended", jobsAtOnceMax)})
		return
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	out.gone = cancel
	begun := time.Now()
	tell := sparing(tellSocket, time.Time{}, func(p progress) { out.write(line{Progress: &p}) })
	result, err := runToJSON(ctx, c.ledger, j, options, tell)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	took := slog.String("took", time.Since(begun).Round(time.Millisecond).String())
	if err != nil {
		c.ledger.log.Warn("job not done", "job", name, took, "error", err)
		out.write(errorLine(err))
		return
	}
	level := slog.LevelInfo
	if name == jobCardStanding { // pay asks for each of its steps
		level = slog.LevelDebug
	}
	c.ledger.log.Log(ctx, level, "job done", "job", name, took)
	out.write(line{Result: result})
}

// lines is the answer to one command.
type lines struct {
	mu       sync.Mutex
	to       *json.Encoder
	response *http.ResponseController
	gone     func(cause error) // told when the peer takes nothing any more; nil before the job begins
}

func (l *lines) write(one line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.response.SetWriteDeadline(time.Now().Add(hearsWithin))
	if err == nil {
		err = l.to.Encode(one)
	}
	if err == nil {
		err = l.response.Flush()
	}
	if err != nil && l.gone != nil {
		l.gone(fmt.Errorf("the command does not listen any more: %w", err))
	}
}

func errorLine(err error) line {
	var usage usageError
	var failed *failure
	var refused *jobs.Refused
	switch {
	case errors.As(err, &refused):
		r := refusedLineOf(refused)
		return line{Kind: kindRefused, Error: err.Error(), Refused: &r}
	case errors.Is(err, errEnding):
		return line{Kind: kindEnding, Error: err.Error()}
	case errors.As(err, &usage):
		return line{Kind: kindUsage, Error: err.Error()}
	case errors.As(err, &failed) && failed.err == nil:
		return line{Kind: kindSaid, Error: err.Error()}
	}
	return line{Kind: kindFailed, Error: err.Error()}
}

// err is the error of an error line, as it was on the other side.
func (l *line) err() error {
	switch {
	case l.Kind == kindUsage:
		return usageError{errors.New(l.Error)}
	case l.Kind == kindSaid:
		return errSaid
	case l.Refused != nil:
		return l.Refused.err()
	}
	return errors.New(l.Error)
}

// errNobodyServes says that no process takes jobs for a store.
var errNobodyServes = errors.New("no process serves this store")

// askServing has the process that serves a store run a job.
func askServing(ctx context.Context, dir, name string, options json.RawMessage, tell func(progress)) (json.RawMessage, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
			err = within(dir, func(path string) (err error) {
				conn, err = new(net.Dialer).DialContext(ctx, "unix", path)
				return err
			})
			return conn, err
		},
	}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sekisho/jobs/"+name, bytes.NewReader(options))
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR):
		return nil, errNobodyServes
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("store %s: %s is another user's: run this as the user who serves the store", dir, socketName)
	case err != nil:
		return nil, fmt.Errorf("asking the process that serves the store: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // what was to be read was read
	return readAnswer(answer.Body, tell)
}

func readAnswer(body io.Reader, tell func(progress)) (json.RawMessage, error) {
	for read := json.NewDecoder(body); ; {
		var l line
		switch err := read.Decode(&l); {
		case err != nil:
			return nil, fmt.Errorf("the process that serves the store ended in the middle of the job, which is safe to run again: %w", err)
		case l.Kind != "":
			return nil, l.err()
		case l.Result != nil:
			return l.Result, nil
		case l.Progress != nil:
			tell(*l.Progress)
		}
	}
}

// held says whether another process has the store.
func held(err error) bool { return errors.Is(err, embedded.ErrLocked) }
