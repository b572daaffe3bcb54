package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func TestAKeysetFileIsMadeOnceWholeAndForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "number.key")
	if _, err := (File{Path: path}).Open(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where there is none: %v", err)
	}
	var made atomic.Int64
	var all sync.WaitGroup
	for range 8 { // all at once: one makes it, all read the same
		all.Go(func() {
			switch err := (File{Path: path}).Make(t.Context()); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
			if _, err := (File{Path: path}).Open(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("it was made %d times", made.Load())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("in its folder is left %v, %v", left, err)
	}
}

func TestAKeysetFileThatIsThereStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "number.key")
	if err := os.WriteFile(path, []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (File{Path: path}).Make(t.Context()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "something" {
		t.Errorf("it was overwritten: %v", err)
	}
}

func TestANumberSealedUnderAFileOpensWhenTheFileIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "number.key")
	if err := (File{Path: path}).Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	var vaults [2]*Vault
	for i := range vaults {
		var err error
		if vaults[i], err = (File{Path: path}).Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	number := madeUp(t, 2, 16)
	if opened, err := vaults[1].Open(card, seal(t, vaults[0], card, number)); err != nil || opened != number {
		t.Errorf("it does not: %v", err)
	}
}

func TestAKeysetFileThatOthersMayTouchIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "number.key")
	if err := (File{Path: path}).Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for mode, refused := range map[fs.FileMode]bool{
		0o600: false, 0o400: false, 0o700: false,
		0o640: true, 0o620: true, 0o610: true, 0o604: true, 0o602: true, 0o601: true, 0o644: true,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := (File{Path: path}).Open(t.Context())
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

func TestAFileThatIsNoKeysetIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := freshText(t)
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "is no usable keyset"},
		"cut":          {string(whole[:len(whole)-9]), "is no usable keyset"},
		"other-json":   {`{"primaryKeyId": 7}`, "is no usable keyset"},
		"no-key":       {`{"primaryKeyId": 7, "key": []}`, "is no usable keyset"},
		"no-primary":   {strings.Replace(string(whole), `"primaryKeyId":`, `"primaryKeyId":1`, 1), "is no usable keyset"},
		"disabled":     {strings.Replace(string(whole), "ENABLED", "DISABLED", 1), "is no usable keyset"},
		"short-key":    {strings.Replace(string(whole), `"value":"`, `"value":"AAAA`, 1), "is no usable keyset"},
		"out-of-bound": {strings.Repeat(" ", fileSizeMax+1), "at most"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (File{Path: path}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	pipe := filepath.Join(dir, "pipe") // that nobody writes to
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe} {
		if _, err := (File{Path: path}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
