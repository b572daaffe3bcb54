package dynamo

import (
	"errors"
	"fmt"
	"net"

	"github.com/aws/smithy-go"

	"sekisho/balance"
)

// cause is why a call failed.
type cause uint8

const (
	causeLost      cause = iota // no answer, or one that says nothing: it may have been done
	causeThrottled              // too many calls
	causeCollided               // another transaction is at work on one of the items
	causeWrong                  // table, permissions or request: it does not mend itself
	causeAway                   // no connection: nothing was sent
)

// judge says what a failed write means, condition and cancellation aside. Only a failure that is
// known to leave nothing behind is Out; everything that is not listed may have been written.
func judge(err error) (balance.Outcome, cause) {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return judgeCode(refused.ErrorCode())
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return balance.Out, causeAway
	}
	return balance.Unknown, causeLost
}

func judgeCode(code string) (balance.Outcome, cause) {
	switch code {
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException",
		"ProvisionedThroughputExceeded", "ThrottlingError": // the last two as cancellation reasons
		return balance.Out, causeThrottled
	case "TransactionConflictException", "ReplicatedWriteConflictException", "TransactionConflict":
		return balance.Out, causeCollided
	case "ResourceNotFoundException", "AccessDeniedException", "ValidationException", "SerializationException",
		"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "IncompleteSignatureException",
		"MissingAuthenticationTokenException", "OptInRequired", "UnknownOperationException",
		"ItemCollectionSizeLimitExceededException",
		"ValidationError", "ItemCollectionSizeLimitExceeded": // the last two as cancellation reasons
		return balance.Out, causeWrong
	}
	// TransactionInProgressException, InternalServerError, ServiceUnavailable, an answer that is
	// none of DynamoDB's; IdempotentParameterMismatchException says that a token was used for
	// something else, not what became of that.
	return balance.Unknown, causeLost
}

// passing says whether a failed read may go well when it is tried again.
func passing(err error) bool {
	_, why := judge(err)
	return why != causeWrong
}

// counted counts a failed call by its cause.
func (s *Store) counted(why cause) {
	switch why {
	case causeThrottled:
		s.stats.Throttled.Add(1)
	case causeCollided:
		s.stats.Collisions.Add(1)
	case causeWrong:
		s.stats.Refused.Add(1)
	case causeLost, causeAway:
	}
}

// callError says in words what failed, and what to do about it where something is to be done.
func (s *Store) callError(doing string, err error) error {
	return fmt.Errorf("%s in table %s: %w%s", doing, s.options.Table, err, advice(err))
}

func advice(err error) string {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	switch refused.ErrorCode() {
	case "ResourceNotFoundException":
		return "; the table is not there: check its name and the region"
	case "AccessDeniedException":
		return "; the role needs PutItem, GetItem, Query, Scan and DescribeTable on the table, and its KMS key when it has one"
	case "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "IncompleteSignatureException",
		"MissingAuthenticationTokenException":
		return "; check the credentials, and that the clock is right"
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException":
		return "; one log takes 1,000 write units a second, the table what its limits say"
	}
	return ""
}
