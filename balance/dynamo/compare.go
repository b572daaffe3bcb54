package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Compare says in which ways the live table differs from the template, one sentence each; none when
// it is as it should be. The errors are those of Open.
func Compare(ctx context.Context, o Options) ([]string, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	transport := newTransport(1)
	defer transport.CloseIdleConnections()
	client, err := newClient(ctx, o, transport)
	if err != nil {
		return nil, err
	}
	o.Region = client.Options().Region
	differences, err := newStore(ctx, o, client, client).compare(ctx)
	if err != nil {
		return nil, &OpenError{Table: o.Table, Endpoint: o.Endpoint, Region: o.Region, Err: err}
	}
	return differences, nil
}

func (s *Store) compare(ctx context.Context) ([]string, error) {
	t, err := s.describe(ctx)
	if err != nil {
		return nil, err
	}
	differences := compareTable(t, s.options.KMSKey)
	calling, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	backups, err := s.table.DescribeContinuousBackups(calling, &dynamodb.DescribeContinuousBackupsInput{TableName: &s.options.Table})
	switch {
	case err != nil && passing(err):
		return nil, s.tableError("asking for its backups", err)
	case err != nil:
		differences = append(differences, fmt.Sprintf("point-in-time recovery: cannot be asked for: %v", err))
	default:
		on := false
		if d := backups.ContinuousBackupsDescription; d != nil && d.PointInTimeRecoveryDescription != nil {
			on = d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled
		}
		if !on {
			differences = append(differences, "point-in-time recovery is off, the template turns it on")
		}
	}
	expiry, err := s.table.DescribeTimeToLive(calling, &dynamodb.DescribeTimeToLiveInput{TableName: &s.options.Table})
	switch {
	case err != nil && passing(err):
		return nil, s.tableError("asking for its time to live", err)
	case err != nil:
		differences = append(differences, fmt.Sprintf("time to live: cannot be asked for: %v", err))
	case expiry.TimeToLiveDescription != nil && expiry.TimeToLiveDescription.TimeToLiveStatus == types.TimeToLiveStatusEnabled:
		differences = append(differences, "time to live is on: DynamoDB would delete entries of the ledger; turn it off")
	}
	return differences, nil
}

// compareTable compares what DescribeTable tells.
func compareTable(t *types.TableDescription, kmsKey string) []string {
	var differences []string
	differ := func(format string, values ...any) { differences = append(differences, fmt.Sprintf(format, values...)) }
	if err := checkShape(t); err != nil {
		differ("keys: %v", err)
	}
	mode := types.BillingModeProvisioned
	if t.BillingModeSummary != nil {
		mode = t.BillingModeSummary.BillingMode
	}
	if mode != types.BillingModePayPerRequest {
		differ("billing is %s, the template has %s", mode, types.BillingModePayPerRequest)
	}
	if !aws.ToBool(t.DeletionProtectionEnabled) {
		differ("deletion protection is off, the template turns it on")
	}
	key := ""
	if t.SSEDescription != nil {
		key = aws.ToString(t.SSEDescription.KMSMasterKeyArn)
	}
	if kmsKey != "" && key == "" {
		differ("it is encrypted under DynamoDB's own key, the configuration names %s", kmsKey)
	}
	if n := len(t.GlobalSecondaryIndexes) + len(t.LocalSecondaryIndexes); n > 0 {
		differ("it has %d indexes, the template has none: each is paid for with every write", n)
	}
	return differences
}
