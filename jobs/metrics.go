package jobs

import (
	"github.com/prometheus/client_golang/prometheus"

	"sekisho/balance"
)

// Metrics count what jobs do. A nil *Metrics counts nothing.
type Metrics struct {
	records *prometheus.CounterVec
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{records: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sekisho_clearing_records_total", Help: "Records of clearing files, by what became of them. Those of a load that is run again may count twice.",
	}, []string{"placement"})}
	registry.MustRegister(m.records)
	for p := balance.PlacedMatched; p < balance.PlacementEnd; p++ {
		m.records.WithLabelValues(p.String())
	}
	return m
}

func (m *Metrics) placed(t Tally) {
	if m == nil {
		return
	}
	for p := balance.PlacedMatched; p < balance.PlacementEnd; p++ {
		if n := t[p].Records; n > 0 {
			m.records.WithLabelValues(p.String()).Add(float64(n))
		}
	}
}
