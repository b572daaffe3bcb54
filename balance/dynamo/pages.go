package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sekisho/balance"
)

// Pages of a log grow: what is looked for is mostly close to where a read begins, and an item that
// is read is paid for. DynamoDB ends a page after 1 MB in any case.
const (
	pageFirst = 32
	pageMax   = 1024
)

// walk visits the entries of a log from a version on (from 0 backwards: from the last), cut
// snapshots not joined, until visit returns false or there are no more. Versions without a gap are
// what every log has; one that has a gap is damaged.
func (s *Store) walk(log string, from uint64, d balance.Direction, visit func(*stored) (bool, error)) error {
	key := entryKey(log)
	input := s.queryOf(key, from, d)
	next := uint64(0)
	if d == balance.Forward {
		next = max(from, 1)
	}
	for limit := int32(pageFirst); ; limit = min(4*limit, pageMax) {
		input.Limit = aws.Int32(limit)
		var answer *dynamodb.QueryOutput
		err := s.reading(fmt.Sprintf("read of log %q", log), func(ctx context.Context) (err error) {
			answer, err = s.api.Query(ctx, input)
			return err
		})
		if err != nil {
			return err
		}
		s.stats.read(answer.ConsumedCapacity)
		for _, found := range answer.Items {
			e, err := s.entryOf(log, found)
			if err != nil {
				return err
			}
			if next == 0 { // the first of a way down
				next = e.Version
				s.known.saw(log, e.Version)
			}
			if e.Version != next {
				return damaged(key, next, "it is not there, but version %d is", e.Version)
			}
			if more, err := visit(&e); err != nil || !more {
				return err
			}
			if d == balance.Forward {
				s.known.saw(log, next)
				next++
			} else if next--; next == 0 {
				return nil
			}
		}
		if len(answer.LastEvaluatedKey) == 0 {
			if d == balance.Backward && next != 0 {
				return damaged(key, next, "it is not there, but version %d is", next+1)
			}
			return nil
		}
		input.ExclusiveStartKey = answer.LastEvaluatedKey
	}
}

func (s *Store) queryOf(key string, from uint64, d balance.Direction) *dynamodb.QueryInput {
	condition := partitionName + " = :p"
	values := map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: key}}
	switch {
	case d == balance.Forward && from > 1:
		condition += " AND " + sortName + " >= :v"
	case d == balance.Backward && from > 0:
		condition += " AND " + sortName + " <= :v"
	default:
		from = 0
	}
	if from > 0 {
		values[":v"] = &types.AttributeValueMemberN{Value: number(from)}
	}
	return &dynamodb.QueryInput{
		TableName:                 &s.options.Table,
		KeyConditionExpression:    &condition,
		ExpressionAttributeValues: values,
		ScanIndexForward:          aws.Bool(d == balance.Forward),
		ConsistentRead:            aws.Bool(true),
		ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
	}
}

// load reads a log downwards to its newest snapshot, or to its beginning.
func (s *Store) load(log string) (balance.Loaded, error) {
	var l balance.Loaded
	var down []balance.Sealed
	err := s.walk(log, 0, balance.Backward, func(e *stored) (bool, error) {
		if len(e.Snapshot) == 0 && e.pieces == 0 {
			down = append(down, e.Sealed)
			return true, nil
		}
		err := s.joinPieces(e)
		l.Snapshot = &e.Sealed
		return false, err
	})
	if err != nil {
		return balance.Loaded{}, err
	}
	for i, j := 0, len(down)-1; i < j; i, j = i+1, j-1 {
		down[i], down[j] = down[j], down[i]
	}
	l.Entries = down
	return l, nil
}

func (s *Store) scan(log string, from uint64, d balance.Direction, visit func(balance.Sealed) bool) error {
	return s.walk(log, from, d, func(e *stored) (bool, error) {
		if err := s.joinPieces(e); err != nil {
			return false, err
		}
		return visit(e.Sealed), nil
	})
}
