package jcb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"sekisho/spec"
	"sekisho/spec/wire"
)

// profile is a profile file, checked and compiled.
type profile struct {
	name   string
	policy spec.Policy
	entry  [1000]spec.Entry // by DE22
	echo   map[spec.MTI]spec.FieldSet
	other  spec.FieldSet // echoed in an answer that echo does not name
	codes  [256]actionCode
}

type actionCode [2]byte

// profileFile is the file as it is written. A key that is absent leaves what an earlier
// file said.
type profileFile struct {
	Name                string            `yaml:"name"`
	Timer               string            `yaml:"timer"`
	Budget              string            `yaml:"budget"`
	Late                string            `yaml:"late"`
	SignOn              string            `yaml:"sign_on"`
	UnknownReversal     string            `yaml:"unknown_reversal"`
	ReversedBefore      string            `yaml:"reversed_before"`
	SettledReversal     string            `yaml:"settled_reversal"`
	AccountVerification string            `yaml:"account_verification"`
	CashAllowed         *bool             `yaml:"cash_allowed"`
	RefundAtOnce        *bool             `yaml:"refund_at_once"`
	FinancialServed     *bool             `yaml:"financial_served"`
	MultiClearing       string            `yaml:"multi_clearing"`
	PartialApproval     []string          `yaml:"partial_approval"`
	Entry               map[string]string `yaml:"entry"`
	Echo                map[string][]int  `yaml:"echo"`
	ActionCodes         map[string]string `yaml:"action_codes"`
}

// otherAnswers is the key of the echo set of answers that have no set of their own.
const otherAnswers = "other"

// readProfile reads the first profile and puts the differences of the others over it.
func readProfile(l *wire.Layout, sources ...[]byte) (*profile, error) {
	p := &profile{echo: map[spec.MTI]spec.FieldSet{}}
	for _, source := range sources {
		r := profileReader{source: source, layout: l}
		if err := yaml.UnmarshalWithOptions(source, &r.file, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		r.apply(p)
		if r.err != nil {
			return nil, r.err
		}
	}
	return p, p.complete()
}

// complete says what no file has decided.
func (p *profile) complete() error {
	for _, need := range []struct {
		key string
		has bool
	}{
		{"name", p.name != ""},
		{"timer", p.policy.Timer > 0},
		{"budget", p.policy.Budget > 0},
		{"unknown_reversal", p.policy.UnknownReversal != spec.ReasonNone},
		{"reversed_before", p.policy.ReversedBefore != spec.ReasonNone},
		{"settled_reversal", p.policy.SettledReversal != spec.ReasonNone},
		{"account_verification", p.policy.AccountVerification != spec.ReasonNone},
		{"echo.other", p.other != spec.FieldSet{}},
	} {
		if !need.has {
			return fmt.Errorf("profile: key %s is missing", need.key)
		}
	}
	for _, r := range spec.Reasons() {
		if p.codes[r] == (actionCode{}) {
			return fmt.Errorf("profile: action_codes has no code for %s", r)
		}
	}
	return nil
}

// profileReader carries one file into a profile. The first error stays.
type profileReader struct {
	source []byte
	layout *wire.Layout
	file   profileFile
	err    error
}

// fail keeps an error that shows the line of the key.
func (r *profileReader) fail(key []string, format string, args ...any) {
	if r.err != nil {
		return
	}
	path := (&yaml.PathBuilder{}).Root()
	for _, k := range key {
		path = path.Child(k)
	}
	where, err := path.Build().AnnotateSource(r.source, false)
	if err != nil {
		where = nil // the message names the key all the same
	}
	r.err = fmt.Errorf("profile: %s: %s\n%s", strings.Join(key, "."), fmt.Sprintf(format, args...), where)
}

func (r *profileReader) apply(p *profile) {
	f := &r.file
	if f.Name != "" {
		p.name = f.Name
	}
	r.times(p)
	policy := &p.policy
	r.choose("late", f.Late, map[string]func(){
		"silence": func() { policy.LateAnswers = false }, "answer": func() { policy.LateAnswers = true },
	})
	r.choose("sign_on", f.SignOn, map[string]func(){
		"optional": func() { policy.SignOnRequired = false }, "required": func() { policy.SignOnRequired = true },
	})
	r.choose("multi_clearing", f.MultiClearing, map[string]func(){
		"none": func() { policy.MultiClearing = false }, "3990": func() { policy.MultiClearing = true },
	})
	r.reason("unknown_reversal", f.UnknownReversal, &policy.UnknownReversal, spec.Approved, spec.OriginalUnknown)
	r.reason("reversed_before", f.ReversedBefore, &policy.ReversedBefore, spec.ReversedBefore, spec.DuplicateDiffers)
	r.reason("settled_reversal", f.SettledReversal, &policy.SettledReversal, spec.Approved, spec.AlreadySettled)
	r.reason("account_verification", f.AccountVerification, &policy.AccountVerification, spec.Approved, spec.VerificationUnserved)
	for _, flag := range []struct{ from, to *bool }{
		{f.CashAllowed, &policy.CashAllowed}, {f.RefundAtOnce, &policy.RefundAtOnce}, {f.FinancialServed, &policy.FinancialServed},
	} {
		if flag.from != nil {
			*flag.to = *flag.from
		}
	}
	r.merchants(policy)
	r.entries(p)
	r.echoes(p)
	r.codes(p)
}

func (r *profileReader) times(p *profile) {
	if r.file.Timer != "" {
		d, err := time.ParseDuration(r.file.Timer)
		if err != nil || d <= 0 {
			r.fail([]string{"timer"}, "expected a time such as 5s")
		}
		p.policy.Timer = d
		p.policy.Budget = 0 // of the old timer
	}
	if r.file.Budget != "" {
		percent, found := strings.CutSuffix(r.file.Budget, "%")
		n, err := strconv.Atoi(percent)
		if !found || err != nil || n < 1 || n > 100 {
			r.fail([]string{"budget"}, "expected a part of the timer from 1%% to 100%%, such as 60%%")
		}
		p.policy.Budget = p.policy.Timer * time.Duration(n) / 100
	}
}

func (r *profileReader) choose(key, value string, choices map[string]func()) {
	if value == "" {
		return
	}
	set, ok := choices[value]
	if !ok {
		names := make([]string, 0, len(choices))
		for name := range choices {
			names = append(names, name)
		}
		slices.Sort(names)
		r.fail([]string{key}, "expected %s", strings.Join(names, " or "))
		return
	}
	set()
}

func (r *profileReader) reason(key, value string, to *spec.Reason, choices ...spec.Reason) {
	set := map[string]func(){}
	for _, c := range choices {
		set[c.String()] = func() { *to = c }
	}
	r.choose(key, value, set)
}

func (r *profileReader) merchants(policy *spec.Policy) {
	if r.file.PartialApproval == nil {
		return
	}
	policy.PartialApproval = nil
	for _, text := range r.file.PartialApproval {
		from, to, isRange := strings.Cut(text, "-")
		if !isRange {
			to = from
		}
		low, ok1 := digits(from, 4)
		high, ok2 := digits(to, 4)
		if !ok1 || !ok2 || low > high {
			r.fail([]string{"partial_approval"}, "expected merchant categories such as \"5411\" or \"5811-5814\"")
			return
		}
		policy.PartialApproval = append(policy.PartialApproval, spec.MCCRange{From: low, To: high})
	}
}

// digits reads exactly n decimal digits.
func digits(text string, n int) (uint16, bool) {
	if len(text) != n || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseUint(text, 10, 16)
	return uint16(v), err == nil
}

// entries fills the map of DE22: two digits stand for the ten values that begin with them,
// three digits go before two.
func (r *profileReader) entries(p *profile) {
	for length := 2; length <= 3; length++ {
		for key, name := range r.file.Entry {
			entry, ok := spec.ParseEntry(name)
			if !ok {
				r.fail([]string{"entry", key}, "expected a way of reading a card, such as chip, contactless, ecommerce")
				return
			}
			n, ok := digits(key, len(key))
			if !ok || len(key) < 2 || len(key) > 3 {
				r.fail([]string{"entry", key}, "expected the first two digits of DE22, or all three, in quotes")
				return
			}
			switch {
			case len(key) != length:
			case length == 3:
				p.entry[n] = entry
			default:
				for last := range uint16(10) {
					p.entry[n*10+last] = entry
				}
			}
		}
	}
}

func (r *profileReader) echoes(p *profile) {
	for key, fields := range r.file.Echo {
		var set spec.FieldSet
		for _, n := range fields {
			if n < 2 || r.layout.Field(n) == nil {
				r.fail([]string{"echo", key}, "field %d is not in the field table", n)
				return
			}
			if n == 38 || n == 39 || n == 54 || n == 55 {
				r.fail([]string{"echo", key}, "field %d is set, or left out, never repeated", n)
				return
			}
			set.Add(n)
		}
		if key == otherAnswers {
			p.other = set
			continue
		}
		mti, ok := digits(key, 4)
		if !ok {
			r.fail([]string{"echo", key}, "expected the four digits of an answer, in quotes, or %s", otherAnswers)
			return
		}
		p.echo[spec.MTI(mti)] = set
	}
}

func (r *profileReader) codes(p *profile) {
	for name, code := range r.file.ActionCodes {
		reason, ok := spec.ParseReason(name)
		if !ok || reason == spec.ReasonNone {
			r.fail([]string{"action_codes", name}, "is not one of our reasons")
			return
		}
		if len(code) != 2 || strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			r.fail([]string{"action_codes", name}, "expected two digits or capital letters, in quotes")
			return
		}
		p.codes[reason] = actionCode{code[0], code[1]}
	}
}
