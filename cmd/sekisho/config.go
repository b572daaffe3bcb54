package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// config is the configuration file. What is not written has the default that is said beside it.
// Every key can also come from the environment, which outranks the file: SEKISHO_ and the path of
// the key in capitals, such as SEKISHO_ADMIN_LISTEN or SEKISHO_LINKS_0_LISTEN.
type config struct {
	Store     storeConfig     `yaml:"store" envPrefix:"STORE_"`
	Admin     adminConfig     `yaml:"admin" envPrefix:"ADMIN_"`
	CardKey   cardKeyConfig   `yaml:"card_key" envPrefix:"CARD_KEY_"`
	NumberKey numberKeyConfig `yaml:"number_key" envPrefix:"NUMBER_KEY_"`
	Log       logConfig       `yaml:"log" envPrefix:"LOG_"`
	Drain     drainConfig     `yaml:"drain" envPrefix:"DRAIN_"`
	Shards    count           `yaml:"shards" env:"SHARDS"` // goroutines that decide; 2
	Links     []linkConfig    `yaml:"links" envPrefix:"LINKS_"`
	Programs  []programConfig `yaml:"programs" envPrefix:"PROGRAMS_"`
	WalletAPI walletAPIConfig `yaml:"wallet_api" envPrefix:"WALLET_API_"` // none: it is not served

	// The keys themselves, from the environment only: a secret has no place in a file that is
	// shown in errors.
	Secret       secret `yaml:"-" env:"CARD_KEY"`
	NumberSecret secret `yaml:"-" env:"NUMBER_KEY"`

	source source
}

// One of the two: on this machine's disk, or on a table that several nodes share.
type storeConfig struct {
	Embedded embeddedConfig `yaml:"embedded" envPrefix:"EMBEDDED_"`
	DynamoDB dynamoConfig   `yaml:"dynamodb" envPrefix:"DYNAMODB_"`
}

type dynamoConfig struct {
	Table    string `yaml:"table" env:"TABLE"`
	Region   string `yaml:"region" env:"REGION"`     // from the environment of the AWS SDK
	Endpoint string `yaml:"endpoint" env:"ENDPOINT"` // URL of a local server; AWS
	Create   bool   `yaml:"create" env:"CREATE"`     // make the table when it is not there; elsewhere than on loopback --create-table as well
	KMSKey   string `yaml:"kms_key" env:"KMS_KEY"`   // under which a new table is encrypted; DynamoDB's own
}

type embeddedConfig struct {
	Dir         string `yaml:"dir" env:"DIR"`
	SegmentSize size   `yaml:"segment_size" env:"SEGMENT_SIZE"` // 64MiB
}

type adminConfig struct {
	Listen string `yaml:"listen" env:"LISTEN"`
}

type cardKeyConfig struct {
	File string `yaml:"file" env:"FILE"` // none: SEKISHO_CARD_KEY, else card.key beside the store
}

type numberKeyConfig struct {
	File   string `yaml:"file" env:"FILE"`       // none: SEKISHO_NUMBER_KEY, else number.key beside the store
	KMSKey string `yaml:"kms_key" env:"KMS_KEY"` // ARN of the AWS KMS key that the keyset is wrapped with; it is in the clear
}

type logConfig struct {
	Level  string `yaml:"level" env:"LEVEL"`   // debug, info, warn or error; info
	Format string `yaml:"format" env:"FORMAT"` // json or text; json
}

type drainConfig struct {
	Timeout period `yaml:"timeout" env:"TIMEOUT"` // 20s
}

type linkConfig struct {
	Name           string `yaml:"name" env:"NAME"`
	Dialect        string `yaml:"dialect" env:"DIALECT"`
	Listen         string `yaml:"listen" env:"LISTEN"`
	Framing        string `yaml:"framing" env:"FRAMING"`                 // length2-zero2
	Fields         string `yaml:"fields" env:"FIELDS"`                   // file with a field table; the dialect's own
	Profile        string `yaml:"profile" env:"PROFILE"`                 // file with a profile; the dialect's own
	ConnectionsMax count  `yaml:"connections_max" env:"CONNECTIONS_MAX"` // 1,024
	InFlightMax    count  `yaml:"in_flight_max" env:"IN_FLIGHT_MAX"`     // messages of one connection; 4,096
	FrameMax       size   `yaml:"frame_max" env:"FRAME_MAX"`             // 4096
}

type programConfig struct {
	Name      string      `yaml:"name" env:"NAME"`
	Ranges    []string    `yaml:"ranges" env:"RANGES"` // leading digits, six to eight
	Currency  string      `yaml:"currency" env:"CURRENCY"`
	AmountMax count       `yaml:"amount_max" env:"AMOUNT_MAX"` // of one use, minor units; 0 is no limit
	Zone      string      `yaml:"zone" env:"ZONE"`             // where a card's last month ends; +09:00
	Verify    string      `yaml:"verify" env:"VERIFY"`         // how the card itself is verified; none
	Receiver  string      `yaml:"receiver" env:"RECEIVER"`     // DE100 of its clearing records, up to 11 digits
	Holds     holdsConfig `yaml:"holds" envPrefix:"HOLDS_"`

	Tolerance toleranceConfig     `yaml:"tolerance" envPrefix:"TOLERANCE_"`
	Wallet    programWalletConfig `yaml:"wallet" envPrefix:"WALLET_"`
}

// How far clearing may come above its authorization before it is told as over: percent, and for fuel an
// amount. It is posted in any case.
type toleranceConfig struct {
	Default           count `yaml:"default" env:"DEFAULT"`                         // 0
	Dining            count `yaml:"dining" env:"DINING"`                           // restaurants, bars, taxis; 20
	Lodging           count `yaml:"lodging" env:"LODGING"`                         // hotels, car hire; 15
	Foreign           count `yaml:"foreign" env:"FOREIGN"`                         // another currency; 5
	FuelMax           count `yaml:"fuel_max" env:"FUEL_MAX"`                       // the whole sale; 30,000
	FuelAuthorizedMax count `yaml:"fuel_authorized_max" env:"FUEL_AUTHORIZED_MAX"` // where no more was authorized; 2
}

type holdsConfig struct {
	Default          period `yaml:"default" env:"DEFAULT"`                     // 7d
	CardCheck        period `yaml:"card_check" env:"CARD_CHECK"`               // 1d
	CardCheckMax     count  `yaml:"card_check_max" env:"CARD_CHECK_MAX"`       // up to this a purchase is a card check; 200
	PreAuthorization period `yaml:"pre_authorization" env:"PRE_AUTHORIZATION"` // 30d
	Lodging          period `yaml:"lodging" env:"LODGING"`                     // 30d
}

// secret is text that is never shown.
type secret string

// Format shows that there is something, for every verb.
func (s secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// String is "(not shown)".
func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "(not shown)"
}

// MarshalText writes what String shows.
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// loadConfig reads a configuration, puts the environment over it and checks it all. An error
// names file, line, key and what was expected.
func loadConfig(path string, environ []string) (*settings, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("configuration: %s is a directory: expected a YAML file, such as sekisho.yaml", path)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c := config{source: source{name: path, text: text}}
	if err := c.source.decode(&c); err != nil {
		return nil, err
	}
	over, err := applyEnvironment(&c, environ)
	if err != nil {
		return nil, err
	}
	return checkConfig(&c, over)
}
