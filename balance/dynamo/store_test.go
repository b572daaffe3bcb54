package dynamo_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"sekisho/balance"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/balance/storetest"
)

// either are the tests that must go the same way on the fake and on DynamoDB Local: what the fake does
// is believed only as far as they go.
func either() map[string]func(t *testing.T, endpoint string) {
	return map[string]func(t *testing.T, endpoint string){
		"the store keeps every promise":                        keepsEveryPromise,
		"an entry that is sent again is in":                    sentAgain,
		"another's entry in the way is handed back":            takenByAnother,
		"a transaction tells what was in its way":              cancelled,
		"a faulty request is out and says why":                 faulty,
		"without its table everything is out and says so":      withoutTable,
		"a long log is read in pages both ways":                longLog,
		"a cold load reads little more than it needs":          coldLoad,
		"logs are listed over pages, rows and pieces left out": listedOverPages,
		"a snapshot of any size comes back":                    snapshotSizes,
		"an authorization takes one write unit and no read":    units,
		"a table is made, and opened by the next":              madeAndOpened,
		"a table of another shape is refused":                  anotherShape,
	}
}

func TestOnTheFake(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	for name, run := range either() {
		t.Run(name, func(t *testing.T) { run(t, server.URL()) })
	}
}

func TestOnDynamoDBLocal(t *testing.T) {
	t.Parallel()
	endpoint := dynamotest.Local(t)
	for name, run := range either() {
		t.Run(name, func(t *testing.T) { run(t, endpoint) })
	}
}

func keepsEveryPromise(t *testing.T, endpoint string) {
	var tables atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		o := small(endpoint, fmt.Sprintf("promise-%d", tables.Add(1)))
		return storetest.Harness{
			Reopens: true,
			Open:    func(t testing.TB) balance.Store { return mustOpen(t, o) },
		}
	})
}
