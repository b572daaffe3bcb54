package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A read that fails is tried again a few times: nothing depends on how often it was made.
const (
	readTriesMax = 3
	readWaitMin  = 20 * time.Millisecond
)

// reading makes a call that reads, again when that may help.
func (s *Store) reading(doing string, call func(context.Context) error) error {
	for n := 0; ; n++ {
		s.stats.Calls.Add(1)
		ctx, cancel := context.WithTimeout(s.base, s.options.ReadTimeout)
		err := call(ctx)
		cancel()
		if err == nil {
			return nil
		}
		_, why := judge(err)
		s.counted(why)
		if n+1 >= readTriesMax || !passing(err) {
			return s.callError(doing, err)
		}
		wait := readWaitMin << n
		<-time.After(wait/2 + time.Duration(s.options.Random()%uint64(wait))) //nolint:gosec // positive
	}
}

// get reads an item consistently, nil when there is none.
func (s *Store) get(key string, sort uint64) (map[string]types.AttributeValue, error) {
	input := &dynamodb.GetItemInput{
		TableName:              &s.options.Table,
		Key:                    keyOf(key, sort),
		ConsistentRead:         aws.Bool(true),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	var found map[string]types.AttributeValue
	err := s.reading(fmt.Sprintf("read of item %s/%d", key, sort), func(ctx context.Context) error {
		answer, err := s.api.GetItem(ctx, input)
		if err != nil {
			return err
		}
		s.stats.read(answer.ConsumedCapacity)
		found = answer.Item
		return nil
	})
	return found, err
}

func keyOf(key string, sort uint64) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		partitionName: &types.AttributeValueMemberS{Value: key},
		sortName:      &types.AttributeValueMemberN{Value: number(sort)},
	}
}

// placeOf is the key of an item that was read.
func placeOf(found map[string]types.AttributeValue) (key string, sort uint64, err error) {
	pk, ok := found[partitionName].(*types.AttributeValueMemberS)
	sk, also := found[sortName].(*types.AttributeValueMemberN)
	if !ok || !also {
		return "", 0, damaged("", 0, "an item without a key")
	}
	sort, err = strconv.ParseUint(sk.Value, 10, 64)
	if err != nil {
		return "", 0, damaged(pk.Value, 0, "sk %q is no version", sk.Value)
	}
	return pk.Value, sort, nil
}

func valueOf(key string, sort uint64, found map[string]types.AttributeValue) ([]byte, error) {
	if len(found) == 0 {
		return nil, damaged(key, sort, "it is not there")
	}
	value, ok := found[valueName].(*types.AttributeValueMemberB)
	if !ok {
		return nil, damaged(key, sort, "it has no value")
	}
	return value.Value, nil
}

// entryOf is the entry that an item of a log holds, a cut snapshot not yet joined.
func (s *Store) entryOf(log string, found map[string]types.AttributeValue) (stored, error) {
	key, version, err := placeOf(found)
	if err != nil {
		return stored{}, err
	}
	value, err := valueOf(key, version, found)
	if err != nil {
		return stored{}, err
	}
	return decodeEntry(log, version, value)
}
