package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sekisho/balance/dynamo/dynamotest"
	"sekisho/jobs"
)

// keys runs a keys command with --json and reads its result; a code that is not 0 ends the test.
func keys[R any](t *testing.T, config string, args ...string) (r R) {
	t.Helper()
	code, stdout, stderr := sekisho(t, append(append([]string{"keys"}, args...), "--config", config, "--json")...)
	if err := json.Unmarshal([]byte(stdout), &r); code != exitOK || err != nil {
		t.Fatalf("keys %q: exit %d, %v, %s", args, code, err, stderr)
	}
	return r
}

// keysRefused runs a keys command that is to fail.
func keysRefused(t *testing.T, config, want string, args ...string) {
	t.Helper()
	code, _, stderr := sekisho(t, append(append([]string{"keys"}, args...), "--config", config)...)
	if code != exitFail || !strings.Contains(stderr, want) {
		t.Errorf("keys %q: exit %d, want %q: %s", args, code, want, stderr)
	}
}

func text(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// under says how many cards are under each key, and which is primary.
func under(t *testing.T, config string) (cards map[uint32]int, primary uint32) {
	t.Helper()
	cards = map[uint32]int{}
	for _, k := range keys[keysShown](t, config, "show").Keys {
		if !k.Known || !k.Enabled {
			t.Errorf("key %+v", k)
		}
		if cards[k.ID] = k.Cards; k.Primary {
			primary = k.ID
		}
	}
	return cards, primary
}

func TestRotatingAloneSealsEveryNumberAgainAndLeavesNoDigits(t *testing.T) {
	h := newHouse(t)
	config := writeFile(t, h.dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(h.dir, "data")))
	h.seed(h.settings(""))
	before := h.issued(h.settings(""))
	first := keys[keysShown](t, config, "show").Keys
	if len(first) != 1 || !first[0].Primary || first[0].Cards != seededCards {
		t.Fatalf("before: %+v", first)
	}
	code, stdout, stderr := sekisho(t, "keys", "rotate", "--config", config, "--json")
	var r jobs.Resealed
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitOK || r.Cards != seededCards || r.Left != 0 || !r.Made || r.Key == first[0].ID {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	if want := fmt.Sprintf(`{"job":"keys rotate","key":%d,"made":true,"cards":5,"left":0}`, r.Key); strings.TrimSpace(stdout) != want {
		t.Errorf("it prints %s, want %s", stdout, want)
	}
	h.said.WriteString(stdout + stderr)
	cards, primary := under(t, config)
	if primary != r.Key || cards[r.Key] != seededCards || cards[first[0].ID] != 0 || len(cards) != 2 {
		t.Errorf("after: %v, primary %d", cards, primary)
	}
	for _, event := range before { // the log has the old bytes, and they still open
		if _, err := h.vault(h.settings("")).Open(event.Card, []byte(event.Issued.Sealed)); err != nil {
			t.Error(err)
		}
	}
	if got := keys[keyRetired](t, config, "retire", text(first[0].ID)); got.Key != first[0].ID {
		t.Errorf("retired: %+v", got)
	}
	if n := h.opens(h.settings(""), h.vault(h.settings(""))); n != 0 {
		t.Errorf("%d of the numbers of the log's beginning open without their key", n)
	}
	if code, _, stderr := sekisho(t, "verify", "--config", config); code != exitOK {
		t.Errorf("verify: %s", stderr)
	}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			content, e := os.ReadFile(path)
			if err = e; leaks(content) {
				t.Errorf("%s holds a card number", filepath.Base(path))
			}
		}
		return err
	})
	if err != nil || leaks(h.said.Bytes()) {
		t.Errorf("what was said holds a card number, or: %v", err)
	}
}

const keysAPI = `wallet_api:
  listen: 127.0.0.1:0
  tokens: [{token: dev, tenant: t1, programs: [prepaid], scopes: ["*"]}]
`

// keysClient is an app server at a till.
type keysClient struct {
	*testing.T
	*walletClient
	key atomic.Int64
}

func (p *till) client(t *testing.T) *keysClient {
	t.Helper()
	c, err := newWalletClient(p.flags[1], "dev")
	if err != nil {
		t.Fatal(err)
	}
	return &keysClient{T: t, walletClient: c}
}

// do posts and returns one field of the answer. It may be called from several goroutines.
func (c *keysClient) do(path, field string, body any) string {
	answer, err := c.post(c.Context(), path, "key-"+strconv.FormatInt(c.key.Add(1), 10), body)
	if err != nil {
		c.Errorf("%s: %v", strings.Split(path, "/")[2], err)
		return ""
	}
	var fields map[string]any
	if err := answer.read(&fields); err != nil {
		c.Error(err)
	}
	text, _ := fields[field].(string)
	return text
}

func (c *keysClient) reveal(card string) string {
	return c.do("/v1/cards/"+card+"/reveal", "pan", map[string]string{"reason": "a test"})
}

// Cards are issued, get new numbers, are shown and pay while the process that serves rotates.
func TestRotatingBesideServeLosesNoNumber(t *testing.T) {
	t.Parallel()
	p := openTill(t, keysAPI)
	c := p.client(t)
	_, first := under(t, p.config)
	var mu sync.Mutex
	numbers := map[string]string{}
	var stop atomic.Bool
	var load sync.WaitGroup
	rounds := make(chan struct{}, 1000)
	for range 3 {
		load.Go(func() {
			wallet := c.do("/v1/wallets", "id", map[string]string{"kind": "personal", "program": "prepaid", "name": "w"})
			for i := 0; !stop.Load() && i < 25; i++ {
				card := c.do("/v1/wallets/"+wallet+"/cards", "id", map[string]string{"name": "c"})
				number := c.reveal(card)
				if i%3 == 0 {
					c.do("/v1/cards/"+card+"/reissue", "id", nil)
					if again := c.reveal(card); again == number || again == "" {
						t.Error("after its re-issue a card has its old number")
					} else {
						number = again
					}
				}
				mu.Lock()
				numbers[card] = number
				mu.Unlock()
				rounds <- struct{}{}
			}
		})
	}
	load.Go(func() {
		for i := 0; !stop.Load(); i = (i + 1) % 10 {
			if code, _, stderr := p.pay(t, i, "--amount", "1", "--token", "dev"); code != exitOK {
				t.Errorf("pay: %s", stderr)
				return
			}
		}
	})
	for range 3 {
		<-rounds
		if r := keys[jobs.Resealed](t, p.config, "rotate"); r.Left != 0 {
			t.Errorf("%+v", r)
		}
	}
	stop.Store(true)
	load.Wait()
	_, last := under(t, p.config)
	r := keys[jobs.Resealed](t, p.config, "rotate", "--to", text(last)) // what was on its way
	cards, _ := under(t, p.config)
	if r.Made || r.Left != 0 || cards[last] != 40+len(numbers) || cards[first] != 0 {
		t.Errorf("at last %+v, %v of %d cards", r, cards, 40+len(numbers))
	}
	for id := range cards {
		if id != last {
			keys[keyRetired](t, p.config, "retire", text(id))
		}
	}
	for card, number := range numbers {
		if c.reveal(card) != number || number == "" {
			t.Errorf("card %s has another number", card)
		}
	}
}

func TestARotationThatWasNotFinishedGoesOnAndANewOneMakesANewKey(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	_, first := under(t, p.config)
	s, err := loadConfig(p.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := changeableNumbers(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	begun, _, err := file.Renew(t.Context(), first) // and then it was killed
	if err != nil {
		t.Fatal(err)
	}
	keysRefused(t, p.config, "is the primary one", "retire", text(begun))
	keysRefused(t, p.config, "40 cards are sealed under key "+text(first), "retire", text(first))
	if r := keys[jobs.Resealed](t, p.config, "rotate"); r.Key != begun || r.Made || r.Cards != 40 || r.Left != 0 {
		t.Errorf("going on: %+v", r)
	}
	if r := keys[jobs.Resealed](t, p.config, "rotate"); r.Key == begun || !r.Made || r.Cards != 40 || r.Left != 0 {
		t.Errorf("another rotation: %+v", r)
	}
}

func TestAKeyIsAddedFirstAndUsedLater(t *testing.T) {
	t.Parallel()
	p := openTill(t, "")
	_, first := under(t, p.config)
	added := keys[keyChanged](t, p.config, "add").Key
	if cards, primary := under(t, p.config); primary != first || cards[first] != 40 || cards[added] != 0 || len(cards) != 2 {
		t.Errorf("added: %v, primary %d", cards, primary)
	}
	if r := keys[jobs.Resealed](t, p.config, "rotate", "--to", text(added)); r.Key != added || r.Made || r.Cards != 40 || r.Left != 0 {
		t.Errorf("%+v", r)
	}
	if r := keys[jobs.Resealed](t, p.config, "rotate", "--to", text(added)); r.Key != added || r.Cards != 0 {
		t.Errorf("again: %+v", r)
	}
	keysRefused(t, p.config, "there is no such key", "rotate", "--to", "7")
	keysRefused(t, p.config, "there is no such key", "retire", "7")
	for _, wrong := range [][]string{{"rotate", "--to", "x"}, {"retire", "-1"}, {"retire"}, {"make", "x"}, {"show", "x"}, {"twist"}} {
		if code, _, _ := sekisho(t, append(append([]string{"keys"}, wrong...), "--config", p.config)...); code != exitUsage {
			t.Errorf("keys %q exits with %d", wrong, code)
		}
	}
}

func TestAKeysetIsMadeWhereNoneIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	beside := writeFile(t, h.dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(h.dir, "data")))
	elsewhere := filepath.Join(t.TempDir(), "keys", "numbers.json")
	table := writeFile(t, h.dir, "t.yaml", strings.Replace(fmt.Sprintf(onTable, "https://dynamodb.us-east-1.amazonaws.com", "127.0.0.1:0"), "links:", "number_key: {file: "+elsewhere+"}\nlinks:", 1))
	for config, path := range map[string]string{beside: filepath.Join(h.dir, "number.key"), table: elsewhere} {
		made := keys[keyChanged](t, config, "make")
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 || made.File != path || made.Key == 0 {
			t.Errorf("%+v: %v, %v", made, info, err)
		}
		keysRefused(t, config, "there is a keyset in "+path+" already", "make")
	}
	bare := writeFile(t, h.dir, "b.yaml", fmt.Sprintf(onTable, "https://dynamodb.us-east-1.amazonaws.com", "127.0.0.1:0"))
	keysRefused(t, bare, "set number_key.file", "make")
	local := writeFile(t, h.dir, "l.yaml", fmt.Sprintf(onTable, "http://127.0.0.1:1", "127.0.0.1:0"))
	keysRefused(t, local, "under a fixed key that everybody knows", "make")
	wrong := writeFile(t, h.dir, "w.yaml", fmt.Sprintf(minimal, filepath.Join(h.dir, "data"))+"number_key: {kms_key: alias/numbers}\n")
	keysRefused(t, wrong, "number_key.kms_key: \"alias/numbers\" is not the ARN of a KMS key", "make")
}

// A keyset from the environment cannot be changed there; what another wrote can be rotated to.
func TestAKeysetFromTheEnvironmentIsRotatedToAndNotChanged(t *testing.T) {
	h := newHouse(t)
	config := writeFile(t, h.dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(h.dir, "data")))
	h.seed(h.settings(""))
	_, first := under(t, config)
	added := keys[keyChanged](t, config, "add").Key
	path := filepath.Join(h.dir, "number.key")
	environ := func() {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("SEKISHO_NUMBER_KEY", base64.StdEncoding.EncodeToString(content))
	}
	environ()
	for _, args := range [][]string{{"make"}, {"add"}, {"rotate"}, {"rotate", "--to", text(added)}, {"retire", text(first)}} {
		keysRefused(t, config, "comes from SEKISHO_NUMBER_KEY", args...)
	}
	s, err := loadConfig(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := changeableNumbers(t.Context(), s)
	if err := errors.Join(err, file.Promote(t.Context(), added)); err != nil {
		t.Fatal(err)
	}
	environ()
	if r := keys[jobs.Resealed](t, config, "rotate", "--to", text(added)); r.Cards != seededCards || r.Left != 0 || r.Key != added {
		t.Errorf("%+v", r)
	}
}

// A command opens a table itself: what it does there, nodes that serve with the same file see.
func TestRotatingATableThatANodeServes(t *testing.T) {
	t.Parallel()
	server := dynamotest.Start(t)
	h := newHouse(t)
	path := filepath.Join(h.dir, "numbers.json")
	config := writeFile(t, h.dir, "t.yaml", strings.Replace(fmt.Sprintf(onTable, server.URL(), "127.0.0.1:0"), "links:", "number_key: {file: "+path+"}\nlinks:", 1))
	keys[keyChanged](t, config, "make")
	s, err := loadConfig(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.seed(s)
	node, err := openVault(s, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := node.Primary(); err != nil {
		t.Fatal(err)
	}
	_, first := under(t, config)
	r := keys[jobs.Resealed](t, config, "rotate")
	if now, err := node.Primary(); r.Cards != seededCards || r.Left != 0 || now != r.Key || err != nil {
		t.Errorf("%+v; the node seals under %d, %v", r, now, err)
	}
	keys[keyRetired](t, config, "retire", text(first))
	if cards, primary := under(t, config); len(cards) != 1 || cards[primary] != seededCards {
		t.Errorf("after: %v", cards)
	}
}

// keyService wraps by turning every bit round; broken, it refuses.
func keyService(t *testing.T, broken *atomic.Bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Plaintext, CiphertextBlob []byte }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || broken.Load() {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException"}`)
			return
		}
		turned := append(q.Plaintext, q.CiphertextBlob...) // one of them is empty
		for i := range turned {
			turned[i] ^= 0xff
		}
		_ = json.NewEncoder(w).Encode(map[string][]byte{"Plaintext": turned, "CiphertextBlob": turned}) // the client sees what is missing
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAKeysetIsWrappedByTheKeyServiceThatIsConfigured(t *testing.T) {
	var broken atomic.Bool
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_KMS": keyService(t, &broken), "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	h := newHouse(t)
	const more = "number_key: {kms_key: \"arn:aws:kms:ap-northeast-1:111122223333:alias/numbers\"}\n"
	config := writeFile(t, h.dir, "c.yaml", fmt.Sprintf(minimal, filepath.Join(h.dir, "data"))+more)
	h.seed(h.settings(more))
	if r := keys[jobs.Resealed](t, config, "rotate"); r.Cards != seededCards || r.Left != 0 {
		t.Errorf("%+v", r)
	}
	wrapped, err := os.ReadFile(filepath.Join(h.dir, "number.key"))
	if err != nil || !strings.Contains(string(wrapped), "encryptedKeyset") {
		t.Fatalf("the keyset is not wrapped: %v", err)
	}
	if n := h.opens(h.settings(more), h.vault(h.settings(more))); n != seededCards {
		t.Errorf("%d numbers open", n)
	}
	s := h.settings(more, "SEKISHO_NUMBER_KEY="+base64.StdEncoding.EncodeToString(wrapped))
	if n := h.opens(s, h.vault(s)); n != seededCards {
		t.Errorf("%d numbers open under the wrapped keyset of the environment", n)
	}
	broken.Store(true)
	keysRefused(t, config, "AccessDeniedException", "show")
	broken.Store(false)
	if _, err := openVault(h.settings(""), false); err == nil || !strings.Contains(err.Error(), "is no usable keyset") {
		t.Errorf("a wrapped keyset without its key service: %v", err)
	}
}

func TestACardThatAPersonHoldsIsCountedOnce(t *testing.T) {
	t.Parallel()
	p := openTill(t, "wallet_api: {listen: 127.0.0.1:0, tokens: [{token: dev, tenant: t1, programs: [prepaid], scopes: [\"*\"]}]}\n")
	before := keys[keysShown](t, p.config, "show")
	client, err := newWalletClient(p.flags[1], "dev")
	if err != nil {
		t.Fatal(err)
	}
	made := func(path, key string, body any) string {
		t.Helper()
		answer, err := client.post(t.Context(), path, key, body)
		if err != nil {
			t.Fatal(err)
		}
		var of struct {
			ID string `json:"id"`
		}
		if err := answer.read(&of); err != nil {
			t.Fatal(err)
		}
		return of.ID
	}
	trip := "/v1/wallets/" + made("/v1/wallets", "k-1", map[string]string{"kind": "group", "program": "prepaid", "name": "Trip"})
	ken := made(trip+"/members", "k-2", map[string]string{"name": "Ken", "role": "owner"})
	for _, key := range []string{"k-3", "k-4"} {
		made(trip+"/cards", key, map[string]string{"holder": ken})
	}
	after := keys[keysShown](t, p.config, "show")
	if len(after.Keys) != 1 || after.Keys[0].Cards != before.Keys[0].Cards+2 || after.Unsealed != before.Unsealed || after.Strange != 0 {
		t.Errorf("before %+v, with two cards more %+v", before, after)
	}
}

func TestKeysAreShownWithoutBlanksAtTheEndOfALine(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	shown := keysShown{Keys: []keyShown{{ID: 7, Cards: 1200, Known: true, Enabled: true}, {ID: 12, Known: true, Enabled: true, Primary: true}}, Strange: 1}
	if err := shown.write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "key  cards  state\n7    1,200\n12   0      primary\n?    1      what is kept is no sealed number\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}
