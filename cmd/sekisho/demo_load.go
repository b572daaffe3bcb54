package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"sekisho/balance"
	"sekisho/cardnet"
	"sekisho/spec"
)

// demoTotals are the figures of all networks, with refusals by reason.
type demoTotals struct {
	cardnet.Figures
	reasons map[string]int64
	wallet  *demoWallet // of the story
}

// load makes traffic on every network and shows a line of figures a second.
func (s *stage) load(ctx context.Context, o *demoOptions, w *demoWorld) (demoTotals, error) {
	before, err := s.refusals()
	if err != nil {
		return demoTotals{}, err
	}
	s.say("\n%.0f messages a second for %s:", o.rate, o.length)
	var running sync.WaitGroup
	figures := make([]cardnet.Figures, len(s.networks))
	errs := make([]error, len(s.networks))
	seconds := make(chan [2]cardnet.Figures, len(s.networks))
	for i, n := range s.networks {
		running.Go(func() {
			figures[i], errs[i] = n.Run(ctx, cardnet.Load{
				Rate: o.rate / float64(len(s.networks)), For: o.length, Seed: o.seed + uint64(i), //nolint:gosec // two networks
				Cards: w.cards, Frozen: w.frozen, Unknown: w.unknown, Funds: demoFunds,
				Every: func(second, total cardnet.Figures) { seconds <- [2]cardnet.Figures{second, total} },
			})
		})
	}
	done := make(chan struct{})
	go func() {
		running.Wait()
		close(done)
	}()
	s.watch(seconds, done)
	for _, err := range errs {
		if err != nil {
			return demoTotals{}, err
		}
	}
	after, err := s.refusals()
	return demoTotals{Figures: cardnet.Together(figures...), reasons: differences(after, before)}, err
}

// watch shows a line when every network has told of its second, until all have ended and told.
func (s *stage) watch(seconds <-chan [2]cardnet.Figures, done <-chan struct{}) {
	last, _ := s.refusals()
	var told []cardnet.Figures
	second := 1
	tell := func(f cardnet.Figures) {
		if told = append(told, f); len(told) < len(s.networks) {
			return
		}
		now, err := s.refusals()
		if err != nil {
			return
		}
		s.say("%4ds  %s", second, secondLine(cardnet.Together(told...), differences(now, last)))
		second, last, told = second+1, now, nil
	}
	for {
		select {
		case f := <-seconds:
			tell(f[0])
		case <-done:
			for len(seconds) > 0 {
				tell((<-seconds)[0])
			}
			return
		}
	}
}

func secondLine(f cardnet.Figures, reasons map[string]int64) string {
	line := fmt.Sprintf("%6s messages  approved %-5s cancelled %-4d advices %-3d repeats %-3d balances %-3d p50 %.2f p99 %.2f ms  refused:%s",
		spec.Grouped(f.Messages), spec.Grouped(f.Approved), f.Reversed, f.Advices, f.Duplicates, f.Inquiries, milliseconds(f.P50), milliseconds(f.P99), listed(reasons))
	if f.NoAnswer > 0 {
		line += fmt.Sprintf("  no answer %d", f.NoAnswer)
	}
	return line
}

// listed are reasons with their counts, the most frequent first.
func listed(reasons map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		if reasons[a] != reasons[b] {
			return int(reasons[b] - reasons[a])
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, " %s %d", n, reasons[n])
	}
	return b.String()
}

// refusals are the refused authorizations so far, by reason, from the switches' own metrics.
func (s *stage) refusals() (map[string]int64, error) {
	var families []*dto.MetricFamily
	for _, e := range s.engines {
		of, err := e.registry.Gather()
		if err != nil {
			return nil, err
		}
		families = append(families, of...)
	}
	reasons := map[string]int64{}
	for _, f := range families {
		if f.GetName() != "sekisho_decisions_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := prometheus.Labels{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			reason := labels["reason"]
			if labels["class"] == "authorization" && reason != "approved" && reason != "approved_partly" {
				reasons[reason] += int64(m.GetCounter().GetValue())
			}
		}
	}
	return reasons, nil
}

func differences(after, before map[string]int64) map[string]int64 {
	d := map[string]int64{}
	for name, n := range after {
		if n > before[name] {
			d[name] = n - before[name]
		}
	}
	return d
}

// end shows the totals, what the ledger adds up to, and what to try next.
func (s *stage) end(f demoTotals, c *demoCleared, audit *balance.Audit, used *tableJSON, o *demoOptions) {
	s.say("\n%s messages: %s approved, %s cancelled, %s advices, %s repeats, %s balances; refused:%s", spec.Grouped(f.Messages), spec.Grouped(f.Approved),
		spec.Grouped(f.Reversed), spec.Grouped(f.Advices), spec.Grouped(f.Duplicates), spec.Grouped(f.Inquiries), listed(f.reasons))
	s.say("answered in p50 %.2f ms, p99 %.2f ms, at most %.1f ms, from when each was due: with the wait of the load maker and of its network, beside it in this process", milliseconds(f.P50), milliseconds(f.P99), milliseconds(f.Max))
	for what, n := range f.Unexpected {
		s.say("unexpected, %d times: %s", n, what)
	}
	if f.NoAnswer > 0 {
		s.say("without an answer: %d", f.NoAnswer)
	}
	if o.store == storeDynamoDB {
		s.say("table: %s write units, %.3f an authorization; %s decisions made again because another node was faster, %s appends in doubt that were in",
			spec.Grouped(used.Units), used.PerAuth, spec.Grouped(used.Conflicts), spec.Grouped(used.Resolved))
	}
	s.sayCleared(c)
	s.say("check: %s", summary(audit))
	for _, p := range audit.Problems {
		s.say("problem: %s", p)
	}
	s.say("\nTry next:")
	if o.store == storeEmbedded && o.keep == "" {
		s.say("  sekisho demo --keep ./demo            keep the store and its card key")
	}
	s.say("  sekisho demo --rate 10000 --for 30s   more of it")
	s.say("  sekisho demo --store dynamodb         three nodes over one table")
	s.say("  sekisho inspect --dialect jcb F0F8F0F0822000008000000004000000100000000921180513002323088871500000010888791000")
	s.say("  sekisho serve --help                  point a real peer at it; README.md has the configuration")
}
