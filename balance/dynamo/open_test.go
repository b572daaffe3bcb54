package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/deploy/dynamodb"
)

func TestLoopbackIsThisMachineAndNothingElse(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:8000": true, "http://localhost:8000": true, "http://LOCALHOST": true, "https://[::1]:8000/": true,
		"http://127.8.9.1": true, "http://[::ffff:127.0.0.1]:1": true,
		"": false, "https://dynamodb.eu-central-1.amazonaws.com": false, "http://localhost.example.com": false,
		"http://127.0.0.1.example.com": false, "http://10.0.0.1:8000": false, "127.0.0.1:8000": false, "http://0.0.0.0:8000": false,
	} {
		if got := dynamo.Loopback(endpoint); got != want {
			t.Errorf("%q: %v, want %v", endpoint, got, want)
		}
	}
}

func TestOptionsThatCannotBeAreRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		options dynamo.Options
		says    string
	}{
		"no table":                {dynamo.Options{}, "3 to 255"},
		"a name no table has":     {dynamo.Options{Table: "a b c"}, "3 to 255"},
		"an endpoint without URL": {dynamo.Options{Table: "abc", Endpoint: "localhost:8000"}, "is not a URL"},
		"create elsewhere":        {dynamo.Options{Table: "abc", Region: "eu-west-1", Create: true}, "only on a loopback endpoint"},
	} {
		_, err := dynamo.Open(t.Context(), c.options)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", what, err, c.says)
		}
	}
}

func TestATableOutOfReachIsToldFromOneThatIsWrong(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = dynamo.Open(t.Context(), small(nobody, "abc"))
	var at *dynamo.OpenError
	if !errors.Is(err, dynamo.ErrUnreachable) || !errors.As(err, &at) || at.Table != "abc" || at.Endpoint != nobody {
		t.Errorf("nobody listens: %v, want ErrUnreachable with table and endpoint", err)
	}
	server := dynamotest.Start(t)
	for fault, reachable := range map[string]bool{
		"InternalServerError": false, "ThrottlingException": false, "ServiceUnavailable": false,
		"AccessDeniedException": true, "ValidationException": true, "UnrecognizedClientException": true,
	} {
		for _, operation := range []string{"DescribeTable", "CreateTable", "GetItem", "PutItem"} {
			o := small(server.URL(), fmt.Sprintf("%s-%s", fault, operation))
			server.SetFaults(func(c dynamotest.Call) dynamotest.Fault {
				if c.Operation == operation {
					return dynamotest.Refused(fault)
				}
				return dynamotest.Fault{}
			})
			_, err := dynamo.Open(t.Context(), o)
			if err == nil || errors.Is(err, dynamo.ErrUnreachable) == reachable {
				t.Errorf("%s at %s: %v, want ErrUnreachable: %v", fault, operation, err, !reachable)
			}
		}
	}
}

func TestOpenWaitsForATableThatIsBeingMade(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	server.SetMaking(tableOf(t), 2)
	d := node(t, server.URL())
	d.in(entry("a", 1, 1))

	server.SetMaking(tableOf(t), 2) // by another, who has not finished
	node(t, server.URL(), func(o *dynamo.Options) { o.Create = false }).in(entry("a", 2, 1))

	server.SetMaking("never", 1<<30)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := dynamo.Open(ctx, small(server.URL(), "never")); !errors.Is(err, dynamo.ErrUnreachable) {
		t.Errorf("open: %v, want ErrUnreachable when time is up", err)
	}
}

func TestTwoNodesThatMakeATableAtATimeHaveOneCardKey(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	errs := make(chan error, 2)
	for n := range byte(2) {
		o := small(server.URL(), tableOf(t))
		o.CheckValue = [8]byte{n + 1}
		go func() {
			s, err := dynamo.Open(context.Background(), o)
			if err == nil {
				s.Close() //nolint:errcheck // never fails
			}
			errs <- err
		}()
	}
	refused := 0
	for range 2 {
		if err := await(t, "open", errs); errors.Is(err, dynamo.ErrCardKey) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d of two nodes with two keys were refused, want one", refused)
	}
}

// template is what the tests look at of the CloudFormation template.
type template struct {
	Resources struct {
		Ledger struct {
			DeletionPolicy string `yaml:"DeletionPolicy"`
			Properties     struct {
				BillingMode          string              `yaml:"BillingMode"`
				AttributeDefinitions []map[string]string `yaml:"AttributeDefinitions"`
				KeySchema            []map[string]string `yaml:"KeySchema"`
				Protected            bool                `yaml:"DeletionProtectionEnabled"`
				Backups              map[string]bool     `yaml:"PointInTimeRecoverySpecification"`
			} `yaml:"Properties"`
		} `yaml:"Ledger"`
	} `yaml:"Resources"`
}

// The template, the table that Open makes and what Compare expects are one table.
func TestTheTemplateAndTheTableThatIsMadeAreTheSame(t *testing.T) {
	t.Parallel()
	var want template
	if err := yaml.Unmarshal([]byte(dynamodb.Template()), &want); err != nil {
		t.Fatal(err)
	}
	p := want.Resources.Ledger.Properties
	server := dynamotest.Start(t)
	o := small(server.URL(), tableOf(t))
	mustOpen(t, o).Close() //nolint:errcheck // never fails
	made := server.Table(o.Table)
	for i, name := range []string{"pk", "sk"} {
		attribute, key := p.AttributeDefinitions[i], p.KeySchema[i]
		if made.AttributeDefinitions[i] != [2]string{attribute["AttributeName"], attribute["AttributeType"]} ||
			made.KeySchema[i] != [2]string{key["AttributeName"], key["KeyType"]} || key["AttributeName"] != name {
			t.Errorf("key %d is made %v %v, in the template %v %v", i, made.AttributeDefinitions[i], made.KeySchema[i], attribute, key)
		}
	}
	if len(p.KeySchema) != 2 || made.BillingMode != p.BillingMode || p.BillingMode != "PAY_PER_REQUEST" || want.Resources.Ledger.DeletionPolicy != "Retain" {
		t.Errorf("billing is made %q, in the template %q", made.BillingMode, p.BillingMode)
	}
	if made.Backups != p.Backups["PointInTimeRecoveryEnabled"] || !made.Backups {
		t.Error("point-in-time recovery is not on in both")
	}
	if made.DeletionProtection || !p.Protected {
		t.Error("a table on this machine is protected from deletion, or one of the template is not")
	}
}

func TestCompareNamesEachDifference(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	o := small(server.URL(), tableOf(t))
	mustOpen(t, o).Close() //nolint:errcheck // never fails
	compare := func(want ...string) {
		t.Helper()
		got, err := dynamo.Compare(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("differences: %q, want %d", got, len(want))
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("difference %q, want that it says %q", got[i], want[i])
			}
		}
	}
	compare("deletion protection is off")
	server.SetTimeToLive(o.Table, true)
	o.KMSKey = "alias/ledger"
	compare("deletion protection is off", "the configuration names alias/ledger", "time to live is on")
	o.Table, o.Create = "not-there", false
	if _, err := dynamo.Compare(t.Context(), o); !errors.Is(err, dynamo.ErrNoTable) {
		t.Errorf("compare without a table: %v, want ErrNoTable", err)
	}
}

func TestATableIsMadeUnderAKeyWhenOneIsGiven(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	o := small(server.URL(), tableOf(t))
	o.KMSKey = "alias/ledger"
	mustOpen(t, o).Close() //nolint:errcheck // never fails
	if key := server.Table(o.Table).KMSKey; key != o.KMSKey {
		t.Errorf("the table is under key %q, want %q", key, o.KMSKey)
	}
}

func TestWhatIsDamagedIsFoundOut(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	d := node(t, server.URL())
	table := tableOf(t)
	large := entry("pieces", 1, 1)
	large.Snapshot = make([]byte, 600<<10)
	d.in(entry("a", 1, 1), entry("a", 2, 1), entry("a", 3, 1), entry("gap", 1, 1), entry("gap", 2, 1), entry("gap", 3, 1), entry("first", 1, 1), entry("first", 2, 1), large)
	r := row(1, "a")
	d.want(d.append(withRow("row", 1, r)), balance.In)
	damage := func(ok bool) {
		t.Helper()
		if !ok {
			t.Fatal("there is nothing to damage")
		}
	}
	damage(server.Damage(table, "w#a", "2"))
	damage(server.Remove(table, "w#gap", "2"))
	damage(server.Remove(table, "w#first", "1"))
	damage(server.Remove(table, "p#pieces#00000000000000000001#0000000000000001#2", "2"))
	damage(server.Damage(table, "c#AQECAwQFBgcBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "0"))
	cold := node(t, server.URL())
	for log, says := range map[string]string{
		"a": "item w#a/2: checksum", "gap": "item w#gap/2: it is not there", "first": "item w#first/1: it is not there", "pieces": "it is not there",
	} {
		_, err := cold.tryLoad(log)
		if !errors.Is(err, balance.ErrDamaged) || !strings.Contains(err.Error(), says) {
			t.Errorf("load %s: %v, want ErrDamaged that says %q", log, err, says)
		}
		if _, err = cold.scan(log); !errors.Is(err, balance.ErrDamaged) || !strings.Contains(err.Error(), says) {
			t.Errorf("scan %s: %v, want ErrDamaged that says %q", log, err, says)
		}
	}
	if _, found, err := cold.card(r.Hash); found || !errors.Is(err, balance.ErrDamaged) {
		t.Errorf("card: %v %v, want ErrDamaged", found, err)
	}
	answer := cold.append(alone(entry("a", 2, 9)))
	if answer.Outcome != balance.Unknown || !errors.Is(answer.Err, balance.ErrDamaged) {
		t.Errorf("an append that meets a damaged entry is %s (%v), want Unknown with ErrDamaged", outcomeName(answer.Outcome), answer.Err)
	}
	answers := make(chan error, 1)
	cold.Logs(func(string, uint64) bool { return true }, func(err error) { answers <- err })
	if err := await(t, "logs", answers); !errors.Is(err, balance.ErrDamaged) {
		t.Errorf("logs: %v, want ErrDamaged for the gap", err)
	}
}
