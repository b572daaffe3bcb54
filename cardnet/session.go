package cardnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/moov-io/iso8583"
	connection "github.com/moov-io/iso8583-connection"
	iso8583errors "github.com/moov-io/iso8583/errors"
)

// session is one signed-on connection: moov's client behind a fence.
//
// Three things wedge moov's Connection for good, Close included: its own reply time-out, a
// failure that meets a reply on its way to the same Send, and a second answer to one request.
// So its time-outs are never used, its Close is never called, and it learns of a failure only
// from its reader (ours), which reports one only when every Send either has returned or waits
// for an answer that cannot come any more. A time-out here fails the whole session; the link
// opens a fresh one.
type session struct {
	table  *iso8583.MessageSpec
	note   func(what string)
	conn   net.Conn
	client *connection.Connection

	mu     sync.Mutex
	moved  *sync.Cond // a Send went on to another stage, or returned
	sends  map[string]stage
	failed error // why nothing is sent any more
}

// stage is how far a Send has come.
type stage uint8

const (
	queued    stage = iota + 1 // not yet written
	waiting                    // written, no answer yet
	delivered                  // the answer is on its way to the Send
)

// never is longer than any message lives: it switches moov's own time-outs off.
const never = 1000 * time.Hour

var (
	errNotSent  = errors.New("the message was not sent")
	errInFlight = errors.New("a message with the same STAN, DE7 and DE32 still waits for its answer")
)

// newSession takes over the connection. note is told of every message that nobody waits for;
// what it is told never holds a byte of one.
func newSession(conn net.Conn, table *iso8583.MessageSpec, note func(what string)) (*session, error) {
	s := &session{table: table, note: note, conn: conn, sends: make(map[string]stage)}
	s.moved = sync.NewCond(&s.mu)
	client, err := connection.NewFrom(conn, table, nil, nil,
		connection.SetMessageReader(s),
		connection.SetMessageWriter(s),
		connection.SetRequestIDGenerator(matchID{}),
		connection.SendTimeout(never),
		connection.ReadTimeout(never),
		connection.IdleTime(never),
	)
	if err != nil {
		return nil, fmt.Errorf("start moov's client: %w", err)
	}
	s.client = client
	return s, nil
}

// done is closed when nothing of the session runs any more but Sends about to return.
func (s *session) done() <-chan struct{} { return s.client.Done() }

// exchange sends a message and waits for its answer until ctx ends, which it must do some
// day. When it ends first the session fails, as nobody knows what has become of the message;
// that also frees a write to a peer that does not read. An error that is errNotSent says that
// the peer cannot have seen the message.
func (s *session) exchange(ctx context.Context, m message) (message, error) {
	packed, err := m.pack(s.table)
	if err != nil {
		return message{}, err
	}
	id, err := matchID{}.GenerateRequestID(packed)
	if err != nil {
		return message{}, err
	}
	if err := s.enter(id); err != nil {
		return message{}, err
	}
	stop := context.AfterFunc(ctx, func() { s.fail(fmt.Errorf("no answer to a %s: %w", m.mti, context.Cause(ctx))) })
	answer, err := s.client.Send(packed)
	stop()
	s.leave(id)
	switch {
	case err == nil:
		return unpack(answer), nil
	case errors.Is(err, errNotSent):
		return message{}, err
	default:
		return message{}, errors.Join(ErrNoAnswer, s.cause())
	}
}

func (s *session) enter(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return errors.Join(errNotSent, s.failed)
	}
	if _, twice := s.sends[id]; twice {
		return errInFlight
	}
	s.sends[id] = queued
	return nil
}

func (s *session) leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sends, id)
	s.moved.Broadcast()
}

// WriteMessage implements moov's MessageWriter: header and message in one write. Every error
// it returns is a pack error, the only kind after which moov tells the one Send that failed
// and goes on: the failure of the connection is the reader's to report.
func (s *session) WriteMessage(w io.Writer, m *iso8583.Message) error {
	if err := s.write(w, m); err != nil {
		return &iso8583errors.PackError{Err: err}
	}
	return nil
}

func (s *session) write(w io.Writer, m *iso8583.Message) error {
	id, err := matchID{}.GenerateRequestID(m)
	if err != nil {
		return errors.Join(errNotSent, err)
	}
	packed, err := m.Pack()
	if err != nil {
		return errors.Join(errNotSent, errors.New("an element does not fit its place in the field table"))
	}
	frame, err := appendFrame(nil, packed)
	if err != nil {
		return errors.Join(errNotSent, err)
	}
	if err := s.cause(); err != nil {
		return errors.Join(errNotSent, err)
	}
	if _, err := w.Write(frame); err != nil {
		s.fail(fmt.Errorf("write: %w", err))
		return fmt.Errorf("write: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sends[id] == queued { // the answer may have been faster
		s.sends[id] = waiting
		s.moved.Broadcast()
	}
	return nil
}

// ReadMessage implements moov's MessageReader. It hands on the first answer to a request in
// flight and nothing else: nil means read on.
func (s *session) ReadMessage(r io.Reader) (*iso8583.Message, error) {
	frame, err := readFrame(r)
	if err != nil {
		s.fail(fmt.Errorf("read: %w", err))
		s.settle()
		return nil, err
	}
	if len(frame) == 0 {
		return nil, nil
	}
	m, err := decode(s.table, frame)
	if err != nil {
		s.note("a message from the switch: " + err.Error())
		return nil, nil
	}
	id, err := matchID{}.GenerateRequestID(m)
	mti, _ := m.GetMTI()
	switch {
	case err != nil || !answers(mti):
		s.note("a message from the switch that is not an answer")
	case !s.deliver(id):
		s.note("an answer that nobody waits for")
	default:
		return m, nil
	}
	return nil, nil
}

func (s *session) deliver(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.sends[id]; at != queued && at != waiting {
		return false
	}
	s.sends[id] = delivered
	return true
}

// fail closes the socket; the reader notices and ends the rest. The first cause stays.
func (s *session) fail(cause error) {
	s.mu.Lock()
	if s.failed == nil {
		s.failed = cause
	}
	s.mu.Unlock()
	_ = s.conn.Close() // closing twice is harmless
}

func (s *session) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// settle waits until no Send is at a stage where moov's failure and something else could
// reach it together. It ends: a failed session takes no new Send, its socket is closed, so
// queued ones are refused by the writer, and delivered ones only have to return.
func (s *session) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.unsettled() {
		s.moved.Wait()
	}
}

func (s *session) unsettled() bool {
	for _, at := range s.sends {
		if at != waiting {
			return true
		}
	}
	return false
}
