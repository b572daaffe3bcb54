package router

import (
	"github.com/prometheus/client_golang/prometheus"

	"sekisho/spec"
)

// Metrics count what was decided. A nil *Metrics counts nothing.
type Metrics struct {
	decisions [spec.Answer + 1][256]prometheus.Counter
	repeats   [spec.Answer + 1]prometheus.Counter
	lates     [spec.Answer + 1]prometheus.Counter
	silences  [spec.Answer + 1]prometheus.Counter
}

// NewMetrics registers the counters.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sekisho_decisions_total", Help: "Requests decided, by class and reason."}, []string{"class", "reason"})
	repeats := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sekisho_repeats_total", Help: "Requests answered from the record."}, []string{"class"})
	lates := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sekisho_late_total", Help: "Requests that missed their deadline."}, []string{"class"})
	silences := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sekisho_unanswered_total", Help: "Requests left without an answer on purpose."}, []string{"class"})
	reg.MustRegister(decisions, repeats, lates, silences)
	m := &Metrics{}
	for _, c := range []spec.Class{spec.Authorization, spec.AuthorizationAdvice, spec.Financial, spec.FinancialAdvice, spec.Reversal, spec.ReversalAdvice} {
		for _, r := range append(spec.Reasons(), spec.ReasonNone) {
			m.decisions[c][r] = decisions.WithLabelValues(c.String(), r.String())
		}
		m.repeats[c] = repeats.WithLabelValues(c.String())
		m.lates[c] = lates.WithLabelValues(c.String())
		m.silences[c] = silences.WithLabelValues(c.String())
	}
	return m
}

func (m *Metrics) decided(c spec.Class, r spec.Response) {
	switch {
	case m == nil || m.repeats[c] == nil:
	case r.Silent:
		m.silences[c].Inc()
	case r.Repeat:
		m.repeats[c].Inc()
	default:
		m.decisions[c][r.Reason].Inc()
	}
}

func (m *Metrics) late(c spec.Class) {
	if m != nil && m.lates[c] != nil {
		m.lates[c].Inc()
	}
}
