package clearing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"sekisho/spec"
)

// recordsVariable names the environment variable that makes the streamed file as long as one likes:
// 10000000 in the nightly run.
const recordsVariable = "SEKISHO_CLEARING_RECORDS"

// stream writes a file of n purchases into a pipe.
func stream(w *io.PipeWriter, d *Draft, n int) error {
	out := NewWriter(w, Options{})
	if err := out.Header(FileID([]byte(sampleID)), network, own); err != nil {
		return err
	}
	for i := range n {
		copy(d.RRN[:], fmt.Sprintf("%012d", i))
		if err := out.Write(d); err != nil {
			return err
		}
	}
	return out.Close()
}

// heap is what lives, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAFileOfAnyLengthIsReadInTheSameMemory(t *testing.T) {
	records := 40_000 // 13 MB, far above what the heap may grow
	const growthMax = 3 << 20
	if text := os.Getenv(recordsVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q, expected a number of records", recordsVariable, text)
		}
		records = n
	}
	source, sink := io.Pipe()
	written := make(chan error, 1)
	d := purchase(t, 1, 1200)
	go func() {
		err := stream(sink, d, records)
		sink.CloseWithError(err) // with nil the end of the file
		written <- err
	}()
	r := NewReader(source, testHasher(t))
	var rec Record
	var first, most uint64
	start := time.Now()
	for n := 0; ; n++ {
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%max(1, records/10) == records/20 {
			most = max(most, heap())
			if first == 0 {
				first = most
			}
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	totals := r.Totals()
	if totals.Records != uint32(records) || totals.Sum != spec.Money(records)*1200 { //nolint:gosec // a test's number
		t.Errorf("read %+v, wrote %d records", totals, records)
	}
	if most > first+growthMax {
		t.Errorf("the heap grew from %d to %d bytes over %d records", first, most, records)
	}
	t.Logf("%d records, %d bytes in %v, written and read; heap %d to %d bytes", records, totals.Bytes, time.Since(start).Round(time.Millisecond), first, most)
}
