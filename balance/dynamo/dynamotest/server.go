// Package dynamotest is a small DynamoDB to test against: it speaks the wire protocol as far as the
// store uses it, and does wrong what it is told to.
package dynamotest

import (
	"encoding/json"
	"hash/crc32"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server keeps tables in memory. Several clients may use one.
type Server struct {
	http *httptest.Server

	mu      sync.Mutex
	tables  map[string]*table
	tokens  map[string]doneToken
	making  map[string]int // how often a table says that it is not ready
	faults  func(Call) Fault
	calls   int
	opened  int
	held    []func() // writes whose time has not come, for Land
	written float64
	read    float64
	timers  sync.WaitGroup
}

// Call is one request, for a function that chooses faults.
type Call struct {
	N         int      // 1 for the server's first call
	Operation string   // PutItem, TransactWriteItems, GetItem, Query, Scan, CreateTable …
	Keys      []string // pk of the items written, or of the item or log read
}

// Writes says whether the call writes items.
func (c Call) Writes() bool { return c.Operation == "PutItem" || c.Operation == "TransactWriteItems" }

// Start starts a server without tables on a free loopback port. It ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := New()
	t.Cleanup(func() {
		s.Stop()
		s.timers.Wait()
	})
	return s
}

// New is Start for a program: Stop ends it.
func New() *Server {
	s := &Server{tables: map[string]*table{}, tokens: map[string]doneToken{}, making: map[string]int{}}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // connections are broken on purpose
	s.http.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.opened++
			s.mu.Unlock()
		}
	}
	s.http.Start()
	return s
}

// Stop breaks all connections and takes no more. What the tables hold is lost.
func (s *Server) Stop() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// URL is the endpoint.
func (s *Server) URL() string { return s.http.URL }

// SetFaults has choose say what goes wrong with each call from now on; it is called for one call
// at a time and must not call the server. nil: nothing goes wrong.
func (s *Server) SetFaults(choose func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = choose
}

// Units are what all clients together consumed.
func (s *Server) Units() (written, read float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written, s.read
}

// Calls is how many calls have come in.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Connections is how many connections were opened.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Items is how many items of a table have a pk that begins with prefix.
func (s *Server) Items(name, prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if t := s.tables[name]; t != nil {
		for pk, items := range t.items {
			if strings.HasPrefix(pk, prefix) {
				n += len(items)
			}
		}
	}
	return n
}

// Largest is the size of a table's largest item, in bytes.
func (s *Server) Largest(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if t := s.tables[name]; t != nil {
		for _, items := range t.items {
			for _, it := range items {
				n = max(n, it.size())
			}
		}
	}
	return n
}

// Damage flips a bit in the middle of an item's value. It returns false when there is none.
func (s *Server) Damage(name, pk, sk string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[name]
	if t == nil {
		return false
	}
	for _, it := range t.items[pk] {
		if b := it["b"].B; it["sk"].text() == sk && b != nil {
			changed := append([]byte(nil), *b...)
			changed[len(changed)/2] ^= 8
			it["b"] = attribute{B: &changed}
			return true
		}
	}
	return false
}

// Remove takes an item away, as nothing in the product does. It returns false when there is none.
func (s *Server) Remove(name, pk, sk string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tables[name]; t != nil {
		return t.remove(pk, sk)
	}
	return false
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	s.calls++
	call := Call{N: s.calls, Operation: operation, Keys: keysOf(operation, body)}
	var f Fault
	if s.faults != nil {
		f = s.faults(call)
	}
	s.mu.Unlock()
	if !f.begin(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	answer, refusal := s.apply(operation, body, f)
	if f.Code != "" {
		answer, refusal = nil, &failure{status: f.Status, code: f.Code, Message: "fault on demand", Reasons: f.reasons()}
	}
	if !wait(r.Context(), f.After) || f.Lost {
		panic(http.ErrAbortHandler)
	}
	status, text := http.StatusOK, encode(answer)
	if refusal != nil {
		status, text = refusal.httpStatus(), refusal.encode()
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", strconv.Itoa(call.N))
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(text)), 10))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if f.Torn {
		w.Write(text[:len(text)/2]) //nolint:errcheck // it is torn anyway
		panic(http.ErrAbortHandler)
	}
	w.Write(text) //nolint:errcheck // a client that has gone
}

// apply does a call at the time its fault says.
func (s *Server) apply(operation string, body []byte, f Fault) (any, *failure) {
	do := func() (any, *failure) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.do(operation, body)
	}
	switch f.Apply {
	case Never:
		return nil, nil
	case Late:
		s.later(f.LateBy, func() { do() }) //nolint:errcheck // nobody hears of it
		return nil, nil
	case Now:
	}
	return do()
}

func (s *Server) do(operation string, body []byte) (any, *failure) {
	switch operation {
	case "PutItem":
		return call(body, s.putItem)
	case "TransactWriteItems":
		return call(body, s.transactWriteItems)
	case "GetItem":
		return call(body, s.getItem)
	case "Query":
		return call(body, s.query)
	case "Scan":
		return call(body, s.scan)
	case "CreateTable":
		return call(body, s.createTable)
	case "DeleteTable":
		return call(body, s.deleteTable)
	case "DescribeTable":
		return call(body, s.describeTable)
	case "UpdateContinuousBackups":
		return call(body, s.updateContinuousBackups)
	case "DescribeContinuousBackups":
		return call(body, s.describeContinuousBackups)
	case "DescribeTimeToLive":
		return call(body, s.describeTimeToLive)
	}
	return nil, &failure{code: "UnknownOperationException"}
}

// call decodes a request strictly: what the store does not use, the server does not know.
func call[In, Out any](body []byte, do func(*In) (Out, *failure)) (any, *failure) {
	var in In
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, invalid("%v", err)
	}
	answer, refusal := do(&in)
	if refusal != nil {
		return nil, refusal
	}
	return answer, nil
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
