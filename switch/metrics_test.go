package authswitch

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// figures are the metrics of a switch under test, readable.
type figures struct {
	*Metrics
	registry *prometheus.Registry
}

func newFigures(t *testing.T) *figures {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return &figures{metrics, registry}
}

// value is the sum of a family's samples whose labels hold all these values; the number of
// observations for a histogram.
func (f *figures) value(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != "sekisho_link_"+name {
			continue
		}
		for _, m := range family.GetMetric() {
			var values []string
			for _, pair := range m.GetLabel() {
				values = append(values, pair.GetValue())
			}
			if !holdsAll(values, labels) {
				continue
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

func holdsAll(values, wanted []string) bool {
	all := "\x00" + strings.Join(values, "\x00") + "\x00"
	for _, w := range wanted {
		if !strings.Contains(all, "\x00"+w+"\x00") {
			return false
		}
	}
	return true
}

func (f *figures) want(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	if got := f.value(t, name, labels...); got != want {
		t.Errorf("%s%v is %v, want %v", name, labels, got, want)
	}
}

func TestMetricsCannotBeRegisteredTwice(t *testing.T) {
	registry := prometheus.NewRegistry()
	if _, err := NewMetrics(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("the second registration was taken")
	}
}

func TestEachAnswerIsCountedWithItsReason(t *testing.T) {
	h := newHouse(t, approveAll{}, LinkConfig{})
	p := h.dial()
	p.send(purchase(1), frame("0800", 2, 301, ""), frame("0800", 3, 101, ""), frame("0110", 4, 0, ""))
	for range 3 {
		if _, err := p.receive(); err != nil {
			t.Fatal(err)
		}
	}
	h.Close()
	h.metrics.want(t, 2, "answers_total", "approved")
	h.metrics.want(t, 1, "answers_total", "not_served")
	h.metrics.want(t, 1, "frames_total", "authorization")
	h.metrics.want(t, 2, "frames_total", "network_management")
	h.metrics.want(t, 1, "unsolicited_total")
	h.metrics.want(t, 3, "answer_seconds")
	h.metrics.want(t, 1, "decode_seconds")
	h.metrics.want(t, 0, "in_flight")
	h.metrics.want(t, 0, "connections")
}
