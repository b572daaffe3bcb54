package dynamo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sekisho/balance"
)

// ErrTooLarge says that an entry without its snapshot does not fit into an item.
var ErrTooLarge = errors.New("an entry is larger than an item holds")

const notThere = "attribute_not_exists(" + partitionName + ")"

// try tries one append once. Whoever wants to know more sends the same again.
func (s *Store) try(a *balance.Append) balance.Result {
	s.stats.Appends.Add(1)
	for i := range a.Entries {
		if n := len(a.Entries[i].Body); n > itemMax {
			return out(fmt.Errorf("%w: the body of %s has %d bytes, at most %d", ErrTooLarge, entryName(&a.Entries[i]), n, itemMax))
		}
	}
	if r := s.precede(a); r.Outcome != 0 {
		return r
	}
	for i := range a.Entries {
		if r := s.layPieces(&a.Entries[i]); r.Outcome != 0 {
			return r
		}
	}
	if len(a.Entries) == 1 && len(a.Rows) == 0 {
		return s.put(&a.Entries[0])
	}
	return s.transact(a)
}

func out(err error) balance.Result { return balance.Result{Outcome: balance.Out, Err: err} }

func entryName(e *balance.Sealed) string { return fmt.Sprintf("log %q version %d", e.Log, e.Version) }

// writing is the context of one call that writes.
func (s *Store) writing() (context.Context, context.CancelFunc) {
	s.stats.Calls.Add(1)
	return context.WithTimeout(s.base, s.options.AppendTimeout)
}

// put appends one entry. Its condition is about its own key only: that the entry before is there
// is what precede has made sure of.
func (s *Store) put(e *balance.Sealed) balance.Result {
	ctx, cancel := s.writing()
	defer cancel()
	answer, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.options.Table,
		Item:                                item(entryKey(e.Log), e.Version, encodeEntry(e)),
		ConditionExpression:                 aws.String(notThere),
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		s.stats.wrote(answer.ConsumedCapacity)
		return balance.Result{Outcome: balance.In}
	}
	var taken *types.ConditionalCheckFailedException
	if errors.As(err, &taken) {
		return s.inTheWay(e, taken.Item)
	}
	return s.failed("append of "+entryName(e), err)
}

// failed is the result of a write whose failure says nothing about the entry in the way.
func (s *Store) failed(doing string, err error) balance.Result {
	outcome, why := judge(err)
	s.counted(why)
	return balance.Result{Outcome: outcome, Err: s.callError(doing, err)}
}

// inTheWay is the result of an append that found its version taken: by itself, from a try whose
// answer was lost, or by another.
func (s *Store) inTheWay(e *balance.Sealed, old map[string]types.AttributeValue) balance.Result {
	theirs, err := s.sealed(e, old)
	switch {
	case err != nil:
		return balance.Result{Outcome: balance.Unknown, Err: err}
	case theirs == nil:
		return balance.Result{Outcome: balance.Unknown, Err: fmt.Errorf("%s in table %s: the condition failed but no entry is there", entryName(e), s.options.Table)}
	case theirs.Attempt == e.Attempt:
		return balance.Result{Outcome: balance.In}
	}
	return balance.Result{Outcome: balance.Conflict, Theirs: theirs}
}

// sealed is the entry that has the place of e, nil when none has. old is its item as a failed
// condition returned it; a server that does not is asked.
func (s *Store) sealed(e *balance.Sealed, old map[string]types.AttributeValue) (*balance.Sealed, error) {
	if len(old) == 0 {
		var err error
		if old, err = s.get(entryKey(e.Log), e.Version); err != nil || len(old) == 0 {
			return nil, err
		}
	}
	found, err := s.entryOf(e.Log, old)
	if err != nil {
		return nil, err
	}
	if found.Attempt == e.Attempt {
		return &found.Sealed, nil // the snapshot is ours
	}
	if err := s.joinPieces(&found); err != nil {
		return nil, err
	}
	return &found.Sealed, nil
}

// precede makes sure that the entry before each one is there. Entries never vanish, so this need not
// happen in the same step as the append, and what was seen once need not be read again: an append
// to a log that was loaded or appended to costs nothing here. Outcome 0: go on.
func (s *Store) precede(a *balance.Append) balance.Result {
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Version == 1 || s.known.has(e.Log, e.Version-1) {
			continue
		}
		before, err := s.get(entryKey(e.Log), e.Version-1)
		if err != nil {
			return out(err)
		}
		if len(before) == 0 {
			return s.gap(a, e)
		}
		s.known.saw(e.Log, e.Version-1)
	}
	return balance.Result{}
}

// gap is the result of an append with an entry whose predecessor is missing: Out, unless one of
// its entries finds another's in its place.
func (s *Store) gap(a *balance.Append, lonely *balance.Sealed) balance.Result {
	for i := range a.Entries {
		e := &a.Entries[i]
		theirs, err := s.sealed(e, nil)
		switch {
		case err != nil:
			return out(err)
		case theirs != nil && theirs.Attempt != e.Attempt:
			return balance.Result{Outcome: balance.Conflict, Theirs: theirs}
		}
	}
	return out(fmt.Errorf("%s in table %s: %w", entryName(lonely), s.options.Table, balance.ErrGap))
}

// item is an item of the table.
func item(key string, sort uint64, value []byte) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		partitionName: &types.AttributeValueMemberS{Value: key},
		sortName:      &types.AttributeValueMemberN{Value: number(sort)},
		valueName:     &types.AttributeValueMemberB{Value: value},
	}
}

// token names an append to DynamoDB, the same each time it is sent: within ten minutes it does a
// transaction with a token once. Tokens are those of an account, whatever the table.
func token(table string, a *balance.Append) string {
	h := sha256.New()
	h.Write(append([]byte(table), 0))
	for i := range a.Entries {
		e := &a.Entries[i]
		var b []byte
		b = binary.BigEndian.AppendUint64(b, uint64(e.Attempt))
		b = binary.BigEndian.AppendUint64(b, e.Version)
		b = binary.BigEndian.AppendUint64(b, uint64(len(e.Log)))
		h.Write(append(b, e.Log...))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
