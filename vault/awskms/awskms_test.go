package awskms

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"sekisho/spec"
	"sekisho/vault"
)

const key = "arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// service is as much of KMS as is used: what it "encrypts" it keeps.
type service struct {
	mu      sync.Mutex
	kept    []request
	calls   map[string]int
	refuses string // an exception that it answers everything with
	regions map[string]bool
}

type request struct {
	KeyId             string
	Plaintext         string
	CiphertextBlob    string
	EncryptionContext map[string]string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.calls[operation]++
	for _, part := range strings.Split(r.Header.Get("Authorization"), "/") {
		s.regions[part] = true
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var q request
	refused := s.refuses
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		refused = "SerializationException"
	}
	if q.KeyId != key {
		refused = "NotFoundException"
	}
	if refused != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q,"message":"so it is"}`, refused)
		return
	}
	answer := request{KeyId: key}
	switch operation {
	case "Encrypt":
		s.kept = append(s.kept, q)
		answer.CiphertextBlob = base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "wrapped %d", len(s.kept)))
	case "Decrypt":
		blob, _ := base64.StdEncoding.DecodeString(q.CiphertextBlob)
		var n int
		if _, err := fmt.Sscanf(string(blob), "wrapped %d", &n); err != nil || n > len(s.kept) || !maps.Equal(s.kept[n-1].EncryptionContext, q.EncryptionContext) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"InvalidCiphertextException"}`)
			return
		}
		answer.Plaintext = s.kept[n-1].Plaintext
	}
	_ = json.NewEncoder(w).Encode(answer) // the client sees what is missing
}

func start(t *testing.T) (*service, vault.File) {
	t.Helper()
	s := &service{calls: map[string]int{}, regions: map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	wrap, err := Open(t.Context(), Options{Key: key, Endpoint: server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return s, vault.File{Path: filepath.Join(t.TempDir(), "number.key"), Wrap: wrap}
}

func number(t *testing.T) spec.PAN {
	t.Helper()
	for last := range 10 {
		if p, err := spec.ParsePAN(fmt.Sprintf("354012000000007%d", last)); err == nil {
			return p
		}
	}
	t.Fatal("one of ten digits passes")
	return spec.PAN{}
}

func TestAKeysetIsWrappedAndUnwrappedOnceAndTheServiceSeesNoCard(t *testing.T) {
	t.Parallel()
	s, file := start(t)
	if err := file.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := file.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	card := spec.CardID{1}
	for range 50 {
		sealed, err := v.Seal(card, number(t))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := v.Open(card, sealed); err != nil || n != number(t) {
			t.Fatal(err)
		}
	}
	if s.calls["Encrypt"] != 1 || s.calls["Decrypt"] != 1 || len(s.calls) != 2 {
		t.Errorf("calls: %v", s.calls)
	}
	if !s.regions["ap-northeast-1"] {
		t.Error("the calls are not signed for the region of the key")
	}
	if len(s.kept[0].EncryptionContext) != 1 || s.kept[0].EncryptionContext["associatedData"] == "" {
		t.Errorf("encryption context %v", s.kept[0].EncryptionContext)
	}
	text, err := os.ReadFile(file.Path)
	if err != nil || bytes.Contains(text, []byte(s.kept[0].Plaintext[:20])) {
		t.Errorf("the file holds the keyset: %v", err)
	}
	first, err := v.Primary()
	if err != nil {
		t.Fatal(err)
	}
	id, made, err := file.Renew(t.Context(), first)
	if now, e := v.Primary(); err != nil || e != nil || !made || now != id {
		t.Errorf("renewed: %v %v", err, e)
	}
}

func TestWhatTheServiceRefusesIsTold(t *testing.T) {
	t.Parallel()
	s, file := start(t)
	if err := file.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []string{"AccessDeniedException", "DisabledException", "KMSInvalidStateException"} {
		s.mu.Lock()
		s.refuses = refused
		s.mu.Unlock()
		if _, err := file.Open(t.Context()); err == nil || !strings.Contains(err.Error(), refused) || !strings.Contains(err.Error(), file.Path) {
			t.Errorf("%s: %v", refused, err)
		}
		missing := vault.File{Path: file.Path + ".other", Wrap: file.Wrap}
		if err := missing.Make(t.Context()); err == nil || !strings.Contains(err.Error(), refused) {
			t.Errorf("%s, making: %v", refused, err)
		}
		if _, err := os.Stat(missing.Path); err == nil {
			t.Error("a file was made that is not wrapped")
		}
	}
}

func TestAKeyIsNamedByItsARN(t *testing.T) {
	t.Parallel()
	for arn, region := range map[string]string{
		key: "ap-northeast-1", "arn:aws-cn:kms:cn-north-1:111122223333:alias/numbers": "cn-north-1",
		"": "", "alias/numbers": "", "arn:aws:kms::111122223333:key/1": "", "arn:aws:s3:eu-west-1:111122223333:key/1": "",
		"arn:aws:kms:eu-west-1:1:key/1": "", key + "?": "",
	} {
		got, err := Region(arn)
		if got != region || (err == nil) != (region != "") {
			t.Errorf("%q: %q, %v", arn, got, err)
		}
		if _, err := Open(t.Context(), Options{Key: arn}); (err == nil) != (region != "") {
			t.Errorf("%q opens with %v", arn, err)
		}
	}
}
