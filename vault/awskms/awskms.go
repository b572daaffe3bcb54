// Package awskms wraps the keyset of card numbers with a key of AWS KMS, which is asked once when the
// keyset is read and once when it is written, never for a card.
package awskms

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/logging"
	tinkkms "github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"

	"sekisho/vault"
)

// Options of a wrap.
type Options struct {
	Key      string // ARN of a symmetric key, or of an alias of one
	Endpoint string // URL of another server, such as a local one; that of AWS in the region of the key
	// Credentials in place of those that every AWS program finds: environment, files, role.
	Credentials aws.CredentialsProvider
}

// callTimeMax bounds a call with all its tries.
const callTimeMax = 5 * time.Second

var arn = regexp.MustCompile(`^arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(key|alias)/[a-zA-Z0-9/_-]+$`)

// Region is the region of a key, by its ARN.
func Region(key string) (string, error) {
	parts := arn.FindStringSubmatch(key)
	if parts == nil {
		return "", fmt.Errorf("%q is not the ARN of a KMS key: expected one such as arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", key)
	}
	return parts[1], nil
}

// Open makes a wrap of a key. It does not ask the service yet. The principal needs kms:Decrypt, and
// kms:Encrypt where keysets are made and changed; the encryption context has the name associatedData.
func Open(ctx context.Context, o Options) (vault.Wrap, error) {
	region, err := Region(o.Key)
	if err != nil {
		return nil, err
	}
	load := []func(*config.LoadOptions) error{config.WithRegion(region), config.WithLogger(logging.Nop{})}
	if o.Credentials != nil {
		load = append(load, config.WithCredentialsProvider(o.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	client := kms.NewFromConfig(cfg, func(options *kms.Options) {
		if o.Endpoint != "" {
			options.BaseEndpoint = aws.String(o.Endpoint)
		}
		options.ClientLogMode = 0 // a body has the keyset in the clear
	})
	wrap, err := tinkkms.NewAEADWithContext(ctx, o.Key, tinkkms.WithKMS(bounded{client}))
	if err != nil {
		return nil, fmt.Errorf("KMS key %s: %w", o.Key, err)
	}
	return wrap, nil
}

// bounded gives each call a time of its own.
type bounded struct{ tinkkms.KMSAPI }

// Encrypt implements [tinkkms.KMSAPI].
func (b bounded) Encrypt(ctx context.Context, in *kms.EncryptInput, options ...func(*kms.Options)) (*kms.EncryptOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeMax)
	defer cancel()
	return b.KMSAPI.Encrypt(ctx, in, options...)
}

// Decrypt implements [tinkkms.KMSAPI].
func (b bounded) Decrypt(ctx context.Context, in *kms.DecryptInput, options ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeMax)
	defer cancel()
	return b.KMSAPI.Decrypt(ctx, in, options...)
}
