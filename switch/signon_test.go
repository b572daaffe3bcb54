package authswitch

import (
	"testing"
	"testing/synctest"

	"sekisho/spec"
)

// step is one message and what follows from it.
type step struct {
	mti     string
	network int
	answer  string
	reason  spec.Reason
	state   string
}

func TestSignOnBelongsToTheLink(t *testing.T) {
	for _, c := range []struct {
		name     string
		required bool
		steps    []step
	}{
		{"served before the first sign-on where it is optional", false, []step{
			{"0100", 0, "0110", spec.Approved, "off"},
		}},
		{"not served before the first sign-on where it is required", true, []step{
			{"0100", 0, "0110", spec.NotSignedOn, "off"},
			{"0120", 0, "0130", spec.Approved, "off"},
			{"0800", 1, "0810", spec.Approved, "on"},
			{"0100", 0, "0110", spec.Approved, "on"},
		}},
		{"after a sign-off requests are refused and advices and reversals taken", false, []step{
			{"0800", 1, "0810", spec.Approved, "on"},
			{"0800", 2, "0810", spec.Approved, "off"},
			{"0100", 0, "0110", spec.NotSignedOn, "off"},
			{"0101", 0, "0110", spec.NotSignedOn, "off"},
			{"0200", 0, "0210", spec.NotSignedOn, "off"},
			{"0120", 0, "0130", spec.Approved, "off"},
			{"0220", 0, "0230", spec.Approved, "off"},
			{"0400", 0, "0410", spec.Approved, "off"},
			{"0420", 0, "0430", spec.Approved, "off"},
			{"0800", 301, "0810", spec.Approved, "off"},
			{"0620", 0, "0630", spec.Approved, "off"},
			{"0800", 1, "0810", spec.Approved, "on"},
			{"0200", 0, "0210", spec.Approved, "on"},
		}},
		{"echo and cut-over are answered and change nothing, keys and unknown codes are not served", true, []step{
			{"0800", 301, "0810", spec.Approved, "off"},
			{"0800", 201, "0810", spec.Approved, "off"},
			{"0800", 101, "0810", spec.NotServed, "off"},
			{"0800", 0, "0810", spec.NotServed, "off"},
			{"0800", 777, "0810", spec.NotServed, "off"},
			{"0302", 0, "0312", spec.NotServed, "off"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, approveAll{}, LinkConfig{Dialect: &plain{spec.Policy{SignOnRequired: c.required}}})
				peers := []*peer{h.dial(), h.dial()}
				for i, s := range c.steps {
					p := peers[i%2] // it is the same for both connections
					p.send(frame(s.mti, i, s.network, ""))
					p.expect(answered{s.answer, i, s.reason})
					if got := h.States()[0].SignedOn; got != s.state {
						t.Errorf("after step %d the link is %q, want %q", i, got, s.state)
					}
				}
			})
		})
	}
}

func TestTheLossOfAllConnectionsTakesALinkBackToItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk := newDesk()
		h := newHouse(t, desk, LinkConfig{})
		first, second := h.dial(), h.dial()
		first.send(frame("0800", 1, 2, ""))
		first.expect(answered{"0810", 1, spec.Approved})
		_ = first.conn.Close()
		synctest.Wait()
		if got := h.States()[0].SignedOn; got != "off" {
			t.Fatalf("with one connection left the link is %q, want off", got)
		}
		second.send(frame("0420", 2, 0, "")) // and its answer is never given
		desk.take()
		_ = second.conn.Close()
		synctest.Wait()
		third := h.dial()
		third.send(purchase(3))
		call := desk.take()
		if call == nil {
			t.Fatal("the network is back on a new connection and not served")
		}
		call.Answer(spec.Response{Reason: spec.Approved})
		third.expect(answered{"0110", 3, spec.Approved})
	})
}

func TestMessagesAroundASignOffInOneReadSeeItInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, approveAll{}, LinkConfig{})
		p := h.dial()
		p.send(purchase(1), frame("0800", 2, 2, ""), purchase(3), frame("0800", 4, 1, ""), purchase(5))
		p.expect(answered{"0110", 1, spec.Approved}, answered{"0110", 3, spec.NotSignedOn}, answered{"0110", 5, spec.Approved},
			answered{"0810", 2, spec.Approved}, answered{"0810", 4, spec.Approved})
	})
}
