package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sekisho/spec"
)

// madeFile is a keyset file with one key, and a vault that follows it.
func madeFile(t *testing.T, wrap Wrap) (File, *Vault) {
	t.Helper()
	f := File{Path: filepath.Join(t.TempDir(), "number.key"), Wrap: wrap}
	if err := f.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f, opened(t, f)
}

func opened(t *testing.T, f File) *Vault {
	t.Helper()
	v, err := f.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func primary(t *testing.T, v *Vault) uint32 {
	t.Helper()
	id, err := v.Primary()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func renew(t *testing.T, f File, from uint32) uint32 {
	t.Helper()
	id, made, err := f.Renew(t.Context(), from)
	if err != nil || !made || id == from {
		t.Fatalf("renewed: %d after %d, %t, %v", id, from, made, err)
	}
	return id
}

func TestKeysThatAreAddedAtTheSameTimeAreAllThere(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	first := primary(t, v)
	const adding = 12
	var mu sync.Mutex
	want := map[uint32]bool{first: true}
	var all sync.WaitGroup
	for range adding {
		all.Go(func() {
			id, err := f.Add(t.Context())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			want[id] = true
		})
	}
	all.Wait()
	keys, err := v.Keys()
	if err != nil || len(keys) != adding+1 || len(want) != adding+1 {
		t.Fatalf("%d keys are there of %d, %v", len(keys), len(want), err)
	}
	for _, k := range keys {
		if !want[k.ID] || k.Primary != (k.ID == first) || !k.Enabled {
			t.Errorf("key %+v", k)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(f.Path)); err != nil || len(left) != 1 {
		t.Errorf("in its folder is left %v, %v", left, err)
	}
}

func TestRotationsThatBeginAtTheSameTimeMakeOneKey(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	first := primary(t, v)
	var mu sync.Mutex
	ids, made := map[uint32]bool{}, 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			id, mine, err := f.Renew(t.Context(), first)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[id] = true
			if mine {
				made++
			}
		})
	}
	all.Wait()
	if len(ids) != 1 || made != 1 || ids[first] || !ids[primary(t, v)] {
		t.Errorf("made %d times, primary %v", made, ids)
	}
}

func TestAVaultFollowsItsFile(t *testing.T) {
	t.Parallel()
	f, serving := madeFile(t, nil)
	reading := opened(t, f)
	number := madeUp(t, 1, 16)
	first := primary(t, serving)
	old := seal(t, serving, card, number)
	second := renew(t, f, first)
	sealed := seal(t, serving, card, number)
	if id, ok := KeyOf(sealed); !ok || id != second {
		t.Errorf("after the file changed it seals under %d, want %d", id, second)
	}
	for what, s := range map[string][]byte{"the old": old, "the new": sealed} { // reading has not looked at the file yet
		if n, err := reading.Open(card, s); err != nil || n != number {
			t.Errorf("under %s key it does not open: %v", what, err)
		}
	}
	again, err := serving.Reseal(card, old)
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := KeyOf(again); id != second {
		t.Errorf("sealed again under %d", id)
	}
	if n, err := reading.Open(card, again); err != nil || n != number {
		t.Errorf("sealed again it does not open: %v", err)
	}
	if _, err := serving.Reseal(other, old); err == nil {
		t.Error("it was sealed again for another card")
	}
}

func TestARetiredKeyIsGoneAndThePrimaryStays(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	first := primary(t, v)
	old := seal(t, v, card, madeUp(t, 1, 16))
	if err := f.Retire(t.Context(), first); err == nil || !strings.Contains(err.Error(), "is the primary one") {
		t.Errorf("the primary was retired: %v", err)
	}
	renew(t, f, first)
	if err := f.Retire(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	v = opened(t, f)
	if _, err := v.Open(card, old); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("under key %d: expected that key", first)) {
		t.Errorf("under the retired key: %v", err)
	}
	for what, err := range map[string]error{"retired": f.Retire(t.Context(), first), "made primary": f.Promote(t.Context(), first)} {
		if !errors.Is(err, ErrUnknownKey) {
			t.Errorf("what is gone was %s: %v", what, err)
		}
	}
	if seal(t, v, card, madeUp(t, 2, 16)) == nil {
		t.Error("it does not seal")
	}
}

func TestAKeyThatWasAddedIsUsedOnceItIsPromoted(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	first := primary(t, v)
	id, err := f.Add(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if now := primary(t, v); now != first {
		t.Errorf("added is primary at once: %d", now)
	}
	for range 2 {
		if err := f.Promote(t.Context(), id); err != nil || primary(t, v) != id {
			t.Errorf("promoted: %v", err)
		}
	}
}

// What a process seals under a keyset that is not in the file any more nobody could open again.
func TestWhileTheFileCannotBeReadNothingIsSealedAndWhatIsKnownOpens(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"gone": os.Remove,
		"cut":  func(path string) error { return os.WriteFile(path, []byte(`{"prim`), 0o600) },
		"loose": func(path string) error {
			return errors.Join(os.Chmod(path, 0o644), os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, v := madeFile(t, nil)
			whole, err := os.ReadFile(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			number := madeUp(t, 1, 16)
			sealed := seal(t, v, card, number)
			if err := damage(f.Path); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				if _, err := v.Seal(card, number); err == nil || !strings.Contains(err.Error(), "cannot be read") || strings.Contains(err.Error(), number.Digits()) {
					t.Errorf("sealed: %v", err)
				}
				if n, err := v.Open(card, sealed); err != nil || n != number {
					t.Errorf("what was sealed before does not open: %v", err)
				}
				if err := errors.Join(os.WriteFile(f.Path, whole, 0o600), os.Chmod(f.Path, 0o600)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(readAgainAfter)
				if _, err := v.Seal(card, number); err != nil {
					t.Errorf("it is there again: %v", err)
				}
			})
		})
	}
}

func TestAChangedFileKeepsItsModeAndStaysWhereALinkLeads(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	if err := os.Chmod(f.Path, 0o400); err != nil {
		t.Fatal(err)
	}
	link := File{Path: filepath.Join(t.TempDir(), "link")}
	if err := os.Symlink(f.Path, link.Path); err != nil {
		t.Fatal(err)
	}
	id := renew(t, link, primary(t, v))
	info, err := os.Stat(f.Path)
	if err != nil || info.Mode() != 0o400 {
		t.Errorf("the file: %v %v", info, err)
	}
	if info, err := os.Lstat(link.Path); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link: %v %v", info, err)
	}
	if primary(t, v) != id || primary(t, opened(t, link)) != id {
		t.Error("the change is elsewhere")
	}
}

func TestAKeysetHasItsMost(t *testing.T) {
	t.Parallel()
	f, v := madeFile(t, nil)
	for range keysMax - 1 {
		if _, err := f.Add(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Add(t.Context()); err == nil || !strings.Contains(err.Error(), "retire") {
		t.Errorf("one too many: %v", err)
	}
	if keys, err := v.Keys(); err != nil || len(keys) != keysMax {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

// service is a key service: another vault's cipher.
type service struct {
	*Vault
	asked int
	down  error
}

func (s *service) EncryptWithContext(_ context.Context, text, data []byte) ([]byte, error) {
	s.asked++
	if s.down != nil {
		return nil, s.down
	}
	return s.followed.ring.Load().aead.Encrypt(text, data)
}

func (s *service) DecryptWithContext(_ context.Context, text, data []byte) ([]byte, error) {
	s.asked++
	if s.down != nil {
		return nil, s.down
	}
	return s.followed.ring.Load().aead.Decrypt(text, data)
}

func TestAWrappedKeysetAsksTheServiceWhenItIsReadAndNeverForACard(t *testing.T) {
	t.Parallel()
	kms := &service{Vault: fresh(t)}
	f, v := madeFile(t, kms)
	number := madeUp(t, 1, 16)
	sealed := seal(t, v, card, number)
	second := renew(t, f, primary(t, v))
	if id := primary(t, v); id != second {
		t.Errorf("sealed under %d", id)
	}
	before := kms.asked
	for range 100 {
		if n, err := v.Open(card, seal(t, v, card, number)); err != nil || n != number {
			t.Fatal(err)
		}
	}
	if kms.asked != before {
		t.Errorf("the service was asked %d times for cards", kms.asked-before)
	}
	if n, err := opened(t, f).Open(card, sealed); err != nil || n != number {
		t.Errorf("under the wrapped keyset: %v", err)
	}
	text, err := os.ReadFile(f.Path)
	if err != nil || !bytes.Contains(text, []byte("encryptedKeyset")) || bytes.Contains(text, []byte(`"value"`)) {
		t.Errorf("the file is not wrapped: %v", err)
	}
}

func TestAKeysetThatIsWrappedOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	kms := &service{Vault: fresh(t)}
	wrapped, _ := madeFile(t, kms)
	bare, _ := madeFile(t, nil)
	down := &service{Vault: kms.Vault, down: errors.New("no such key for you")}
	for name, c := range map[string]struct {
		file File
		want string
	}{
		"wrapped, and no service":           {File{Path: wrapped.Path}, "is no usable keyset"},
		"in the clear, with a service":      {File{bare.Path, kms}, "is no wrapped keyset"},
		"wrapped by another key":            {File{wrapped.Path, &service{Vault: fresh(t)}}, "cannot be unwrapped"},
		"the service is down":               {File{wrapped.Path, down}, "cannot be unwrapped: no such key for you"},
		"what the service unwraps is other": {File{wrapped.Path, &nonsense{service: kms}}, "is no usable keyset"},
	} {
		if _, err := c.file.Open(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file.Path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	before, err := os.ReadFile(wrapped.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (File{wrapped.Path, &onlyReads{service: kms}}).Add(t.Context()); err == nil || !strings.Contains(err.Error(), "wrapping a keyset: it may not") {
		t.Errorf("it was not wrapped: %v", err)
	}
	if after, err := os.ReadFile(wrapped.Path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed although it could not be wrapped: %v", err)
	}
}

// nonsense unwraps to something else.
type nonsense struct{ *service }

func (n *nonsense) DecryptWithContext(context.Context, []byte, []byte) ([]byte, error) {
	return []byte("a secret that must not be told"), nil
}

// onlyReads may not wrap.
type onlyReads struct{ *service }

func (*onlyReads) EncryptWithContext(context.Context, []byte, []byte) ([]byte, error) {
	return nil, errors.New("it may not")
}

func TestOnlyASealedNumberNamesAKey(t *testing.T) {
	t.Parallel()
	v := fresh(t)
	if id, ok := KeyOf(seal(t, v, card, madeUp(t, 1, 16))); !ok || id != primary(t, v) {
		t.Errorf("a sealed number names %d", id)
	}
	for _, none := range [][]byte{nil, {1, 0, 0, 0}, []byte("sealed 1"), make([]byte, spec.PANLengthMax)} {
		if id, ok := KeyOf(none); ok {
			t.Errorf("%q names key %d", none, id)
		}
	}
}
