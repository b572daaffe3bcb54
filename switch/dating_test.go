package authswitch

import (
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// A connection was quiet for an hour; then comes a burst larger than the in-flight limit, as after a
// sign-on. It is as fresh as it is.
func TestABurstAfterAQuietHourIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		h := newHouse(t, d, LinkConfig{Framing: Length2Zero2, Dialect: &plain{policy: spec.Policy{Budget: 3 * time.Second}}, Limits: Limits{InFlightMax: 16}})
		p := h.dial()
		p.send(purchase(1))
		c := d.take()
		c.Answer(spec.Response{Reason: spec.Approved})
		p.expect(answered{"0110", 1, spec.Approved})
		time.Sleep(time.Hour)
		began := time.Now()
		var frames [][]byte
		for i := range 200 {
			frames = append(frames, purchase(100+i))
		}
		go p.write(framed(Length2Zero2, frames...))
		go func() {
			for {
				if _, err := p.receive(); err != nil {
					return
				}
			}
		}()
		late := 0
		for range 200 {
			k := d.take()
			if k == nil {
				t.Error("none")
				break
			}
			if k.Request().Late(time.Now()) {
				late++
			}
			k.Answer(spec.Response{Reason: spec.Approved})
		}
		if late > 0 {
			t.Errorf("%d of 200 are late, %v after the burst began", late, time.Since(began))
		}
	})
}
