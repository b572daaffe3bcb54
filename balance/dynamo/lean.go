package dynamo

import "github.com/aws/smithy-go/middleware"

// leaner takes steps out of a call that cost time and give nothing here: an id and a trace header
// that DynamoDB does not read, a header against compression that the transport does not ask for,
// the timing and logging of responses. A step that a later SDK calls otherwise stays in.
func leaner(stack *middleware.Stack) error {
	stack.Build.Remove("ClientRequestID")              //nolint:errcheck // see above
	stack.Build.Remove("RecursionDetection")           //nolint:errcheck // see above
	stack.Finalize.Remove("DisableAcceptEncodingGzip") //nolint:errcheck // see above
	stack.Deserialize.Remove("RecordResponseTiming")   //nolint:errcheck // see above
	stack.Deserialize.Remove("RequestResponseLogger")  //nolint:errcheck // see above
	return nil
}
