package embedded

import (
	"fmt"
	"path/filepath"
	"testing"

	"sekisho/balance"
)

const benchBody = 190

// benchEntries makes entry v of many logs, 190 bytes of body each.
func benchEntries(logs int) []balance.Append {
	batch := make([]balance.Append, logs)
	for i := range batch {
		batch[i].Entries = []balance.Sealed{{Log: fmt.Sprintf("wallet-%08d", i), Body: make([]byte, benchBody)}}
	}
	return batch
}

// BenchmarkAppend keeps so many appends in flight: each that is answered is replaced by the next.
func BenchmarkAppend(b *testing.B) {
	for _, flight := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("in flight %d", flight), func(b *testing.B) {
			s, _, err := Open(Options{Dir: b.TempDir(), CheckValue: testKey})
			if err != nil {
				b.Fatal(err)
			}
			const logs = 1 << 16
			entries := benchEntries(logs)
			answered := make(chan struct{}, flight)
			done := func(_ int, r balance.Result) {
				if r.Outcome != balance.In {
					b.Errorf("outcome %d: %v", r.Outcome, r.Err)
				}
				answered <- struct{}{}
			}
			b.ReportAllocs()
			b.ResetTimer()
			begun := 0
			for finished := 0; finished < b.N; {
				free := flight - (begun - finished)
				first := begun % logs
				batch := entries[first : first+min(free, logs-first, b.N-begun)]
				for i := range batch {
					batch[i].Entries[0].Version++
				}
				if len(batch) > 0 {
					s.Append(batch, done)
					begun += len(batch)
				}
				<-answered
				finished++
				for more := true; more; {
					select {
					case <-answered:
						finished++
					default:
						more = false
					}
				}
			}
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkBareWrites writes the same bytes with the same kind of write and nothing else: so many
// entries a write.
func BenchmarkBareWrites(b *testing.B) {
	for _, flight := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("in flight %d", flight), func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "bare")
			f, err := (osDisk{}).Create(name)
			if err == nil {
				err = zero(f, SegmentSizeDefault, func() bool { return false })
			}
			if err == nil {
				err = f.Close()
			}
			if err != nil {
				b.Fatal(err)
			}
			if f, err = (osDisk{}).OpenLog(name); err != nil {
				b.Fatal(err)
			}
			a := benchEntries(1)[0]
			group := pages(groupLength(flight*chunkSize(&a)) / PageSize)
			off := int64(0)
			b.ResetTimer()
			for n := 0; n < b.N; n += flight {
				if off+int64(len(group)) > SegmentSizeDefault {
					off = 0
				}
				if _, err := f.WriteAt(group, off); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
				off += int64(len(group))
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkReplay opens a log of a million entries of 65,536 wallets.
func BenchmarkReplay(b *testing.B) {
	dir := b.TempDir()
	s, _, err := Open(Options{Dir: dir, CheckValue: testKey})
	if err != nil {
		b.Fatal(err)
	}
	const logs, rounds = 1 << 16, 16
	entries := benchEntries(logs)
	for range rounds {
		for first := 0; first < logs; first += 4096 {
			batch := entries[first : first+4096]
			for i := range batch {
				batch[i].Entries[0].Version++
			}
			left := len(batch)
			all := make(chan struct{})
			s.Append(batch, func(int, balance.Result) {
				if left--; left == 0 {
					close(all)
				}
			})
			<-all
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, report, err := Open(Options{Dir: dir, CheckValue: testKey})
		if err != nil || report.Entries != logs*rounds {
			b.Fatalf("%d entries, %v", report.Entries, err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*logs*rounds/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkLoad loads logs of eight entries from the page cache, one at a time.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	s, _, err := Open(Options{Dir: dir, CheckValue: testKey, SegmentSize: 16 << 20})
	if err != nil {
		b.Fatal(err)
	}
	const logs = 4096
	entries := benchEntries(logs)
	for range 8 {
		for i := range entries {
			entries[i].Entries[0].Version++
		}
		all := make(chan struct{})
		left := logs
		s.Append(entries, func(int, balance.Result) {
			if left--; left == 0 {
				close(all)
			}
		})
		<-all
	}
	b.ReportAllocs()
	n := 0
	got := make(chan int)
	for b.Loop() {
		s.Load(entries[n%logs].Entries[0].Log, func(l balance.Loaded, _ error) { got <- len(l.Entries) })
		if <-got != 8 {
			b.Fatal("entries are missing")
		}
		n++
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchRounds makes so many entries of each of many logs, from a version on, one of each in turn.
func benchRounds(logs, from, rounds int) (batch []balance.Append) {
	for v := from; v < from+rounds; v++ {
		entries := benchEntries(logs)
		for i := range entries {
			entries[i].Entries[0].Version = uint64(v) //nolint:gosec // small
		}
		batch = append(batch, entries...)
	}
	return batch
}

// BenchmarkScan visits the last 256 entries of one log downwards, from the page cache: they lie
// between those of so many logs, or each in a group of its own.
func BenchmarkScan(b *testing.B) {
	for _, logs := range []int{1, 4, 16, 32, 64, 1024} {
		b.Run(fmt.Sprintf("of %d logs", logs), func(b *testing.B) { benchScan(b, logs, max(1, 512/logs)) })
	}
	b.Run("in groups of their own", func(b *testing.B) { benchScan(b, 1, 1) })
}

// benchScan appends 512 entries to each log, so many rounds at a time.
func benchScan(b *testing.B, logs, rounds int) {
	s, _, err := Open(Options{Dir: b.TempDir(), CheckValue: testKey})
	if err != nil {
		b.Fatal(err)
	}
	for v := 0; v < 512; v += rounds {
		appendAll(b, s, benchRounds(logs, v+1, rounds))
	}
	for i := range logs {
		scanAll(b, s, fmt.Sprintf("wallet-%08d", i), 0, balance.Backward)
	}
	const visited = 256
	b.ReportAllocs()
	n := 0
	got := make(chan int)
	for b.Loop() {
		seen := 0
		s.Scan(fmt.Sprintf("wallet-%08d", n%logs), 0, balance.Backward, func(balance.Sealed) bool {
			seen++
			return seen < visited
		}, func(error) { got <- seen })
		if <-got != visited {
			b.Fatal("entries are missing")
		}
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*visited), "ns/entry")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
