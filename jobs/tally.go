package jobs

import (
	"sekisho/balance"
	"sekisho/spec"
)

// Sums are a number of clearing records and their DE4 added up, in whatever currency.
type Sums struct {
	Records uint64
	Amount  spec.Money
}

func (s *Sums) add(records uint64, amount spec.Money) {
	s.Records += records
	s.Amount += amount
}

// Tally is what became of the records of a clearing file, by placement.
type Tally [balance.PlacementEnd]Sums

// plus adds two tallies.
func (t Tally) plus(other Tally) Tally {
	for p := range t {
		t[p].add(other[p].Records, other[p].Amount)
	}
	return t
}

// all is the sum over all placements. What has no placement is in none.
func (t Tally) all() (sum Sums) {
	for p := balance.PlacementNone + 1; p < balance.PlacementEnd; p++ {
		sum.add(t[p].Records, t[p].Amount)
	}
	return sum
}

// events are one for each placement.
func (t Tally) events(kind balance.Kind) []balance.Event {
	events := make([]balance.Event, 0, len(t))
	for p := balance.PlacementNone + 1; p < balance.PlacementEnd; p++ {
		events = append(events, balance.Event{
			Kind: kind, Actor: loading,
			Clearing: balance.Clearing{Placement: p, Count: t[p].Records, Amount: t[p].Amount},
		})
	}
	return events
}

// take reads what events wrote.
func (t *Tally) take(e *balance.Event) {
	if e.Clearing.Placement > balance.PlacementNone && e.Clearing.Placement < balance.PlacementEnd {
		t[e.Clearing.Placement] = Sums{e.Clearing.Count, e.Clearing.Amount}
	}
}

// loading is who writes into the log of a file.
var loading = balance.Actor{Kind: balance.ActorOperator, Name: "clearing load"}
