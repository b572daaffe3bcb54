package clearing

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

// many is a file of n purchases.
func many(t testing.TB, o Options, n int) []byte {
	t.Helper()
	drafts := make([]*Draft, n)
	for i := range drafts {
		drafts[i] = purchase(t, i, 1200)
	}
	return written(t, o, drafts...)
}

func BenchmarkNext(b *testing.B) {
	const records = 10_000
	for _, f := range framings {
		b.Run(f.name, func(b *testing.B) {
			file, hasher := many(b, f.Options, records), testHasher(b)
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			var rec Record
			for b.Loop() {
				r := NewReader(bytes.NewReader(file), hasher)
				for {
					if err := r.Next(&rec); err != nil {
						if !errors.Is(err, io.EOF) {
							b.Fatal(err)
						}
						break
					}
				}
			}
			b.ReportMetric(float64(b.N)*records/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	const records = 10_000
	file := many(b, Options{}, records)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Check(b.Context(), bytes.NewReader(file), true, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*records/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkWrite(b *testing.B) {
	d := purchase(b, 1, 1200)
	w := NewWriter(io.Discard, Options{})
	if err := w.Header(FileID([]byte(sampleID)), network, own); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	start := time.Now()
	for b.Loop() {
		if err := w.Write(d); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
}
