package jobs_test

import (
	"testing"

	"sekisho/balance"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

func TestARefundGivesMoneyToTheCard(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"that nobody asked for", func(s *shop) (*sale, string) {
			return nil, s.load(s.offline(first, 700, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) }))
		}, "other", 100_700, 90_700, ""},
		{"DE3 29", func(s *shop) (*sale, string) {
			return nil, s.load(s.offline(first, 700, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("290000")) }))
		}, "other", 100_700, 90_700, ""},
		{"that was authorized", func(s *shop) (*sale, string) {
			v := s.buy(first, 700, refund)
			return v, s.load(s.presented(v))
		}, "other", 100_700, 90_700, "settled"},
		{"that was paid at once: nothing more", func(s *shop) (*sale, string) {
			s.policy.RefundAtOnce = true
			v := s.buy(first, 700, refund)
			return v, s.load(s.presented(v))
		}, "other", 100_700, 90_700, "settled"},
		{"paid at once, presented with more: the rest", func(s *shop) (*sale, string) {
			s.policy.RefundAtOnce = true
			v := s.buy(first, 700, refund)
			return v, s.load(s.presented(v, costs(900)))
		}, "other", 100_900, 90_900, "settled"},
		{"a return of what was sold: a second line, the sale stays", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			back := s.presented(v, otherReference(7))
			back.Processing = [6]byte([]byte("200000"))
			return v, s.load(s.presented(v), back)
		}, "matched other", 100_000, 90_000, "settled"},
		{"a refund and its reversal", func(s *shop) (*sale, string) {
			d := s.offline(first, 700, func(d *clearing.Draft) { d.Processing = [6]byte([]byte("200000")) })
			undone := *d
			takesBack(&undone)
			return nil, s.load(d, &undone)
		}, "other other", 100_000, 90_000, ""},
		{"to a closed card: the wallet has it, the card has not", func(s *shop) (*sale, string) {
			v := s.buy(first, 700, refund)
			s.do("w", &plain{events: []balance.Event{{
				Kind: balance.CardChanged, Card: cardID(first), Status: balance.CardClosed, Answer: balance.Answer{Reason: spec.Approved},
			}}})
			return v, s.load(s.presented(v))
		}, "other", 100_700, 0, "settled"},
	})
}

// charged is a sale that was presented in an earlier file.
func charged(s *shop) *sale {
	v := s.buy(first, 1000)
	s.load(s.presented(v))
	return v
}

func TestADisputeIsPostedToItsPresentment(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"a chargeback in full", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 450)))
		}, "other", 100_000, 90_000, "settled"},
		{"a chargeback in part", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 453), costs(300)))
		}, "other", 99_300, 89_300, "settled"},
		{"a chargeback, the sale presented again, a second chargeback", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 450))) + ", " + s.load(s.presented(v, function(1240, 205))) + ", " + s.load(s.presented(v, function(1442, 451)))
		}, "other, other, other", 100_000, 90_000, "settled"},
		{"presented again in part", func(s *shop) (*sale, string) {
			v := charged(s)
			s.load(s.presented(v, function(1442, 450)))
			return v, s.load(s.presented(v, function(1240, 280), costs(400)))
		}, "other", 99_600, 89_600, "settled"},
		{"a chargeback in the file of its presentment, before it", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, function(1442, 450)), s.presented(v))
		}, "other matched", 100_000, 90_000, "settled"},
		{"a chargeback of nothing that is known", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, function(1442, 450)))
		}, "suspended", 100_000, 89_000, "open"},
		{"a second presentment of nothing that is known", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, function(1240, 205)))
		}, "suspended", 100_000, 89_000, "open"},
		{"the same chargeback again", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 450)), s.presented(v, function(1442, 450)))
		}, "other suspended", 100_000, 90_000, "settled"},
		{"two chargebacks in part, of different amounts, and one of them again", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 453), costs(300)), s.presented(v, function(1442, 453), costs(200)), s.presented(v, function(1442, 453), costs(300)))
		}, "other other suspended", 99_500, 89_500, "settled"},
		{"two chargebacks in part, the second taken back", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 453), costs(300)), s.presented(v, function(1442, 453), costs(200))) +
				", " + s.load(s.presented(v, function(1442, 453), costs(200), takesBack))
		}, "other other, other", 99_300, 89_300, "settled"},
		{"a sale that is charged back and taken back as well, as the network settles both", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, takesBack)) + ", " + s.load(s.presented(v, function(1442, 450)))
		}, "other, other", 101_000, 91_000, "unsettled"},
		{"the same, the other way round", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 450))) + ", " + s.load(s.presented(v, takesBack))
		}, "other, other", 101_000, 91_000, "unsettled"},
		{"the reversal of a second chargeback comes before it", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 453), costs(200))) + ", " +
				s.load(s.presented(v, function(1442, 453), costs(300), takesBack)) + ", " + s.load(s.presented(v, function(1442, 453), costs(300)))
		}, "other, suspended, other", 99_200, 89_200, "settled"},
		{"the reversal of a second chargeback comes before the first", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 453), costs(300), takesBack)) + ", " +
				s.load(s.presented(v, function(1442, 453), costs(200))) + ", " + s.load(s.presented(v, function(1442, 453), costs(300)))
		}, "suspended, other, other", 99_200, 89_200, "settled"},
		{"a chargeback in suspense before its sale, another, and the first again", func(s *shop) (*sale, string) {
			v := s.buy(first, 1000)
			return v, s.load(s.presented(v, function(1442, 453), costs(300))) + ", " + s.load(s.presented(v)) + ", " +
				s.load(s.presented(v, function(1442, 453), costs(200))) + ", " + s.load(s.presented(v, function(1442, 453), costs(300)))
		}, "suspended, matched, other, other", 99_500, 89_500, "settled"},
		{"a chargeback taken back", func(s *shop) (*sale, string) {
			v := charged(s)
			return v, s.load(s.presented(v, function(1442, 450)), s.presented(v, function(1442, 450), takesBack))
		}, "other other", 99_000, 89_000, "settled"},
	})
}
