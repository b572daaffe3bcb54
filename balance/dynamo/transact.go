package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sekisho/balance"
)

// transact appends two entries, or entries with their rows, all or nothing.
func (s *Store) transact(a *balance.Append) balance.Result {
	var items []types.TransactWriteItem
	put := func(key string, sort uint64, value []byte) {
		items = append(items, types.TransactWriteItem{Put: &types.Put{
			TableName:                           &s.options.Table,
			Item:                                item(key, sort, value),
			ConditionExpression:                 aws.String(notThere),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}})
	}
	for i := range a.Entries {
		put(entryKey(a.Entries[i].Log), a.Entries[i].Version, encodeEntry(&a.Entries[i]))
	}
	for i := range a.Rows {
		put(cardKey(a.Rows[i].Hash), 0, encodeRow(&a.Rows[i]))
	}
	ctx, cancel := s.writing()
	defer cancel()
	answer, err := s.api.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems:          items,
		ClientRequestToken:     aws.String(token(s.options.Table, a)),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err == nil {
		for i := range answer.ConsumedCapacity {
			s.stats.wrote(&answer.ConsumedCapacity[i])
		}
		return balance.Result{Outcome: balance.In}
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return s.cancelled(a, cancelled)
	}
	return s.failed("append of "+appendName(a), err)
}

func appendName(a *balance.Append) string {
	name := entryName(&a.Entries[0])
	if len(a.Entries) == 2 {
		name += " with " + entryName(&a.Entries[1])
	}
	if len(a.Rows) > 0 {
		name += fmt.Sprintf(" and %d directory rows", len(a.Rows))
	}
	return name
}

// cancelled is the result of a transaction that did nothing, from the reasons given for each of its
// items. What is final comes first: another's entry in the way; our own, then everything is in,
// since it went in together; a row in the way. What is left may be tried again.
func (s *Store) cancelled(a *balance.Append, e *types.TransactionCanceledException) balance.Result {
	const conditionFailed = "ConditionalCheckFailed"
	reason := func(i int) string {
		if i < len(e.CancellationReasons) {
			return aws.ToString(e.CancellationReasons[i].Code)
		}
		return ""
	}
	var unsure *balance.Result
	ours, rows := false, false
	for i := range a.Entries {
		if reason(i) != conditionFailed {
			continue
		}
		switch r := s.inTheWay(&a.Entries[i], e.CancellationReasons[i].Item); r.Outcome {
		case balance.Conflict:
			return r
		case balance.In:
			ours = true
		case balance.Out, balance.Unknown:
			unsure = &r
		}
	}
	for i := range a.Rows {
		rows = rows || reason(len(a.Entries)+i) == conditionFailed
	}
	switch {
	case ours:
		return balance.Result{Outcome: balance.In}
	case unsure != nil:
		return *unsure
	case rows:
		return balance.Result{Outcome: balance.Conflict}
	}
	return s.refused(a, e)
}

// refused is the result of a cancelled transaction without a failed condition.
func (s *Store) refused(a *balance.Append, e *types.TransactionCanceledException) balance.Result {
	doing := "append of " + appendName(a)
	for _, r := range e.CancellationReasons {
		code := aws.ToString(r.Code)
		if code == "None" || code == "" {
			continue
		}
		_, why := judgeCode(code)
		s.counted(why)
		return out(s.callError(doing, fmt.Errorf("transaction cancelled: %s: %s", code, aws.ToString(r.Message))))
	}
	return balance.Result{Outcome: balance.Unknown, Err: s.callError(doing, e)}
}
