package dynamo

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sekisho/balance"
)

// laid remembers which pieces are in the table already, so that an entry that is sent again does
// not write its large snapshot again. Forgetting costs units and no more.
type laid struct {
	mu   sync.Mutex
	keys map[string]struct{}
}

const laidMax = 4096

func (l *laid) has(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, there := l.keys[key]
	return there
}

func (l *laid) add(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.keys) >= laidMax {
		clear(l.keys)
	}
	l.keys[key] = struct{}{}
}

func (l *laid) drop(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
}

// piecesAtOnce is how many pieces of one snapshot are written or read at the same time.
const piecesAtOnce = 4

// layPieces writes the pieces of a large snapshot, before the entry that names them. A piece has no
// condition: whoever writes it writes the same. Outcome 0: all are there.
func (s *Store) layPieces(e *balance.Sealed) balance.Result {
	err := together(piecesOf(e), func(n int) error { return s.layPiece(e, n) })
	if err != nil {
		_, why := judge(err)
		s.counted(why)
		return out(s.callError("snapshot of "+entryName(e), err)) // the entry itself was not sent
	}
	return balance.Result{}
}

func (s *Store) layPiece(e *balance.Sealed, n int) error {
	key := pieceKey(e, n)
	if s.laid.has(key) {
		return nil
	}
	ctx, cancel := s.writing()
	defer cancel()
	answer, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:              &s.options.Table,
		Item:                   item(key, uint64(n), encodePiece(e, n)), //nolint:gosec // not negative
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return err
	}
	s.stats.wrote(answer.ConsumedCapacity)
	s.stats.Pieces.Add(1)
	s.laid.add(key)
	return nil
}

// forgetPieces drops what was remembered for an entry whose outcome is known.
func (s *Store) forgetPieces(e *balance.Sealed) {
	for n := range piecesOf(e) {
		s.laid.drop(pieceKey(e, n))
	}
}

// joinPieces reads a snapshot that was cut.
func (s *Store) joinPieces(e *stored) error {
	if e.pieces == 0 {
		return nil
	}
	snapshot := make([]byte, e.whole)
	err := together(e.pieces, func(n int) error {
		key := pieceKey(&e.Sealed, n)
		found, err := s.get(key, uint64(n)) //nolint:gosec // not negative
		if err != nil {
			return err
		}
		value, err := valueOf(key, uint64(n), found) //nolint:gosec // not negative
		if err != nil {
			return err
		}
		piece, err := decodePiece(&e.Sealed, n, value)
		if err != nil {
			return err
		}
		into := snapshot[n*pieceSize : min((n+1)*pieceSize, len(snapshot))]
		if copy(into, piece) != len(into) {
			return damaged(key, uint64(n), "a piece of %d bytes, want %d", len(piece), len(into)) //nolint:gosec // not negative
		}
		return nil
	})
	if err == nil {
		e.Snapshot = snapshot
	}
	return err
}

// together calls f for 0 to n-1, some at a time, and gives the first error.
func together(n int, f func(int) error) error {
	if n == 0 {
		return nil
	}
	var group sync.WaitGroup
	errs := make([]error, min(n, piecesAtOnce))
	for hand := range errs {
		group.Go(func() {
			for i := hand; i < n && errs[hand] == nil; i += len(errs) {
				errs[hand] = f(i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
