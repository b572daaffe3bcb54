package dynamo

import (
	"math"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Stats count what a store did since it was opened. Units are those DynamoDB reported: what a
// failed condition or a lost answer consumed is not among them.
type Stats struct {
	WriteUnits atomic.Uint64
	ReadUnits  atomic.Uint64
	Calls      atomic.Uint64 // requests sent, of all kinds
	Appends    atomic.Uint64 // elements of Append that were tried
	Conflicts  atomic.Uint64 // appends that found another's entry or row in the way
	Collisions atomic.Uint64 // appends refused because another transaction was at work on an item
	Throttled  atomic.Uint64 // calls refused because there were too many
	Unknown    atomic.Uint64 // appends whose outcome is not known
	Refused    atomic.Uint64 // calls refused for another reason: permissions, table, a faulty request
	Busy       atomic.Uint64 // calls not made because too much was waiting here
	Pieces     atomic.Uint64 // pieces of large snapshots written
	Lookups    atomic.Uint64 // directory rows read from the table
	Joined     atomic.Uint64 // look-ups that waited for one already under way
	Spared     atomic.Uint64 // look-ups answered from what was remembered as not there
}

// Stats of the store.
func (s *Store) Stats() *Stats { return &s.stats }

func (s *Stats) wrote(c ...*types.ConsumedCapacity) { count(&s.WriteUnits, c) }
func (s *Stats) read(c ...*types.ConsumedCapacity)  { count(&s.ReadUnits, c) }

// count adds up consumed units. Only eventually consistent reads take halves, and there are none.
func count(sum *atomic.Uint64, consumed []*types.ConsumedCapacity) {
	for _, c := range consumed {
		if c != nil && c.CapacityUnits != nil && *c.CapacityUnits > 0 {
			sum.Add(uint64(math.Ceil(*c.CapacityUnits)))
		}
	}
}
