package jcb

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sekisho/spec"
)

func TestBuiltInProfileDecidesAsDocumented(t *testing.T) {
	d := newTestDialect(t)
	want := spec.Policy{
		Timer: 5 * time.Second, Budget: 3 * time.Second,
		UnknownReversal: spec.Approved, ReversedBefore: spec.ReversedBefore, SettledReversal: spec.Approved, AccountVerification: spec.Approved,
		MultiClearing: true,
	}
	if !reflect.DeepEqual(*d.Policy(), want) {
		t.Errorf("policy is %+v, want %+v", *d.Policy(), want)
	}
	if d.Name() != "jcb" {
		t.Errorf("name is %s", d.Name())
	}
	for mode, entry := range map[uint16]spec.Entry{10: spec.EntryKeyed, 21: spec.EntryStripe, 51: spec.EntryChip, 71: spec.EntryContactless, 812: spec.EntryEcommerce, 902: spec.EntryStripe, 919: spec.EntryContactlessStripe, 0: spec.EntryUnknown} {
		if d.profile.entry[mode] != entry {
			t.Errorf("DE22 %03d is %s, want %s", mode, d.profile.entry[mode], entry)
		}
	}
}

func TestEveryReasonHasItsDocumentedCode(t *testing.T) {
	d := newTestDialect(t)
	want := map[spec.Reason]string{
		spec.Approved: "00", spec.ApprovedPartly: "10", spec.DuplicateDiffers: "94", spec.FormatError: "30", spec.CardUnknown: "14",
		spec.CardClosed: "14", spec.CardLost: "41", spec.CardStolen: "43", spec.ReversedBefore: "05", spec.CardExpired: "54",
		spec.ExpiryDiffers: "54", spec.NotServed: "12", spec.AmountUnusable: "13", spec.CardFrozen: "57", spec.CardNotActivated: "57",
		spec.ChannelOff: "57", spec.EntryModeNotAllowed: "58", spec.AmountLimit: "61", spec.CountLimit: "65", spec.MerchantNotAllowed: "62",
		spec.FraudRule: "59", spec.SecurityDataWrong: "63", spec.PINWrong: "55", spec.PINTries: "75", spec.InsufficientFunds: "51",
		spec.OriginalUnknown: "25", spec.AlreadySettled: "12", spec.VerificationUnserved: "85", spec.PolicyRefusal: "05", spec.Late: "91",
		spec.NotSignedOn: "91", spec.StoreUnavailable: "91", spec.Overloaded: "91", spec.InternalError: "96",
	}
	for _, r := range spec.Reasons() {
		if got := d.profile.codes[r]; string(got[:]) != want[r] {
			t.Errorf("%s is answered with %s, want %s", r, got[:], want[r])
		}
	}
}

func variant(t *testing.T, differences string) (*Dialect, error) {
	t.Helper()
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	return NewVariant(hasher, []byte(differences))
}

func TestAVariantChangesWhatItNamesAndKeepsTheRest(t *testing.T) {
	base := newTestDialect(t)
	d, err := variant(t, `
name: other
timer: 10s
budget: 50%
late: answer
sign_on: required
unknown_reversal: original_unknown
settled_reversal: already_settled
account_verification: verification_unserved
reversed_before: duplicate_differs
cash_allowed: true
refund_at_once: true
financial_served: true
multi_clearing: none
partial_approval: ["5411", "5811-5814"]
entry: {"072": device}
echo: {"0810": [7, 11]}
action_codes: {late: "68"}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := spec.Policy{
		Timer: 10 * time.Second, Budget: 5 * time.Second, LateAnswers: true, SignOnRequired: true,
		UnknownReversal: spec.OriginalUnknown, SettledReversal: spec.AlreadySettled, AccountVerification: spec.VerificationUnserved,
		ReversedBefore: spec.DuplicateDiffers, CashAllowed: true, RefundAtOnce: true, FinancialServed: true,
		PartialApproval: []spec.MCCRange{{From: 5411, To: 5411}, {From: 5811, To: 5814}},
	}
	if !reflect.DeepEqual(*d.Policy(), want) {
		t.Errorf("policy is %+v, want %+v", *d.Policy(), want)
	}
	if d.profile.entry[72] != spec.EntryDevice || d.profile.entry[71] != spec.EntryContactless {
		t.Error("three digits of DE22 do not go before two")
	}
	if d.profile.echo[810].Has(70) || !base.profile.echo[810].Has(70) || d.profile.echo[110] != base.profile.echo[110] {
		t.Error("the echo sets are mixed up")
	}
	if string(d.profile.codes[spec.Late][:]) != "68" || d.profile.codes[spec.Approved] != base.profile.codes[spec.Approved] {
		t.Error("the action codes are mixed up")
	}
}

func TestProfileErrorsNameKeyAndLineAndWhatIsExpected(t *testing.T) {
	for _, c := range []struct{ name, profile, want string }{
		{"an unknown key", "tmer: 5s", "tmer"},
		{"a wrong type", "cash_allowed: perhaps", "cash_allowed"},
		{"a timer without a unit", "timer: 5", "timer: expected a time such as 5s"},
		{"a negative timer", "timer: -5s\nbudget: 60%", "timer: expected a time"},
		{"a budget above the timer", "timer: 5s\nbudget: 160%", "budget: expected a part of the timer"},
		{"a timer whose budget is not said", "timer: 7s", "key budget is missing"},
		{"a late policy that is none", "late: sometimes", "late: expected answer or silence"},
		{"a reversal answered by another reason", "unknown_reversal: card_lost", "expected approved or original_unknown"},
		{"another element for parts of a sale", "multi_clearing: 3991", "multi_clearing: expected 3990 or none"},
		{"a merchant category with letters", "partial_approval: [food]", "partial_approval: expected merchant categories"},
		{"a range that goes backwards", `partial_approval: ["5814-5811"]`, "partial_approval"},
		{"an entry that is none", `entry: {"07": radio}`, "entry.07: expected a way of reading a card"},
		{"an entry mode of one digit", `entry: {"7": chip}`, "expected the first two digits of DE22"},
		{"an echo of a field outside the table", `echo: {"0110": [2, 112]}`, "field 112 is not in the field table"},
		{"an echo of DE39", `echo: {"0110": [39]}`, "field 39 is set"},
		{"an echo for no message type", `echo: {"110": [2]}`, "expected the four digits of an answer"},
		{"a code for no reason", `action_codes: {bad_weather: "00"}`, "is not one of our reasons"},
		{"a code of one digit", `action_codes: {late: "9"}`, "expected two digits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := variant(t, c.profile)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v, want one with %q", err, c.want)
			}
			if !strings.Contains(err.Error(), ">  ") && !strings.Contains(err.Error(), "missing") {
				t.Errorf("no line is shown in %v", err)
			}
		})
	}
}

func TestAProfileMustSayEverything(t *testing.T) {
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	for key, marker := range map[string]string{"name": "name:", "timer": "timer:", "unknown_reversal": "unknown_reversal:", "internal_error": "  internal_error:", "echo.other": "  other:"} {
		var kept []string
		for line := range strings.Lines(string(profileYAML)) {
			if !strings.HasPrefix(line, marker) {
				kept = append(kept, line)
			}
		}
		if _, err := NewFrom(fieldsJSON, []byte(strings.Join(kept, "")), hasher); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: error is %v", key, err)
		}
	}
	if _, err := NewFrom(fieldsJSON, profileYAML, hasher); err != nil {
		t.Error(err)
	}
}

func TestATableMustHaveTheFieldsThatAreUnderstood(t *testing.T) {
	hasher, err := spec.NewHasher([]byte("a key for tests only"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, to, want string }{
		{"DE7 of 8 digits", `"length": 10, "description": "transmission`, `"length": 8, "description": "transmission`, "field 7 must have a fixed length of 10"},
		{"no DE39", `"39":`, `"40":`, "field 39 must"},
		{"an encoding that is none", `"enc": "LBCD"`, `"enc": "BCE"`, "unknown encoding: BCE for field: 22"},
		{"a key that is none", `"min": 16`, `"minimum": 16`, "minimum"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := strings.Replace(string(fieldsJSON), c.from, c.to, 1)
			if _, err := NewFrom([]byte(table), profileYAML, hasher); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}
