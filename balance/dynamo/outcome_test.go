package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
)

// outcomes are what can become of a try, and what the store makes of it. is: whether the entry is there
// afterwards, that is whether the fault was what its name says.
func outcomes() []struct {
	what   string
	fault  func(dynamotest.Call) dynamotest.Fault
	want   balance.Outcome
	is     bool
	says   string // part of the error
	counts func(*dynamo.Stats) uint64
} {
	just := func(f dynamotest.Fault) func(dynamotest.Call) dynamotest.Fault {
		return func(dynamotest.Call) dynamotest.Fault { return f }
	}
	refused := func(code string) func(dynamotest.Call) dynamotest.Fault { return just(dynamotest.Refused(code)) }
	failing := func(code string, status int) func(dynamotest.Call) dynamotest.Fault {
		return just(dynamotest.Fault{Apply: dynamotest.Never, Code: code, Status: status})
	}
	throttled := func(s *dynamo.Stats) uint64 { return s.Throttled.Load() }
	collided := func(s *dynamo.Stats) uint64 { return s.Collisions.Load() }
	wrong := func(s *dynamo.Stats) uint64 { return s.Refused.Load() }
	unknown := func(s *dynamo.Stats) uint64 { return s.Unknown.Load() }
	return []struct {
		what   string
		fault  func(dynamotest.Call) dynamotest.Fault
		want   balance.Outcome
		is     bool
		says   string
		counts func(*dynamo.Stats) uint64
	}{
		{"all is well", just(dynamotest.Fault{}), balance.In, true, "", nil},
		{"the answer is lost", just(dynamotest.Lost()), balance.Unknown, true, "", unknown},
		{"the request is lost", just(dynamotest.Dropped()), balance.Unknown, false, "", unknown},
		{"the request arrives late", just(dynamotest.Zombie(0)), balance.Unknown, false, "", unknown},
		{"half of the answer arrives", just(dynamotest.Torn()), balance.Unknown, true, "", unknown},
		{"an internal error before", just(dynamotest.ServerError(false)), balance.Unknown, false, "", unknown},
		{"an internal error after", just(dynamotest.ServerError(true)), balance.Unknown, true, "", unknown},
		{"not available", failing("ServiceUnavailable", 503), balance.Unknown, false, "", unknown},
		{"an error nobody has heard of", refused("SomethingElse"), balance.Unknown, false, "SomethingElse", unknown},
		{"a transaction with this token is under way", refused("TransactionInProgressException"), balance.Unknown, false, "", unknown},
		{"a token used for something else", refused("IdempotentParameterMismatchException"), balance.Unknown, false, "", unknown},
		{"the table's throughput is used up", just(dynamotest.Throttled()), balance.Out, false, "write units a second", throttled},
		{"the account's throughput is used up", refused("RequestLimitExceeded"), balance.Out, false, "", throttled},
		{"throttled", refused("ThrottlingException"), balance.Out, false, "", throttled},
		{"another transaction is at work on it", dynamotest.Collision, balance.Out, false, "TransactionConflict", collided},
		{"another region is at work on it", refused("ReplicatedWriteConflictException"), balance.Out, false, "", collided},
		{"no table", refused("ResourceNotFoundException"), balance.Out, false, "the table is not there", wrong},
		{"no permission", refused("AccessDeniedException"), balance.Out, false, "the role needs PutItem", wrong},
		{"a faulty request", refused("ValidationException"), balance.Out, false, "", wrong},
		{"credentials that are too old", refused("ExpiredTokenException"), balance.Out, false, "check the credentials", wrong},
		{"credentials nobody knows", refused("UnrecognizedClientException"), balance.Out, false, "check the credentials", wrong},
		{"a clock that is wrong", refused("InvalidSignatureException"), balance.Out, false, "the clock is right", wrong},
	}
}

func TestEachWayATryCanGoHasItsOutcome(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	for _, o := range outcomes() {
		for what, a := range map[string]balance.Append{
			"one entry":           alone(entry("a", 1, 1)),
			"an entry with a row": {Entries: []balance.Sealed{entry("a", 1, 1)}, Rows: []balance.Row{row(1, "a")}},
			"entries of two logs": {Entries: []balance.Sealed{entry("a", 1, 1), entry("b", 1, 1)}},
		} {
			t.Run(o.what+", "+what, func(t *testing.T) {
				server.SetFaults(nil)
				d := node(t, server.URL())
				server.SetFaults(o.fault)
				r := d.append(a)
				d.want(r, o.want)
				server.SetFaults(nil)
				if got := server.Items(tableOf(t), "w#a") == 1; got != o.is {
					t.Errorf("the entry is there: %v, want %v", got, o.is)
				}
				if (r.Err == nil) != (o.want == balance.In) || r.Err != nil && !strings.Contains(r.Err.Error(), o.says) {
					t.Errorf("the error is %v, want that it says %q", r.Err, o.says)
				}
				if r.Err != nil && !strings.Contains(r.Err.Error(), `log "a" version 1`) {
					t.Errorf("the error %v does not name the entry", r.Err)
				}
				if o.counts != nil && o.counts(d.Stats()) != 1 {
					t.Errorf("it is not counted")
				}
				server.Land()
				d.want(d.append(a), balance.In) // sent again it is in, whatever happened
				if n := server.Items(tableOf(t), "w#a"); n != 1 {
					t.Errorf("the entry is there %d times", n)
				}
			})
		}
	}
}

func TestEachReasonOfACancelledTransactionHasItsOutcome(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	for _, c := range []struct {
		what    string
		reasons []string
		want    balance.Outcome
	}{
		{"a collision on the first", []string{"TransactionConflict", "None", "None"}, balance.Out},
		{"a collision on the row", []string{"None", "None", "TransactionConflict"}, balance.Out},
		{"throughput used up", []string{"None", "ProvisionedThroughputExceeded", "None"}, balance.Out},
		{"throttled", []string{"None", "ThrottlingError", "None"}, balance.Out},
		{"a faulty item", []string{"None", "ValidationError", "None"}, balance.Out},
		{"a row in the way", []string{"None", "None", "ConditionalCheckFailed"}, balance.Conflict},
		{"a row in the way and a collision", []string{"TransactionConflict", "None", "ConditionalCheckFailed"}, balance.Conflict},
		{"an entry in the way that is not there", []string{"ConditionalCheckFailed", "None", "None"}, balance.Unknown},
		{"no reasons", nil, balance.Unknown},
		{"reasons that are none", []string{"None", "None", "None"}, balance.Unknown},
	} {
		t.Run(c.what, func(t *testing.T) {
			server.SetFaults(nil)
			d := node(t, server.URL())
			server.SetFaults(func(call dynamotest.Call) dynamotest.Fault {
				if call.Operation != "TransactWriteItems" {
					return dynamotest.Fault{}
				}
				return dynamotest.Cancelled(c.reasons...)
			})
			r := d.append(balance.Append{Entries: []balance.Sealed{entry("a", 1, 1), entry("b", 1, 1)}, Rows: []balance.Row{row(1, "a")}})
			d.want(r, c.want)
		})
	}
}

// A server that does not hand back what is in the way is asked for it.
func TestAnEntryInTheWayThatIsNotHandedBackIsRead(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d, other := node(t, server.URL()), node(t, server.URL())
	other.in(entry("a", 1, 1))
	writes := func(call dynamotest.Call) dynamotest.Fault {
		if call.Writes() {
			return dynamotest.Refused("ConditionalCheckFailedException")
		}
		return dynamotest.Fault{}
	}
	server.SetFaults(writes)
	if r := d.append(alone(entry("a", 1, 2))); r.Outcome != balance.Conflict || r.Theirs == nil || r.Theirs.Attempt != 1 {
		t.Errorf("another's entry: %s (%v), want Conflict with it", outcomeName(r.Outcome), r.Err)
	}
	d.want(d.append(alone(entry("a", 1, 1))), balance.In)
	server.SetFaults(func(call dynamotest.Call) dynamotest.Fault {
		if call.Operation == "GetItem" {
			return dynamotest.Dropped()
		}
		return writes(call)
	})
	d.want(d.append(alone(entry("a", 1, 2))), balance.Unknown)
}

func TestACallThatTakesTooLongIsUnknown(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL(), func(o *dynamo.Options) { o.AppendTimeout, o.ReadTimeout = 30*time.Millisecond, 30*time.Millisecond })
	never := make(chan struct{})
	defer close(never)
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Fault{After: never} })
	d.want(d.append(alone(entry("a", 1, 1))), balance.Unknown)
	if _, err := d.tryLoad("a"); err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("load: %v, want that the deadline was exceeded", err)
	}
	server.SetFaults(nil)
	patient := node(t, server.URL())
	patient.want(patient.append(alone(entry("a", 1, 1))), balance.In)
}

func TestWithoutAConnectionNothingWasSent(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	server.Stop()
	r := d.append(alone(entry("a", 1, 1)))
	for r.Outcome == balance.Unknown { // connections that were open when it went
		r = d.append(alone(entry("a", 1, 1)))
	}
	d.want(r, balance.Out)
}

func TestATransactionIsDoneOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	a := balance.Append{Entries: []balance.Sealed{entry("a", 1, 1), entry("b", 1, 1)}, Rows: []balance.Row{row(1, "a")}}
	server.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Lost() })
	d.want(d.append(a), balance.Unknown)
	server.SetFaults(nil)
	d.want(d.append(a), balance.In) // by its token
	server.ForgetTokens()
	d.want(d.append(a), balance.In) // by its attempt
	if n := server.Items(tableOf(t), ""); n != 4 {
		t.Errorf("the table has %d items, want two entries, a row and the card key", n)
	}
	if written, _ := server.Units(); written != 1+6+6 {
		t.Errorf("%v units were written, want 1 for the card key, 6 for the transaction and 6 for its failed condition", written)
	}
	if n := d.Stats().WriteUnits.Load(); n == 0 {
		t.Error("no write units are counted")
	}
}

func TestWhatWasWrittenOrReadForAnAppendIsNotAgainWhenItIsSentAgain(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	writer, d := node(t, server.URL()), node(t, server.URL())
	writer.in(entry("a", 1, 1))
	large := entry("a", 2, 1)
	large.Snapshot = make([]byte, 1000<<10)
	entries := func(c dynamotest.Call) dynamotest.Fault {
		if c.Writes() && strings.HasPrefix(c.Keys[0], "w#") {
			return dynamotest.Throttled()
		}
		return dynamotest.Fault{}
	}
	server.SetFaults(entries)
	for range 3 {
		d.want(d.append(alone(large)), balance.Out)
	}
	if n := d.Stats().Pieces.Load(); n != 4 {
		t.Errorf("%d pieces were written, want 4", n)
	}
	if n := d.Stats().ReadUnits.Load(); n != 1 {
		t.Errorf("%d read units, want 1 for the entry before", n)
	}
	server.SetFaults(func(c dynamotest.Call) dynamotest.Fault {
		if c.Writes() && strings.HasPrefix(c.Keys[0], "p#") {
			return dynamotest.Throttled()
		}
		return dynamotest.Fault{}
	})
	d.want(d.append(alone(large)), balance.In)
	large.Version, large.Attempt = 3, 7
	r := d.append(alone(large))
	d.want(r, balance.Out)
	if !strings.Contains(r.Err.Error(), "snapshot of log") {
		t.Errorf("the error %v does not say that it was the snapshot", r.Err)
	}
	if n := server.Items(tableOf(t), "w#a"); n != 2 {
		t.Errorf("the log has %d items, want 2: an entry whose snapshot is not there must not be", n)
	}
}
