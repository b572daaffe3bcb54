package authswitch

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sekisho/spec"
)

// Metrics are the figures of all links, labelled by link, class and reason only.
type Metrics struct {
	frames, answers, bad, dropped, silent, unbuilt, unsolicited *prometheus.CounterVec
	late, keepAlives, pauses, panics, refused, closed           *prometheus.CounterVec
	connections, inFlight                                       *prometheus.GaugeVec
	decode, answer                                              *prometheus.HistogramVec
}

// NewMetrics makes the figures and registers them; the error is the registry's.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := newMetrics()
	for _, c := range []prometheus.Collector{
		m.frames, m.answers, m.bad, m.dropped, m.silent, m.unbuilt, m.unsolicited, m.late, m.keepAlives,
		m.pauses, m.panics, m.refused, m.closed, m.connections, m.inFlight, m.decode, m.answer,
	} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func newMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sekisho_link_" + name, Help: help}, append([]string{"link"}, labels...))
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sekisho_link_" + name, Help: help}, []string{"link"})
	}
	histogram := func(name, help string, start float64, buckets int) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sekisho_link_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(start, 2, buckets),
		}, []string{"link"})
	}
	return &Metrics{
		frames:      counter("frames_total", "Messages that arrived, by what they are for.", "class"),
		answers:     counter("answers_total", "Answers put on the wire, by reason.", "reason"),
		bad:         counter("bad_frames_total", "Frames that could not be cut or decoded, by what was wrong: length, header, stalled, mti, bitmap, a data element.", "reason"),
		late:        counter("dropped_late_total", "Approvals that were not sent because their deadline had passed."),
		dropped:     counter("dropped_closed_total", "Answers whose connection was gone."),
		silent:      counter("silent_total", "Messages that were deliberately not answered."),
		unbuilt:     counter("unbuilt_total", "Messages the dialect could build no answer to."),
		unsolicited: counter("unsolicited_total", "Answers that arrived and nobody had asked for."),
		keepAlives:  counter("keep_alives_total", "Frames without a message, echoed."),
		pauses:      counter("pauses_total", "Times a connection was not read because too many answers were outstanding."),
		panics:      counter("panics_total", "Panics while a message was handled; each closed its connection."),
		refused:     counter("connections_refused_total", "Connections closed at once because there were too many."),
		closed:      counter("connections_closed_total", "Connections that ended, by cause.", "reason"),
		connections: gauge("connections", "Open connections."),
		inFlight:    gauge("in_flight", "Messages whose answer is not on the wire yet."),
		decode:      histogram("decode_seconds", "From a read to its messages being decoded, divided by the number of frames. One observation for each read.", 250e-9, 16),
		answer:      histogram("answer_seconds", "From the arrival of a message to its answer being built.", 50e-6, 18),
	}
}

// linkMetrics are the figures of one link, with the labels looked up.
type linkMetrics struct {
	frames      [spec.Answer + 1]prometheus.Counter
	answers     []prometheus.Counter // by reason
	bad, ended  *prometheus.CounterVec
	latency     prometheus.Observer
	decode      prometheus.Observer
	connections prometheus.Gauge
	inFlight    prometheus.Gauge

	droppedLate, droppedClosed, silent, unbuilt, unsolicited prometheus.Counter
	keepAlives, pauses, panics, refused                      prometheus.Counter
}

func (m *Metrics) link(name string) *linkMetrics {
	label := prometheus.Labels{"link": name}
	l := &linkMetrics{
		bad: m.bad.MustCurryWith(label), ended: m.closed.MustCurryWith(label),
		latency: m.answer.With(label), decode: m.decode.With(label),
		connections: m.connections.With(label), inFlight: m.inFlight.With(label),
		droppedLate: m.late.With(label), droppedClosed: m.dropped.With(label), silent: m.silent.With(label),
		unbuilt: m.unbuilt.With(label), unsolicited: m.unsolicited.With(label), keepAlives: m.keepAlives.With(label),
		pauses: m.pauses.With(label), panics: m.panics.With(label), refused: m.refused.With(label),
	}
	for class := range l.frames {
		l.frames[class] = m.frames.WithLabelValues(name, strings.ReplaceAll(spec.Class(class).String(), " ", "_")) //nolint:gosec // few
	}
	l.answers = append(l.answers, m.answers.WithLabelValues(name, spec.ReasonNone.String()))
	for _, reason := range spec.Reasons() {
		l.answers = append(l.answers, m.answers.WithLabelValues(name, reason.String()))
	}
	return l
}

func (l *linkMetrics) badFrame(reason string) { l.bad.WithLabelValues(reason).Inc() }

func (l *linkMetrics) closed(end ending) { l.ended.WithLabelValues(string(end)).Inc() }

// classCounts are the messages of one read, added to the counters together.
type classCounts [spec.Answer + 1]int

func (n *classCounts) add(c spec.Class) { n[c]++ }

// took counts what one read brought.
func (l *linkMetrics) took(n *classCounts, frames int, decoding time.Duration) {
	for class, count := range n {
		if count > 0 {
			l.frames[class].Add(float64(count))
			n[class] = 0
		}
	}
	l.decode.Observe(decoding.Seconds() / float64(frames))
}

// answerCounts are the answers of one write, by reason, and when they were due.
type answerCounts struct {
	latency prometheus.Observer
	reasons []int
}

func (l *linkMetrics) newAnswerCounts() answerCounts {
	return answerCounts{latency: l.latency, reasons: make([]int, len(l.answers))}
}

func (n answerCounts) add(r spec.Reason, after time.Duration) {
	n.reasons[r]++
	n.latency.Observe(after.Seconds())
}

// wrote counts what one write sent, and the calls it closed.
func (l *linkMetrics) wrote(n answerCounts, calls int) {
	for reason, count := range n.reasons {
		if count > 0 {
			l.answers[reason].Add(float64(count))
			n.reasons[reason] = 0
		}
	}
	l.inFlight.Sub(float64(calls))
}
