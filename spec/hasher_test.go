package spec

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"
)

func TestAHashIsTheKeyedHashOfAllDigits(t *testing.T) {
	key := []byte("a key for tests only")
	h, err := NewHasher(key)
	if err != nil {
		t.Fatal(err)
	}
	clear(key) // the hasher keeps its own
	for _, digits := range []string{"3540120000000015", "", "3540120000000000072", "3540120000000015"} {
		mac := hmac.New(sha256.New, []byte("a key for tests only"))
		mac.Write([]byte(digits))
		if want := CardHash(mac.Sum(nil)); h.Hash([]byte(digits)) != want {
			t.Errorf("the hash of %d digits is another", len(digits))
		}
	}
}
