package dynamo_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekisho/balance"
	"sekisho/balance/dynamo"
	"sekisho/balance/dynamo/dynamotest"
)

const farTable = "SEKISHO_TEST_FAR_TABLE"

// TestFarTable is no test: BenchmarkPutItem starts this program again with it, as a server whose
// processor time is not counted with the client's. It ends with its standard input.
func TestFarTable(t *testing.T) {
	if os.Getenv(farTable) == "" {
		t.Skip("only for BenchmarkPutItem")
	}
	s := dynamotest.Start(t)
	s.SetFaults(func(dynamotest.Call) dynamotest.Fault { return dynamotest.Slow(5 * time.Millisecond) })
	fmt.Println("endpoint", s.URL())
	io.Copy(io.Discard, os.Stdin) //nolint:errcheck // until it is closed
}

func startFarTable(b *testing.B) string {
	b.Helper()
	far := exec.Command(os.Args[0], "-test.run", "^TestFarTable$")
	far.Env = append(os.Environ(), farTable+"=1")
	in, err := far.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	said, err := far.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := far.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		far.Wait() //nolint:errcheck // it has done its work
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "endpoint "))
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPutItem appends entries of 300 bytes to logs of their own on a table 5 ms away.
func BenchmarkPutItem(b *testing.B) {
	endpoint := startFarTable(b)
	for _, inFlight := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("%d in flight", inFlight), func(b *testing.B) {
			s := mustOpen(b, dynamo.Options{Table: fmt.Sprintf("bench-%d-%d", inFlight, b.N), Endpoint: endpoint, Create: true})
			body := make([]byte, 300)
			var wg sync.WaitGroup
			slots := make(chan struct{}, inFlight)
			b.ReportAllocs()
			begin := processorTime()
			for i := 0; b.Loop(); i++ {
				slots <- struct{}{}
				wg.Add(1)
				e := balance.Sealed{Log: fmt.Sprintf("w%08d", i), Version: 1, Attempt: balance.Attempt(i + 1), At: 1_700_000_000_000, Body: body}
				s.Append([]balance.Append{{Entries: []balance.Sealed{e}}}, func(_ int, r balance.Result) {
					if r.Outcome != balance.In {
						b.Errorf("not in: %v", r.Err)
					}
					<-slots
					wg.Done()
				})
			}
			wg.Wait()
			used := processorTime() - begin
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(s.Stats().WriteUnits.Load())/float64(b.N), "units/op")
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
