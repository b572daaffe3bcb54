package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// checkCardKey holds the card key's check value against the table's. The first to open a table
// binds it to its key.
func (s *Store) checkCardKey(ctx context.Context) error {
	bound, found, err := s.cardKey(ctx)
	if err == nil && !found {
		bound, err = s.bindCardKey(ctx)
	}
	switch {
	case err != nil:
		return err
	case bound != s.options.CheckValue:
		return &CardKeyError{Table: s.options.Table, Store: bound, Got: s.options.CheckValue}
	}
	return nil
}

func (s *Store) cardKey(ctx context.Context) (bound [8]byte, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	answer, err := s.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.options.Table, Key: keyOf(metaKey, 0), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return bound, false, s.tableError("asking for its card key", err)
	}
	if len(answer.Item) == 0 {
		return bound, false, nil
	}
	value, err := valueOf(metaKey, 0, answer.Item)
	if err != nil {
		return bound, false, err
	}
	r, err := openValue(metaFormat, metaKey, 0, value)
	if err != nil {
		return bound, false, err
	}
	copy(bound[:], r.take(len(bound)))
	return bound, true, r.end(metaKey, 0)
}

// bindCardKey writes the check value unless another node was faster, and gives the one that is there.
func (s *Store) bindCardKey(ctx context.Context) ([8]byte, error) {
	calling, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	value := stamp(metaKey, 0, append(sealValue(metaFormat, 8), s.options.CheckValue[:]...))
	_, err := s.api.PutItem(calling, &dynamodb.PutItemInput{
		TableName: &s.options.Table, Item: item(metaKey, 0, value), ConditionExpression: aws.String(notThere),
	})
	var taken *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return s.options.CheckValue, nil
	case errors.As(err, &taken):
		bound, _, err := s.cardKey(ctx)
		return bound, err
	}
	return [8]byte{}, s.tableError("binding it to its card key", err)
}
