package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sekisho/balance"
	"sekisho/balance/dynamo/dynamotest"
	"sekisho/spec"
	"sekisho/vault"
)

// house is a folder with a configuration and a file of wallets. A test that opens its store on disk
// more than once is not parallel: a child that another test has forked and that has not become its
// program yet still holds the lock of the store that was just closed.
type house struct {
	*testing.T
	dir, wallets string
	said         bytes.Buffer // what seeding wrote, all of it
}

// seededCards is how many cards the wallets of a house have, testNumber(0) onwards.
const seededCards = 5

func newHouse(t *testing.T) *house {
	h := &house{T: t, dir: t.TempDir()}
	var text strings.Builder
	text.WriteString("wallets:\n")
	for i := range seededCards {
		fmt.Fprintf(&text, "  - {id: w%d, posted: 9, cards: [{pan: %q, expiry: \"2912\", allocated: 9}]}\n", i, testNumber(i))
	}
	h.wallets = writeFile(t, t.TempDir(), "wallets.yaml", text.String()) // not among what is searched
	return h
}

// settings reads the configuration anew, as each process does.
func (h *house) settings(more string, environ ...string) *settings {
	h.Helper()
	text := fmt.Sprintf(minimal, filepath.Join(h.dir, "data"))
	s, err := loadConfig(writeFile(h.T, h.TempDir(), "c.yaml", text+more), environ)
	if err != nil {
		h.Fatal(err)
	}
	return s
}

// seed seeds the wallets and returns what it wrote.
func (h *house) seed(s *settings) (stdout, stderr string) {
	h.Helper()
	var out, messages bytes.Buffer
	if err := seed(h.Context(), s, h.wallets, &out, &messages); err != nil {
		h.Fatal(err)
	}
	h.said.Write(out.Bytes())
	h.said.Write(messages.Bytes())
	return out.String(), messages.String()
}

// issued reads the cards of the wallets back from the store, by wallet.
func (h *house) issued(s *settings) map[string]balance.Event {
	h.Helper()
	store, _, err := openStore(h.Context(), s, false, messageLog(&h.said), nil)
	if err != nil {
		h.Fatal(err)
	}
	all := map[string]balance.Event{}
	for i := range seededCards {
		id := fmt.Sprintf("w%d", i)
		done := make(chan error, 1)
		store.Scan(id, 1, balance.Forward, func(sealed balance.Sealed) bool {
			var e balance.Entry
			if err := balance.DecodeEntry(sealed.Body, &e); err != nil {
				h.Error(err)
			}
			for _, event := range e.Events {
				if event.Kind == balance.CardIssued {
					all[id] = event
				}
			}
			return true
		}, func(err error) { done <- err })
		if err := <-done; err != nil {
			h.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		h.Fatal(err)
	}
	if len(all) != seededCards {
		h.Fatalf("%d cards are there", len(all))
	}
	return all
}

// opens says of how many cards the sealed number opens to the number they were seeded with.
func (h *house) opens(s *settings, v *vault.Vault) (n int) {
	h.Helper()
	for id, event := range h.issued(s) {
		number, err := v.Open(event.Card, []byte(event.Issued.Sealed))
		var i int
		if _, scan := fmt.Sscanf(id, "w%d", &i); scan != nil {
			h.Fatal(scan)
		}
		if want, _ := spec.ParsePAN(testNumber(i)); err == nil && number == want {
			n++
		}
	}
	return n
}

func (h *house) vault(s *settings) *vault.Vault {
	h.Helper()
	v, err := openVault(s, false)
	if err != nil || v == nil {
		h.Fatalf("no vault: %v", err)
	}
	return v
}

func TestSeedSealsEveryNumberUnderAKeyThatItMakesBesideTheStore(t *testing.T) {
	h := newHouse(t)
	if v, err := openVault(h.settings(""), false); v != nil || err != nil {
		t.Errorf("before anything is seeded there is %v, %v", v, err)
	}
	_, said := h.seed(h.settings(""))
	if !containsAll(said, "a random one was made", "number.key") {
		t.Errorf("it does not say that a key was made: %s", said)
	}
	s := h.settings("") // as another process
	if n := h.opens(s, h.vault(s)); n != seededCards {
		t.Errorf("%d of %d numbers open", n, seededCards)
	}
	info, err := os.Stat(numberKeyBeside(s.Dir))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the key: %v %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "number.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the key is in the directory of the store: who copies it has both")
	}
}

func TestSeedingTheSameNumbersAgainChangesNothingAlthoughTheySealDifferently(t *testing.T) {
	h := newHouse(t)
	h.seed(h.settings(""))
	before := h.issued(h.settings(""))
	out, said := h.seed(h.settings(""))
	if out != "0 wallets seeded, 5 unchanged\n" || said != "" {
		t.Errorf("the second time it says %q and %q", out, said)
	}
	for id, event := range h.issued(h.settings("")) {
		if event.Card != before[id].Card || event.Issued != before[id].Issued {
			t.Errorf("the card of %s is another one", id)
		}
	}
}

func TestNothingThatSeedLeavesHoldsANumber(t *testing.T) {
	h := newHouse(t)
	h.seed(h.settings(""))
	h.seed(h.settings(""))
	if n := h.opens(h.settings(""), h.vault(h.settings(""))); n != seededCards {
		t.Fatalf("only %d numbers are there, sealed", n)
	}
	files := map[string][]byte{"what it said": h.said.Bytes()}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil || len(files) < 5 { // what it said, two keys, the log, the identity
		t.Errorf("searched %d files: %v", len(files), err)
	}
	for name, content := range files {
		if leaks(content) {
			t.Errorf("%s holds a card number", filepath.Base(name))
		}
	}
	for form, b := range forms(testNumber(2)) { // the search finds what it looks for
		if !leaks(append([]byte{'x'}, b...)) {
			t.Errorf("a number as %s is not found", form)
		}
	}
}

var anyNumber = regexp.MustCompile(`354012[0-9]{10}`)

// leaks says whether a number is there: any of our range in digits, or one that was seeded in any form.
func leaks(content []byte) bool {
	if anyNumber.Match(content) {
		return true
	}
	content = lowered(content)
	for i := range seededCards {
		for _, b := range forms(testNumber(i)) {
			if bytes.Contains(content, lowered(b)) {
				return true
			}
		}
	}
	return false
}

func TestTheNumberKeyComesFromTheEnvironmentBeforeAFile(t *testing.T) {
	h := newHouse(t)
	path := filepath.Join(t.TempDir(), "keyset.json")
	if err := (vault.File{Path: path}).Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := "number_key: {file: " + path + "}\n"
	h.seed(h.settings(file))
	if _, err := os.Stat(numberKeyBeside(filepath.Join(h.dir, "data"))); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key was made although one is configured")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same := "SEKISHO_NUMBER_KEY=" + base64.StdEncoding.EncodeToString(text)
	for name, s := range map[string]*settings{
		"the file": h.settings(file), "the file, named in the environment": h.settings("", "SEKISHO_NUMBER_KEY_FILE="+path),
		"the environment": h.settings("", same), "both, the file is not there": h.settings("number_key: {file: nowhere}\n", same),
	} {
		if n := h.opens(s, h.vault(s)); n != seededCards {
			t.Errorf("%s: %d numbers open", name, n)
		}
	}
}

func TestANumberKeyThatCannotBeUsedIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	loose := writeFile(t, t.TempDir(), "keyset.json", "{}")
	if err := os.Chmod(loose, 0o644); err != nil {
		t.Fatal(err)
	}
	shown := base64.StdEncoding.EncodeToString([]byte(`{"key": "c2VjcmV0"}`))
	for name, c := range map[string]struct{ more, environ, want string }{
		"no base64":        {"", "SEKISHO_NUMBER_KEY=c2VjcmV0!", "SEKISHO_NUMBER_KEY: is not base64"},
		"no keyset":        {"", "SEKISHO_NUMBER_KEY=" + shown, "SEKISHO_NUMBER_KEY: is no usable keyset"},
		"no file":          {"number_key: {file: nowhere.json}\n", "", "number_key.file: open nowhere.json: no such file or directory: expected a keyset file"},
		"a file of others": {"", "SEKISHO_NUMBER_KEY_FILE=" + loose, "number_key.file: " + loose + " has mode 0644"},
	} {
		for _, create := range []bool{false, true} {
			v, err := openVault(h.settings(c.more, c.environ), create)
			if v != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "c2VjcmV0") {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(h.dir, "number.key"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := openVault(h.settings(""), true); v != nil || err == nil || !strings.Contains(err.Error(), "number.key is no usable keyset") {
		t.Errorf("a key that is broken: %v", err)
	}
}

func TestCardsThatWereSeededBeforeThereWasAKeyHaveNoSealedNumber(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	openings, _, err := readWallets(writeFile(t, t.TempDir(), "w.yaml", manyCards(1)), b.programs, b.hasher, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Development()
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := readWallets(writeFile(t, t.TempDir(), "w.yaml", manyCards(1)), b.programs, b.hasher, v)
	if err != nil {
		t.Fatal(err)
	}
	if bare := openings[0].parts[0].Cards[0].Issued.Sealed; bare != "" {
		t.Errorf("sealed without a vault: %d bytes", len(bare))
	}
	if again[0].parts[0].Cards[0].Issued.Sealed == "" || again[0].print != openings[0].print {
		t.Error("with a vault the number is not sealed, or it is another wallet by that")
	}
}

func TestATableOnThisMachineSealsUnderAKeyThatEveryProcessHas(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	h := newHouse(t)
	_, said := h.seed(tableSettings(t, server.URL(), "127.0.0.1:0"))
	if strings.Count(said, "fixed key that everybody knows") != 2 || !strings.Contains(said, "number key") {
		t.Errorf("it says %s", said)
	}
	s := tableSettings(t, server.URL(), "127.0.0.1:0")
	if n := h.opens(s, h.vault(s)); n != seededCards {
		t.Errorf("%d of %d numbers open", n, seededCards)
	}
}

func TestATableElsewhereKeepsNoNumberWithoutAKeyAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	s := tableSettings(t, "https://dynamodb.ap-northeast-1.amazonaws.com", "127.0.0.1:0")
	var said bytes.Buffer
	v, err := vaultToSeal(s, messageLog(&said))
	if v != nil || err != nil {
		t.Fatalf("got %v, %v", v, err)
	}
	if strings.Count(said.String(), "level=WARN") != 1 || !containsAll(said.String(), "SEKISHO_NUMBER_KEY", "number_key.file") {
		t.Errorf("it says %s", said.String())
	}
	s.NumberFile = filepath.Join(t.TempDir(), "keyset.json")
	if err := (vault.File{Path: s.NumberFile}).Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	said.Reset()
	if v, err := vaultToSeal(s, messageLog(&said)); v == nil || err != nil || said.Len() > 0 {
		t.Errorf("with a key: %v, %v, %s", v, err, said.String())
	}
}
