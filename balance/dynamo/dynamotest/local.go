package dynamotest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"sekisho/balance/dynamo/local"
)

// Local starts DynamoDB Local on a free loopback port, with its tables in memory, and gives its
// endpoint; it ends with the test. A start takes about two seconds, so start it once in a test and
// let its subtests have tables of their own. Where Java or npm are missing the test is skipped; with CI=true
// in the environment it fails instead.
func Local(t testing.TB) string {
	t.Helper()
	endpoint, stop, err := local.Start(t.Context())
	if err == nil {
		t.Cleanup(stop)
		return endpoint
	}
	if os.Getenv("CI") == "true" || !errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("DynamoDB Local: %v", err)
	}
	fmt.Fprintf(os.Stderr, "SKIPPED %s on DynamoDB Local: %v\n", t.Name(), err)
	t.Skipf("DynamoDB Local: %v", err)
	return ""
}
