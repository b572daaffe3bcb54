package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones by name also where the system has none, as in a bare container

	"sekisho/balance/dynamo"
	"sekisho/balance/embedded"
	"sekisho/router"
	"sekisho/spec"
	authswitch "sekisho/switch"
	"sekisho/teller"
	"sekisho/vault/awskms"
)

// settings are a configuration that was checked, in the types of those who use it.
type settings struct {
	Dir          string // of the embedded store; empty with Dynamo
	Dynamo       *dynamo.Options
	SegmentSize  int64 // 0: the store's default
	ReadOnly     bool  // the embedded store is left as it is; never configured
	Admin        string
	KeyFile      string
	Secret       secret
	NumberFile   string
	NumberSecret secret
	NumberKMSKey string // none: the keyset is in the clear
	LogLevel     slog.Level
	LogText      bool
	DrainTimeout time.Duration
	Shards       int // 0: the book's default
	Links        []linkSettings
	Programs     []router.Program
	Tellers      []teller.Program   // the same programs, as far as wallets go
	WalletAPI    *walletAPISettings // nil: it is not served
	Unknown      []string           // environment variables that begin like ours and are no key

	at func(path, format string, args ...any) error // see wrong
}

type linkSettings struct {
	Name, Dialect, Listen string
	Framing               authswitch.Framing
	Fields, Profile       []byte // nil: the dialect's own
	Limits                authswitch.Limits
}

// Limits of what a configuration can ask for.
const (
	moneyMax        = 999_999_999_999
	drainTimeoutMax = 10 * time.Minute
	holdMax         = 60 * 24 * time.Hour
	shardsMax       = 256
	connectionsMax  = 1 << 16
	inFlightMax     = 1 << 20
	frameSizeMin    = 64
)

var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// configCheck goes through a configuration. The first error stays.
type configCheck struct {
	config *config
	over   overrides
	err    error
}

func checkConfig(c *config, over overrides) (*settings, error) {
	k := &configCheck{config: c, over: over}
	s := &settings{
		Dir: c.Store.Embedded.Dir, Admin: c.Admin.Listen, KeyFile: c.CardKey.File, Secret: c.Secret,
		NumberFile: c.NumberKey.File, NumberSecret: c.NumberSecret, NumberKMSKey: c.NumberKey.KMSKey, Unknown: over.unknown, at: k.at,
	}
	k.store(s)
	s.SegmentSize = k.bytes("store.embedded.segment_size", c.Store.Embedded.SegmentSize, embedded.SegmentSizeMin, embedded.SegmentSizeMax)
	if s.SegmentSize%embedded.PageSize != 0 {
		k.fail("store.embedded.segment_size", "expected a multiple of 4096 bytes")
	}
	if key := c.NumberKey.KMSKey; key != "" {
		if _, err := awskms.Region(key); err != nil {
			k.fail("number_key.kms_key", "%v", err)
		}
	}
	k.address("admin.listen", c.Admin.Listen)
	k.log(s)
	s.DrainTimeout = k.time("drain.timeout", c.Drain.Timeout, 20*time.Second, drainTimeoutMax)
	s.Shards = k.number("shards", c.Shards, 1, shardsMax)
	for i := range c.Links {
		s.Links = append(s.Links, k.link(i))
	}
	for i := range c.Programs {
		s.Programs = append(s.Programs, k.program(i))
		s.Tellers = append(s.Tellers, k.tellerProgram(i, &s.Programs[i]))
	}
	if len(c.Links) == 0 {
		k.fail("links", "is missing: expected at least one, such as {name: jcb, dialect: jcb, listen: 127.0.0.1:8583}")
	}
	if len(c.Programs) == 0 {
		k.fail("programs", `is missing: expected at least one, such as {name: prepaid, ranges: ["354012"], currency: JPY}`)
	}
	s.WalletAPI = k.walletAPI(s)
	k.apart(s)
	return s, k.err
}

// fail keeps an error about a key: with the name of the environment variable when the value came
// from there, else with its place in the file.
func (k *configCheck) fail(path, format string, args ...any) {
	if k.err == nil {
		k.err = k.at(path, format, args...)
	}
}

func (k *configCheck) at(path, format string, args ...any) error {
	if name := envName(path); k.over.set[name] {
		return errors.New(blank("environment: " + name + ": " + fmt.Sprintf(format, args...)))
	}
	return k.config.source.at(path, format, args...)
}

// wrong is an error about a key of the configuration that shows only when it is used.
func (s *settings) wrong(path, format string, args ...any) error {
	if s.at == nil { // not from a configuration
		return fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	}
	return s.at(path, format, args...)
}

// store sees that there is one store.
func (k *configCheck) store(s *settings) {
	d := k.config.Store.DynamoDB
	switch {
	case d == (dynamoConfig{}) && s.Dir == "":
		k.fail("store.embedded.dir", "is missing: expected the directory of the store, such as ./data, or a table in store.dynamodb.table")
	case d == (dynamoConfig{}):
	case s.Dir != "":
		k.fail("store.dynamodb", "there is store.embedded as well: expected one store")
	case d.Table == "":
		k.fail("store.dynamodb.table", "is missing: expected the name of the table")
	default:
		s.Dynamo = &dynamo.Options{Table: d.Table, Region: d.Region, Endpoint: d.Endpoint, Create: d.Create, KMSKey: d.KMSKey}
	}
}

func (k *configCheck) name(path, name string, taken func(string) bool) {
	switch {
	case name == "":
		k.fail(path, "is missing: expected a name")
	case !nameRule.MatchString(name):
		k.fail(path, "%q is not a name: expected up to 32 of a-z, 0-9, - and _", name)
	case taken(name):
		k.fail(path, "%q is used twice: expected a name of its own", name)
	}
}

func (k *configCheck) address(path, address string) {
	if address == "" {
		k.fail(path, "is missing: expected host and port, such as 127.0.0.1:9090")
		return
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		k.fail(path, "%q is not an address: expected host and port, such as 127.0.0.1:9090 or :9090", address)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		k.fail(path, "%q is not a port: expected a number from 0 (any free one) to 65535", port)
	}
}

// time reads a period; when none is written, it is otherwise.
func (k *configCheck) time(path string, p period, otherwise, most time.Duration) time.Duration {
	d, err := p.value()
	switch {
	case err != nil:
		k.fail(path, "%v", err)
	case p == "":
		return otherwise
	case d == 0 || d > most:
		k.fail(path, "%s is out of bounds: expected more than 0 and at most %s", p, inWords(most))
	}
	return d
}

func inWords(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	return strings.TrimSuffix(d.String(), "0s")
}

// number reads a count; 0 when none is written.
func (k *configCheck) number(path string, c count, least, most int64) int {
	n, err := c.value()
	switch {
	case err != nil:
		k.fail(path, "%v", err)
	case c != "" && (n < least || n > most):
		k.fail(path, "%s is out of bounds: expected %d to %d", string(c), least, most)
	}
	return int(n)
}

// bytes reads a size; 0 when none is written.
func (k *configCheck) bytes(path string, z size, least, most int64) int64 {
	n, err := z.value()
	switch {
	case err != nil:
		k.fail(path, "%v", err)
	case z != "" && (n < least || n > most):
		k.fail(path, "%s is out of bounds: expected %d to %d bytes", string(z), least, most)
	}
	return n
}

func (k *configCheck) log(s *settings) {
	l := k.config.Log
	switch l.Format {
	case "", "json":
	case "text":
		s.LogText = true
	default:
		k.fail("log.format", "%q is not known: expected json or text", l.Format)
	}
	levels := map[string]slog.Level{"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[l.Level]
	if !ok {
		k.fail("log.level", "%q is not known: expected debug, info, warn or error", l.Level)
	}
	s.LogLevel = level
}

func (k *configCheck) link(i int) linkSettings {
	l := &k.config.Links[i]
	at := "links[" + strconv.Itoa(i) + "]."
	s := linkSettings{Name: l.Name, Dialect: l.Dialect, Listen: l.Listen}
	k.name(at+"name", l.Name, func(name string) bool {
		return slices.ContainsFunc(k.config.Links[:i], func(o linkConfig) bool { return o.Name == name })
	})
	if dialectNamed(l.Dialect) == nil {
		k.fail(at+"dialect", "%q is not known: expected %s", l.Dialect, strings.Join(dialectNames(), " or "))
	}
	k.address(at+"listen", l.Listen)
	if l.Framing != "" {
		framing, err := authswitch.ParseFraming(l.Framing)
		if err != nil {
			k.fail(at+"framing", "%v", err)
		}
		s.Framing = framing
	}
	s.Fields, s.Profile = k.file(at+"fields", l.Fields), k.file(at+"profile", l.Profile)
	k.dialect(at, &s)
	s.Limits.ConnectionsMax = k.number(at+"connections_max", l.ConnectionsMax, 1, connectionsMax)
	s.Limits.InFlightMax = k.number(at+"in_flight_max", l.InFlightMax, 1, inFlightMax)
	s.Limits.FrameMax = int(k.bytes(at+"frame_max", l.FrameMax, frameSizeMin, int64(s.Framing.SizeMax())))
	return s
}

// dialect sees that the files of a link make a dialect, before anything is opened.
func (k *configCheck) dialect(at string, s *linkSettings) {
	if k.err != nil || (s.Fields == nil && s.Profile == nil) {
		return
	}
	key := "profile"
	if s.Profile == nil {
		key = "fields"
	}
	hasher, err := throwawayHasher()
	if err == nil {
		_, err = dialectNamed(s.Dialect).make(hasher, s.Fields, s.Profile)
	}
	if err != nil {
		k.fail(at+key, "%v", err)
	}
}

// file reads a file that a key names; nil when none is named.
func (k *configCheck) file(path, name string) []byte {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		k.fail(path, "cannot be read: %v", err)
	}
	return text
}

func (k *configCheck) program(i int) router.Program {
	c := &k.config.Programs[i]
	at := "programs[" + strconv.Itoa(i) + "]."
	p := router.Program{
		Name: c.Name, Ranges: c.Ranges, Holds: k.holds(at+"holds.", &c.Holds),
		Receiver: k.institution(at+"receiver", c.Receiver), Tolerances: k.tolerances(at+"tolerance.", &c.Tolerance),
	}
	k.name(at+"name", c.Name, func(name string) bool {
		return slices.ContainsFunc(k.config.Programs[:i], func(o programConfig) bool { return o.Name == name })
	})
	if len(c.Ranges) == 0 {
		k.fail(at+"ranges", `is missing: expected leading digits of its card numbers, such as ["354012"]`)
	}
	for j, digits := range c.Ranges {
		if len(digits) < 6 || len(digits) > 8 || strings.Trim(digits, "0123456789") != "" {
			k.fail(at+"ranges["+strconv.Itoa(j)+"]", "%q is not a range: expected 6 to 8 leading digits of its card numbers, in quotes", digits)
		}
	}
	if c.Currency == "" {
		k.fail(at+"currency", "is missing: expected an ISO 4217 code such as JPY")
	} else if currency, err := spec.ParseCurrency(c.Currency); err != nil {
		k.fail(at+"currency", "%v", err)
	} else {
		p.Rules.Currency = currency
	}
	p.Rules.AmountMax = spec.Money(k.number(at+"amount_max", c.AmountMax, 0, 999_999_999_999))
	p.Rules.Zone = k.zone(at+"zone", c.Zone)
	if c.Verify != "" && c.Verify != "none" {
		k.fail(at+"verify", "%q is not served: expected none (neither chip cryptograms nor security codes are checked)", c.Verify)
	}
	return p
}

func (k *configCheck) holds(at string, c *holdsConfig) router.Holds {
	h := router.DefaultHolds()
	h.Default = k.time(at+"default", c.Default, h.Default, holdMax)
	h.CardCheck = k.time(at+"card_check", c.CardCheck, h.CardCheck, holdMax)
	h.PreAuthorization = k.time(at+"pre_authorization", c.PreAuthorization, h.PreAuthorization, holdMax)
	h.Lodging = k.time(at+"lodging", c.Lodging, h.Lodging, holdMax)
	if c.CardCheckMax != "" {
		h.CardCheckMax = spec.Money(k.number(at+"card_check_max", c.CardCheckMax, 0, 999_999_999_999))
	}
	return h
}

// zone reads where a card's last month ends: +09:00, which is also the default, or a name such as
// Asia/Tokyo. A fixed zone needs no table that could change.
func (k *configCheck) zone(path, name string) *time.Location {
	if name == "" {
		name = "+09:00"
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, seconds := t.Zone()
		return time.FixedZone(name, seconds)
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		k.fail(path, "%q is not a zone: expected one such as +09:00 or Asia/Tokyo", name)
		return time.UTC
	}
	return zone
}

// apart checks what must not be shared: number ranges and addresses.
func (k *configCheck) apart(s *settings) {
	type owned struct{ digits, program string }
	var ranges []owned
	for i := range s.Programs {
		for j, digits := range s.Programs[i].Ranges {
			for _, o := range ranges {
				if strings.HasPrefix(o.digits, digits) || strings.HasPrefix(digits, o.digits) {
					k.fail("programs["+strconv.Itoa(i)+"].ranges["+strconv.Itoa(j)+"]", "%s overlaps with %s of program %s: expected ranges that have no number in common", digits, o.digits, o.program)
				}
			}
			ranges = append(ranges, owned{digits, s.Programs[i].Name})
		}
	}
	taken := map[string]string{s.Admin: "admin.listen"}
	if w := s.WalletAPI; w != nil {
		if w.Listen == s.Admin && !strings.HasSuffix(w.Listen, ":0") {
			k.fail("wallet_api.listen", "%s is also admin.listen: expected an address of its own", w.Listen)
		}
		taken[w.Listen] = "wallet_api.listen"
	}
	for i := range s.Links {
		path := "links[" + strconv.Itoa(i) + "].listen"
		address := s.Links[i].Listen
		if other, ok := taken[address]; ok && !strings.HasSuffix(address, ":0") {
			k.fail(path, "%s is also %s: expected an address of its own", address, other)
		}
		taken[address] = path
	}
}
