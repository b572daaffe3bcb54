package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestACardNumberCannotBePrinted(t *testing.T) {
	const digits = "3540120000000015"
	pan, err := ParsePAN(digits)
	if err != nil {
		t.Fatal(err)
	}
	type issue struct {
		Number PAN
		hidden PAN
		Any    any
	}
	around := issue{pan, pan, &pan}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%08d", "%T %v", "%p"} {
		fmt.Fprintf(&out, verb+" ", pan)     //nolint:govet // the verbs are the test
		fmt.Fprintf(&out, verb+" ", around)  //nolint:govet // as above
		fmt.Fprintf(&out, verb+" ", &around) //nolint:govet // as above
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "pan", pan, "around", around)
	if err := json.NewEncoder(&out).Encode(around); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&out, fmt.Errorf("no %w", fmt.Errorf("card %v", pan)))
	if strings.Contains(out.String(), digits[4:]) || strings.Contains(out.String(), fmt.Sprintf("%x", digits)) {
		t.Error("digits came out")
	}
	if !strings.Contains(out.String(), "354012******0015") {
		t.Error("the mask did not come out, so nothing was tried")
	}
}

func TestSixteenToNineteenDigitsThatPassLuhnAreACardNumber(t *testing.T) {
	for text, want := range map[string]bool{
		"3540120000000015": true, "3540120000000016": false, "354012000000001": false, "35401200000000150": false,
		"354012000000001x": false, "": false, "3540120000000000007": true,
	} {
		if _, err := ParsePAN(text); (err == nil) != want {
			t.Errorf("a number of %d digits: %v", len(text), err)
		}
	}
}

func TestHashesOfOneKeyAgreeAndOfTwoDiffer(t *testing.T) {
	a, b := testHasher(t), testHasher(t)
	other, err := NewHasher(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	n := []byte("3540120000000015")
	if a.Hash(n) != b.Hash(n) || a.CheckValue() != b.CheckValue() {
		t.Error("one key gives two hashes")
	}
	if a.Hash(n) == other.Hash(n) || a.CheckValue() == other.CheckValue() {
		t.Error("two keys give one hash")
	}
	if _, err := NewHasher(make([]byte, HashKeySizeMin-1)); err == nil {
		t.Error("a short key was taken")
	}
}

func TestADateWithoutAYearIsTheLatestThatIsNotMoreThanADayAhead(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		arrival                    string
		month, day, hour, min, sec int
		want                       string
	}{
		{"2026-11-24 12:00:00", 11, 24, 11, 59, 59, "2026-11-24 11:59:59"},
		{"2026-11-24 12:00:00", 11, 25, 12, 0, 0, "2026-11-25 12:00:00"},
		{"2026-11-24 12:00:00", 11, 25, 12, 0, 1, "2025-11-25 12:00:01"},
		{"2027-01-01 00:00:05", 12, 31, 23, 59, 59, "2026-12-31 23:59:59"},
		{"2026-12-31 23:59:59", 1, 1, 0, 0, 30, "2027-01-01 00:00:30"},
		{"2026-03-01 00:00:00", 2, 29, 0, 0, 0, "2024-02-29 00:00:00"},
		{"2028-03-01 00:00:00", 2, 29, 0, 0, 0, "2028-02-29 00:00:00"},
		{"2026-11-24 12:00:00", 4, 31, 0, 0, 0, ""},
		{"2026-11-24 12:00:00", 13, 1, 0, 0, 0, ""},
		{"2026-11-24 12:00:00", 1, 1, 24, 0, 0, ""},
	} {
		unix, ok := SentAt(c.month, c.day, c.hour, c.min, c.sec, at(c.arrival))
		got := ""
		if ok {
			got = time.Unix(unix, 0).UTC().Format(time.DateTime)
		}
		if got != c.want {
			t.Errorf("%02d%02d%02d%02d%02d at %s is %q, want %q", c.month, c.day, c.hour, c.min, c.sec, c.arrival, got, c.want)
		}
	}
}

func TestEveryReasonHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if r.String() == "" || seen[r.String()] {
			t.Errorf("reason %d is called %q", r, r)
		}
		seen[r.String()] = true
		if back, ok := ParseReason(r.String()); !ok || back != r {
			t.Errorf("%q is read as %v", r, back)
		}
		if r.Approves() && (r.Retry() || r.Undecided()) {
			t.Errorf("%q approves and could be otherwise", r)
		}
	}
}

func TestZerosOnBothSidesOfAnInstitutionDoNotCount(t *testing.T) {
	for _, text := range []string{"88710000", "00088710000", "88710000000", "8871"} {
		if got := ParseInstitution([]byte(text)); got != 8871 {
			t.Errorf("%s is %d", text, got)
		}
	}
	if ParseInstitution([]byte("00000000000")) != 0 {
		t.Error("zeros are an institution")
	}
}

func TestMoneyIsWrittenForAPerson(t *testing.T) {
	for _, c := range []struct {
		amount   Money
		currency Currency
		want     string
	}{
		{1200, JPY, "¥1,200"}, {0, JPY, "¥0"}, {-1234567, JPY, "-¥1,234,567"}, {1205, 840, "USD 12.05"}, {-5, 840, "-USD 0.05"}, {1234, 414, "KWD 1.234"},
	} {
		if got := c.amount.Format(c.currency); got != c.want {
			t.Errorf("%d in %s is %s, want %s", c.amount, c.currency, got, c.want)
		}
	}
}

func TestTheFingerprintChangesWithEachOfItsFields(t *testing.T) {
	base := Request{Amount: 1, Currency: JPY, EntryMode: 51}
	changes := map[string]func(*Request){
		"DE3": func(r *Request) { r.Processing[0] = '2' }, "DE4": func(r *Request) { r.Amount = 2 },
		"DE49": func(r *Request) { r.Currency = 840 }, "DE22": func(r *Request) { r.EntryMode = 71 },
		"DE37": func(r *Request) { r.RRN[0] = '1' }, "DE42": func(r *Request) { r.Merchant[14] = '1' },
	}
	for field, change := range changes {
		other := base
		change(&other)
		if other.Fingerprint() == base.Fingerprint() {
			t.Errorf("%s does not count", field)
		}
	}
	same := base
	same.STAN, same.At, same.MTI, same.Terminal = 5, time.Now(), 101, [8]byte{1}
	if same.Fingerprint() != base.Fingerprint() {
		t.Error("more than its fields counts")
	}
}
