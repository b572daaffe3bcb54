package dynamo_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/balance/storetest"
)

var testKey = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}

// small are options for a table on a server of a test.
func small(endpoint, table string) dynamo.Options {
	return dynamo.Options{
		Table: table, Endpoint: endpoint, Region: "us-east-1", Create: true, CheckValue: testKey,
		LogsMax: 1000, RowsMax: 2000, Appends: 16, Reads: 8,
	}
}

func mustOpen(t testing.TB, o dynamo.Options) *dynamo.Store {
	t.Helper()
	s, err := dynamo.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
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

func TestTheStoreKeepsEveryPromiseOnTheFake(t *testing.T) {
	t.Parallel()
	keepsEveryPromise(t, dynamotest.Start(t).URL())
}

func TestOnDynamoDBLocal(t *testing.T) {
	t.Parallel()
	endpoint := dynamotest.Local(t)
	t.Run("the store keeps every promise", func(t *testing.T) { keepsEveryPromise(t, endpoint) })
}
