package clearing

import (
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// published are the two records that the layout shows byte by byte, an empty file.
func published(t testing.TB) []byte {
	t.Helper()
	bitmap, err := hex.DecodeString("80000100800100000200000010000000")
	if err != nil {
		t.Fatal(err)
	}
	return []byte("1644" + string(bitmap) + "689088871000003239010250012611230008879100000001000000010888791000" +
		"1644" + string(bitmap) + "69008887100000703901025001261123000887910000000139020160000000000000000390300800000002000000020888791000")
}

func TestTheEmptyFileOfTheLayoutIsRead(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader(string(published(t))), nil)
	var rec Record
	if err := r.Next(&rec); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want the end of the file", err)
	}
	if id := r.FileID().String(); id != "0012611230008879100000001" {
		t.Errorf("the file is %s", id)
	}
	if h := r.Header(); h.Forwarder != 8871 || h.Receiver != 88791 {
		t.Errorf("header %+v", h)
	}
	if totals := r.Totals(); totals.Records != 0 || totals.Count != 2 || totals.Sum != 0 || totals.Bytes != int64(len(published(t))) {
		t.Errorf("totals %+v", totals)
	}
}
