package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"sekisho/spec"
)

// madeUp is the n-th made-up number: 354012, zeros, n and a check digit, size digits in all.
func madeUp(t testing.TB, n, size int) spec.PAN {
	t.Helper()
	digits := fmt.Sprintf("354012%0*d", size-7, n)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	number, err := spec.ParsePAN(digits + string(rune('0'+(10-sum%10)%10)))
	if err != nil {
		t.Fatal("the test's own number is none")
	}
	return number
}

// fresh is a vault under a random key.
func fresh(t *testing.T) *Vault {
	t.Helper()
	v, err := Parse(freshText(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// freshText is a keyset in the clear with a random key.
func freshText(t *testing.T) []byte {
	t.Helper()
	keys, err := newKeys()
	if err != nil {
		t.Fatal(err)
	}
	text, err := encode(t.Context(), keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func seal(t *testing.T, v *Vault, card spec.CardID, number spec.PAN) []byte {
	t.Helper()
	sealed, err := v.Seal(card, number)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

var (
	card  = spec.CardID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	other = spec.CardID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}
)

func TestWhatWasSealedForACardOpensForItAndFitsBesideIt(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	for size := spec.PANLengthMin; size <= spec.PANLengthMax; size++ {
		number := madeUp(t, 1, size)
		sealed := seal(t, v, card, number)
		if opened, err := v.Open(card, sealed); err != nil || opened != number {
			t.Errorf("%d digits came back as another number: %v", size, err)
		}
		if want := SealedMax - spec.PANLengthMax + size; len(sealed) != want {
			t.Errorf("%d digits are sealed in %d bytes, want %d", size, len(sealed), want)
		}
		if bytes.Contains(sealed, []byte(number.Digits())) {
			t.Error("the digits are among the sealed bytes")
		}
	}
}

func TestTheSameNumberIsSealedDifferentlyEachTime(t *testing.T) {
	t.Parallel()
	v, number, seen := fresh(t), madeUp(t, 1, 16), map[string]bool{}
	for range 100 {
		seen[string(seal(t, v, card, number))] = true
	}
	if len(seen) != 100 {
		t.Errorf("100 seals gave %d different ones", len(seen))
	}
}

func TestASealedNumberOpensForItsCardOnly(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	sealed := seal(t, v, card, madeUp(t, 1, 16))
	for _, id := range []spec.CardID{other, {}} {
		if _, err := v.Open(id, sealed); err == nil || !strings.Contains(err.Error(), id.String()) {
			t.Errorf("opened for %s: %v", id, err)
		}
	}
	if _, err := fresh(t).Open(card, sealed); err == nil {
		t.Error("it opened under a key that it was not sealed under")
	}
}

func TestASealedNumberThatWasTouchedDoesNotOpen(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	sealed := seal(t, v, card, madeUp(t, 1, 16))
	for bit := range 8 * len(sealed) {
		touched := bytes.Clone(sealed)
		touched[bit/8] ^= 1 << (bit % 8)
		if _, err := v.Open(card, touched); err == nil {
			t.Errorf("it opened with bit %d the other way round", bit)
		}
	}
	for size := range len(sealed) {
		if _, err := v.Open(card, sealed[:size]); err == nil {
			t.Errorf("its first %d bytes opened", size)
		}
	}
	if _, err := v.Open(card, append(bytes.Clone(sealed), 0)); err == nil {
		t.Error("it opened with a byte too many")
	}
}

// raw is the keys of a vault as a test may hold them.
type raw struct {
	*testing.T
	keys *keyset.Manager
}

// other adds a key of another kind, not as the primary.
func (r raw) other(template func() *tinkpb.KeyTemplate) {
	r.Helper()
	if _, err := r.keys.Add(template()); err != nil {
		r.Fatal(err)
	}
}

func (r raw) primary() uint32 {
	r.Helper()
	id, err := r.keys.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		r.Fatal(err)
	}
	if err := r.keys.SetPrimary(id); err != nil {
		r.Fatal(err)
	}
	return id
}

func (r raw) handle() *keyset.Handle {
	r.Helper()
	h, err := r.keys.Handle()
	if err != nil {
		r.Fatal(err)
	}
	return h
}

func (r raw) vault() *Vault {
	r.Helper()
	v, err := New(r.handle())
	if err != nil {
		r.Fatal(err)
	}
	return v
}

func TestAnOldKeyStillOpensAfterANewPrimaryAndUntilItIsGone(t *testing.T) {
	t.Parallel()
	r := raw{t, keyset.NewManager()}
	number := madeUp(t, 1, 16)
	before := r.primary()
	old := r.vault()
	first := seal(t, old, card, number)
	r.primary()
	both := r.vault()
	second := seal(t, both, card, number)
	if opened, err := both.Open(card, first); err != nil || opened != number {
		t.Errorf("sealed under the old key: %v", err)
	}
	if opened, err := both.Open(card, second); err != nil || opened != number {
		t.Errorf("sealed under the new key: %v", err)
	}
	if _, err := old.Open(card, second); err == nil {
		t.Error("after the new primary it still seals under the old key")
	}
	if err := r.keys.Delete(before); err != nil {
		t.Fatal(err)
	}
	if _, err := r.vault().Open(card, first); err == nil {
		t.Error("it opened without its key")
	}
}

func TestAKeysetOfAnotherKindIsRefused(t *testing.T) {
	t.Parallel()
	for name, template := range map[string]func() *tinkpb.KeyTemplate{
		"a key of 128 bits": aead.AES128GCMKeyTemplate,
		"another cipher":    aead.XChaCha20Poly1305KeyTemplate,
		"a key without id":  aead.AES256GCMNoPrefixKeyTemplate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := raw{t, keyset.NewManager()}
			r.primary()
			r.other(template)
			if _, err := New(r.handle()); err == nil || !strings.Contains(err.Error(), "expected ") || errors.Is(err, errKeyset) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := New(nil); err == nil {
		t.Error("a vault without a keyset")
	}
}

// There must be something to seal, and somebody to seal it for.
func TestNothingIsNotSealed(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	if _, err := v.Seal(card, spec.PAN{}); err == nil {
		t.Error("no number was sealed")
	}
	if _, err := v.Seal(spec.CardID{}, madeUp(t, 1, 16)); err == nil {
		t.Error("a number was sealed for no card")
	}
	sealed, err := v.followed.ring.Load().aead.Encrypt([]byte("3540120000000000"), bound(card)) // its check digit is wrong
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Open(card, sealed); err == nil || strings.Contains(err.Error(), "3540120000") {
		t.Error("what is no card number was opened, or is shown")
	}
}

// What is stored today must open with every later version.
func TestWhatWasSealedLongAgoOpens(t *testing.T) {
	t.Parallel()
	v, err := Development()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString(longAgo)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := v.Open(card, sealed); err != nil || opened != madeUp(t, 1, 16) {
		t.Errorf("it does not: %v", err)
	}
}

func TestNothingThatIsPrintedHoldsDigitsOrKeys(t *testing.T) {
	t.Parallel()
	text := freshText(t)
	v, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	number := madeUp(t, 1, 16)
	sealed := seal(t, v, card, number)
	var said bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&said, nil))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		fmt.Fprintf(&said, verb+verb+verb, v, *v, []any{v, number})
		if shown := fmt.Sprintf(verb, v); shown != "vault (keys not shown)" {
			t.Errorf("as %s a vault shows %d characters", verb, len(shown))
		}
	}
	_, e1 := v.Open(other, sealed)
	_, e2 := v.Open(card, []byte(number.Digits()))
	_, e3 := v.Seal(spec.CardID{}, number)
	_, e4 := Parse(text[:len(text)/2])
	_, e5 := Parse(bytes.Replace(text, []byte("AesGcmKey"), []byte("AesGcmKex"), 1))
	for i, err := range []error{e1, e2, e3, e4, e5} {
		if err == nil {
			t.Errorf("error %d is none", i+1)
		}
		log.Error("it failed", "error", err, "vault", v)
	}
	for what, secret := range secrets(t, number, text) {
		if bytes.Contains(said.Bytes(), secret) {
			t.Errorf("%s was printed", what)
		}
	}
}

// secrets are what must not be seen: the digits, and the key in the forms it could be printed in.
func secrets(t *testing.T, number spec.PAN, keys []byte) map[string][]byte {
	t.Helper()
	_, rest, found := bytes.Cut(keys, []byte(`"value":"`))
	value, _, closed := bytes.Cut(rest, []byte(`"`))
	key, err := base64.StdEncoding.DecodeString(string(value))
	if !found || !closed || err != nil || len(key) < keySize {
		t.Fatalf("the keyset is not written as expected: %v", err)
	}
	key = key[len(key)-keySize:] // after the header of the record
	decimal := fmt.Sprint(key)
	return map[string][]byte{
		"a number": []byte(number.Digits()), "a number in hexadecimal": []byte(hex.EncodeToString([]byte(number.Digits()))),
		"the keyset": value[8:24], "the key": key, "the key in hexadecimal": []byte(hex.EncodeToString(key)),
		"the key in decimal": []byte(decimal[1 : len(decimal)-1]),
	}
}

// longAgo is a made-up number sealed for card under the development key.
const longAgo = "01000000013dae74a4c9da1066e95fca677ec22a66735063f2f0e5522e7e693268cca1ba33aa38198fa2996d201fec6557"
