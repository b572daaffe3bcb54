package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// list visits every log by reading the keys of the whole table, page by page: entries of one log
// stand together and in order, so one log at a time is all that is held. That this is so is
// checked as it goes: a log that does not begin with version 1, or skips one, is damaged.
func (s *Store) list(visit func(log string, last uint64) bool) error {
	input := &dynamodb.ScanInput{
		TableName:              &s.options.Table,
		ProjectionExpression:   aws.String(partitionName + ", " + sortName),
		ConsistentRead:         aws.Bool(true),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	at := logEnd{visit: visit}
	for {
		var answer *dynamodb.ScanOutput
		err := s.reading("listing of the logs", func(ctx context.Context) (err error) {
			answer, err = s.api.Scan(ctx, input)
			return err
		})
		if err != nil {
			return err
		}
		s.stats.read(answer.ConsumedCapacity)
		for _, found := range answer.Items {
			if more, err := at.item(found); err != nil || !more {
				return err
			}
		}
		if len(answer.LastEvaluatedKey) == 0 {
			at.end()
			return nil
		}
		input.ExclusiveStartKey = answer.LastEvaluatedKey
	}
}

// logEnd finds the last entry of each log in a listing.
type logEnd struct {
	visit func(log string, last uint64) bool
	key   string // of the log that is being listed, empty for none
	log   string
	last  uint64
}

// item takes the key of the next item. It returns false when visit has had enough.
func (l *logEnd) item(found map[string]types.AttributeValue) (bool, error) {
	key, version, err := placeOf(found)
	if err != nil {
		return false, err
	}
	if key != l.key {
		if !l.end() {
			return false, nil
		}
		name, isEntry := strings.CutPrefix(key, entryPrefix)
		if !isEntry {
			return true, nil
		}
		log, ok := unescape(name)
		if !ok {
			return false, damaged(key, version, "its key is no log's")
		}
		l.key, l.log, l.last = key, log, 0
	}
	if version != l.last+1 {
		return false, damaged(key, l.last+1, "it is not there, but version %d is", version)
	}
	l.last = version
	return true, nil
}

// end visits the log that was listed last.
func (l *logEnd) end() bool {
	if l.key == "" {
		return true
	}
	more := l.visit(l.log, l.last)
	l.key = ""
	return more
}
