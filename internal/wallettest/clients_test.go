package wallettest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sekisho/balance"
)

// clientsVariable has the clients made. Their generators are fetched and built, which takes a minute the first
// time: too long for every run of the tests. See make clients.
const clientsVariable = "SEKISHO_CLIENTS"

// The generator of the Go client; those of the TypeScript client stand in its package.json.
const goGenerator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"

// Clients that well-known generators make from our documents compile, and work.
func TestClientsMadeFromTheDocumentsWork(t *testing.T) {
	t.Parallel()
	if os.Getenv(clientsVariable) == "" {
		t.Skip("set " + clientsVariable + "=1, or run make clients")
	}
	for _, c := range []struct {
		name, document string
		needs          []string
		make           func(t *testing.T, dir string, document []byte) (program []string)
	}{
		{"Go from OpenAPI 3.0.3", "/openapi-3.0.json", []string{"go"}, goClient},
		{"TypeScript from OpenAPI 3.1", "/openapi.json", []string{"npm", "node"}, typescriptClient},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, program := range c.needs {
				if _, err := exec.LookPath(program); errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
					t.Skip(err)
				}
			}
			h := openHouse(t, balance.NewMemoryStore(balance.MemoryOptions{}))
			url := "http://" + h.nodes[0].addr
			program := c.make(t, t.TempDir(), h.document(c.document))
			said := output(t, ".", append(program, url, token)...)
			if want := "posted 5000 unallocated 3000 card 2000 replayed true activity 2\n"; said != want {
				t.Errorf("the client says %q, want %q", said, want)
			}
			h.verify()
		})
	}
}

// document reads one of the API's documents.
func (h *house) document(path string) []byte {
	h.t.Helper()
	answer, err := h.http.Get("http://" + h.nodes[0].addr + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
	}
	return text
}

func goClient(t *testing.T, dir string, document []byte) []string {
	t.Helper()
	lay(t, dir, "testdata/clients/go", "wallet.json", document)
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o700); err != nil {
		t.Fatal(err)
	}
	output(t, dir, "go", "run", goGenerator, "-generate", "types,client", "-package", "api", "-o", "api/api.go", "wallet.json")
	output(t, dir, "go", "vet", "./...")
	output(t, dir, "go", "build", "-o", "smoke", ".")
	return []string{filepath.Join(dir, "smoke")}
}

func typescriptClient(t *testing.T, dir string, document []byte) []string {
	t.Helper()
	lay(t, dir, "testdata/clients/typescript", "wallet.json", document)
	output(t, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	output(t, dir, "npm", "run", "generate")
	output(t, dir, "npm", "run", "build")
	return []string{"node", filepath.Join(dir, "smoke.js")}
}

// lay copies a folder, with one file more.
func lay(t *testing.T, dir, from, name string, text []byte) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// output runs a program and gives what it prints.
func output(t *testing.T, dir string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, errs.Bytes())
	}
	return string(out)
}
