package dynamotest

import (
	"fmt"
	"net/http"
)

// failure is an answer that is an error.
type failure struct {
	status  int
	code    string
	Message string
	Item    item     // of ConditionalCheckFailedException
	Reasons []reason // of TransactionCanceledException
}

// reason is why one item of a transaction was not written.
type reason struct {
	Code    string `json:"Code"`
	Message string `json:"Message,omitempty"`
	Item    item   `json:"Item,omitempty"`
}

func invalid(format string, values ...any) *failure {
	return &failure{code: "ValidationException", Message: fmt.Sprintf(format, values...)}
}

func (f *failure) httpStatus() int {
	if f.status == 0 {
		return http.StatusBadRequest
	}
	return f.status
}

func (f *failure) encode() []byte {
	namespace := "com.amazonaws.dynamodb.v20120810#"
	switch f.code {
	case "ValidationException", "ThrottlingException", "UnrecognizedClientException", "AccessDeniedException", "UnknownOperationException":
		namespace = "com.amazon.coral.service#"
	}
	return encode(struct {
		Type    string   `json:"__type"`
		Message string   `json:"message,omitempty"`
		Item    item     `json:"Item,omitempty"`
		Reasons []reason `json:"CancellationReasons,omitempty"`
	}{namespace + f.code, f.Message, f.Item, f.Reasons})
}
