package cardnet

import (
	"github.com/HdrHistogram/hdrhistogram-go"
)

// Together are the figures of several networks as if they were one. Latencies are of all their
// messages, not an average of averages.
func Together(all ...Figures) Figures {
	sum := Figures{Declined: map[string]int64{}, Unexpected: map[string]int64{}}
	latency := newHistogram()
	for _, f := range all {
		sum.Messages += f.Messages
		sum.Approved += f.Approved
		sum.Inquiries += f.Inquiries
		sum.Reversed += f.Reversed
		sum.Advices += f.Advices
		sum.Duplicates += f.Duplicates
		sum.NoAnswer += f.NoAnswer
		sum.Elapsed = max(sum.Elapsed, f.Elapsed)
		for name, n := range f.Declined {
			sum.Declined[name] += n
		}
		for name, n := range f.Unexpected {
			sum.Unexpected[name] += n
		}
		if f.latency != nil {
			latency.Merge(hdrhistogram.Import(f.latency))
		}
	}
	return sum.timed(sum.Elapsed, latency)
}
