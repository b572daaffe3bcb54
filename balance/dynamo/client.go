package dynamo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	endpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/logging"
)

// api is what the store asks of DynamoDB while it serves.
type api interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// tableAPI is what it asks about its table.
type tableAPI interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	CreateTable(context.Context, *dynamodb.CreateTableInput, ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	UpdateContinuousBackups(context.Context, *dynamodb.UpdateContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateContinuousBackupsOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
}

// newClient makes the SDK's client for this job: connections for everything that may be in flight,
// an endpoint that is worked out once, and no repeats of its own. A second try inside one call
// would blur the one thing the book must know: whether this try may have been written.
func newClient(ctx context.Context, o Options, transport http.RoundTripper) (*dynamodb.Client, error) {
	cfg, err := loadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	var unresolved error
	client := dynamodb.NewFromConfig(cfg, func(options *dynamodb.Options) {
		options.EndpointResolverV2, unresolved = resolveEndpoint(ctx, o.Endpoint, options)
		options.HTTPClient = plainHTTP{transport}
		options.Retryer = aws.NopRetryer{}
		options.RetryMaxAttempts = 0
		options.AccountIDEndpointMode = aws.AccountIDEndpointModeDisabled
		options.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryDisabled
		options.EnableAcceptEncodingGzip = false
		options.DisableValidateResponseChecksum = true // of errors it reports a mismatch always; items have their own
		options.ClientLogMode = 0
		options.Logger = logging.Nop{} // what is worth telling is in the errors
		options.APIOptions = append(options.APIOptions, leaner)
	})
	return client, unresolved
}

// loadConfig reads region and credentials as every AWS program does. A server on this machine does
// not look at either, so there it goes on without.
func loadConfig(ctx context.Context, o Options) (aws.Config, error) {
	var load []func(*config.LoadOptions) error
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	local := Loopback(o.Endpoint)
	if local {
		load = append(load, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	switch {
	case err != nil && !local:
		return cfg, fmt.Errorf("reading the AWS configuration: %w", err)
	case err != nil:
		cfg = aws.Config{}
	}
	if cfg.Region == "" {
		if o.Endpoint == "" {
			return cfg, fmt.Errorf("no AWS region: set the store's region or AWS_REGION")
		}
		cfg.Region = "us-east-1"
	}
	if local {
		known := cfg.Credentials != nil
		if known {
			_, err := cfg.Credentials.Retrieve(ctx)
			known = err == nil
		}
		if !known {
			cfg.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
		}
	}
	return cfg, nil
}

// fixedEndpoint is the answer to where the server is, worked out once.
type fixedEndpoint struct{ endpoint endpoints.Endpoint }

// ResolveEndpoint gives the one endpoint.
func (f fixedEndpoint) ResolveEndpoint(context.Context, dynamodb.EndpointParameters) (endpoints.Endpoint, error) {
	return f.endpoint, nil
}

// resolveEndpoint works out where the server is: the endpoint that is given, else that of the region,
// with FIPS or dual stack when the AWS configuration asks for them.
func resolveEndpoint(ctx context.Context, endpoint string, o *dynamodb.Options) (fixedEndpoint, error) {
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil {
			return fixedEndpoint{}, fmt.Errorf("endpoint: %w", err)
		}
		return fixedEndpoint{endpoints.Endpoint{URI: *u, Headers: http.Header{}}}, nil
	}
	e, err := dynamodb.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, dynamodb.EndpointParameters{
		Region:       aws.String(o.Region),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
	})
	if err != nil {
		return fixedEndpoint{}, fmt.Errorf("no DynamoDB endpoint in region %q: %w", o.Region, err)
	}
	return fixedEndpoint{e}, nil
}

// plainHTTP sends requests without redirects, cookies or a time-out of its own: calls have one in
// their context.
type plainHTTP struct{ transport http.RoundTripper }

// Do sends one request. The SDK closes a request's body as soon as there is a response, and its body
// then fails in WriteTo, which net/http may call after the last byte to see whether there are more: it
// would take the connection for broken while the response is still being read, and the outcome of
// an append that was answered would be unknown. A body that can only be read ends as it should.
func (p plainHTTP) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = onlyRead{r.Body}
	}
	return p.transport.RoundTrip(r)
}

// onlyRead hides every other method of a body.
type onlyRead struct{ io.ReadCloser }

// newTransport keeps a connection for each call that may be in flight. One protocol version: a
// lost HTTP/2 connection would make every call on it doubtful at once.
func newTransport(connections int) *http.Transport {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    2 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
}
