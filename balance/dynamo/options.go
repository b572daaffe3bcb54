package dynamo

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"regexp"
	"time"
)

// Options of a store. Table must be given; the zero value of the others has a default.
type Options struct {
	Table    string
	Region   string // of AWS; empty: from the environment. On a loopback endpoint any will do
	Endpoint string // URL of a local server; empty: AWS in Region

	Create      bool   // make the table when it is not there
	AllowCreate bool   // and do so elsewhere than on a loopback endpoint
	KMSKey      string // id, alias or ARN of the key under which a new table is encrypted; empty: DynamoDB's own

	CheckValue [8]byte // of the card key that the directory's hashes are under

	AppendTimeout time.Duration // of one call that writes; 1 s
	ReadTimeout   time.Duration // of one call that reads; 1 s
	Appends       int           // appends in flight; 256
	Reads         int           // loads and look-ups in flight; 64
	Scans         int           // scans and listings in flight; 16
	WaitMax       int           // of each of the three, how many may wait; 16,384

	LogsMax          int           // logs whose last version is remembered, 32 bytes each; 1,000,000
	RowsMax          int           // directory rows in memory, 112 bytes each; 1,000,000
	AbsentMax        int           // numbers remembered as not there; 10,000
	AbsentFor        time.Duration // for so long; 2 s
	LookupsPerSecond int           // directory rows read from the table, in bursts up to this; 2,000

	Logger *slog.Logger     // nil: says nothing
	Now    func() time.Time // nil: time.Now
	Random func() uint64    // jitter of repeated reads; nil: random
}

var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

func (o Options) complete() (Options, error) {
	if !tableName.MatchString(o.Table) {
		return o, fmt.Errorf("table %q: a name has 3 to 255 of A-Z a-z 0-9 _ . -; set the store's table", o.Table)
	}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return o, fmt.Errorf("endpoint %q is not a URL with http or https; leave it out for AWS", o.Endpoint)
		}
	}
	if o.Create && !o.AllowCreate && !Loopback(o.Endpoint) {
		return o, errors.New("a table is made without more only on a loopback endpoint; allow it expressly, or make it from the template")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Uint64
	}
	positive(&o.AppendTimeout, time.Second)
	positive(&o.ReadTimeout, time.Second)
	positive(&o.Appends, 256)
	positive(&o.Reads, 64)
	positive(&o.Scans, 16)
	positive(&o.WaitMax, 16_384)
	positive(&o.LogsMax, 1_000_000)
	positive(&o.RowsMax, 1_000_000)
	positive(&o.AbsentMax, 10_000)
	positive(&o.AbsentFor, 2*time.Second)
	positive(&o.LookupsPerSecond, 2000)
	return o, nil
}

func positive[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}
