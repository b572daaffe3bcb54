package jobs_test

import (
	"context"
	"strings"

	"sekisho/balance"
	"sekisho/spec"
)

// placements of the last file's records, as their events say; other for those without one.
func (s *shop) placements(records int) string {
	s.Helper()
	out := make([]string, records)
	s.events(func(_ string, _ int, e *balance.Event) {
		if e.Key.Kind() == balance.KeyClearing && e.Key.File() == s.file && e.Key.Number() > 0 {
			out[e.Key.Number()-2] = e.Clearing.Placement.String()
		}
	})
	for i := range out {
		if out[i] == "" {
			out[i] = "none"
		}
	}
	return strings.Join(out, " ")
}

// events visits all events of all logs.
func (s *shop) events(visit func(log string, n int, e *balance.Event)) {
	s.Helper()
	var logs []string
	s.wait(func(done func(error)) {
		s.store.Logs(func(log string, _ uint64) bool { logs = append(logs, log); return true }, done)
	})
	for _, log := range logs {
		s.wait(func(done func(error)) {
			s.store.Scan(log, 1, balance.Forward, func(sealed balance.Sealed) bool {
				var e balance.Entry
				if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
					s.Error(err)
				}
				for i := range e.Events {
					visit(log, i, &e.Events[i])
				}
				return true
			}, done)
		})
	}
}

func (s *shop) wait(call func(done func(error))) {
	s.Helper()
	answer := make(chan error, 1)
	call(func(err error) { answer <- err })
	if err := <-answer; err != nil {
		s.Fatal(err)
	}
}

// money is what the wallet has, and what a card can spend.
func (s *shop) money(card int) (posted, available spec.Money) {
	s.Helper()
	s.do("w", &plain{see: func(v *balance.View) bool {
		c, _ := v.Card(cardID(card))
		posted, available = v.Posted, c.Available()
		return true
	}})
	return posted, available
}

// state is where a purchase stands.
func (s *shop) state(v *sale) (state string) {
	s.Helper()
	key := balance.MessageKey(spec.ClassUnknown, cardID(v.card), v.request.Sent, v.request.STAN, v.request.Acquirer)
	s.do("w", &plain{see: func(view *balance.View) bool {
		p, ready := view.Purchase(key)
		if ready && p != nil {
			state = p.State.String()
		}
		return ready
	}})
	return state
}

// verify holds that every log adds up.
func (s *shop) verify() {
	s.Helper()
	audit, err := balance.Verify(context.Background(), s.store, nil)
	if err != nil || !audit.OK() {
		s.Errorf("verify: %v %q", err, audit.Problems)
	}
}
