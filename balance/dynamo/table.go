package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tableWait is how long to wait before asking again whether a table is ready.
const tableWait = 250 * time.Millisecond

// callMax bounds one call about the table; they are slower than those about items.
const callMax = 5 * time.Second

// tableError turns the error of a call about the table into one of Open's.
func (s *Store) tableError(doing string, err error) error {
	var none *types.ResourceNotFoundException
	if errors.As(err, &none) {
		return fmt.Errorf("%w; make it from the template, or allow it to be made", ErrNoTable)
	}
	if passing(err) {
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, doing, err)
	}
	return fmt.Errorf("%s: %w%s", doing, err, advice(err))
}

func (s *Store) describe(ctx context.Context) (*types.TableDescription, error) {
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	answer, err := s.table.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.options.Table})
	if err != nil {
		return nil, s.tableError("asking for its shape", err)
	}
	if answer.Table == nil {
		return nil, fmt.Errorf("%w: an answer without a table", ErrUnreachable)
	}
	return answer.Table, nil
}

// usable says whether items can be written: a table that is being updated serves as before.
func usable(t *types.TableDescription) bool {
	return t.TableStatus == types.TableStatusActive || t.TableStatus == types.TableStatusUpdating
}

// pause waits, or says that time is up while the table was not ready.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: it is not active yet: %w", ErrUnreachable, ctx.Err())
	}
}

// create makes the table, and is content when somebody else is making it.
func (s *Store) create(ctx context.Context) error {
	local := Loopback(s.options.Endpoint)
	input := &dynamodb.CreateTableInput{
		TableName:   &s.options.Table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(partitionName), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(sortName), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(partitionName), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sortName), KeyType: types.KeyTypeRange},
		},
		DeletionProtectionEnabled: aws.Bool(!local),
	}
	if s.options.KMSKey != "" {
		input.SSESpecification = &types.SSESpecification{
			Enabled: aws.Bool(true), SSEType: types.SSETypeKms, KMSMasterKeyId: &s.options.KMSKey,
		}
	}
	calling, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	s.options.Logger.Info("table is not there: making it", "table", s.options.Table)
	_, err := s.table.CreateTable(calling, input)
	var exists *types.ResourceInUseException
	if err != nil && !errors.As(err, &exists) {
		return s.tableError("making it", err)
	}
	for {
		t, err := s.describe(ctx)
		if err != nil && !errors.Is(err, ErrNoTable) { // it may not be seen at once
			return err
		}
		if err == nil && usable(t) {
			break
		}
		if err := pause(ctx, tableWait); err != nil {
			return err
		}
	}
	return s.keepBackups(ctx, local)
}

// keepBackups turns point-in-time recovery on. A local server may not have it.
func (s *Store) keepBackups(ctx context.Context, local bool) error {
	for {
		calling, cancel := context.WithTimeout(ctx, callMax)
		_, err := s.table.UpdateContinuousBackups(calling, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        &s.options.Table,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		cancel()
		var early *types.ContinuousBackupsUnavailableException
		switch {
		case err == nil || local:
			return nil
		case !errors.As(err, &early): // of a new table for some seconds
			return s.tableError("turning point-in-time recovery on", err)
		}
		if err := pause(ctx, 4*tableWait); err != nil {
			return err
		}
	}
}

// checkShape says whether a table is keyed as ours are.
func checkShape(t *types.TableDescription) error {
	types := map[string]string{}
	for _, a := range t.AttributeDefinitions {
		types[aws.ToString(a.AttributeName)] = string(a.AttributeType)
	}
	keys := ""
	for _, k := range t.KeySchema {
		name := aws.ToString(k.AttributeName)
		keys += fmt.Sprintf("%s %s %s, ", name, k.KeyType, types[name])
	}
	const want = partitionName + " HASH S, " + sortName + " RANGE N, "
	if keys != want {
		return fmt.Errorf("%w: its keys are %sexpected %s; name a table of Sekisho's", ErrShape, keys, want[:len(want)-2])
	}
	return nil
}
